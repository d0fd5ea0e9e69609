"""A row per connection, for spreadsheets and data frames: the raw facts, of which all else is computed.

An empty cell is something that was not, or is not known; times are in seconds since the beginning of the run.
"""

import csv as standard
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from tcpgoon.plan.escapes import printable
from tcpgoon.record.listing import PIECE, Listed
from tcpgoon.result import Part
from tcpgoon.results import Outcome

_FORMULAS = ("=", "+", "-", "@")
"""What begins with one of these a spreadsheet would run."""


def csv(outcome: Outcome) -> Iterator[str]:
    """The connections of all parts of ``outcome``, in pieces."""
    yield _lines([("part", *Listed._fields)])
    for part in outcome.parts:
        yield from _rows(part)


def _rows(part: Part) -> Iterator[str]:
    name = _inert(part.name)
    rows = part.result.connections() if part.result else iter(())
    while piece := [(name, *row) for row in islice(rows, PIECE)]:
        yield _lines(piece)


def _lines(rows: Iterable[tuple[object, ...]]) -> str:
    paper = io.StringIO(newline="")
    standard.writer(paper, lineterminator="\n").writerows(rows)
    return paper.getvalue()


def _inert(text: str) -> str:
    """``text`` as no terminal obeys it and no spreadsheet computes it."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown
