"""Asking the kernels at the other ends: is this connection there?

A keepalive is the only sign of life that needs no payload, and it is not neutral: it resets phantoms that data would
have revived, and a connection whose accepting is deferred takes no data after it. So it is the last act before the
close, or comes during the hold because the user wants it. Each connection is called at a rate at which no queue of
received packets overflows, once it has been idle for a second and is old enough for a half-open one to have shown
itself (`half_open`). Then:

- RST: a phantom.
- An answer: it is there; or it is half-open at the other end, which answers just the same: see `settling`.
- No answer: called again, since the path may have lost the call or the answer; a phantom when `PATIENCE_S` is over.

It may be our own process that stood still meanwhile: so nobody is given up who was not called `FEWEST_CALLS` times.
"""

import errno
import heapq
import math
from array import array
from collections.abc import Iterable, Iterator

from tcpgoon.engine.connections import Connections
from tcpgoon.engine.half_open import first_look_s
from tcpgoon.engine.settling import Answers, Settling, due_by
from tcpgoon.engine.tcp_info import Sign
from tcpgoon.record.outcome import ClosedBy

PATIENCE_S = 8.0
"""For how long a connection may owe an answer, and for how long the end of the hold is put off."""

IDLE_S = 1.01
"""A keepalive leaves at once on a socket that has been idle for a second; the kernel counts in ticks."""

AGAIN_S = 0.55
"""Between two calls: a peer answers one in 500 ms."""

FEWEST_CALLS = 7
"""On a path that loses one packet in ten, one in a hundred thousand healthy peers answers none of so many."""

LOOK_AFTER_S = 0.005
"""The tick in which a call leaves, and then some."""

CALLS_A_TURN = 64

_ANSWERED_MS = 500
"""By how much less than expected the age of the last acknowledgement has to be: it was a second and more before."""

_TICK_MS = 50
"""More than any tick by which the kernel's times are off."""

_MADE_UP_FOR_S = 0.005
"""By so much a call may be early because the loop was late: a few ticks' worth of them at once harm nobody."""


class _Call:
    """One connection that is to be called, or was."""

    __slots__ = ("begun_s", "calls", "first_s", "idle_ms", "last_s", "segments", "turn_s")

    def __init__(self, begun_s: float) -> None:
        self.begun_s = self.first_s = self.last_s = begun_s
        self.turn_s = 0.0
        """When it is its turn to be called; 0 where it has none yet."""
        self.calls = 0
        self.idle_ms = 0
        self.segments = 0


class Confirming:
    """Rounds of calls over the ``connections``, at most ``rate`` a second.

    ``keepalive_s``: our kernel calls them by itself so often, and goes on to after a round that is not the final one.
    """

    def __init__(self, connections: Connections, rate: float, keepalive_s: int = 0) -> None:
        self._connections = connections
        self._table = connections.table
        self._kernel = connections.kernel
        self._rate = rate
        self._keepalive_s = keepalive_s
        self._settling = Settling(connections, rate)
        self._rows: Iterator[int] = iter(())
        self._begun_s = 0.0
        self._taken = 0
        self._taking = self._final = self._lossy = self._was_lossy = False
        self._calls: dict[int, _Call] = {}
        self._agenda: list[tuple[float, int]] = []
        """Whom to look at, and when."""
        self._answers = Answers(array("i"), {}, {})
        self._free_s = 0.0
        """When the next call may leave."""
        self._ours: dict[int, int] = {}
        """Of those that earlier rounds have not proved, the segments that came because of our calls."""

    @property
    def busy(self) -> bool:
        """Whether the round is not over."""
        return self._taking or bool(self._calls) or self._final or self._settling.busy

    def begin(self, rows: Iterable[int], now_s: float, *, final: bool) -> None:
        """Begin a round over those of ``rows`` that are held; only the ``final`` one is patient about doubts."""
        self._rows, self._taken, self._taking = iter(rows), 0, True
        self._begun_s, self._final = now_s, final
        self._answers = Answers(array("i"), {}, {})
        repeated = self._table.retransmits.tobytes()  # those of all processes: it is one path
        self._lossy = self._was_lossy = self._lossy or repeated != bytes(len(repeated))

    def step(self, now_s: float) -> float:
        """Do what is due; when to come again."""
        if self._settling.busy:
            return self._settling.step(now_s)
        if self._taking:
            self._take(now_s)
        while self._agenda and self._agenda[0][0] <= now_s:
            self._look(heapq.heappop(self._agenda)[1], now_s)
        if self._taking:
            next_s = self._begun_s + self._taken / self._rate
            return min(next_s, self._agenda[0][0]) if self._agenda else next_s
        if self._calls:
            return self._agenda[0][0]
        return self._over(now_s)

    def ended(self, row: int, error: int) -> bool:
        """Whether the end of ``row``, with ``error``, is no loss but the answer to our FIN."""
        return self._settling.ended(row, error)

    def forget(self, row: int) -> None:
        """``row`` is lost."""
        self._calls.pop(row, None)
        self._ours.pop(row, None)
        self._answers.forget(row)
        self._settling.forget(row)

    def _over(self, now_s: float) -> float:
        """All have answered, or never will."""
        if not self._final:
            return math.inf
        answers, self._answers, self._final = self._answers, Answers(array("i"), {}, {}), False
        self._settling.begin(
            answers, self._begun_s + PATIENCE_S, lossy=self._lossy, look_again=self._lossy and not self._was_lossy
        )
        return self._settling.step(now_s)

    def _take(self, now_s: float) -> None:
        due = min(due_by(now_s - self._begun_s, self._rate), self._taken + CALLS_A_TURN)
        while self._taken < due:
            row = next(self._rows, None)
            if row is None:
                self._taking = False
                return
            if self._connections.is_held(row) and row not in self._calls:
                self._taken += 1
                self._calls[row] = _Call(now_s)
                self._look(row, now_s)

    def _look(self, row: int, now_s: float) -> None:
        call = self._calls.get(row)
        if call is None:  # lost meanwhile
            return
        sign = self._kernel.sign(row)
        if not call.calls:
            self._before_call(row, call, sign, now_s)
        elif call.idle_ms + (now_s - call.first_s) * 1_000 - min(sign.ack_ms, sign.data_ms) > _ANSWERED_MS:
            self._alive(row, call, sign)
        elif now_s - call.first_s > PATIENCE_S + self._connections.rtt_s(row) and call.calls >= FEWEST_CALLS:
            self._gone(row, now_s)
        elif now_s >= (again_s := call.last_s + self._patience_s(row, call)):
            self._lossy = True
            self._call_in_turn(row, call, now_s)
        else:
            self._look_at(row, min(again_s, now_s + max(LOOK_AFTER_S, now_s - call.last_s)))

    def _before_call(self, row: int, call: _Call, sign: Sign, now_s: float) -> None:
        idle_ms = min(sign.data_ms, sign.ack_ms)
        # Nobody looks again after a round that is not the final one: it cannot count on a path that loses nothing.
        needed_s = first_look_s(self._lossy or not self._final, self._connections.rtt_s(row))
        age_s = now_s - self._table.established_s[row]
        wait_s = IDLE_S - idle_ms / 1_000
        if age_s < needed_s and not self._is_known(row, sign):
            wait_s = max(wait_s, needed_s - age_s)
        if idle_ms + _TICK_MS < (now_s - call.begun_s) * 1_000:  # it speaks by itself
            self._alive(row, call, sign)
        elif wait_s > 0:
            self._look_at(row, now_s + max(wait_s, LOOK_AFTER_S))
        elif sign.unacked and now_s - call.begun_s > PATIENCE_S + needed_s:
            self._gone(row, now_s)
        elif sign.unacked:
            self._look_at(row, now_s + max(LOOK_AFTER_S, (now_s - call.begun_s) / 8))
        else:
            # Not at ``now_s``: whoever has stood still since then would take the time that it lost for an answer.
            call.segments, call.idle_ms, call.first_s = sign.segments, idle_ms, self._connections.now()
            self._call_in_turn(row, call, now_s)

    def _is_known(self, row: int, sign: Sign) -> bool:
        """Whether the other end has proved before that it holds ``row``: nothing becomes half-open later."""
        return sign.exchanged or self._table.is_proved(row)

    def _patience_s(self, row: int, call: _Call) -> float:
        """How long after its latest call ``row`` is called again: once one is lost, no answer is waited for before."""
        return max(AGAIN_S, 2 * self._connections.rtt_s(row)) if call.calls == 1 else AGAIN_S

    def _call_in_turn(self, row: int, call: _Call, now_s: float) -> None:
        """Call ``row`` when it is its turn: many may become due at once, all that fell silent together."""
        if not call.turn_s:
            call.turn_s = max(self._free_s, now_s - _MADE_UP_FOR_S)
            self._free_s = call.turn_s + 1 / self._rate
        if call.turn_s > now_s:
            self._look_at(row, call.turn_s)
        else:
            self._call(row, call, now_s)

    def _call(self, row: int, call: _Call, now_s: float) -> None:
        call.calls += 1
        call.turn_s = 0.0
        call.last_s = now_s
        self._connections.called.add(row)
        self._kernel.keepalive(row)
        self._look_at(row, now_s + self._connections.rtt_s(row) + LOOK_AFTER_S)

    def _look_at(self, row: int, at_s: float) -> None:
        heapq.heappush(self._agenda, (at_s, row))

    def _alive(self, row: int, call: _Call, sign: Sign) -> None:
        """Something came from the other end of ``row``."""
        del self._calls[row]
        if call.calls:
            self._kernel.no_keepalive(row)
            self._connections.called.discard(row)
        if self._keepalive_s:
            self._keep_alive(row)
        before = call.segments - (self._ours.get(row, 0) if self._ours else 0)
        if self._is_known(row, sign):
            self._table.acknowledge(row)
        elif self._final:
            self._answers.add(row, before, sign.segments, call.calls)
        elif before == 1:
            self._table.acknowledge(row)
            self._ours.pop(row, None)
        else:
            self._ours[row] = sign.segments - before

    def _keep_alive(self, row: int) -> None:
        """As before the round; once ``row`` is to be settled it is not to meet answers that we did not ask for."""
        if self._final:
            self._kernel.no_keepalive(row)
        else:
            self._kernel.keep_alive(row, self._keepalive_s)

    def _gone(self, row: int, now_s: float) -> None:
        self._connections.vanish(row, now_s, errno.ETIMEDOUT, ClosedBy.PATH)
