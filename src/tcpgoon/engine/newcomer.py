"""The newcomer: one more client that knocks while the others are held, and is never counted among them.

It asks for the same as they do, and leaves. Served: by the same probe. Acknowledged: by its FIN, which a kernel
acknowledges for a connection that it holds; a keepalive would need a second of idleness first, and a newcomer is not to
stay. It waits for a moment before, so that a target that takes it only to close it has time to do so.

It takes a place at the target, and must not take that of one of the N: so it is gone before the last of them is
dialled, and it waits for the peer's FIN, which says that the place is free again. Where none comes the knock says so:
an accept queue that nobody empties keeps who has left.
"""

import errno
import math
from collections.abc import Callable

from tcpgoon.engine.connections import Connections
from tcpgoon.engine.kernel import AGAIN, ANOTHER_PORT, MORE, QUICKER_THAN_WE, first_ending
from tcpgoon.engine.probes.making import Questions
from tcpgoon.engine.probes.probe import PASSED, PENDING, Probe, Progress
from tcpgoon.engine.probes.proxy_protocol import proxy_header
from tcpgoon.engine.tcp_info import FIN_ACKNOWLEDGED
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.plan import Plan
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.outcome import FIN

LISTEN_S = 0.1
"""How long, beside a round trip, one that asks for nothing waits whether it is sent away."""

LONG_S = 1.0
"""Who has waited for so long, and a few round trips, when all is over was left waiting."""

_ROUND_TRIPS = 4
"""The handshake, the question with TLS before it; and one more."""

LEAVE_S = 0.25
"""How long, beside a round trip, the peer's FIN is waited for; then we reset."""

_READS_A_TURN = 4
"""A peer that never stops sending is not to keep the loop for itself."""

_LOOKS = 8
"""In how many parts a wait for a FIN to be acknowledged is cut at first: this is about the precision of its time."""


class Newcomer:
    """Knocks by the ``row`` of the kernel that no connection of the table has."""

    def __init__(self, plan: Plan, connections: Connections, row: int, questions: Questions | None) -> None:
        self._plan = plan
        self._kernel = connections.kernel
        self._now = connections.now
        self._row = row
        self._questions = questions if plan.level is Assurance.SERVED else None
        self.knocks: list[Knock] = []
        self.on_knock: Callable[[Knock], None] = lambda _knock: None
        """Told of each as soon as it is known."""
        self.here = False
        """Whether it is dialling, connected or leaving."""
        self._established = self._leaving = self._unread = self._place_is_free = False
        self._probe: Probe | None = None
        self._unsent = b""
        self._at_s = self._did_s = self._until_s = self._look_s = 0.0
        self._took_s = 0.0
        """How long it took to be established, where that is all it asked for."""
        self._held = 0
        self._rtt_s = 0.0
        """That of the last one that was let in."""
        self._outcome: tuple[Fared, float, int] | None = None

    def knock(self, now_s: float, held: int) -> None:
        """Dial, while ``held`` others are held."""
        self._at_s = self._did_s = now_s
        self._held = held
        self._established = self._leaving = self._unread = self._place_is_free = False
        self._outcome = self._probe = None
        self._unsent, self._took_s = b"", 0.0
        while (refusal := self._kernel.dial(self._row)) is ANOTHER_PORT:
            pass
        if refusal:
            self._fared(Fared.UNASKED, refusal.error)
            self._note()
            return
        self.here = True
        self._until_s, self._look_s = now_s + self._plan.dial_timeout_s, math.inf

    def happened(self, more: int) -> None:
        """Something happened to its connection; ``more`` as `Kernel.poll` has it."""
        if not self.here:
            return
        if not self._established:
            error = self._kernel.finish(self._row) if more else 0
            if not error and self._kernel.met_itself(self._row):
                error = errno.ECONNREFUSED
            if error in QUICKER_THAN_WE:
                self._ended(first_ending(error))
                return
            if error:
                self._fared(Fared.REFUSED, error)
                self._leave(reset=False)
                return
            self._begin()
        self._flush()
        if more and self.here:
            self._listen()

    def step(self, now_s: float) -> float:
        """Look whether its time is over; when to come again."""
        if not self.here:
            return math.inf
        if self._unread:
            self._listen()
        if now_s >= self._look_s:
            self._look(now_s)
        if now_s >= self._until_s:
            self._give_up(known=True)
        return now_s if self._unread else min(self._until_s, self._look_s)

    def go(self) -> None:
        """Leave at once: the hold is over, or the run. How it fares is left open where it had no time to show."""
        self.step(self._now())
        if self.here:
            # Since it last did something, not since it came: we may have stood still ourselves in between.
            long = self._now() - self._did_s >= LONG_S + _ROUND_TRIPS * self._rtt_s
            self._give_up(known=self._outcome is not None or long)

    def _give_up(self, known: bool) -> None:
        if self._outcome is None:
            self._fared(Fared.WAITING)
        self._leave(reset=self._established, known=known)

    def _begin(self) -> None:
        self._established = True
        self._rtt_s = self._kernel.inspect(self._row)[0] / 1e6  # from here on it is no news that it can be written to
        self._did_s = self._now()
        self._until_s = self._did_s + self._plan.probe_timeout_s
        if self._plan.proxy_protocol:
            self._unsent += proxy_header(self._plan.proxy_protocol, *self._kernel.ends(self._row))
        if self._questions:
            self._probe = self._questions.new()
            self._unsent += self._probe.start()
        else:
            self._took_s = self._now() - self._at_s
            self._look_s = self._now() + LISTEN_S + self._rtt_s

    def _flush(self) -> None:
        if self._unsent and self.here:
            sent, error = self._kernel.send(self._row, self._unsent)
            self._unsent = self._unsent[sent:]
            if error:
                self._ended(first_ending(error))

    def _listen(self) -> None:
        ending = MORE
        for _ in range(_READS_A_TURN):
            if not self.here or ending != MORE:
                break
            data, ending = self._kernel.read(self._row)
            if self._probe and data and self._outcome is None:
                progress = self._probe.received(data)
                self._unsent += self._probe.to_send()
                self._flush()
                self._answered(progress)
        self._unread = self.here and ending == MORE
        if self.here and ending not in (AGAIN, MORE):
            self._ended(ending)

    def _answered(self, progress: Progress) -> None:
        if progress is PENDING or self._outcome is not None or not self.here:
            return
        if progress is PASSED:
            self._welcome()
        else:
            self._fared(Fared.TURNED_AWAY)
            self._shut_down()
            self._until_s = self._now() + LEAVE_S + self._rtt_s

    def _ended(self, error: int) -> None:
        self._place_is_free = True
        if self._outcome is None:
            if error != FIN:
                self._fared(Fared.RESET)
            elif self._leaving:
                self._fared(Fared.WELCOME)  # only who has the connection can close it
            else:
                self._fared(Fared.CLOSED)
        self._leave(reset=error == FIN and not self._leaving)

    def _look(self, now_s: float) -> None:
        """Nobody has sent it away, or our FIN may be acknowledged."""
        if not self._leaving and self._plan.level is not Assurance.HANDSHAKE and self._kernel.gives_signs:
            self._shut_down()
            self._look_s = now_s + 0.001
        elif not self._leaving or self._kernel.sign(self._row).state in FIN_ACKNOWLEDGED:
            self._welcome()
        else:
            self._look_s = now_s + max(0.001, (now_s - self._at_s) / _LOOKS)

    def _welcome(self) -> None:
        self._fared(Fared.WELCOME)
        if not self._leaving:
            self._shut_down()
        self._until_s = self._now() + LEAVE_S + self._rtt_s

    def _shut_down(self) -> None:
        self._leaving = True
        self._did_s = self._now()
        self._kernel.shut_down(self._row)

    def _fared(self, fared: Fared, error: int = 0) -> None:
        welcome = fared is Fared.WELCOME and self._took_s
        self._outcome = fared, self._took_s if welcome else self._now() - self._at_s, error
        self._look_s = math.inf

    def _leave(self, reset: bool, known: bool = True) -> None:
        self._kernel.close(self._row, reset)
        self.here = self._unread = False
        self._until_s = math.inf
        self._probe = None
        if known:
            self._note()

    def _note(self) -> None:
        assert self._outcome  # noqa: S101 - nobody leaves without one
        fared, time_s, error = self._outcome
        knock = Knock(
            at_s=self._at_s,
            held=self._held,
            fared=fared,
            time_s=time_s,
            gone_s=self._now(),
            error=error,
            kept_place=self._established and not self._place_is_free,
        )
        self.knocks.append(knock)
        self.on_knock(knock)
