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
    table = table_of("check", "kind", "target", "connections", "hold", "parallel")
    for check in suite.checks:
        hold_s = check.search.confirm_hold_s if check.search else check.asked.draft.hold_s
        told = (str(check.kind), str(check.asked.target), _many(check), format_duration(hold_s), _parallel(check))
        table.add_row(*map(text_of, (check.name, *told)))
    many = len(suite.checks)
    return printed(table, [Text(), text_of(f"{suite.name} has {many:,} check{'s' * (many != 1)}")], out)


def beginning(check: Check, places: Sequence[Place]) -> str:
    """``db: 500 connections to db.local:5432``."""
    many = len(places)
    instances = f", each of {many:,} instance{'s' * (many != 1)}" if check.asked.choice.each else ""
    asked = f"{_many(check)} connection{'s' * (check.connections != 1)}"
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


def _many(check: Check) -> str:
    return f"{'up to ' * (check.search is not None)}{check.connections:,}"


def _parallel(check: Check) -> str:
    return check.parallel if isinstance(check.parallel, str) else "yes" if check.parallel else ""
