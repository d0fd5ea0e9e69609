"""The loop: open what is due, step what is ready, expire what is late; then prove, hold, prove, close.

No connection has an object, a timer or a callback of its own; a held one costs nothing until something happens to it.
What is done to connections is done by parts (`Dialling`, `Asking`, `Confirming`, `Newcomer`): the loop steps those that
have something to do, and tells them what happened.

The loop decides nothing about the target. It writes what happened into the table, with the time at which it saw it.
"""

import math
from collections.abc import Callable, Iterable

from tcpgoon.engine.asking import Asking
from tcpgoon.engine.confirming import Confirming
from tcpgoon.engine.connections import Connections
from tcpgoon.engine.dialling import Dialling
from tcpgoon.engine.gates import Alone, Gate, Gates
from tcpgoon.engine.kernel import AGAIN, MORE, MOST_EVENTS, WAKE, Kernel
from tcpgoon.engine.lag import Lag
from tcpgoon.engine.newcomer import Newcomer
from tcpgoon.engine.probes.making import Questions
from tcpgoon.engine.probes.proxy_protocol import proxy_header
from tcpgoon.engine.repeated import MANY, Repeated
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.probe import ProbeAt
from tcpgoon.plan.share import Share
from tcpgoon.record.connection import State
from tcpgoon.record.heard import Heard
from tcpgoon.record.knock import Knock
from tcpgoon.record.table import Table

LAST_LOOKS = 64
"""How often unread data is followed up before the end, so that a FIN behind it is found."""

FEWEST_TO_HALVE = 4
"""With fewer that are due at once, none is kept back so that a newcomer may knock at the half."""

LOOK_EVERY_S = 0.1
"""While anybody may be late, we look so often, happen what may: one who is stopped or starved in between has no other
way to know it (`Loop.lag_s`)."""

LONGEST_WAIT_S = 3_600.0
"""The longest that we ask the kernel to wait: epoll counts milliseconds in 32 bits, and a hold may take a year."""

_OPENING, _ESTABLISHED = int(State.OPENING), int(State.ESTABLISHED)


class Loop:
    """Carries out the ``share`` of ``plan`` on its rows of ``table``, by the verbs of ``kernel``.

    ``clock`` gives seconds, monotonic; ``begun`` is the reading of it that the times of the table count from.
    ``questions`` are what the plan asks the applications. ``newcomer_row`` is a row of the kernel, none of the table,
    for the newcomers; None: nobody knocks. ``gates`` are where it waits for the others; None: there are none.
    """

    def __init__(
        self,
        plan: Plan,
        share: Share,
        table: Table,
        kernel: Kernel,
        clock: Callable[[], float],
        begun: float,
        questions: Questions | None = None,
        newcomer_row: int | None = None,
        gates: Gates | None = None,
    ) -> None:
        self._plan = plan
        self._table = table
        self._rows = share.rows
        self._kernel = kernel
        self._clock = clock
        self._begun = begun
        self._connections = Connections(table, kernel, plan.close is Close.RESET, self._now_s)
        self._speaks = bool(questions or plan.proxy_protocol)
        self._dialling = Dialling(plan, share, self._connections, self._speak if self._speaks else None)
        self._asking = Asking(plan, self._connections, questions, share.max_dialing)
        self._confirming = Confirming(self._connections, share.confirm_rate, int(plan.keepalive_s or 0))
        self._newcomer = None if newcomer_row is None else Newcomer(plan, self._connections, newcomer_row, questions)
        self._newcomer_row = WAKE if newcomer_row is None else newcomer_row
        self._gates = gates or Alone(self._now_s)
        self._connections.on_end = self._forget
        self._unread: set[int] = set()
        self._seen = 0
        self._looked_s = 0.0
        self._seen_s = 0.0
        """All that had happened by then has been seen."""
        self._back_s = 0.0
        """When we last came back from looking."""
        self._stopping = False
        self.lag = Lag()
        self.ramp_lag_s = 0.0
        """That of the time in which connections were dialled."""
        self.interrupted = False
        """Whether `stop` came before the hold was over and what was asked for was proved."""

    @property
    def heard(self) -> Heard:
        """What the peers said."""
        return self._connections.heard

    @property
    def knocks(self) -> list[Knock]:
        """How the newcomers fared."""
        return self._newcomer.knocks if self._newcomer else []

    def when_knocked(self, tell: Callable[[Knock], None]) -> None:
        """Call ``tell`` with each of them as soon as it is known."""
        if self._newcomer:
            self._newcomer.on_knock = tell

    def run(self) -> None:
        """Open, prove, hold, prove, close; returns when nothing is open any more."""
        self._back_s = self._now_s()
        self._knock_beside_none()
        self._meet(Gate.DIAL)
        self._establish()
        self.ramp_lag_s = self.lag.longest_s
        self._meet(Gate.ASK)
        peak_s = self._now_s()
        if self._plan.probe_at is ProbeAt.PEAK:
            self._ask_all()
        self._finish_asking()
        self._meet(Gate.HOLD)
        self._hold()
        proved_since_s = self._now_s() if self._plan.hold_s else peak_s
        self._meet(Gate.PROVE)
        if self._plan.probe_at is ProbeAt.END:
            self._ask_all()
            self._finish_asking()
        if self._plan.level > Assurance.HANDSHAKE and self._kernel.gives_signs:
            self._confirm(proved_since_s)
        self._meet(Gate.LOOK)
        self.interrupted = self._stopping
        self._look_a_last_time()
        self._wait_to_close()
        self._tear_down()

    def stop(self) -> None:
        """Dial no more, close everything, return from `run`; for other threads and signal handlers."""
        self._stopping = True
        self._kernel.wake()

    def _now_s(self) -> float:
        return self._clock() - self._begun

    def _meet(self, gate: Gate) -> None:
        """Wait until all have come to ``gate``, and go on living meanwhile."""
        came_s = self._now_s()
        self._gates.arrive(gate)
        self._back_s += self._now_s() - came_s  # what was done there is no lag: nobody could be late meanwhile
        self._go_on(lambda: self._gates.opened_s(gate) is None)
        self._stopping = self._stopping or self._gates.is_over
        self.lag.note(self._now_s() - self._opened_s(gate), self._back_s)
        self._gates.looked(self._now_s(), self.lag.longest_s)

    def _opened_s(self, gate: Gate) -> float:
        """When ``gate`` was opened; now, where it never was, since we were stopped before."""
        opened_s = self._gates.opened_s(gate)
        return self._now_s() if opened_s is None else opened_s

    # Opening.

    def _knock_beside_none(self) -> None:
        if self._newcomer and not self._stopping:
            self._newcomer.knock(self._now_s(), 0)
            self._go_on(self._newcomer_is_here)

    @property
    def _awaits_answers(self) -> bool:
        """Whether anybody may be late."""
        return self._asking.busy or self._confirming.busy or self._newcomer_is_here()

    def _newcomer_is_here(self) -> bool:
        return self._newcomer is not None and self._newcomer.here

    def _establish(self) -> None:
        dialling = self._dialling
        dialling.begin(self._opened_s(Gate.DIAL))
        half = self._rows.start + max(1, len(self._rows) // 2) if self._newcomer else self._rows.stop
        pause = half if len(self._rows) >= FEWEST_TO_HALVE else self._rows.stop
        while not self._stopping and not dialling.is_over:
            dialling.dial_due(min(pause, self._last_to_dial()))
            if half <= dialling.next < self._rows.stop:
                half = pause = self._rows.stop
                self._knock()
            # First the step: a newcomer that leaves in it makes room for the last dial.
            next_s = self._step() if self._speaks or self._newcomer_is_here() else math.inf
            wait_s = min(dialling.next_s(self._last_to_dial()), next_s) - self._now_s()
            self._turn(min(max(0.0, wait_s), LOOK_EVERY_S))
            dialling.expire(self._seen_s)

    def _last_to_dial(self) -> int:
        """The end of the rows to be dialled for now: a newcomer does not take the place of the last of them."""
        return self._rows.stop - 1 if self._newcomer_is_here() else self._rows.stop

    def _speak(self, row: int, now_s: float) -> None:
        """What is to be said as soon as ``row`` is established."""
        if self._plan.proxy_protocol:
            self._connections.send(row, proxy_header(self._plan.proxy_protocol, *self._kernel.ends(row)))
        if self._connections.is_held(row):
            self._asking.opened(row, now_s)

    # What happens.

    def _turn(self, timeout_s: float) -> int:
        """Wait for something to happen, and step what it happened to; how many events there were."""
        unread = list(self._unread) if self._unread else ()
        wait_s = 0.0 if unread or self._stopping else timeout_s
        looked_s = self._back_s
        if not self._seen:
            self._looked_s = looked_s = self._now_s()
        events = self._kernel.poll(wait_s)
        now_s = self._now_s()
        self.lag.note(max(looked_s - self._back_s, now_s - looked_s - wait_s), self._back_s)
        self._back_s = now_s
        self._gates.looked(now_s, self.lag.longest_s)
        for row in unread:
            self._listen(row, now_s)
        state, unsent = self._table.state, self._connections.unsent
        decide, no_rows = self._dialling.decide, {self._newcomer_row, WAKE}
        for row, more in events:
            if row in no_rows:
                self._knocked(row, more)
            elif state[row] == _OPENING and not more:
                decide(row, now_s, 0)
            else:
                self._stepped(row, more, now_s)
            if unsent and row in unsent:
                self._connections.writable(row)
        self._note_seen(len(events))
        return len(events)

    def _knocked(self, row: int, more: int) -> None:
        """Something happened to the newcomer, or somebody woke us."""
        if row == WAKE:
            self._stopping = self._stopping or self._gates.is_over
        elif self._newcomer:
            self._newcomer.happened(more)

    def _stepped(self, row: int, more: int, now_s: float) -> None:
        """Something happened to ``row`` other than that its handshake succeeded."""
        state = self._table.state
        if state[row] == _OPENING:
            self._dialling.decide(row, now_s, self._kernel.finish(row))
        if more and state[row] == _ESTABLISHED:
            self._listen(row, now_s)

    def _note_seen(self, events: int) -> None:
        """Ready ones are told in the order in which they became ready.

        So all that had happened when we began to look has been seen once fewer come than we take, or as many as there
        are: peers that never stop sending must not keep anybody from being late.
        """
        self._seen += events
        if events < MOST_EVENTS or self._seen > self._connections.held + self._connections.dialing + events:
            self._seen_s, self._seen = self._looked_s, 0

    def _listen(self, row: int, now_s: float) -> None:
        """Read what came for ``row``, and see whether that was the end of it."""
        if self._asking.wants(row) or self._connections.is_quiet(row):
            data, ending = self._kernel.read(row)
            received = len(data)
            if data:
                self._asking.heard(row, data, now_s)
        else:
            received, ending = self._kernel.drain(row)
        self._table.received_bytes[row] += received
        if not self._connections.is_held(row):  # we answered, and learnt of its end by that
            return
        if ending == MORE:
            self._unread.add(row)
            return
        self._unread.discard(row)
        if ending != AGAIN and not self._confirming.ended(row, ending):
            self._asking.ended(row, now_s)
            self._connections.lose(row, now_s, ending)

    def _forget(self, row: int) -> None:
        """``row`` was lost."""
        self._unread.discard(row)
        self._asking.forget(row)
        self._confirming.forget(row)

    # Proving and holding.

    def _step(self) -> float:
        """Let those that have something to do, do it; when to come again."""
        now_s = self._now_s()
        next_s = self._asking.step(now_s, self._seen_s)
        if self._confirming.busy:
            next_s = min(next_s, self._confirming.step(now_s))
        return min(next_s, self._newcomer.step(now_s)) if self._newcomer else next_s

    def _go_on(self, busy: Callable[[], bool]) -> None:
        """Go on as long as it is ``busy``, and nobody stops us."""
        while not self._stopping and busy():
            next_s = self._step()
            if busy():
                self._turn_until(next_s)

    def _turn_until(self, next_s: float) -> None:
        longest_s = LOOK_EVERY_S if self._awaits_answers else LONGEST_WAIT_S
        self._turn(min(max(0.0, next_s - self._now_s()), longest_s))

    def _ask_all(self) -> None:
        self._asking.begin(range(self._rows.start, self._dialling.next))

    def _finish_asking(self) -> None:
        self._go_on(lambda: self._asking.busy)

    def _hold(self) -> None:
        begun_s = self._opened_s(Gate.HOLD)
        until_s, begun_with = begun_s + self._plan.hold_s, self._held_by_all()
        repeated = self._repeated(begun_s)
        while self._is_held() and not self._stopping and (now_s := self._now_s()) < until_s:
            self._turn_until(min(until_s, self._step(), *(each.step(now_s) for each in repeated)))
        if self._newcomer and self._newcomer.here:
            self._turn(0.0)  # who was stopped and goes on is told by the kernel that nothing happened
            self._newcomer.go()
        if begun_with and not self._held_by_all():
            self._knock_beside_none()  # whether anybody is still there where all were lost
        self._finish_asking()

    def _is_held(self) -> bool:
        """Whether there is anything to hold on to; a newcomer's host is there for the others' connections, too."""
        return bool(self._connections.held or (self._newcomer and self._held_by_all()))

    def _held_by_all(self) -> int:
        """How many are established, in all processes together."""
        return self._table.state.tobytes().count(_ESTABLISHED)

    def _repeated(self, now_s: float) -> list[Repeated]:
        """What is done again and again while all are held."""
        plan = self._plan
        every = [
            (plan.probe_every_s, self._ask_again),
            (plan.confirm_every_s if self._kernel.gives_signs else None, self._confirm_again),
        ]
        repeated = [Repeated(now_s + every_s, every_s, act) for every_s, act in every if every_s]
        if self._newcomer:
            # Not at once: what all N do to the target is to be over, so that it is not taken for the newcomer's doing.
            first_s = now_s + min(plan.canary_every_s, plan.hold_s) / 2
            repeated.append(Repeated(first_s, plan.canary_every_s, self._knock, MANY))
        return repeated

    def _ask_again(self) -> None:
        if not self._asking.busy:
            self._ask_all()

    def _confirm_again(self) -> None:
        if not self._confirming.busy:
            self._confirming.begin(range(self._rows.start, self._dialling.next), self._now_s(), final=False)

    def _knock(self) -> None:
        if self._newcomer and not self._newcomer.here:
            self._newcomer.knock(self._now_s(), self._held_by_all() + self._table.state.tobytes().count(_OPENING))

    def _confirm(self, since_s: float) -> None:
        """Ask all for a sign of life that have given none since ``since_s``."""
        self._confirming.begin(self._silent(since_s), self._now_s(), final=True)
        self._go_on(lambda: self._confirming.busy)

    def _silent(self, since_s: float) -> Iterable[int]:
        served = int(Assurance.SERVED)
        for row in range(self._rows.start, self._dialling.next):
            if self._table.assurance[row] < served or self._table.served_s[row] < since_s:
                yield row

    # The end.

    def _look_a_last_time(self) -> None:
        """What has ended by now has not been held to the end.

        As many looks as it takes to hear of each once, and then some: a FIN may be waiting behind data.
        """
        looks = LAST_LOOKS + self._connections.held // MOST_EVENTS
        while (self._turn(0.0) == MOST_EVENTS or self._unread) and looks:
            looks -= 1

    def _wait_to_close(self) -> None:
        """Listen to nobody any more: a target may end the others when the first of us lets go."""
        self._gates.arrive(Gate.CLOSE)
        while self._gates.opened_s(Gate.CLOSE) is None and not self._gates.is_over:
            self._kernel.poll(LOOK_EVERY_S)
            self._gates.looked(self._now_s(), self.lag.longest_s)

    def _tear_down(self) -> None:
        state = self._table.state
        for row in range(self._rows.start, self._dialling.next):
            now_s = self._now_s()
            self._gates.looked(now_s, self.lag.longest_s)
            if state[row] == _ESTABLISHED:
                self._connections.close(row)
                self._table.close(row, now_s)
            elif state[row] == _OPENING:
                self._connections.close(row)
                self._table.abandon(row, now_s)
