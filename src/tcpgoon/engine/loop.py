"""The loop: open what is due, step what is ready, expire what is late; then hold, then close.

No connection has an object, a timer or a callback of its own. Dials are started in the order of the rows and all have
the same time-out, so the oldest undecided row is the next to expire: one number is the timer of them all. A held
connection costs nothing until something happens to it.

The loop decides nothing about the target. It writes what happened into the table, with the time at which it saw it.
"""

import errno
from collections.abc import Callable

from tcpgoon.engine.kernel import AGAIN, ANOTHER_PORT, MORE, MOST_EVENTS, WAKE, Kernel
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import FIN, Phase
from tcpgoon.record.table import Table

DIALS_A_TURN = 64
"""Dials between two looks at the events: few, so that the times that we record are those at which things happened."""

LAST_LOOKS = 64
"""How often unread data is followed up before the end, so that a FIN behind it is found."""

LONGEST_WAIT_S = 3_600.0
"""The longest that we ask the kernel to wait: epoll counts milliseconds in 32 bits, and a hold may take a year."""

_OPENING, _ESTABLISHED = int(State.OPENING), int(State.ESTABLISHED)
_QUICKER_THAN_WE = (errno.ECONNRESET, errno.EPIPE)


class Loop:
    """Carries out ``plan`` on the ``rows`` of ``table``, by the verbs of ``kernel``.

    ``clock`` gives seconds, monotonic; ``begun`` is the reading of it that the times of the table count from.
    """

    def __init__(
        self, plan: Plan, table: Table, rows: range, kernel: Kernel, clock: Callable[[], float], begun: float
    ) -> None:
        self._plan = plan
        self._table = table
        self._rows = rows
        self._sources = len(plan.sources) or 1
        self._reset = plan.close is Close.RESET
        self._kernel = kernel
        self._may_meet_itself = kernel.may_meet_itself
        self._clock = clock
        self._begun = begun
        self._next = self._oldest = rows.start
        self._dialing = 0
        self._held = 0
        self._unread: set[int] = set()
        self._stopping = False
        self.interrupted = False
        """Whether `stop` came before the hold was over."""

    def run(self) -> None:
        """Open, hold, close; returns when nothing is open any more."""
        self._establish()
        self._hold()
        self._tear_down()

    def stop(self) -> None:
        """Dial no more, close everything, return from `run`; for other threads and signal handlers."""
        self._stopping = True
        self._kernel.wake()

    def _now_s(self) -> float:
        return self._clock() - self._begun

    def _establish(self) -> None:
        late_s, seen = self._late_s(), 0
        while not self._stopping and (self._dialing or self._next < self._rows.stop):
            self._dial_due()
            if not seen:
                late_s = self._late_s()
            events = self._turn(self._patience_s())
            seen += events
            # Ready ones are told in the order in which they became ready. So all that had happened by late_s + timeout
            # has been seen once fewer come than we take, or as many as there are: peers that never stop sending
            # must not keep dials from being late.
            if events < MOST_EVENTS or seen > self._held + self._dialing + events:
                self._expire(late_s)
                seen = 0

    def _late_s(self) -> float:
        return self._now_s() - self._plan.dial_timeout_s

    def _dial_due(self) -> None:
        due = self._rows.start + self._plan.pacing.due(self._now_s())
        room = self._next + min(DIALS_A_TURN, self._plan.max_dialing - self._dialing)
        last = min(due, room, self._rows.stop)
        while self._next < last:
            self._dial(self._next)
            self._next += 1

    def _dial(self, row: int) -> None:
        self._table.dial(row, self._clock() - self._begun, row % self._sources)
        while (refusal := self._kernel.dial(row)) is ANOTHER_PORT:
            self._table.start_s[row] = self._now_s()  # the search for a port is ours, not the target's
        if refusal:
            self._table.fail(row, self._now_s(), refusal.error, refusal.phase)
        else:
            self._dialing += 1

    def _patience_s(self) -> float:
        """How long nothing is to be done unless something happens."""
        now_s = self._now_s()
        waits = []
        if self._next < self._rows.stop and self._dialing < self._plan.max_dialing:
            next_s = self._plan.pacing.start_s(self._next - self._rows.start) - now_s
            if next_s <= 0:
                return 0.0
            waits.append(next_s)
        if self._dialing:
            waits.append(self._table.start_s[self._oldest] + self._plan.dial_timeout_s - now_s)
        return max(0.0, min(waits, default=0.0))

    def _turn(self, timeout_s: float) -> int:
        """Wait for something to happen, and step what it happened to; how many events there were."""
        unread = list(self._unread) if self._unread else ()
        events = self._kernel.poll(0.0 if unread or self._stopping else min(timeout_s, LONGEST_WAIT_S))
        now_s = self._now_s()
        for row in unread:
            self._drain(row, now_s)
        state = self._table.state
        for row, more in events:
            if row == WAKE:
                continue
            if state[row] == _OPENING:
                self._decide(row, now_s, self._kernel.finish(row) if more else 0)
            if more and state[row] == _ESTABLISHED:
                self._drain(row, now_s)
        return len(events)

    def _decide(self, row: int, now_s: float, error: int) -> None:
        """The handshake of ``row`` is over: it succeeded where ``error`` is 0."""
        self._dialing -= 1
        if self._may_meet_itself and not error and self._kernel.met_itself(row):
            error = errno.ECONNREFUSED  # nobody listens there
        if error and error not in _QUICKER_THAN_WE:
            self._close(row)
            self._table.fail(row, now_s, error, Phase.HANDSHAKE)
            return
        rtt_us, retransmits = self._kernel.inspect(row)
        self._table.establish(row, now_s, rtt_us, retransmits)
        self._held += 1
        if error:
            received, _ = self._kernel.drain(row)  # what came before the end
            self._table.received_bytes[row] += received
            # EPIPE is the RST after a FIN: the FIN was what ended it.
            self._lose(row, now_s, FIN if error == errno.EPIPE else error)

    def _drain(self, row: int, now_s: float) -> None:
        """Read what came for ``row``, and see whether that was the end of it."""
        received, ending = self._kernel.drain(row)
        self._table.received_bytes[row] += received
        if ending == MORE:
            self._unread.add(row)
            return
        self._unread.discard(row)
        if ending != AGAIN:
            self._lose(row, now_s, ending)

    def _lose(self, row: int, now_s: float, error: int) -> None:
        self._close(row)
        self._table.lose(row, now_s, error)
        self._held -= 1

    def _close(self, row: int) -> None:
        # Its port is asked for only now: during the ramp that would slow every dial by a system call.
        self._table.local_port[row] = self._kernel.local_port(row)
        self._kernel.close(row, self._reset)

    def _expire(self, late_s: float) -> None:
        """Give up the dials that were started at ``late_s`` or before."""
        state, start_s = self._table.state, self._table.start_s
        while self._oldest < self._next:
            if state[self._oldest] == _OPENING:
                if start_s[self._oldest] > late_s:
                    return
                self._close(self._oldest)
                self._table.time_out(self._oldest, self._now_s(), errno.ETIMEDOUT)
                self._dialing -= 1
            self._oldest += 1

    def _hold(self) -> None:
        until_s = self._now_s() + self._plan.hold_s
        while self._held and not self._stopping and (left_s := until_s - self._now_s()) > 0:
            self._turn(left_s)
        self.interrupted = self._stopping
        # What has ended by now has not been held to the end. As many looks as it takes to hear of each once, and then
        # some: a FIN may be waiting behind data.
        looks = LAST_LOOKS + self._held // MOST_EVENTS
        while (self._turn(0.0) == MOST_EVENTS or self._unread) and looks:
            looks -= 1

    def _tear_down(self) -> None:
        state = self._table.state
        for row in range(self._rows.start, self._next):
            if state[row] == _ESTABLISHED:
                self._close(row)
                self._table.close(row, self._now_s())
            elif state[row] == _OPENING:
                self._close(row)
                self._table.abandon(row, self._now_s())
