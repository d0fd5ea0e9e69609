"""Watching a table from a thread: what a monitor is shown, and that nobody waits for a slow one."""

import errno
import threading
import time

import pytest

from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.table import Table
from tcpgoon.run import monitor as monitor_module
from tcpgoon.run.monitor import ConnectionEvent, TracedTable, Watch


class Notes:
    """A monitor that keeps what it is shown, and can be waited for."""

    def __init__(self, wants_events: bool = False) -> None:
        self.wants_events = wants_events
        self.snapshots: list[Snapshot] = []
        self.seen_events: list[ConnectionEvent] = []
        self.missed = 0
        self.shown = threading.Semaphore(0)

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        self.shown.release()

    def events(self, events: list[ConnectionEvent], missed: int) -> None:
        self.seen_events += events
        self.missed += missed


def test_a_snapshot_at_the_beginning_and_then_every_interval() -> None:
    notes, table = Notes(), Table(3)
    begun = time.monotonic()
    with Watch(notes, table, begun, interval_s=0.05):
        assert notes.shown.acquire(timeout=10)
        table.dial(0, 0.1)
        assert notes.shown.acquire(timeout=10)
        assert notes.shown.acquire(timeout=10)
    assert notes.snapshots[0].counts == Counts(planned=3)
    assert notes.snapshots[0].elapsed_s >= 0
    assert notes.snapshots[2].counts == Counts(planned=2, opening=1)
    assert [snapshot.elapsed_s >= 0.05 * k for k, snapshot in enumerate(notes.snapshots)] == [True] * len(
        notes.snapshots
    )


def test_a_long_interval_does_not_delay_the_end() -> None:
    notes = Notes()
    begun = time.monotonic()
    with Watch(notes, Table(1), begun, interval_s=3600.0):
        assert notes.shown.acquire(timeout=10)
    assert time.monotonic() - begun < 10
    assert len(notes.snapshots) == 1


def test_a_monitor_that_was_slow_is_shown_no_backlog() -> None:
    class Slow(Notes):
        def snapshot(self, snapshot: Snapshot) -> None:
            super().snapshot(snapshot)
            if len(self.snapshots) == 1:
                time.sleep(0.5)

    slow = Slow()
    with Watch(slow, Table(1), time.monotonic(), interval_s=0.1):
        assert slow.shown.acquire(timeout=10)
        assert slow.shown.acquire(timeout=10)
    # It slept through five intervals: the second snapshot is of now, and no interval has two.
    assert slow.snapshots[1].elapsed_s >= 0.5
    intervals = [int(snapshot.elapsed_s / 0.1) for snapshot in slow.snapshots]
    assert len(set(intervals)) == len(intervals)


def test_nobody_waits_for_a_monitor_that_is_stuck() -> None:
    release = threading.Event()

    class Stuck(Notes):
        def snapshot(self, snapshot: Snapshot) -> None:
            super().snapshot(snapshot)
            release.wait(60)

    stuck = Stuck()
    begun = time.monotonic()
    with Watch(stuck, Table(1), begun, interval_s=0.01):
        assert stuck.shown.acquire(timeout=10)
    assert time.monotonic() - begun < 30
    release.set()


def test_events_of_connections_in_their_order() -> None:
    notes, table = Notes(wants_events=True), TracedTable(4)
    with Watch(notes, table, time.monotonic(), interval_s=3600.0):
        table.dial(0, 0.001)
        table.establish(0, 0.002, rtt_us=80, retransmits=0)
        table.local_port[0] = 40_000
        table.dial(1, 0.003)
        table.fail(1, 0.004, errno.ECONNREFUSED, Phase.HANDSHAKE)
        table.lose(0, 0.005, FIN)
    assert notes.seen_events == [
        ConnectionEvent(0.001, 0, State.OPENING, "", notes.seen_events[0].local_port),
        ConnectionEvent(0.002, 0, State.ESTABLISHED, "", 40_000),
        ConnectionEvent(0.003, 1, State.OPENING, "", 0),
        ConnectionEvent(0.004, 1, State.FAILED, "ECONNREFUSED", 0),
        ConnectionEvent(0.005, 0, State.LOST, "FIN", 40_000),
    ]
    assert notes.missed == 0


def test_events_are_kept_in_bounded_memory_and_those_dropped_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "EVENTS_KEPT", 10)
    table = TracedTable(25)
    for row in range(25):
        table.dial(row, float(row))
    events, missed = table.take()
    assert [event.connection for event in events] == list(range(15, 25))
    assert missed == 15
    table.abandon(3, 30.0)
    events, missed = table.take()
    assert [(event.connection, event.state) for event in events] == [(3, State.ABANDONED)]
    assert missed == 0
    assert table.take() == ([], 0)


def test_a_monitor_that_wants_no_events_gets_none() -> None:
    notes = Notes()
    with Watch(notes, Table(2), time.monotonic(), interval_s=3600.0):
        pass
    assert notes.seen_events == []


def test_where_no_thread_can_be_started_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    notes = Notes()
    with Watch(notes, Table(1), time.monotonic(), 1.0) as watch:
        assert watch.blind
    assert notes.snapshots == []


def test_a_phantom_is_called_one() -> None:
    table = TracedTable(1)
    table.dial(0, 0.1)
    table.establish(0, 0.2, 100, 0)
    table.vanish(0, 2.0, errno.ECONNRESET, ClosedBy.PEER)
    events, _ = table.take()
    assert events[-1] == ConnectionEvent(2.0, 0, State.LOST, "phantom, ECONNRESET", 0)
