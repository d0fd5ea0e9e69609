"""What a source answers, checked: whatever a registry has said, it is bounded, and of the types that all expect."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, UnknownService

LONGEST_ID = 300
"""Characters of the id of an instance."""

LONGEST_SAID = 300
"""Of what a registry says beyond the status."""

LONGEST_NAME = 300
"""Of a zone, a service, a registry; more than any host name has, so that a host that is too long stays it."""

MOST_HOSTS = 100
"""Addresses of one instance, and hosts to try in its place."""

MOST_NUMBER = 65_535
"""A port has 16 bits, and so have priority and weight (RFC 2782)."""


def conforming(listing: object, who: str) -> Listing:
    """``listing`` with all types as they should be: nothing has checked those of somebody else's source.

    Raises `DiscoveryError` for what is no listing, and says that ``who`` has answered it.
    """
    try:
        # By way of JSON, so that all of it can be saved: there is text that cannot.
        return msgspec.json.decode(msgspec.json.encode(listing), type=Listing)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise DiscoveryError(f"{who} answers no listing: {clipped(str(exc))}") from exc


def checked(listing: Listing, terms: Terms) -> Listing:
    """``listing`` as all else may rely on it. Raises `DiscoveryError` for one that makes no sense."""
    where = f"{clipped(listing.service)} at {clipped(listing.registry)}"
    if not listing.instances:
        raise UnknownService(f"{where} has no instances")
    if len(listing.instances) > terms.most_instances:
        raise DiscoveryError(f"{where} has {len(listing.instances):,} instances: {terms.most_instances:,} are allowed")
    instances = tuple(_checked(instance, number) for number, instance in enumerate(listing.instances, 1))
    ((twice, times),) = Counter(instance.id for instance in instances).most_common(1)
    if times > 1:
        raise DiscoveryError(f"{where} has {times} instances with the id {clipped(twice)}")
    return msgspec.structs.replace(
        listing,
        service=_cut(listing.service, LONGEST_NAME),
        registry=_cut(listing.registry, LONGEST_NAME),
        instances=instances,
    )


def _checked(instance: Instance, number: int) -> Instance:
    """``instance``; one that cannot be dialled is listed, and not up: one is no reason to ask none."""
    short = msgspec.structs.replace(
        instance, said=_cut(instance.said, LONGEST_SAID), zone=_cut(instance.zone, LONGEST_NAME)
    )
    fault = next(_faults(instance), "")
    if not fault:
        return short
    has_id = 1 <= len(instance.id) <= LONGEST_ID
    return msgspec.structs.replace(
        short,
        id=instance.id if has_id else f"{_cut(instance.id, LONGEST_NAME - 10)}#{number}",
        host=_cut(instance.host, LONGEST_NAME),
        port=_within(instance.port),
        status=Status.UNKNOWN,
        said=fault,
        priority=_within(instance.priority),
        weight=_within(instance.weight),
        addresses=instance.addresses[:MOST_HOSTS],
        others=instance.others[:MOST_HOSTS],
    )


def _faults(instance: Instance) -> Iterator[str]:
    if not 1 <= len(instance.id) <= LONGEST_ID:
        yield f"its id has {len(instance.id):,} characters"
    for what, number in (("port", instance.port), ("priority", instance.priority), ("weight", instance.weight)):
        if number != _within(number):
            yield f"its {what} is not within 0 and {MOST_NUMBER}"
    try:
        _ = instance.target
    except PlanError as exc:
        yield clipped(str(exc))
    if max(len(instance.addresses), len(instance.others)) > MOST_HOSTS:
        yield f"it has more than {MOST_HOSTS} addresses"


def _within(number: int) -> int:
    return min(max(number, 0), MOST_NUMBER)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
