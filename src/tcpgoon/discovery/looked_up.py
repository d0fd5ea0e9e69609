"""A look-up becomes places: the registry is asked, instances are chosen, and their names resolved."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tcpgoon.discovery.choice import chosen, with_seed
from tcpgoon.discovery.find import find
from tcpgoon.discovery.instance import Instance, Listing, Located, Origin
from tcpgoon.discovery.locate import locate
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.place import Place
from tcpgoon.discovery.registries.dns import listing_of
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError
from tcpgoon.plan.choice import EACH, FIRST, RANDOM, SPREAD, Choice
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.lookup import Lookup


def looked_up(asked: Target | Lookup, choice: Choice, terms: Terms) -> tuple[Place, ...]:
    """The places that ``asked`` and ``choice`` mean: one, or as many as there are instances where each is asked.

    Raises `DiscoveryError` and `ResolutionError` where there are none; `UsageError` for what cannot be looked up.
    """
    choice = with_seed(choice)
    listing, terms = listed(asked, terms)
    instances = chosen(listing, choice)
    located = locate(listing, instances, terms)
    if choice.each:
        return tuple(_place(asked, listing, choice, instances, one) for one in located)
    for one in located:
        if one.problem:
            raise DiscoveryError(f"instance {clipped(one.instance.id)} of {clipped(listing.service)}: {one.problem}")
    if choice.spread:
        return (_spread(asked, listing, choice, located),)
    return (_place(asked, listing, choice, instances, located[0]),)


def listed(asked: Target | Lookup, terms: Terms) -> tuple[Listing, Terms]:
    """All instances of ``asked``, and the terms on which they are located: who names a host may name any."""
    if isinstance(asked, Target):
        return listing_of(asked, terms), replace(terms, allow_local=True)
    return find(asked, terms), terms


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
