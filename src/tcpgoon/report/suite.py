"""A suite for people: what is in it, how it goes, and what came of it."""

from collections.abc import Sequence
from typing import TextIO

from rich import box
from rich.table import Table
from rich.text import Text

from tcpgoon.discovery.place import Place
from tcpgoon.judge.verdict import Verdict
from tcpgoon.options.suites.suite import Check, Suite
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.report.instances import held_of
from tcpgoon.report.printed import printed
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.result import Part
from tcpgoon.results import SuiteResult

_OF_VERDICT = {Verdict.PASS: "green", Verdict.FAIL: "bold red"}


def listed(suite: Suite, out: TextIO | None) -> str:
    """The checks, a row each, and how many there are."""
    table = _table("check", "target", "connections", "hold", "parallel")
    for check in suite.checks:
        plan = check.asked.draft
        hold, parallel = format_duration(plan.hold_s), _parallel(check)
        table.add_row(*map(_text, (check.name, str(check.asked.target), f"{plan.connections:,}", hold, parallel)))
    many = len(suite.checks)
    return printed(table, [Text(), _text(f"{suite.name} has {many:,} check{'s' * (many != 1)}")], out)


def beginning(check: Check, places: Sequence[Place]) -> str:
    """``db: 500 connections to db.local:5432``."""
    connections = check.asked.draft.connections
    many = len(places)
    instances = f", each of {many:,} instance{'s' * (many != 1)}" if check.asked.choice.each else ""
    asked = f"{connections:,} connection{'s' * (connections != 1)}"
    return printable(f"{check.name}: {asked} to {check.asked.target}{instances}")


def ending(part: Part) -> str:
    """A line for a PASS, and for all else the report that says why."""
    if part.result is None or part.verdict is Verdict.PASS:
        return f"{printable(part.name)}: {verdict_line(part)}"
    return f"=== {printable(part.name)} ===\n{text_report(part.result)}"


def suite_report(suite: SuiteResult, out: TextIO | None) -> str:
    """A row for each part, and the verdict over all."""
    table = _table("check", "target", "verdict", "held", "reason")
    for part in suite.parts:
        target = str(part.result.plan.target) if part.result else ""
        held = held_of(part.result) if part.result else "–"
        verdict = Text(part.verdict, _OF_VERDICT.get(part.verdict, "yellow"))
        table.add_row(_text(part.name), _text(target), verdict, Text(held), _text(part.reason))
    return printed(table, [Text(), _text(verdict_line(suite))], out)


def _parallel(check: Check) -> str:
    return check.parallel if isinstance(check.parallel, str) else "yes" if check.parallel else ""


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in ("connections", "held") else "left")
    return table


def _text(text: str) -> Text:
    return Text(printable(text))
