"""Dialling: whom, when, and until when.

Dials are started in the order of the rows and all have the same time-out, so the oldest undecided row is the next to
expire: one number is the timer of them all.

Nobody is late by our fault. A dial is given up when all has been seen that had come by its deadline; and where we stood
still among dials, so that there may be a while between the time that was written down and ``connect()``, their time
begins after it.
"""

import errno
import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from tcpgoon.engine.connections import Connections
from tcpgoon.engine.kernel import ANOTHER_PORT, QUICKER_THAN_WE
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import Share
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import Phase

DIALS_A_TURN = 64
"""Dials between two looks at the events: few, so that the times that we record are those at which things happened."""

STOOD_STILL = 0.1
"""The share of the dial timeout that dials of one turn may take; more of it is not the target's time."""

_OPENING = int(State.OPENING)


class _Stall(NamedTuple):
    """The rows from ``first`` on and before ``stop`` were dialled while we stood still, until ``over_s``."""

    first: int
    stop: int
    over_s: float


class Dialling:
    """The dials of the ``share`` of ``plan``, as it is paced; ``opened`` is told of each that succeeds, and when."""

    def __init__(
        self, plan: Plan, share: Share, connections: Connections, opened: Callable[[int, float], None] | None = None
    ) -> None:
        self._pacing = share.pacing
        self._max_dialing = share.max_dialing
        self._timeout_s = plan.dial_timeout_s
        self._keepalive_s = int(plan.keepalive_s or 0)
        self._opened = opened
        self._connections = connections
        self._table = connections.table
        self._kernel = connections.kernel
        self._may_meet_itself = connections.kernel.may_meet_itself
        self._rows = rows = share.rows
        self._sources, self._endpoints = connections.kernel.sources, connections.kernel.endpoints
        self._first_s = 0.0
        self._stalls: deque[_Stall] = deque()
        self.next = self._oldest = rows.start
        """The row that is dialled next: those before it were."""

    @property
    def is_over(self) -> bool:
        """Whether all are dialled and decided."""
        return not self._connections.dialing and self.next >= self._rows.stop

    def begin(self, now_s: float) -> None:
        """The first may be dialled now."""
        self._first_s = now_s

    def dial_due(self, stop: int) -> None:
        """Dial those before the row ``stop`` that are due, as far as there is room for them."""
        connections = self._connections
        began_s = connections.now()
        due = self._rows.start + self._pacing.due(began_s - self._first_s)
        room = self.next + min(DIALS_A_TURN, self._max_dialing - connections.dialing)
        first, last = self.next, min(due, room, stop)
        for row in range(first, last):
            self._dial(row)
            self.next = row + 1
        if last > first and (over_s := connections.now()) - began_s > self._timeout_s * STOOD_STILL:
            self._stalls.append(_Stall(first, last, over_s))

    def _dial(self, row: int) -> None:
        connections = self._connections
        self._table.dial(row, connections.now(), row % self._sources, row // self._sources % self._endpoints)
        while (refusal := self._kernel.dial(row)) is ANOTHER_PORT:
            self._table.start_s[row] = connections.now()  # the search for a port is ours, not the target's
        if refusal:
            self._table.fail(row, connections.now(), refusal.error, refusal.phase)
        else:
            connections.dialing += 1

    def next_s(self, stop: int) -> float:
        """When the next one before the row ``stop`` is to be dialled, or given up; at once where all is over.

        Infinity where only others can say: the last one is not to be dialled yet.
        """
        waits = []
        if self.next < stop and self._connections.dialing < self._max_dialing:
            # In the terms of `due`, so that both round in the same way.
            due_s = self._pacing.start_s(self.next - self._rows.start)
            elapsed_s = self._connections.now() - self._first_s
            if due_s <= elapsed_s:
                return 0.0
            waits.append(self._first_s + due_s)
        if self._connections.dialing:
            waits.append(self._since_s(self._oldest) + self._timeout_s)
        return min(waits, default=0.0 if self.is_over else math.inf)

    def decide(self, row: int, now_s: float, error: int) -> None:
        """The handshake of ``row`` is over: it succeeded where ``error`` is 0."""
        connections = self._connections
        connections.dialing -= 1
        if self._may_meet_itself and not error and self._kernel.met_itself(row):
            error = errno.ECONNREFUSED  # nobody listens there
        if error and error not in QUICKER_THAN_WE:
            connections.close(row)
            self._table.fail(row, now_s, error, Phase.HANDSHAKE)
            return
        rtt_us, retransmits = self._kernel.inspect(row)
        self._table.establish(row, now_s, rtt_us, retransmits)
        connections.held += 1
        if error:
            connections.end_with(row, now_s, error)
        else:
            self._established(row, now_s)

    def _established(self, row: int, now_s: float) -> None:
        if self._keepalive_s:
            self._kernel.keep_alive(row, self._keepalive_s)
        if self._opened:
            self._opened(row, now_s)

    def expire(self, seen_s: float) -> None:
        """Give up the dials whose time was over at ``seen_s``, up to which all that happened has been seen."""
        state, late_s = self._table.state, seen_s - self._timeout_s
        while self._oldest < self.next:
            if state[self._oldest] == _OPENING:
                if self._since_s(self._oldest) > late_s:
                    return
                self._connections.close(self._oldest)
                self._table.time_out(self._oldest, self._connections.now(), errno.ETIMEDOUT)
                self._connections.dialing -= 1
            self._oldest += 1

    def _since_s(self, row: int) -> float:
        """From when on the time of ``row`` counts, which is the oldest that is not decided."""
        while self._stalls and self._stalls[0].stop <= row:
            self._stalls.popleft()
        if self._stalls and self._stalls[0].first <= row:
            return self._stalls[0].over_s
        return self._table.start_s[row]
