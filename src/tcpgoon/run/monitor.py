"""Watching a run: a thread of its own shows snapshots to a monitor, so that the loop never waits for one.

The thread reads the table and writes nothing. A monitor may be slow (a full pipe, a far terminal): it then sees fewer
snapshots; and of the connections' events, kept for it in a bounded queue, it is told how many it missed.
"""

import threading
import time
from collections import deque
from typing import Protocol, Self

import msgspec

from tcpgoon.record.connection import Event, State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.outcome import Phase, error_name
from tcpgoon.record.table import Table

EVENTS_KEPT = 100_000
"""Connection events that wait for a slow monitor at the most."""

_EVENTS_EVERY_S = 0.1


class ConnectionEvent(msgspec.Struct, frozen=True):
    """One step in the life of one connection."""

    at_s: float
    """Since the beginning of the run."""
    connection: int
    """Its row, from 0."""
    state: State
    """What it is now."""
    error: str
    """The name of what ended it, and whether it was a phantom; empty where nothing did."""
    local_port: int
    """0 if unknown."""


class Monitor(Protocol):
    """Who watches a run. Called in a thread of its own; an exception ends the watching, not the run."""

    wants_events: bool
    """Whether `events` is to be called at all."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """The counts of this moment: at the beginning, then every interval."""
        ...

    def events(self, events: list[ConnectionEvent], missed: int) -> None:
        """What happened to single connections since the last call; ``missed`` were dropped because this is slow."""
        ...


class TracedTable(Table):
    """A table that also keeps each transition for a monitor."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self._trace: deque[tuple[float, int, int]] = deque(maxlen=EVENTS_KEPT)
        self._noted = self._taken = 0

    def apply(self, row: int, event: Event, now_s: float) -> None:
        """As `Table.apply`, and note it."""
        super().apply(row, event, now_s)
        self._trace.append((now_s, row, self.state[row]))
        self._noted += 1

    def take(self) -> tuple[list[ConnectionEvent], int]:
        """What was noted since the last call, and how many of those are gone."""
        noted = self._noted
        events = [self._event(*self._trace.popleft()) for _ in range(len(self._trace))]
        missed = max(0, noted - self._taken - len(events))
        self._taken += len(events) + missed
        return events, missed

    def _event(self, at_s: float, row: int, state: int) -> ConnectionEvent:
        ended_badly = state in (State.FAILED, State.LOST)
        error = error_name(self.error[row]) if ended_badly else ""
        phantom = "phantom, " if self.phase[row] == Phase.PHANTOM else ""
        return ConnectionEvent(at_s, row, State(state), phantom + error, self.local_port[row])


class Watch:
    """Shows ``table`` to ``monitor`` every ``interval_s`` seconds, from entering to leaving the ``with`` block.

    Where no thread can be started for it (a limit of tasks), nothing is shown, and the run goes on.
    """

    def __init__(self, monitor: Monitor, table: Table, begun: float, interval_s: float) -> None:
        self._monitor = monitor
        self._table = table
        self._begun = begun
        self._interval_s = interval_s
        self.blind = False
        """Whether nothing is shown."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tcpgoon-monitor", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError:  # "can't start new thread" is all that Python makes of EAGAIN
            self.blind = True
        return self

    def __exit__(self, *_: object) -> None:
        """Let the monitor see the last events, but do not wait for ever for one that is stuck."""
        self._over.set()
        if not self.blind:
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        due_s = 0.0
        while True:
            over = self._over.is_set()
            elapsed_s = time.monotonic() - self._begun
            if elapsed_s >= due_s and not over:
                self._monitor.snapshot(Snapshot(elapsed_s, Counts.of(bytes(self._table.state))))
                # One that was slow is shown the next at the next interval, not all that it missed at once.
                due_s += self._interval_s * (1 + (elapsed_s - due_s) // self._interval_s)
            if isinstance(self._table, TracedTable):
                events, missed = self._table.take()
                if events or missed:
                    self._monitor.events(events, missed)
            if over:
                return
            wait_s = due_s - (time.monotonic() - self._begun)
            self._over.wait(min(wait_s, _EVENTS_EVERY_S) if self._monitor.wants_events else max(0.0, wait_s))
