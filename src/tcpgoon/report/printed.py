"""A table, and lines below it, as they fit what they are printed on.

What is printed is `Text`, never markup: whatever stands in a name is shown as it is. Only tables are fitted: a line is
never broken or cut.
"""

import io
from collections.abc import Iterable
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable

_NUMBERS = ("#", "connections", "held")
"""The columns that have numbers, by their heads."""
_OF_VERDICT = {Verdict.PASS: "green", Verdict.FAIL: "bold red"}
_WIDE = 1_000
"""Columns of what is no terminal: more than any line has."""
_NARROW = 60
"""A terminal with fewer wraps lines itself: better that than numbers and grades that are cut off."""


def printed(table: Table, lines: Iterable[Text], out: TextIO | None) -> str:
    """``table``, then ``lines``, as they are to be printed on ``out``; None: standard output is closed.

    Colours are for terminals, where NO_COLOR does not forbid them.
    """
    terminal = out is not None and out.isatty()
    paper = Paper(out)
    console = Console(
        file=paper,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        width=max(Console().width, _NARROW) if terminal else _WIDE,
        highlight=False,
    )
    console.print(table)
    for line in lines:
        console.print(line, soft_wrap=True)
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines())


def table_of(*columns: str) -> Table:
    """An empty table with these heads, in which what is too long goes on below."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in _NUMBERS else "left")
    return table


def text_of(text: str) -> Text:
    """``text``, whatever is in it, in one line that no terminal obeys."""
    return Text(printable(text))


def verdict_of(verdict: Verdict) -> Text:
    """``verdict`` in its colour."""
    return Text(verdict, _OF_VERDICT.get(verdict, "yellow"))


class Paper(io.StringIO):
    """What is printed, of characters that ``out`` has: rich writes to its file even while it captures."""

    encoding = "utf-8"

    def __init__(self, out: TextIO | None) -> None:
        super().__init__()
        self.encoding = getattr(out, "encoding", None) or self.encoding
