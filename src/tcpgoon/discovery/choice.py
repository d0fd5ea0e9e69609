"""Which instances of a listing are asked."""

import random
from collections import Counter
from collections.abc import Sequence

from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.errors import NoInstance
from tcpgoon.plan.choice import FIRST, RANDOM, Choice

DRAWN_SEEDS = 1_000_000
"""Enough to choose by, and few enough to be typed again."""


def chosen(listing: Listing, choice: Choice) -> tuple[Instance, ...]:
    """The instances that ``choice`` means: one, or all that are up. Raises `NoInstance` where there is none."""
    pick = choice.pick or FIRST
    if pick not in (FIRST, RANDOM):
        return (_named(listing, pick),)
    if not listing.up:
        raise NoInstance(
            f"no instance of {clipped(listing.service)} is UP: {count_by_status(listing)}{_remedy(choice)}"
        )
    if choice.each or choice.spread:
        return listing.up
    return (listing.up[0] if pick == FIRST else _at_random(listing.up, choice.seed),)


def with_seed(choice: Choice) -> Choice:
    """``choice`` with a seed where it needs one and has none, so that it can be said, and the choice repeated."""
    if choice.pick != RANDOM or choice.seed is not None:
        return choice
    return Choice(pick=RANDOM, seed=random.SystemRandom().randrange(DRAWN_SEEDS))


def count_by_status(listing: Listing) -> str:
    """``2 UP, 1 DOWN``."""
    counts = Counter(instance.status for instance in listing.instances)
    return ", ".join(f"{count:,} {status}" for status, count in counts.items())


def _remedy(choice: Choice) -> str:
    return "" if choice.each or choice.spread else " (--pick ID asks one nevertheless; tcpgoon resolve lists them)"


def _named(listing: Listing, pick: str) -> Instance:
    """The instance with that id, or else with that number."""
    for instance in listing.instances:
        if instance.id == pick:
            return instance
    many = len(listing.instances)
    if pick.isascii() and pick.isdigit():
        if len(pick) <= len(str(many)) and 1 <= int(pick) <= many:
            return listing.instances[int(pick) - 1]
        raise NoInstance(f"{clipped(listing.service)} has {_instances(many)}: there is no number {clipped(pick, 20)}")
    near = did_you_mean(pick, (instance.id for instance in listing.instances))
    raise NoInstance(f"{clipped(listing.service)} has no instance {clipped(pick)}{near or _known(listing.instances)}")


def _instances(count: int) -> str:
    return f"{count:,} instance{'s' * (count != 1)}"


def _known(instances: Sequence[Instance]) -> str:
    first = ", ".join(clipped(instance.id) for instance in instances[:3])
    return f": it has {first}{' …' if len(instances) > 3 else ''}"


def _at_random(instances: Sequence[Instance], seed: int | None) -> Instance:
    """One of those of the lowest priority, as often as its weight says (RFC 2782); those of one weight all alike."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    lowest = min(instance.priority for instance in instances)
    among = sorted((one for one in instances if one.priority == lowest), key=lambda one: one.id)
    # "In any order": in a fixed one, the number 0 would always be the gain of the same instance.
    draw.shuffle(among)
    # Those with weight 0 come first, and are taken where the number drawn is 0: seldom, but not never.
    among.sort(key=lambda one: one.weight > 0)
    left = draw.randint(0, sum(one.weight for one in among))
    for instance in among:
        left -= instance.weight
        if left <= 0:
            break
    return instance
