"""Instances: all that a target stands for, and what came of each that was asked.

Whatever a registry says is escaped: no terminal obeys it, and none of it leaves its line.
"""

from typing import TextIO

from rich.text import Text

from tcpgoon.discovery.instance import Instance, Located, Status
from tcpgoon.discovery.resolution import Found
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import host_port
from tcpgoon.plan.escapes import printable
from tcpgoon.report.origin import not_asked, status_of
from tcpgoon.report.printed import printed, table_of, text_of, verdict_of
from tcpgoon.report.text import verdict_line
from tcpgoon.result import Result
from tcpgoon.results import EachResult, InstanceResult

_OF_STATUS = {Status.UP: "green", Status.STARTING: "yellow", Status.UNKNOWN: "dim"}

MOST_METADATA = 120
"""Characters of the metadata of one instance that a table shows; JSON has all."""


def resolved(found: Found, out: TextIO | None) -> str:
    """The table of all instances, and a line about how many there are."""
    table = table_of("#", "instance", "status", "address", "zone", "metadata")
    for number, one in enumerate(found.instances, 1):
        instance = one.instance
        table.add_row(
            Text(str(number)),
            text_of(instance.id),
            Text(status_of(instance), _OF_STATUS.get(instance.status, "red")),
            *map(text_of, (_where(one), instance.zone, _metadata(instance))),
        )
    return printed(table, [Text(), Text(summary(found))], out)


def summary(found: Found) -> str:
    """How many there are, and how many of them are up."""
    up, many = sum(one.instance.is_up for one in found.instances), len(found.instances)
    at = f" at {printable(found.registry)}" if found.registry != found.service else ""
    return f"{printable(found.service)} has {many:,} instance{'s' * (many != 1)}{at}, {up:,} UP"


def each_report(each: EachResult, out: TextIO | None) -> str:
    """What came of each, a row for each instance; those that were not asked; and the verdict over all."""
    table = table_of("instance", "address", "zone", "verdict", "held", "reason")
    for one in each.results:
        table.add_row(*map(text_of, _place(one)), verdict_of(one.verdict), *_came(one))
    others = [Text(not_asked(each.others))] if each.others else []
    return printed(table, [Text(), *others, Text(verdict_line(each))], out)


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
    return Text(held_of(one.result) if one.result else "–"), text_of(one.reason)


def held_of(result: Result) -> str:
    """``10 of 10``, as the reason has it: what was stopped has proved nothing yet."""
    metrics = result.metrics
    held = metrics.counts.held if result.verdict is Verdict.INTERRUPTED else metrics.established
    return f"{held:,} of {result.plan.connections:,}"
