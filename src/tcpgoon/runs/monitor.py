"""Watching a run: a thread of its own shows snapshots to a monitor, so that the loop never waits for one.

The thread reads the table and writes nothing, whichever process writes it. A monitor may be slow (a full pipe, a far
terminal): it then sees fewer snapshots, and the connections' events later. It misses none of them, since they are in
the table; only one that is stuck when the run is over is not waited for.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol, Self

from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import ConnectionEvent, Events
from tcpgoon.record.live import Course
from tcpgoon.record.lookout import Lookout
from tcpgoon.record.table import Table

FRAME_S = 0.2
"""How often who wants to see the run live is shown it, where that is cheap."""

_TIMES_ITS_COST = 50
"""It is shown so rarely that all that takes a fiftieth of a core: of very many connections each look costs more."""

STUCK_S = 2.0
"""When the run is over, a monitor that takes longer than that for what it is shown at once is not waited for."""

_EVENTS_EVERY_S = 0.1


class Monitor(Protocol):
    """Who watches a run. Called in a thread of its own; an exception ends the watching, not the run.

    It may have two more: ``wants_live = True``, and its snapshots have `Snapshot.live` and come every `FRAME_S` or so,
    whatever the interval is; and a method ``over()``, called when the run is over, in the thread that waits for it.
    """

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

    def __init__(
        self,
        monitor: Monitor,
        table: Table,
        begun: float,
        interval_s: float,
        course: Callable[[], Course] = Course,
    ) -> None:
        self._monitor = monitor
        self._table = table
        self._begun = begun
        self._course = course
        self._lookout = Lookout(table) if getattr(monitor, "wants_live", False) else None
        self._interval_s = FRAME_S if self._lookout else interval_s
        self.blind = False
        """Whether nothing is shown."""
        self._events = Events(table) if monitor.wants_events else None
        self._cost_s = 0.0
        """The CPU time that the last frame took."""
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
        while not self.blind and self._thread.is_alive() and not self._given_up:
            self._shown.clear()
            self._thread.join(timeout=STUCK_S)
            self._given_up = self._thread.is_alive() and not self._shown.is_set()
        getattr(self._monitor, "over", _nobody)()

    def _run(self) -> None:
        due_s = 0.0
        while True:
            over = self._over.is_set()
            elapsed_s = time.monotonic() - self._begun
            if elapsed_s >= due_s and not over:
                every_s = max(self._interval_s, self._show(elapsed_s))
                # One that was slow is shown the next at the next interval, not all that it missed at once.
                due_s += every_s * (1 + (elapsed_s - due_s) // every_s)
            self._show_events()
            if over or self._given_up:
                return
            wait_s = due_s - (time.monotonic() - self._begun)
            self._over.wait(min(wait_s, _EVENTS_EVERY_S) if self._events else max(0.0, wait_s))

    def _show(self, elapsed_s: float) -> float:
        """Show a snapshot; how long to show none then, in seconds, so that all this costs the engine nothing."""
        if not self._lookout:
            self._monitor.snapshot(Snapshot(elapsed_s, Counts.of(bytes(self._table.state))))
            return 0.0
        before_s, last_s = time.thread_time(), self._cost_s
        snapshot = self._lookout.look(elapsed_s, self._course())
        if not self._given_up:
            self._monitor.snapshot(snapshot)
        self._cost_s = time.thread_time() - before_s
        return min(self._cost_s, last_s) * _TIMES_ITS_COST  # the first may be slow for reasons of its own

    def _show_events(self) -> None:
        for events in self._events.take() if self._events else ():
            if self._given_up:
                return
            self._monitor.events(events)
            self._shown.set()


def _nobody() -> None:
    """Where a monitor does not want to know that the run is over."""
