"""Where the target of a run was found, in lines; whatever a registry says is escaped."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tcpgoon.discovery.instance import Instance, Origin
from tcpgoon.discovery.place import Place
from tcpgoon.plan.choice import EACH, SPREAD
from tcpgoon.plan.endpoint import Endpoint, host_port
from tcpgoon.plan.escapes import printable
from tcpgoon.record.metrics import AtEndpoint
from tcpgoon.result import Result

MOST_LISTED = 10
"""Instances that a line, or a prompt, names."""


def heading(number: int, total: int, origin: Origin, endpoint: Endpoint | None) -> str:
    """The line above the run of one of several instances."""
    (instance,) = origin.dialled
    where = endpoint or host_port(instance.host, instance.port)
    return f"=== instance {number} of {total}: {printable(instance.id)} ({where}) ==="


def instance_lines(places: Sequence[Place]) -> Iterator[str]:
    """The instances of ``places`` and where they are, some lines."""
    pairs = [
        (instance, endpoint)
        for place in places
        for instance, endpoint in zip_longest(place.origin.dialled if place.origin else (), place.endpoints)
        if instance
    ]
    for instance, endpoint in pairs[:MOST_LISTED]:
        yield _named(instance, endpoint) if endpoint else f"{printable(instance.id)} (cannot be dialled)"
    if len(pairs) > MOST_LISTED:
        yield f"and {len(pairs) - MOST_LISTED:,} more"


def origin_lines(result: Result) -> Iterator[str]:
    """Where the target of ``result`` was found, and which instances were not asked."""
    origin = result.origin
    if origin is None:
        return
    at = printable(origin.service) + (f" at {printable(origin.registry)}" if origin.registry != origin.service else "")
    if len(origin.dialled) == 1:
        (instance,) = origin.dialled
        known = [
            *([f"picked: {origin.how}"] if origin.how != EACH else []),
            *([f"zone {printable(instance.zone)}"] if instance.zone else []),
            *([] if instance.is_up else [status_of(instance)]),
        ]
        yield f"Instance: {printable(instance.id)} of {at}" + (f" ({', '.join(known)})" if known else "")
    else:
        yield f"Instances of {at}: {_listed(list(_counted(result, origin)))}"
    twice = [other for other in origin.others if other.is_up and origin.how == SPREAD]
    if twice:
        yield f"At an address that is dialled already: {_listed([printable(other.id) for other in twice])}"
    others = [other for other in origin.others if other not in twice]
    if others and origin.how != EACH:
        yield not_asked(others)


def _counted(result: Result, origin: Origin) -> Iterator[str]:
    for number, (instance, endpoint) in enumerate(zip(origin.dialled, result.dialled, strict=False)):
        yield f"{_named(instance, endpoint)} {fared(result, number)}"


def fared(result: Result, number: int) -> str:
    """``500 of 500 established``: of the connections to the endpoint of that ``number``."""
    counts = result.metrics.by_endpoint
    # The last ones were not dialled where there are fewer connections than endpoints, or none was begun.
    there = counts[number] if number < len(counts) else AtEndpoint(0, 0)
    return f"{there.held:,} of {there.dialled:,} established"


def _named(instance: Instance, endpoint: Endpoint) -> str:
    """Its id and where it is, once where these are the same."""
    return str(endpoint) if instance.id == str(endpoint) else f"{printable(instance.id)} ({endpoint})"


def not_asked(others: Sequence[Instance]) -> str:
    """Those that were not, with their status."""
    return f"Not asked: {_listed([f'{printable(other.id)} ({status_of(other)})' for other in others])}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def status_of(instance: Instance) -> str:
    """Its status, and what the registry says beyond it."""
    return f"{instance.status}: {printable(instance.said)}" if instance.said else instance.status
