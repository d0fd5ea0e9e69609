"""A kernel without sockets and a clock that only a script moves: whole runs in microseconds, the same each time.

::

    clock = FakeClock()
    kernel = FakeKernel(clock, lambda row: Peer(answers_after_s=0.05, ends_after_s=1.0, ending=FIN))
    Loop(plan, table, rows, kernel, clock, begun=0.0).run()
"""

import heapq
from collections.abc import Callable, Sequence
from enum import IntEnum

import msgspec

from tcpgoon.engine.kernel import AGAIN, MORE, MOST_EVENTS, WAKE, Refusal
from tcpgoon.record.outcome import FIN


class FakeClock:
    """Seconds that pass when they are told to."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """The time."""
        return self.now_s

    def pass_until(self, then_s: float) -> None:
        """Let it be ``then_s``, if that is not past already."""
        self.now_s = max(self.now_s, then_s)


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one connection."""

    refusal: Refusal | None = None
    """Our own kernel does not dial it."""
    answers_after_s: float | None = 0.0
    """From the dial to the end of the handshake; None: never."""
    error: int = 0
    """How the handshake ends: 0 or an errno."""
    sends: tuple[tuple[float, int], ...] = ()
    """(Seconds after the dial, bytes): what the peer says unasked."""
    ends_after_s: float | None = None
    """From the dial to the end of the connection; None: it lives until we close it."""
    ending: int = FIN
    """`FIN` or an errno."""
    rtt_us: int = 100
    retransmits: int = 0


class _Happening(IntEnum):
    ANSWER = 0
    DATA = 1
    END = 2
    WAKE = 3


class FakeKernel:
    """A `Kernel` whose peers do what ``peer(row)`` says. It keeps what it was asked, for a test to look at."""

    missing: tuple[str, ...] = ()
    may_meet_itself = True

    def __init__(self, clock: FakeClock, peer: Callable[[int], Peer], bytes_a_drain: int = 1 << 30) -> None:
        self._clock = clock
        self._peer = peer
        self._bytes_a_drain = bytes_a_drain
        self._agenda: list[tuple[float, int, _Happening, int]] = []
        self._peers: dict[int, Peer] = {}
        self._unread: dict[int, int] = {}
        self._ended: set[int] = set()
        self.dialled: list[tuple[float, int]] = []
        """When each row was dialled."""
        self.closed: list[tuple[float, int, bool]] = []
        """When each row was closed, and whether with RST."""
        self.polls = 0

    @property
    def open_rows(self) -> set[int]:
        """Rows with a socket."""
        return set(self._peers)

    def dial(self, row: int) -> Refusal | None:
        """See `Kernel.dial`."""
        peer, now_s = self._peer(row), self._clock()
        self.dialled.append((now_s, row))
        if peer.refusal:
            return peer.refusal
        self._peers[row], self._unread[row] = peer, 0
        if peer.answers_after_s is not None:
            self._plan(now_s + peer.answers_after_s, row, _Happening.ANSWER)
        for after_s, count in peer.sends:
            self._plan(now_s + after_s, row, _Happening.DATA, count)
        if peer.ends_after_s is not None:
            self._plan(now_s + peer.ends_after_s, row, _Happening.END)
        return None

    def poll(self, timeout_s: float) -> Sequence[tuple[int, int]]:
        """See `Kernel.poll`: the time passes until something happens, or for ``timeout_s``."""
        self.polls += 1
        # A real kernel sleeps at least one tick; less than the clock can count would be no sleep at all.
        until_s = self._clock() + (max(timeout_s, 1e-9) if timeout_s else 0.0)
        if self._agenda and self._agenda[0][0] <= until_s:
            self._clock.pass_until(self._agenda[0][0])
        else:
            self._clock.pass_until(until_s)
        events: list[tuple[int, int]] = []
        while self._agenda and self._agenda[0][0] <= self._clock() and len(events) < MOST_EVENTS:
            _, row, happening, count = heapq.heappop(self._agenda)
            if row in self._peers or happening is _Happening.WAKE:
                events.append((row, self._happened(row, happening, count)))
        return events

    def finish(self, row: int) -> int:
        """See `Kernel.finish`."""
        return self._peers[row].error

    def met_itself(self, row: int) -> bool:
        """See `Kernel.met_itself`: never, here."""
        return False

    def inspect(self, row: int) -> tuple[int, int]:
        """See `Kernel.inspect`."""
        return self._peers[row].rtt_us, self._peers[row].retransmits

    def local_port(self, row: int) -> int:
        """See `Kernel.local_port`; that of row 7 is 10007."""
        return 10_000 + row % 50_000

    def drain(self, row: int) -> tuple[int, int]:
        """See `Kernel.drain`; it takes a millisecond where there is something to read."""
        taken = min(self._unread[row], self._bytes_a_drain)
        self._clock.pass_until(self._clock() + (0.001 if taken else 0.0))
        self._unread[row] -= taken
        if self._unread[row]:
            return taken, MORE
        return taken, self._peers[row].ending if row in self._ended else AGAIN

    def close(self, row: int, reset: bool) -> None:
        """See `Kernel.close`."""
        del self._peers[row]
        self.closed.append((self._clock(), row, reset))

    def wake(self) -> None:
        """See `Kernel.wake`."""
        self._plan(self._clock(), WAKE, _Happening.WAKE)

    def _plan(self, at_s: float, row: int, happening: _Happening, count: int = 0) -> None:
        heapq.heappush(self._agenda, (at_s, row, happening, count))

    def _happened(self, row: int, happening: _Happening, count: int) -> int:
        """Let it be so; what `poll` says beside the row."""
        if happening is _Happening.DATA:
            self._unread[row] += count
        if happening is _Happening.END:
            self._ended.add(row)
        return int(happening in (_Happening.DATA, _Happening.END) or bool(row != WAKE and self._peers[row].error))
