"""What is dialled, and why there: a target as it was asked for becomes the places that runs go to."""

from collections.abc import Iterator, Sequence

import msgspec

from tcpgoon.discovery.choice import chosen, with_seed
from tcpgoon.discovery.dns import listing_of
from tcpgoon.discovery.find import find
from tcpgoon.discovery.instance import Instance, Listing, Located, Origin
from tcpgoon.discovery.locate import locate
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.resolver import resolve
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.choice import EACH, FIRST, RANDOM, SPREAD, Choice
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.plan import Plan

ANY_INSTANCE = Target("instance", 1)
"""In the place of one that is not known yet: a name, so that it is of neither family."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where one run goes."""

    target: Target
    endpoints: tuple[Endpoint, ...]
    """The one to dial first; none where there is a problem."""
    origin: Origin | None = None
    """None: the target is one host and port, as the user gave them."""
    problem: str = ""
    """Why nothing can be dialled there; empty where it can."""


def places(asked: Target | Lookup, choice: Choice, terms: Terms) -> tuple[Place, ...]:
    """The places that ``asked`` and ``choice`` mean: one, or as many as there are instances where each is asked.

    Raises `DiscoveryError` and `ResolutionError` where there are none; `UsageError` for what cannot be looked up.
    """
    if isinstance(asked, Target) and not (choice.pick or choice.each):
        return (Place(target=asked, endpoints=resolve(asked, terms.family)),)
    choice = with_seed(choice)
    listing = listing_of(asked, terms) if isinstance(asked, Target) else find(asked, terms)
    instances = chosen(listing, choice)
    located = locate(listing, instances, terms)
    if choice.each:
        return tuple(_place(asked, listing, choice, instances, one) for one in located)
    for one in located:
        if one.problem:
            raise DiscoveryError(f"instance {clipped(one.instance.id)} of {clipped(listing.service)}: {one.problem}")
    return (_spread(asked, listing, choice, located) if choice.spread else _single(asked, listing, choice, located[0]),)


def _single(asked: Target | Lookup, listing: Listing, choice: Choice, one: Located) -> Place:
    return _place(asked, listing, choice, (one.instance,), one)


def _place(asked: Target | Lookup, listing: Listing, choice: Choice, meant: Sequence[Instance], one: Located) -> Place:
    """The place of ``one`` of those that are ``meant``."""
    return Place(
        target=Target(one.host, one.instance.port),
        endpoints=one.endpoints,
        origin=_origin(asked, listing, choice, (one.instance,), meant),
        problem=one.problem,
    )


def _spread(asked: Target | Lookup, listing: Listing, choice: Choice, located: Sequence[Located]) -> Place:
    """One place that is all of ``located``: of each the address that would be dialled were it alone."""
    by_endpoint: dict[Endpoint, Instance] = {}
    for one in located:
        by_endpoint.setdefault(one.endpoints[0], one.instance)
    first = located[0]
    dialled = tuple(by_endpoint.values())
    return Place(
        target=Target(first.host, first.instance.port),
        endpoints=tuple(by_endpoint),
        origin=_origin(asked, listing, choice, dialled, dialled),
    )


def _origin(
    asked: Target | Lookup,
    listing: Listing,
    choice: Choice,
    dialled: Sequence[Instance],
    meant: Sequence[Instance],
) -> Origin:
    ids = {instance.id for instance in meant}
    return Origin(
        lookup=str(asked),
        service=listing.service,
        registry=listing.registry,
        how=" ".join(_how(choice)),
        dialled=tuple(dialled),
        others=tuple(instance for instance in listing.instances if instance.id not in ids),
    )


def _how(choice: Choice) -> Iterator[str]:
    yield EACH if choice.each else SPREAD if choice.spread else choice.pick or FIRST
    if choice.pick == RANDOM:
        yield f"(seed {choice.seed})"


def check_names(plan: Plan, place: Place) -> None:
    """Raise `PlanError` where ``plan`` has to know one name for all instances of ``place``, and these have several."""
    hosts = {instance.host for instance in place.origin.dialled} if place.origin else set()
    if plan.tls and plan.tls.verify and plan.tls.server_name == ANY_INSTANCE.host and len(hosts) > 1:
        raise PlanError("the instances have different names: --tls-name says which one their certificates are for")
