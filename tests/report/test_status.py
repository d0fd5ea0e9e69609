"""The status line that scripts know, and a line per connection event."""

import io
from typing import TextIO

import pytest

from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import ConnectionEvent
from tcpgoon.report.status import StatusLines, event_line, status_line


def test_the_classic_line() -> None:
    counts = Counts(planned=8, opening=1, established=1)
    assert status_line(counts) == "Total: 10, Dialing: 1, Established: 1, Closed: 0, Error: 0, NotInitiated: 8"


def test_each_state_has_its_classic_name() -> None:
    counts = Counts(planned=1, opening=20, established=300, closed=4_000, lost=50_000, failed=600_000, abandoned=7)
    assert status_line(counts) == (
        "Total: 654328, Dialing: 27, Established: 4300, Closed: 50000, Error: 600000, NotInitiated: 1"
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (ConnectionEvent(0.000319, 0, State.OPENING, "", 0), "319µs: connection 0 is OPENING"),
        (ConnectionEvent(1.5, 7, State.ESTABLISHED, "", 40_001), "1.5s: connection 7 is ESTABLISHED (port 40001)"),
        (ConnectionEvent(2.0, 7, State.LOST, "FIN", 40_001), "2s: connection 7 is LOST (FIN, port 40001)"),
        (ConnectionEvent(2.0, 8, State.FAILED, "EMFILE", 0), "2s: connection 8 is FAILED (EMFILE)"),
    ],
)
def test_a_line_for_an_event(event: ConnectionEvent, line: str) -> None:
    assert event_line(event) == line


SNAPSHOT = Snapshot(0.0, Counts(planned=2))
LINE = "Total: 2, Dialing: 0, Established: 0, Closed: 0, Error: 0, NotInitiated: 2\n"


def test_snapshots_go_to_the_output_and_events_to_the_log() -> None:
    out, log = io.StringIO(), io.StringIO()
    lines = StatusLines(out, log)
    lines.snapshot(SNAPSHOT)
    lines.events([ConnectionEvent(1.0, 0, State.OPENING, "", 0), ConnectionEvent(1.0, 1, State.OPENING, "", 0)])
    lines.events([ConnectionEvent(2.0, 1, State.CLOSED, "", 0)])
    assert out.getvalue() == LINE
    assert log.getvalue() == ("1s: connection 0 is OPENING\n1s: connection 1 is OPENING\n2s: connection 1 is CLOSED\n")


def test_events_are_wanted_where_there_is_a_log() -> None:
    assert StatusLines(io.StringIO(), io.StringIO()).wants_events
    assert not StatusLines(io.StringIO()).wants_events


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def __init__(self, exc: Exception) -> None:
        super().__init__()
        self.tries = 0
        self._exc = exc

    def write(self, text: str) -> int:
        self.tries += 1
        raise self._exc


@pytest.mark.parametrize("exc", [BrokenPipeError(), OSError(28, "No space left"), ValueError("closed file")])
def test_a_stream_that_fails_is_written_to_no_more(exc: Exception) -> None:
    out, log = Gone(exc), io.StringIO()
    lines = StatusLines(out, log)
    for _ in range(3):
        lines.snapshot(SNAPSHOT)
        lines.events([ConnectionEvent(1.0, 0, State.OPENING, "", 0)])
    assert out.tries == 1
    assert log.getvalue() == "1s: connection 0 is OPENING\n" * 3


def test_each_line_is_flushed() -> None:
    class Counting(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    out: TextIO = Counting()
    StatusLines(out).snapshot(SNAPSHOT)
    assert isinstance(out, Counting)
    assert out.flushed == 1
