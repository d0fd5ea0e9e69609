"""A kernel without sockets and a clock that only a script moves: whole runs in microseconds, the same each time.

::

    clock = FakeClock()
    kernel = FakeKernel(clock, lambda row: Peer(answers_after_s=0.05, ends_after_s=1.0, ending=FIN))
    Loop(plan, Share.whole(plan), table, kernel, clock, begun=0.0).run()
"""

import errno
import heapq
from bisect import bisect_right
from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import count

import msgspec

from tcpgoon.engine.kernel import AGAIN, MORE, MOST_EVENTS, WAKE, Refusal
from tcpgoon.engine.tcp_info import CLOSE_WAIT, CLOSED, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, Sign
from tcpgoon.plan.endpoint import Endpoint
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
    sends: tuple[tuple[float, int | bytes], ...] = ()
    """(Seconds after the dial, bytes or how many): what the peer says unasked."""
    replies: Callable[[bytes], tuple[float, bytes] | None] = lambda _data: None
    """What it says to what it is sent, and after how many seconds."""
    takes_data: bool = True
    """Whether its kernel acknowledges what it is sent, and a FIN."""
    room: int = 1 << 30
    """Bytes that it takes at once; more once a second has passed."""
    ends_after_s: float | None = None
    """From the dial to the end of the connection; None: it lives until we close it."""
    ending: int = FIN
    """`FIN` or an errno."""
    rtt_us: int = 100
    retransmits: int = 0
    life: int | None = 0
    """What a keepalive comes to: 0 an answer, an errno the end of the connection; None: silence."""
    calls_lost: int = 0
    """So many keepalives are lost on the path before one arrives."""
    repeats: tuple[float, ...] = ()
    """The ages at which its kernel repeats its SYN-ACK."""
    ends_after_fin_s: float | None = None
    """From our FIN to the peer's; None: it sends none."""
    gone_after_s: float | None = None
    """From the dial to the moment at which nothing comes from it any more, whatever it is asked."""


MOST_UNANSWERED = 9
"""Keepalives of our own kernel in a row, after which it ends a connection."""

MOST_READ = 65_536
"""Bytes that one `FakeKernel.read` gives at the most."""


class _Happening(IntEnum):
    ANSWER = 0
    DATA = 1
    END = 2
    WAKE = 3
    WRITABLE = 4
    LIFE = 5
    KEEPALIVE = 6


class _Line(msgspec.Struct):
    """One connection that is up."""

    peer: Peer
    dialled_s: float
    heard_s: float
    """When it last acknowledged anything."""
    data_s: float
    waiting: bytes = b""
    flood: int = 0
    """Bytes that wait behind those and that nobody looks at: a peer may send more than there is memory for."""
    room: int = 0
    sent: int = 0
    taken: int = 0
    """What of it was acknowledged."""
    received: int = 0
    segments: int = 1
    """That came: that of the handshake, data, and what acknowledged ours; the answers and repetitions apart."""
    answers: int = 0
    calls: int = 0
    idle_s: int = 0
    """Our kernel sends a keepalive whenever it was idle for so long; 0: never."""
    unanswered: int = 0
    ended: bool = False
    ending: int = FIN
    shut: bool = False
    shut_taken: bool = False


class FakeKernel:
    """Does what the script says: ``peer(row)`` is what becomes of a row.

    ``bytes_a_drain`` are read by one `drain` at the most, and reading takes a millisecond.
    """

    missing: tuple[str, ...] = ()
    may_meet_itself = True
    gives_signs = True
    sources = 1
    endpoints = 1

    def __init__(self, clock: FakeClock, peer: Callable[[int], Peer], bytes_a_drain: int = 1 << 30) -> None:
        self._clock = clock
        self._peer = peer
        self._bytes_a_drain = bytes_a_drain
        self._order = count()
        self._agenda: list[tuple[float, int, _Happening, int, int | bytes, _Line | None]] = []
        self._lines: dict[int, _Line] = {}
        self.dialled: list[tuple[float, int]] = []
        """When each row was dialled."""
        self.closed: list[tuple[float, int, bool]] = []
        """When each row was closed, and whether by RST."""
        self.sent: list[tuple[float, int, bytes]] = []
        """What was sent, when, on which row."""
        self.called: list[tuple[float, int]] = []
        """When each row was asked for a sign of life."""
        self.hushed: list[int] = []
        """The rows that are asked no more."""
        self.kept_alive: list[tuple[float, int, int]] = []
        """When each row was to be kept alive, and how often."""
        self.polls = 0

    @property
    def open_rows(self) -> set[int]:
        """The rows that were dialled and not closed."""
        return set(self._lines)

    def dial(self, row: int) -> Refusal | None:
        """See `Kernel.dial`."""
        peer, now_s = self._peer(row), self._clock()
        self.dialled.append((now_s, row))
        if peer.refusal:
            return peer.refusal
        up_s = now_s + (peer.answers_after_s or 0.0)
        line = _Line(peer, now_s, heard_s=up_s, data_s=up_s, room=peer.room, ending=peer.ending)
        self._lines[row] = line
        if peer.answers_after_s is not None:
            self._plan(up_s, row, _Happening.ANSWER)
        for after_s, said in peer.sends:
            self._plan(now_s + after_s, row, _Happening.DATA, said)
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
            at_s, row, happening, _, data, line = heapq.heappop(self._agenda)
            if happening is _Happening.WAKE:
                events.append((WAKE, 0))
            elif line is self._lines.get(row) and (happening is _Happening.KEEPALIVE or not self._is_gone(row, at_s)):
                events.extend((row, mask) for mask in self._happened(row, at_s, happening, data))
        return events

    def finish(self, row: int) -> int:
        """See `Kernel.finish`."""
        return self._lines[row].peer.error

    def met_itself(self, row: int) -> bool:
        """See `Kernel.met_itself`: never, here."""
        return False

    def inspect(self, row: int) -> tuple[int, int]:
        """See `Kernel.inspect`."""
        return self._lines[row].peer.rtt_us, self._lines[row].peer.retransmits

    def local_port(self, row: int) -> int:
        """See `Kernel.local_port`; that of row 7 is 10007."""
        return 10_000 + row % 50_000

    def ends(self, row: int) -> tuple[Endpoint, Endpoint]:
        """See `Kernel.ends`."""
        return Endpoint("192.0.2.7", self.local_port(row)), Endpoint("192.0.2.1", 80)

    def drain(self, row: int) -> tuple[int, int]:
        """See `Kernel.drain`; it takes a millisecond where there is something to read."""
        return self._take(row, self._bytes_a_drain)

    def read(self, row: int) -> tuple[bytes, int]:
        """See `Kernel.read`."""
        said = self._lines[row].waiting
        taken, ending = self._take(row, min(self._bytes_a_drain, MOST_READ))
        return (said + b"x" * (taken - len(said)))[:taken], ending

    def _take(self, row: int, most: int) -> tuple[int, int]:
        line = self._lines[row]
        taken = min(len(line.waiting) + line.flood, most)
        line.flood -= max(0, taken - len(line.waiting))
        line.waiting = line.waiting[taken:]
        self._clock.pass_until(self._clock() + (0.001 if taken else 0.0))
        if line.waiting or line.flood:
            return taken, MORE
        return taken, line.ending if line.ended else AGAIN

    def send(self, row: int, data: bytes) -> tuple[int, int]:
        """See `Kernel.send`."""
        line, now_s = self._lines[row], self._clock()
        if line.ended and line.ending != FIN:
            return 0, line.ending
        taken = data[: line.room]
        line.room -= len(taken)
        if taken:
            self.sent.append((now_s, row, taken))
        if len(taken) < len(data):
            self._plan(now_s + 1.0, row, _Happening.WRITABLE)
        line.sent += len(taken)
        if taken and line.peer.takes_data and not self._is_gone(row, now_s):
            line.segments += 1
            line.taken += len(taken)
            line.heard_s = now_s + line.peer.rtt_us / 1e6
            reply = line.peer.replies(taken)
            if reply:
                self._plan(now_s + reply[0], row, _Happening.DATA, reply[1])
        return len(taken), 0

    def sign(self, row: int) -> Sign:
        """See `Kernel.sign`."""
        line, now_s = self._lines[row], self._clock()
        age_s = now_s - line.dialled_s - (line.peer.answers_after_s or 0.0)
        return Sign(
            state=_state(line),
            unacked=(line.sent > line.taken) + (line.shut and not line.shut_taken),
            data_ms=max(0, int((now_s - line.data_s) * 1000)),
            ack_ms=max(0, int((now_s - line.heard_s) * 1000)),
            bytes_acked=1 + line.taken + line.shut_taken,
            bytes_received=line.received,
            segments=line.segments + line.answers + bisect_right(line.peer.repeats, age_s),
        )

    def keepalive(self, row: int) -> None:
        """See `Kernel.keepalive`."""
        line, now_s = self._lines[row], self._clock()
        self.called.append((now_s, row))
        line.calls += 1
        if line.peer.life is not None and line.calls > line.peer.calls_lost:
            self._plan(now_s + line.peer.rtt_us / 1e6, row, _Happening.LIFE)

    def no_keepalive(self, row: int) -> None:
        """See `Kernel.no_keepalive`."""
        self._lines[row].idle_s = 0
        self.hushed.append(row)

    def keep_alive(self, row: int, idle_s: int) -> None:
        """See `Kernel.keep_alive`; here whether anything else was sent meanwhile does not count."""
        line, now_s = self._lines[row], self._clock()
        self.kept_alive.append((now_s, row, idle_s))
        if not line.idle_s:
            self._plan(now_s + idle_s, row, _Happening.KEEPALIVE)
        line.idle_s, line.unanswered = idle_s, 0

    def shut_down(self, row: int) -> None:
        """See `Kernel.shut_down`."""
        line = self._lines[row]
        line.shut = True
        line.shut_taken = line.peer.takes_data and not self._is_gone(row, self._clock())
        line.segments += line.shut_taken
        if line.peer.ends_after_fin_s is not None:
            self._plan(self._clock() + line.peer.ends_after_fin_s, row, _Happening.END)

    def close(self, row: int, reset: bool) -> None:
        """See `Kernel.close`."""
        del self._lines[row]
        self.closed.append((self._clock(), row, reset))

    def wake(self, after_s: float = 0.0) -> None:
        """See `Kernel.wake`; or in a while."""
        self._plan(self._clock() + after_s, WAKE, _Happening.WAKE)

    def _plan(self, at_s: float, row: int, happening: _Happening, data: int | bytes = b"") -> None:
        heapq.heappush(self._agenda, (at_s, row, happening, next(self._order), data, self._lines.get(row)))

    def _is_gone(self, row: int, at_s: float) -> bool:
        line = self._lines[row]
        return line.peer.gone_after_s is not None and at_s >= line.dialled_s + line.peer.gone_after_s

    def _happened(self, row: int, at_s: float, happening: _Happening, data: int | bytes) -> list[int]:
        """Let it be so; what `poll` says beside the row, if it says anything."""
        line = self._lines[row]
        if happening is _Happening.KEEPALIVE:
            return self._kept_alive(row, line, at_s)
        if happening is _Happening.DATA:
            if isinstance(data, bytes):
                line.waiting += data
            else:
                line.flood += data
            line.received += len(data) if isinstance(data, bytes) else data
            line.data_s = at_s
            line.segments += 1
        if happening is _Happening.LIFE and not line.peer.life:
            line.heard_s, line.answers = at_s, line.answers + 1
            return []  # only who asks is told
        if happening is _Happening.LIFE:
            line.ending = line.peer.life or errno.ECONNRESET
        if happening is _Happening.WRITABLE:
            line.room = line.peer.room
        line.ended = line.ended or happening in (_Happening.END, _Happening.LIFE)
        return [int(happening in (_Happening.DATA, _Happening.END, _Happening.LIFE) or bool(line.peer.error))]

    def _kept_alive(self, row: int, line: _Line, at_s: float) -> list[int]:
        """Our kernel sends a keepalive on ``row``, or ends it."""
        if not line.idle_s or line.ended:
            return []
        if line.unanswered == MOST_UNANSWERED:
            line.ended, line.ending = True, errno.ETIMEDOUT
            return [1]
        self._plan(at_s + line.idle_s, row, _Happening.KEEPALIVE)
        silent = self._is_gone(row, at_s) or line.peer.life is None
        line.unanswered = line.unanswered + 1 if silent else 0
        return [] if silent else self._happened(row, at_s, _Happening.LIFE, b"")


def _state(line: _Line) -> int:
    """tcpi_state."""
    if line.ended and (line.shut or line.ending != FIN):
        return CLOSED
    if line.shut:
        return FIN_WAIT2 if line.shut_taken else FIN_WAIT1
    return CLOSE_WAIT if line.ended else ESTABLISHED
