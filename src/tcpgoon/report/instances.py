"""Instances: all that a target stands for, and what came of each that was asked.

Whatever a registry says is escaped: no terminal obeys it, and none of it leaves its line.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

from rich import box
from rich.table import Table
from rich.text import Text

from tcpgoon.discovery.instance import Instance, Located, Origin, Status
from tcpgoon.discovery.places import Place
from tcpgoon.discovery.resolution import Found
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.choice import EACH
from tcpgoon.plan.endpoint import Endpoint, host_port
from tcpgoon.plan.escapes import printable
from tcpgoon.report.printed import printed
from tcpgoon.result import EachResult, InstanceResult, Result

_OF_STATUS = {Status.UP: "green", Status.STARTING: "yellow", Status.UNKNOWN: "dim"}
_OF_VERDICT = {Verdict.PASS: "green", Verdict.FAIL: "bold red"}

MOST_LISTED = 10
"""Instances that a line names."""

MOST_METADATA = 120
"""Characters of the metadata of one instance that a table shows; JSON has all."""


def resolved(found: Found, out: TextIO | None) -> str:
    """The table of all instances, and a line about how many there are."""
    table = _table("#", "instance", "status", "address", "zone", "metadata")
    for number, one in enumerate(found.instances, 1):
        instance = one.instance
        table.add_row(
            Text(str(number)),
            *map(_text, (instance.id,)),
            Text(_status(instance), _OF_STATUS.get(instance.status, "red")),
            *map(_text, (_where(one), instance.zone, _metadata(instance))),
        )
    return printed(table, [Text(), Text(summary(found))], out)


def summary(found: Found) -> str:
    """How many there are, and how many of them are up."""
    up = sum(one.instance.is_up for one in found.instances)
    many = len(found.instances)
    return (
        f"{printable(found.service)} has {many:,} instance{'s' * (many != 1)} at {printable(found.registry)}, {up:,} UP"
    )


def heading(number: int, total: int, origin: Origin, endpoint: Endpoint | None) -> str:
    """The line above the run of one of several instances."""
    (instance,) = origin.dialled
    where = endpoint or host_port(instance.host, instance.port)
    return f"=== instance {number} of {total}: {printable(instance.id)} ({where}) ==="


def each_report(each: EachResult, out: TextIO | None) -> str:
    """What came of each, a row for each instance; those that were not asked; and the verdict over all."""
    table = _table("instance", "address", "zone", "verdict", "held", "reason")
    for one in each.results:
        table.add_row(*map(_text, _place(one)), Text(one.verdict, _OF_VERDICT.get(one.verdict, "yellow")), *_came(one))
    others = [Text(_not_asked(each.others))] if each.others else []
    return printed(table, [Text(), *others, Text(each_verdict(each))], out)


def each_verdict(each: EachResult) -> str:
    """``FAIL: of 3 instances 1 failed, 2 passed``."""
    return f"{each.verdict}: {each.reason}"


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
            *([] if instance.is_up else [_status(instance)]),
        ]
        yield f"Instance: {printable(instance.id)} of {at}" + (f" ({', '.join(known)})" if known else "")
    else:
        yield f"Instances of {at}: {_listed(list(_counted(result, origin)))}"
    if origin.others and origin.how != EACH:
        yield _not_asked(origin.others)


def _counted(result: Result, origin: Origin) -> Iterator[str]:
    counts = result.metrics.by_endpoint
    for number, (instance, endpoint) in enumerate(zip(origin.dialled, result.dialled, strict=False)):
        established = counts[number] if number < len(counts) else 0
        yield f"{_named(instance, endpoint)} {established:,} established"


def _named(instance: Instance, endpoint: Endpoint) -> str:
    """Its id and where it is, once where these are the same."""
    return str(endpoint) if instance.id == str(endpoint) else f"{printable(instance.id)} ({endpoint})"


def _not_asked(others: Sequence[Instance]) -> str:
    return f"Not asked: {_listed([f'{printable(other.id)} ({_status(other)})' for other in others])}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _status(instance: Instance) -> str:
    return f"{instance.status}: {printable(instance.said)}" if instance.said else instance.status


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in ("#", "held") else "left")
    return table


def _text(text: str) -> Text:
    return Text(printable(text))


def _where(one: Located) -> str:
    """The address and port, with the name before them where there is one; or why there is no address."""
    where = host_port(one.host, one.instance.port)
    if one.problem:
        return f"{where} ({one.problem})"
    addresses = ", ".join(str(endpoint) for endpoint in one.endpoints)
    return addresses if addresses == where else f"{where} ({addresses})"


def _metadata(instance: Instance) -> str:
    text = ", ".join(f"{name}={value}" for name, value in instance.metadata.items())
    return text if len(text) <= MOST_METADATA else f"{text[: MOST_METADATA - 1]}…"


def _place(one: InstanceResult) -> tuple[str, str, str]:
    where = one.result.endpoint if one.result else host_port(one.instance.host, one.instance.port)
    return one.instance.id, str(where), one.instance.zone


def _came(one: InstanceResult) -> tuple[Text, Text]:
    metrics = one.result and one.result.metrics
    held = f"{metrics.established:,} of {one.result.plan.connections:,}" if one.result and metrics else "–"
    return Text(held), _text(one.reason)
