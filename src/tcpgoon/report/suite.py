"""A suite for people: what is in it, how it goes, and what came of it."""

from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from tcpgoon.capacity import searched
from tcpgoon.discovery.place import Place
from tcpgoon.judge.verdict import Verdict
from tcpgoon.options.suites.suite import Check, Suite
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.report.capacity import carried_of
from tcpgoon.report.instances import held_of
from tcpgoon.report.printed import printed, table_of, text_of, verdict_of
from tcpgoon.report.text import verdict_line
from tcpgoon.report.whole import part_report
from tcpgoon.result import Part
from tcpgoon.results import SuiteResult


def listed(suite: Suite, out: TextIO | None) -> str:
    """The checks, a row each, and how many there are."""
    table = table_of("check", "target", "connections", "hold", "parallel")
    for check in suite.checks:
        plan = check.asked.draft
        hold, parallel = format_duration(plan.hold_s), _parallel(check)
        table.add_row(*map(text_of, (check.name, str(check.asked.target), f"{plan.connections:,}", hold, parallel)))
    many = len(suite.checks)
    return printed(table, [Text(), text_of(f"{suite.name} has {many:,} check{'s' * (many != 1)}")], out)


def beginning(check: Check, places: Sequence[Place]) -> str:
    """``db: 500 connections to db.local:5432``."""
    connections = check.asked.draft.connections
    many = len(places)
    instances = f", each of {many:,} instance{'s' * (many != 1)}" if check.asked.choice.each else ""
    asked = f"{connections:,} connection{'s' * (connections != 1)}"
    return printable(f"{check.name}: {asked} to {check.asked.target}{instances}")


def ending(part: Part) -> str:
    """A line for a PASS, and for all else the report that says why."""
    if part.verdict is Verdict.PASS or not (part.result or searched(part)):
        return f"{printable(part.name)}: {verdict_line(part)}"
    return f"=== {printable(part.name)} ===\n{part_report(part)}"


def suite_report(suite: SuiteResult, out: TextIO | None) -> str:
    """A row for each part, and the verdict over all."""
    table = table_of("check", "target", "verdict", "held", "reason")
    for part in suite.parts:
        asked = searched(part) or part.result
        target = str(asked.plan.target) if asked else ""
        verdict = verdict_of(part.verdict)
        table.add_row(text_of(part.name), text_of(target), verdict, Text(_held(part)), text_of(part.reason))
    return printed(table, [Text(), text_of(verdict_line(suite))], out)


def _held(part: Part) -> str:
    if search := searched(part):
        return carried_of(search)
    return held_of(part.result) if part.result else "–"


def _parallel(check: Check) -> str:
    return check.parallel if isinstance(check.parallel, str) else "yes" if check.parallel else ""
