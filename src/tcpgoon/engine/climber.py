"""A loop that holds more connections, or fewer, as it is told: one search on connections that are held all the time.

Each verb returns when it is done, or when somebody stops us.
"""

import math
from collections.abc import Callable, Iterable

from tcpgoon.engine.dialling import Dialling
from tcpgoon.engine.kernel import Kernel
from tcpgoon.engine.lag import Lag
from tcpgoon.engine.loop import LOOK_EVERY_S, Loop
from tcpgoon.engine.probes.making import Questions
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import Share
from tcpgoon.record.connection import State
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

_ESTABLISHED, _FAILED, _LOST = int(State.ESTABLISHED), int(State.FAILED), int(State.LOST)


class Climber(Loop):
    """Dials the rows of ``table`` in their order, each once; arguments are those of `Loop`."""

    def __init__(
        self,
        plan: Plan,
        table: Table,
        kernel: Kernel,
        clock: Callable[[], float],
        begun: float,
        questions: Questions | None,
    ) -> None:
        share = Share(
            first=0,
            stop=table.rows,
            pacing=AllAtOnce(),
            max_dialing=plan.max_dialing,
            confirm_rate=plan.confirm_rate,
        )
        super().__init__(plan, share, table, kernel, clock, begun, questions)
        self._back_s = self._now_s()

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped us."""
        return self._stopping

    @property
    def now_s(self) -> float:
        """Seconds since the beginning of the search."""
        return self._now_s()

    @property
    def next(self) -> int:
        """The row that is dialled next."""
        return self._dialling.next

    @property
    def free(self) -> int:
        """How many rows have not been dialled."""
        return self._table.rows - self.next

    def held(self) -> list[int]:
        """The rows that are established, the oldest first."""
        state = self._table.state
        return [row for row in range(self.next) if state[row] == _ESTABLISHED]

    def dial(self, count: int, per_s: float, at_once: int, give_up_at: Callable[[], bool]) -> range:
        """Dial ``count`` more, at most ``per_s`` a second and ``at_once`` in flight; none further once ``give_up_at``.

        Returns when all that were dialled are decided.
        """
        first = self.next
        share = Share(
            first=first,
            stop=first + count,
            pacing=ConstantRate(1 / per_s),
            max_dialing=at_once,
            confirm_rate=self._plan.confirm_rate,
        )
        dialling = self._dialling = Dialling(
            self._plan, share, self._connections, self._speak if self._speaks else None
        )
        dialling.begin(self._now_s())
        stop = share.stop
        while not self._stopping and (self._connections.dialing or dialling.next < stop):
            dialling.dial_due(stop)
            next_s = self._step() if self._speaks else math.inf
            wait_s = min(dialling.next_s(stop), next_s) - self._now_s()
            self._turn(min(max(0.0, wait_s), LOOK_EVERY_S))
            dialling.expire(self._seen_s)
            if stop > dialling.next and give_up_at():
                stop = dialling.next
        return range(first, dialling.next)

    def look_afresh(self) -> None:
        """A trial begins: what was computed before, and who kept us from looking then, is no lag of it."""
        self.lag, self._back_s = Lag(), self._now_s()

    def wait(self, seconds: float) -> None:
        """Listen for so long."""
        until_s = self._now_s() + seconds
        while not self._stopping and self._now_s() < until_s:
            self._turn_until(min(until_s, self._step()))

    def ask_again(self, rows: Iterable[int]) -> None:
        """Ask those of ``rows`` that are held, and wait for all answers."""
        self._asking.begin(rows)
        self.hear()

    def hear(self) -> None:
        """Wait for all answers: who is asked when it is opened has its time."""
        self._finish_asking()

    def prove(self, since_s: float) -> None:
        """Ask all for a sign of life that have given none since ``since_s``: what the kernels say comes last."""
        if self._kernel.gives_signs:
            self._confirm(since_s)

    def let_go(self, rows: Iterable[int]) -> None:
        """Close those of ``rows`` that are held."""
        for row in rows:
            if self._table.state[row] == _ESTABLISHED:
                self._connections.close(row)
                self._connections.held -= 1
                self._connections.unsent.pop(row, None)
                self._forget(row)
                self._table.close(row, self._now_s())

    def is_any_wrong(self, rows: range) -> bool:
        """Whether one of ``rows`` failed, is lost, or was asked and not served."""
        states = self._table.state[rows.start : rows.stop].tobytes()
        unserved = self._table.unserved[rows.start : rows.stop].tobytes()
        return _FAILED in states or _LOST in states or unserved.count(Unserved.NONE) < len(unserved)

    def end(self) -> None:
        """Close all."""
        self._look_a_last_time()
        self._tear_down()
