"""Settling what is in doubt: who answered a keepalive may be half-open at the other end all the same.

It is where its SYN-ACKs are repeated, so whoever shows one is watched until the repetitions go on, or stop (`opinion`).
Then it is sent a FIN: a full connection acknowledges it; a half-open one, after a keepalive, does not, whether its
kernel has room again or has forgotten it. Who acknowledges none and went on repeating is a phantom. Who acknowledges it
and had gone on after the end of the hold is there now, and was not while it was held: a doubt, unless the path loses
packets. What cannot be settled in time is one as well.

No connection is let go before all others are settled: its place at the target would make room for a phantom.
"""

import errno
import heapq
import math
from array import array
from typing import NamedTuple

from tcpgoon.engine.connections import Connections
from tcpgoon.engine.half_open import Doubt, first_look_s, opinion
from tcpgoon.engine.tcp_info import FIN_ACKNOWLEDGED
from tcpgoon.record.outcome import FIN, ClosedBy

LONGEST_FIN_S = 2.0
"""How long a FIN may stay unacknowledged where the path loses packets; eight round trips more in any case."""

SHORTER_FIN_S = 0.5
"""The same where it is not known to: time to repeat it once."""

FINS_A_TURN = 64
LOOKS_A_TURN = 256
"""Between two looks at what happened: all together take a second and more where there are many."""

_HANDSHAKE_AND_ANSWER = 2
"""The segments that come from a peer that was called once, and repeats nothing."""

_LOOK_AFTER_S = 0.005


class Answers(NamedTuple):
    """Who answered a keepalive, and never sent or took data: nothing but a repeated SYN-ACK tells what they are."""

    plain: "array[int]"
    """The rows that were called once, and showed no repetition."""
    lost: dict[int, int]
    """Those that had to be called again: the segments that had come when they answered."""
    repeated: dict[int, int]
    """Those that showed repetitions: the segments that had come without them."""

    def add(self, row: int, before: int, now: int, calls: int) -> None:
        """``row`` answered: ``before`` segments had come until it was called, ``now`` until it answered."""
        if before != 1:  # 0: this kernel does not count them, and all are in doubt
            self.repeated[row] = now - max(0, before - 1)
        elif calls == 1:
            self.plain.append(row)
        else:
            self.lost[row] = now

    def forget(self, row: int) -> None:
        """``row`` is lost; among the `plain` ones it is found out when they are looked at."""
        self.lost.pop(row, None)
        self.repeated.pop(row, None)


class Settling:
    """What becomes of the answers of the last round."""

    def __init__(self, connections: Connections, rate: float) -> None:
        self._connections = connections
        self._table = connections.table
        self._kernel = connections.kernel
        self._rate = rate
        self._answers = Answers(array("i"), {}, {})
        self._until_s = 0.0
        self._look_s = math.inf
        self._lossy = False
        self._quiet: list[int] = []
        """Those that are to be sent a FIN."""
        self._began_fins_s = 0.0
        self._sent = 0
        self._fins: dict[int, float] = {}
        """Those that were: until when it has to be acknowledged."""
        self._shown: dict[int, int] = {}
        """How many repetitions each had shown when it was first looked at, at the end of the hold."""
        self._half_open: set[int] = set()
        """Those among the quiet ones that went on repeating: half-open, unless they acknowledge the FIN."""
        self._went_on: set[int] = set()
        """Those of them that have shown more since the end of the hold: they were half-open during it."""
        self._goodbye: set[int] = set()
        """All that ever were: the end of those is no loss."""
        self._agenda: list[tuple[float, int]] = []

    @property
    def busy(self) -> bool:
        """Whether anything is not settled."""
        plain, lost, repeated = self._answers
        return bool(plain or lost or repeated or self._quiet or self._fins)

    def begin(self, answers: Answers, until_s: float, *, lossy: bool, look_again: bool) -> None:
        """Settle ``answers`` until ``until_s``.

        ``lossy``: the path has lost packets. ``look_again``: that was found out while they were called, and some of
        their first repetitions may be among what it lost.
        """
        self._answers, self._until_s, self._lossy = answers, until_s, lossy
        self._quiet, self._sent, self._look_s = [], 0, 0.0
        if look_again:
            rows = (*answers.plain, *answers.lost)
            ages = (self._table.established_s[row] + first_look_s(True, self._connections.rtt_s(row)) for row in rows)
            self._look_s = min(max(ages, default=0.0), until_s)

    def step(self, now_s: float) -> float:
        """Do what is due; when to come again."""
        if now_s < self._look_s < math.inf:
            return self._look_s
        if self._look_at_some():
            return now_s
        if self._answers.repeated:
            self._look_s = self._look_at_doubtful(now_s)
            if self._look_s < math.inf:
                return self._look_s
        return self._say_goodbye(now_s)

    def ended(self, row: int, error: int) -> bool:
        """Whether the end of ``row``, with ``error``, answers our FIN; then it is settled by it."""
        if row in self._fins:
            self._settled(row, error == FIN)
        return row in self._goodbye

    def forget(self, row: int) -> None:
        """``row`` is lost."""
        self._answers.forget(row)

    def _look_at_some(self) -> bool:
        """Whoever still shows no repetition is there; whether there are more to be looked at."""
        plain, lost, repeated = self._answers
        for _ in range(LOOKS_A_TURN):
            if plain:
                row, without = plain.pop(), _HANDSHAKE_AND_ANSWER
            elif lost:
                row, without = lost.popitem()
            else:
                return False
            if not self._connections.is_held(row):
                continue
            sign = self._kernel.sign(row)
            if sign.segments > without and not sign.exchanged:
                repeated[row] = without
            else:
                self._table.acknowledge(row)
        return True

    def _look_at_doubtful(self, now_s: float) -> float:
        """When to look again; infinity where there is no need to."""
        repeated, waits, quiet = self._answers.repeated, [], []
        for row, without in list(repeated.items()):
            sign = self._kernel.sign(row)
            repeats = sign.segments - without
            doubt, until_s = self._opinion(row, repeats, now_s)
            shown = self._shown.setdefault(row, repeats)
            if sign.exchanged:  # it has spoken meanwhile
                self._table.acknowledge(row)
                del repeated[row]
            elif doubt is Doubt.WAIT:
                waits.append(until_s)
            else:
                quiet.append(row)
                if doubt is Doubt.HALF_OPEN:
                    self._half_open.add(row)
                    if repeats > shown:
                        self._went_on.add(row)
        if waits and now_s < self._until_s:
            # Rounding may have it that a look came a hair too early: then a little later, and not at the same time.
            return max(min(*waits, self._until_s), now_s + _LOOK_AFTER_S)
        for row in repeated.keys() - set(quiet):
            self._table.doubt(row)
        repeated.clear()
        self._quiet, self._began_fins_s = quiet, now_s
        return math.inf

    def _opinion(self, row: int, repeats: int, now_s: float) -> tuple[Doubt, float]:
        established_s, rtt_s = self._table.established_s[row], self._connections.rtt_s(row)
        late_s = max(0.0, established_s - self._table.start_s[row] - rtt_s)
        doubt, age_s = opinion(repeats, now_s - established_s, rtt_s, late_s, lossy=self._lossy)
        return doubt, established_s + age_s

    def _say_goodbye(self, now_s: float) -> float:
        due = min(due_by(now_s - self._began_fins_s, self._rate), self._sent + FINS_A_TURN, len(self._quiet))
        for row in self._quiet[self._sent : due]:
            if self._connections.is_held(row):
                self._kernel.shut_down(row)
                self._goodbye.add(row)
                patience_s = LONGEST_FIN_S if self._lossy else SHORTER_FIN_S
                self._fins[row] = now_s + patience_s + 8 * self._connections.rtt_s(row)
                heapq.heappush(self._agenda, (now_s + self._connections.rtt_s(row) + _LOOK_AFTER_S, row))
        self._sent = max(self._sent, due)
        while self._agenda and self._agenda[0][0] <= now_s:
            self._look_at_fin(heapq.heappop(self._agenda)[1], now_s)
        if self._sent == len(self._quiet):
            self._quiet, self._sent = [], 0
        next_s = self._began_fins_s + self._sent / self._rate if self._quiet else math.inf
        return min(next_s, self._agenda[0][0]) if self._agenda else next_s

    def _look_at_fin(self, row: int, now_s: float) -> None:
        until_s = self._fins.get(row)
        if until_s is None:
            return
        if self._kernel.sign(row).state in FIN_ACKNOWLEDGED:
            self._settled(row, True)
        elif now_s >= until_s:
            self._settled(row, False)
        else:
            heapq.heappush(self._agenda, (min(until_s, now_s + 0.05 + self._connections.rtt_s(row)), row))

    def _settled(self, row: int, proved: bool) -> None:
        del self._fins[row]
        if self._table.is_proved(row):  # it has spoken meanwhile
            return
        if proved and (self._lossy or row not in self._went_on):
            self._table.acknowledge(row)
        elif proved:
            self._table.doubt(row)  # it is there now; it was not while it was held
        elif row in self._half_open and not self._lossy:
            self._connections.vanish(row, self._connections.now(), errno.ETIMEDOUT, ClosedBy.US)
        else:
            self._table.doubt(row)


def due_by(elapsed_s: float, rate: float) -> int:
    """How many are due after ``elapsed_s``, the first one at once; a hair early, so that no rounding makes it late."""
    return int(elapsed_s * rate + 0.001) + 1
