"""A row per connection, for spreadsheets and data frames: the raw facts, of which all else is computed.

Of a search by itself a row per trial, under a header of its own; of one that is the check of a suite the connections of
the run that confirmed its answer, since one file has one header. An empty cell is something that was not, or is not
known; times are in seconds since the beginning of the run, or of the search.
"""

import csv as standard
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from tcpgoon.capacity import Capacity, Step
from tcpgoon.plan.escapes import printable
from tcpgoon.record.listing import PIECE, Listed
from tcpgoon.result import Part
from tcpgoon.results import Outcome

_FORMULAS = ("=", "+", "-", "@")
"""What begins with one of these a spreadsheet would run."""


_OF_TRIALS: Final = (
    *("at_s", "duration_s", "level", "good", "left", "per_s"),
    *("establishment_p50_s", "establishment_p99_s", "newcomer_s", "again", "reason"),
)
"""The fields of a trial, in the order of the columns, which stays."""


def csv(outcome: Outcome) -> Iterator[str]:
    """The connections of all parts of ``outcome``, or the trials of a search, in pieces."""
    if isinstance(outcome, Capacity):
        yield from _trials(outcome)
        return
    yield _lines([("part", *Listed._fields)])
    for part in outcome.parts:
        yield from _rows(part)


def _rows(part: Part) -> Iterator[str]:
    name = _inert(part.name)
    rows = part.result.connections() if part.result else iter(())
    while piece := [(name, *row) for row in islice(rows, PIECE)]:
        yield _lines(piece)


def _trials(capacity: Capacity) -> Iterator[str]:
    yield _lines([("part", "trial", *_OF_TRIALS)])
    name, trials = _inert(str(capacity.plan.target)), enumerate(capacity.steps)
    while piece := [(name, number, *map(_cell, _facts(step))) for number, step in islice(trials, PIECE)]:
        yield _lines(piece)


def _facts(step: Step) -> Iterator[object]:
    return (getattr(step, name) for name in _OF_TRIALS)


def _cell(value: object) -> object:
    """A sentence may have what a peer said; what is so or not is 1 or 0."""
    if isinstance(value, bool):
        return int(value)
    return _inert(value) if isinstance(value, str) else value


def _lines(rows: Iterable[tuple[object, ...]]) -> str:
    paper = io.StringIO(newline="")
    standard.writer(paper, lineterminator="\n").writerows(rows)
    return paper.getvalue()


def _inert(text: str) -> str:
    """``text`` as no terminal obeys it and no spreadsheet computes it."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown
