"""The limits of this client as a table: readable on a terminal, on a pipe and in a log, and safe to copy from.

No line that holds a command is ever broken or cut.
"""

from collections.abc import Iterator, Sequence
from typing import TextIO

from rich import box
from rich.table import Table
from rich.text import Text

from tcpgoon.judge.preflight import Check, Grade, impossible, tightest
from tcpgoon.report.printed import printed

_STYLES = {Grade.OK: "green", Grade.TIGHT: "yellow", Grade.IMPOSSIBLE: "bold red", Grade.UNKNOWN: "dim"}


def preflight_report(checks: Sequence[Check], connections: int, target: str, out: TextIO | None) -> str:
    """The table, the commands that lift what is tight or impossible, and the `summary`; as fits ``out``.

    None for ``out``: standard output is closed, and nobody reads it.
    """
    lines = (*_commands(checks), Text(summary(checks, connections, target)))
    return printed(_table(checks), lines, out)


def summary(checks: Sequence[Check], connections: int, target: str) -> str:
    """Whether this client can hold so many, and at most how many."""
    refused, bound = impossible(checks), tightest(checks)
    asked = f"{connections:,} connection{'s' * (connections != 1)}"
    first = f"This client {'cannot' if refused else 'can'} hold {asked} to {target}"
    if bound is None:
        return f"{first}: no limit that is known here bounds them"
    return f"{first}: at most {bound.allows:,} ({bound.what})"


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("limit", overflow="fold")
    table.add_column("found", overflow="fold")
    table.add_column("allows", justify="right", no_wrap=True)
    table.add_column("grade", no_wrap=True)
    for check in checks:
        allows = "–" if check.allows is None else f"{check.allows:,}"
        table.add_row(*map(Text, (check.what, check.found, allows)), Text(check.grade, _STYLES[check.grade]))
    return table


def _commands(checks: Sequence[Check]) -> Iterator[Text]:
    yield Text()
    for check in checks:
        if check.lift:
            code = f"{check.code} " if check.code else ""
            yield Text.assemble(f"{code}{check.what}: ", (check.grade, _STYLES[check.grade]), "; what lifts it:")
            yield from (Text(f"    {command}") for command in check.lift)
