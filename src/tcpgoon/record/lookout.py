"""Looks at a table again and again while others write it, for who watches a run.

What a look costs is a few passes over columns of one byte a row, and what happened since the last look: of a million
rows it takes some milliseconds, most of them without Python's lock. Nothing is written, and nobody waits.
"""

from collections import deque

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.ending import Ending, kinds
from tcpgoon.record.live import Course, Live, Window
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.rows import Mask, Rows
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

RATE_OVER_S = 1.0
"""The dials of so long make the rate."""

MOST_WINDOWS = 60
"""More than any terminal shows of a sparkline beside its words."""

MOST_TIMES = 10_000
"""Of more than that in one window, every so-maniest is looked at."""

_FIRST_SEEN = (State.ESTABLISHED, State.CLOSED, State.LOST)
_Row = npt.NDArray[np.intp]
_Known = dict[tuple[int, Phase, ClosedBy], Ending]


class Lookout:
    """Reads ``table``, and remembers what it saw the last time."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known = np.full(table.rows, State.PLANNED, np.uint8)
        self._dialled: deque[tuple[float, int]] = deque()
        self._windows: deque[Window] = deque(maxlen=MOST_WINDOWS)
        self._failed: _Known = {}
        self._lost: _Known = {}

    def look(self, now_s: float, course: Course) -> Snapshot:
        """What there is ``now_s``; ``course`` is what the table does not tell."""
        rows = Rows(self._table)
        states = rows.column("state").copy()
        counts = _counts(states)
        self._note_changes(rows, states)
        sure = rows.there & ~rows.disproved
        live = Live(
            course=course,
            **{level.name.lower(): _at_least(rows, sure, level) for level in Assurance if level},
            dials_per_s=self._dials_per_s(now_s, counts.total - counts.planned),
            windows=tuple(self._windows),
            failed=_most_first(self._failed),
            lost=_most_first(self._lost),
        )
        return Snapshot(now_s, counts, live)

    def _note_changes(self, rows: Rows, states: npt.NDArray[np.uint8]) -> None:
        changed = np.flatnonzero(states != self._known)
        before, now = self._known[changed], states[changed]
        self._known = states
        self._note_times(rows, changed[(before <= State.OPENING) & np.isin(now, _FIRST_SEEN)])
        _add(self._failed, rows, changed[now == State.FAILED], "start_s")
        _add(self._lost, rows, changed[now == State.LOST], "established_s")

    def _note_times(self, rows: Rows, established: _Row) -> None:
        if not len(established):
            return
        some = established[:: len(established) // MOST_TIMES + 1]
        times = rows.column("established_s")[some] - rows.column("start_s")[some]
        middle = (len(times) - 1) // 2
        self._windows.append(Window(len(established), float(np.partition(times, middle)[middle]), float(times.max())))

    def _dials_per_s(self, now_s: float, dialled: int) -> float:
        seen = self._dialled
        seen.append((now_s, dialled))
        while len(seen) > 2 and seen[1][0] <= now_s - RATE_OVER_S:
            seen.popleft()
        then_s, then = seen[0]
        return (dialled - then) / (now_s - then_s) if now_s > then_s else 0.0


def _counts(states: npt.NDArray[np.uint8]) -> Counts:
    """As `Counts.of` has it, ten times as fast: most of a large table is in one state."""
    return Counts(**{state.name.lower(): int(np.count_nonzero(states == state.value)) for state in State})


def _at_least(rows: Rows, sure: Mask, level: Assurance) -> int:
    return int(np.count_nonzero(sure & (rows.column("assurance") >= level.value)))


def _add(known: _Known, rows: Rows, ended: _Row, since: str) -> None:
    """Add how the rows ``ended`` did so to what is ``known``; what their probes had come to is not told apart."""
    if not len(ended):
        return
    for one in kinds(rows, ended, rows.column("end_s")[ended] - rows.column(since)[ended]):
        kind = one.error, one.phase, one.closed_by
        before = known.get(kind, one)
        known[kind] = msgspec.structs.replace(
            one,
            count=one.count + (before.count if kind in known else 0),
            earliest_s=min(one.earliest_s, before.earliest_s),
            latest_s=max(one.latest_s, before.latest_s),
            unserved=Unserved.NONE,
        )


def _most_first(known: _Known) -> tuple[Ending, ...]:
    return tuple(sorted(known.values(), key=lambda ending: -ending.count))
