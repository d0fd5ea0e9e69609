"""While it runs, on a pipe: the classic status line every interval, and with ``-v`` a line per connection event."""

import os
from typing import TextIO

from tcpgoon.plan.units import format_duration
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import ConnectionEvent

_DUMB = {"", "dumb", "unknown"}
"""What TERM says of a terminal that can do nothing but print."""


def status_line(counts: Counts) -> str:
    """The counts by the names that the first tcpgoon gave them, for scripts that read them."""
    return (
        f"Total: {counts.total}, Dialing: {counts.undecided}, Established: {counts.held}, "
        f"Closed: {counts.lost}, Error: {counts.failed}, NotInitiated: {counts.planned}"
    )


def event_line(event: ConnectionEvent) -> str:
    """``12.345ms: connection 17 is ESTABLISHED (port 40001)``."""
    known = [event.error] if event.error else []
    known += [f"port {event.local_port}"] if event.local_port else []
    suffix = f" ({', '.join(known)})" if known else ""
    return f"{format_duration(event.at_s)}: connection {event.connection} is {event.state.name}{suffix}"


def can_be_drawn_on(stream: TextIO | None) -> bool:
    """Whether ``stream`` is a terminal that can move its cursor."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "") not in _DUMB


class StatusLines:
    """A monitor that writes status lines to ``out`` and connection events to ``log``, where they are given.

    A stream whose reader has gone is written to no more: a run does not fail because nobody looks. ``head`` is what
    status lines begin with, where there are several runs to be told apart.
    """

    def __init__(self, out: TextIO | None, log: TextIO | None = None, head: str = "") -> None:
        self.wants_events = log is not None
        self._out = out
        self._log = log
        self._head = head

    def snapshot(self, snapshot: Snapshot) -> None:
        """One status line."""
        self._out = write(self._out, f"{self._head}{status_line(snapshot.counts)}\n")

    def events(self, events: list[ConnectionEvent]) -> None:
        """One line for each event."""
        self._log = write(self._log, "\n".join(map(event_line, events)) + "\n")


def write(stream: TextIO | None, text: str) -> TextIO | None:
    """Write ``text`` at once; the stream, or None once it cannot be written to."""
    if stream is None:
        return None
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):  # a broken pipe, a full disk, a closed file
        return None
    return stream
