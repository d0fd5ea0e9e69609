"""What happened to single connections, read from the table by who looks at it now and then.

Nobody tells of it: those who write the table may be other processes. Who looks keeps a copy of the column of states,
and what is different the next time has happened since; when, is in the columns, which are written before the state is.
However long somebody did not look, no step is lost, and nothing has to be kept for him but that copy.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.connection import State
from tcpgoon.record.outcome import Phase, error_name
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import Table

EVENTS_AT_ONCE = 1_000
"""Events in one list at the most: of a million connections they come to three million."""

_HELD_AT_SOME_TIME = (State.ESTABLISHED, State.CLOSED, State.LOST)
_ENDED = (State.CLOSED, State.LOST, State.FAILED, State.ABANDONED)

_Row = npt.NDArray[np.intp]


class ConnectionEvent(msgspec.Struct, frozen=True):
    """One step in the life of one connection."""

    at_s: float
    """Since the beginning of the run."""
    connection: int
    """Its row, from 0."""
    state: State
    """What it is since then."""
    error: str
    """The name of what ended it, and whether it was a phantom; empty where nothing did."""
    local_port: int
    """0 if unknown."""


class Events:
    """Reads ``table`` and writes nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows = Rows(table)
        self._known = np.full(table.rows, State.PLANNED, np.uint8)

    def take(self) -> Iterator[list[ConnectionEvent]]:
        """What happened since the last call, in the order of time, `EVENTS_AT_ONCE` in a list at the most."""
        known, states = self._known, self._rows.column("state").copy()
        self._known = states
        changed = np.flatnonzero(states != known)
        at_s, row, state = _steps(self._rows, changed, known[changed], states[changed])
        order = np.lexsort((state, at_s))  # what happened at the same time happened to each in the order of its life
        for first in range(0, len(order), EVENTS_AT_ONCE):
            some = order[first : first + EVENTS_AT_ONCE]
            numbers = zip(at_s[some].tolist(), row[some].tolist(), state[some].tolist(), strict=True)
            yield [self._event(*one) for one in numbers]

    def _event(self, at_s: float, row: int, state: int) -> ConnectionEvent:
        error = self._error(row) if state in (State.FAILED, State.LOST) else ""
        return ConnectionEvent(at_s, row, State(state), error, self._table.local_port[row])

    def _error(self, row: int) -> str:
        phase = self._table.phase[row]
        if phase == Phase.WORKER:
            return "worker died"
        name = error_name(self._table.error[row])
        return f"phantom, {name}" if phase == Phase.PHANTOM else name


def _steps(
    rows: Rows, changed: _Row, before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float64], _Row, npt.NDArray[np.uint8]]:
    """When, to which row, and into which state: all steps that led the ``changed`` rows from one state to the other."""
    dialled = changed[before == State.PLANNED]
    held = changed[(before <= State.OPENING) & np.isin(now, _HELD_AT_SOME_TIME)]
    over = np.isin(now, _ENDED)
    steps = (
        ("start_s", dialled, np.full(len(dialled), State.OPENING, np.uint8)),
        ("established_s", held, np.full(len(held), State.ESTABLISHED, np.uint8)),
        ("end_s", changed[over], now[over]),
    )
    at_s, row, state = zip(*((rows.column(name)[which], which, into) for name, which, into in steps), strict=True)
    return np.concatenate(at_s), np.concatenate(row), np.concatenate(state)
