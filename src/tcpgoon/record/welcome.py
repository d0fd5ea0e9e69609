"""How newcomers fared by how many were held beside them: whether the target slows down as it fills."""

from collections.abc import Sequence
from math import ceil

import msgspec

from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.steps import round_step

MOST_BINS = 40
"""Into how many parts the number of connections is cut at the most."""


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The newcomers that had from `least_held` to `most_held` connections beside them."""

    least_held: int
    most_held: int
    welcome: int
    """Those that got what was asked for."""
    others: int
    """Those that did not, and were asked at all."""
    p50_s: float | None
    """The median time of those that were welcome (nearest rank); None where nobody was."""
    max_s: float | None


def welcomes(knocks: Sequence[Knock]) -> tuple[Welcome, ...]:
    """``knocks`` by how many were held, the fewest first; those that our own kernel refused are left out."""
    asked = sorted((knock for knock in knocks if knock.was_asked), key=lambda knock: knock.held)
    if not asked:
        return ()
    step = max(1, ceil(round_step(max(1, asked[-1].held), MOST_BINS)))
    bins: dict[int, list[Knock]] = {}
    for knock in asked:
        bins.setdefault(ceil(knock.held / step), []).append(knock)  # all N are apart from those that were but nearly N
    return tuple(map(_summed_up, bins.values()))


def _summed_up(knocks: list[Knock]) -> Welcome:
    times_s = sorted(knock.time_s for knock in knocks if knock.fared is Fared.WELCOME)
    return Welcome(
        least_held=knocks[0].held,
        most_held=knocks[-1].held,
        welcome=len(times_s),
        others=len(knocks) - len(times_s),
        p50_s=times_s[(len(times_s) - 1) // 2] if times_s else None,
        max_s=times_s[-1] if times_s else None,
    )
