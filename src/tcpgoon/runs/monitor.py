"""Watching a run: a thread of its own shows snapshots to a monitor, so that the loop never waits for one.

The thread reads the table and writes nothing, whichever process writes it. A monitor may be slow (a full pipe, a far
terminal): it then sees fewer snapshots, and the connections' events later. It misses none of them, since they are in
the table; only one that is stuck when the run is over is not waited for.
"""

import threading
import time
from typing import Protocol, Self

from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import ConnectionEvent, Events
from tcpgoon.record.table import Table

STUCK_S = 2.0
"""When the run is over, a monitor that takes longer than that for what it is shown at once is not waited for."""

_EVENTS_EVERY_S = 0.1


class Monitor(Protocol):
    """Who watches a run. Called in a thread of its own; an exception ends the watching, not the run."""

    wants_events: bool
    """Whether `events` is to be called at all."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """The counts of this moment: at the beginning, then every interval."""
        ...

    def events(self, events: list[ConnectionEvent]) -> None:
        """What happened to single connections since the last call, or the first part of it; never none."""
        ...


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
        self._events = Events(table) if monitor.wants_events else None
        self._shown = threading.Event()
        """Set each time that the monitor is done with what it was shown."""
        self._over = threading.Event()
        self._given_up = False
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
        while not self.blind and self._thread.is_alive():
            self._shown.clear()
            self._thread.join(timeout=STUCK_S)
            if self._thread.is_alive() and not self._shown.is_set():
                self._given_up = True
                return

    def _run(self) -> None:
        due_s = 0.0
        while True:
            over = self._over.is_set()
            elapsed_s = time.monotonic() - self._begun
            if elapsed_s >= due_s and not over:
                self._monitor.snapshot(Snapshot(elapsed_s, Counts.of(bytes(self._table.state))))
                # One that was slow is shown the next at the next interval, not all that it missed at once.
                due_s += self._interval_s * (1 + (elapsed_s - due_s) // self._interval_s)
            self._show_events()
            if over or self._given_up:
                return
            wait_s = due_s - (time.monotonic() - self._begun)
            self._over.wait(min(wait_s, _EVENTS_EVERY_S) if self._events else max(0.0, wait_s))

    def _show_events(self) -> None:
        for events in self._events.take() if self._events else ():
            if self._given_up:
                return
            self._monitor.events(events)
            self._shown.set()
