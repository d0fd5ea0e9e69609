"""Watching a table from a thread: what a monitor is shown, and that nobody waits for a slow one."""

import errno
import threading
import time

import pytest

from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import EVENTS_AT_ONCE, ConnectionEvent
from tcpgoon.record.live import Course, Live, Stage, Window
from tcpgoon.record.outcome import FIN, Phase
from tcpgoon.record.table import Table
from tcpgoon.runs import monitor as monitor_module
from tcpgoon.runs.monitor import Watch


class Notes:
    """A monitor that keeps what it is shown, and can be waited for."""

    def __init__(self, wants_events: bool = False) -> None:
        self.wants_events = wants_events
        self.snapshots: list[Snapshot] = []
        self.seen_events: list[ConnectionEvent] = []
        self.told = threading.Semaphore(0)
        self.shown = threading.Semaphore(0)

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        self.shown.release()

    def events(self, events: list[ConnectionEvent]) -> None:
        self.seen_events += events
        self.told.release()


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
    notes, table = Notes(wants_events=True), Table(4)
    with Watch(notes, table, time.monotonic(), interval_s=3600.0):
        table.dial(0, 0.001)
        table.establish(0, 0.002, rtt_us=80, retransmits=0)
        table.local_port[0] = 40_000
        assert notes.told.acquire(timeout=10)
        table.dial(1, 0.003)
        table.fail(1, 0.004, errno.ECONNREFUSED, Phase.HANDSHAKE)
        table.lose(0, 0.005, FIN)
    assert [(event.at_s, event.connection, event.state, event.error) for event in notes.seen_events] == [
        (0.001, 0, State.OPENING, ""),
        (0.002, 0, State.ESTABLISHED, ""),
        (0.003, 1, State.OPENING, ""),
        (0.004, 1, State.FAILED, "ECONNREFUSED"),
        (0.005, 0, State.LOST, "FIN"),
    ]
    assert notes.seen_events[-1] == ConnectionEvent(0.005, 0, State.LOST, "FIN", 40_000)


def many_rows() -> Table:
    """All dialled, and not yet seen to be."""
    table = Table(4 * EVENTS_AT_ONCE)
    for row in range(table.rows):
        table.dial(row, 0.5)
    return table


def test_a_monitor_that_is_slow_misses_none() -> None:
    """All lists together take it longer than what is called stuck, and none of them does."""
    assert 4 * 0.6 > monitor_module.STUCK_S > 3 * 0.6

    class Slow(Notes):
        def events(self, events: list[ConnectionEvent]) -> None:
            super().events(events)
            time.sleep(0.6)

    slow, table = Slow(wants_events=True), many_rows()
    with Watch(slow, table, time.monotonic(), interval_s=3600.0):
        pass
    assert [event.connection for event in slow.seen_events] == list(range(table.rows))


def test_who_is_stuck_over_events_when_the_run_is_over_is_shown_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "STUCK_S", 0.1)
    release = threading.Event()

    class Stuck(Notes):
        def events(self, events: list[ConnectionEvent]) -> None:
            super().events(events)
            release.wait(60)

    stuck = Stuck(wants_events=True)
    with Watch(stuck, many_rows(), time.monotonic(), interval_s=3600.0):
        assert stuck.told.acquire(timeout=10)
    release.set()
    for thread in threading.enumerate():
        if thread.name == "tcpgoon-monitor":
            thread.join(10)
    assert len(stuck.seen_events) == EVENTS_AT_ONCE


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


class LiveNotes(Notes):
    """A monitor that wants all there is to see, and to know the end."""

    wants_live = True

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[str, int]] = []

    def over(self) -> None:
        self.ends.append((threading.current_thread().name, len(self.snapshots)))


def test_who_wants_it_live_is_shown_frames_whatever_the_interval_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "FRAME_S", 0.01)
    notes, table, far = LiveNotes(), Table(3), Course(stage=Stage.ESTABLISHMENT, lag_s=0.25)
    with Watch(notes, table, time.monotonic(), 3600.0, lambda: far):
        assert notes.shown.acquire(timeout=10)
        table.dial(0, 0.125)
        table.establish(0, 0.25, rtt_us=80, retransmits=0)
        for _ in range(2):
            assert notes.shown.acquire(timeout=10)
    first, last = notes.snapshots[0], notes.snapshots[2]
    assert first == Snapshot(first.elapsed_s, Counts(planned=3), Live(course=far))
    assert last.counts == Counts(planned=2, established=1)
    assert last.live
    assert (last.live.handshake, last.live.windows) == (1, (Window(1, 0.125, 0.125),))


def test_what_is_dear_is_shown_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a fiftieth of a core; one frame that was dear for reasons of its own keeps nobody waiting."""
    cpu_s = iter([0.0, 9.0, 9.0, 10.0, 10.0, 12.0])
    monkeypatch.setattr("tcpgoon.runs.monitor.time.thread_time", lambda: next(cpu_s))
    watch = Watch(LiveNotes(), Table(1), time.monotonic(), 1.0)
    assert [watch._show(elapsed_s) for elapsed_s in (0.0, 1.0, 2.0)] == [0.0, 50.0, 50.0]


def test_the_end_is_told_once_and_after_the_last_snapshot() -> None:
    notes = LiveNotes()
    with Watch(notes, Table(1), time.monotonic(), 1.0):
        assert notes.shown.acquire(timeout=10)
        assert notes.ends == []
    assert notes.ends == [(threading.current_thread().name, len(notes.snapshots))]


def test_who_comes_back_when_he_was_given_up_is_shown_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "STUCK_S", 0.1)
    asked, release = threading.Event(), threading.Event()

    def far() -> Course:
        asked.set()
        release.wait(60)
        return Course()

    notes = LiveNotes()
    with Watch(notes, Table(1), time.monotonic(), 1.0, far) as watch:
        assert asked.wait(10)
    release.set()
    watch._thread.join(10)
    assert (notes.ends, notes.snapshots) == ([(threading.current_thread().name, 0)], [])
