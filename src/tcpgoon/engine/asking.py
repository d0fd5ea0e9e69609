"""Asking the applications: the probes of the connections that are held.

A probe that is under way is one small object in a dict; a connection without one has none. Those under way have the
same time to answer, and are asked one after another: so the first in the dict is the next whose time is over, and one
look at it is the timer of them all.

How many are asked at once is bounded, so that a burst of requests is not what the target fails by. One that takes
longer than `YOUNG_S` makes room for the next: else a silent target would be asked at a crawl.
"""

import errno
import math
from collections.abc import Iterable, Iterator

from tcpgoon.engine.connections import Connections
from tcpgoon.engine.probes.making import Questions
from tcpgoon.engine.probes.probe import PASSED, PENDING, Probe, Progress
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import ProbeAt
from tcpgoon.record.outcome import FIN, ClosedBy
from tcpgoon.record.said import escape
from tcpgoon.record.unserved import Unserved

YOUNG_S = 0.25
"""How long one that is asked keeps its place among those that are asked at once."""

ASKS_A_TURN = 64
"""Begun between two looks at the events."""

MOST_LATE = 10_000
"""Late answers that are still listened for: a TLS handshake that never comes to its end may be 42 KB of memory."""

LEAST_S = 1.0
"""In less, and two round trips, what the path has lost is not repeated often enough for silence to mean anything."""

WITNESSES = 100
"""TLS sessions that are kept although nothing more is to be said, for what the peer may still say: in TLS 1.3 it judges
our certificate when the handshake is over for us; and it may end the session long before the connection. One takes
23 KB."""

ALL_THE_TIME = 0.9
"""The share of an answer's time for which nothing may have been acknowledged where it is said that nothing was."""


class Asking:
    """The probes of the ``connections``, by ``questions``; None: nothing is asked, and whoever speaks is served.

    ``at_once``: how many that are asked may be `YOUNG_S` old or less.
    """

    def __init__(self, plan: Plan, connections: Connections, questions: Questions | None, at_once: int) -> None:
        self._connections = connections
        self._table = connections.table
        self._make = questions and questions.new
        self._renew = questions and questions.again if plan.probe_every_s is not None else None
        self._timeout_s = plan.probe_timeout_s
        self._at_once = at_once
        self._tls = plan.tls is not None
        self._witnesses = WITNESSES if plan.tls is not None else 0
        self._handshake_is_all = plan.probe is None
        self._listens = plan.probe is not None and not plan.probe.send and plan.tls is None
        self._at_open = plan.probe_at is ProbeAt.OPEN
        self._queue: Iterator[int] = iter(())
        self._queued = False
        self._probes: dict[int, Probe] = {}
        self._sessions: dict[int, Probe] = {}
        """Probes that have passed, where they are to be asked again inside of their TLS session, and the witnesses."""
        self._due: dict[int, float] = {}
        """Those under way: the time at which each has to have its answer; the earliest first."""
        self._young: dict[int, float] = {}
        """Of those, the ones asked of late: until when they keep their places."""
        self._late: set[int] = set()

    @property
    def busy(self) -> bool:
        """Whether any that is to be asked has not come to its answer, or to the end of its time."""
        return self._queued or bool(self._due)

    def opened(self, row: int, now_s: float) -> None:
        """``row`` is established."""
        if self._make is None:
            return
        if self._listens:  # what a server says first, it says now
            self._table.ask(row, now_s)
            self._probes[row] = self._make()
        if self._at_open:
            self._ask(row)

    def begin(self, rows: Iterable[int]) -> None:
        """Ask all of ``rows`` that are still held, in their order; `step` does it."""
        if self._make is not None:
            self._queue, self._queued = iter(rows), True

    def step(self, now_s: float, seen_s: float) -> float:
        """Ask whom there is room for, give up who is late; when to come again.

        ``seen_s``: all that had happened by then has been seen, so that nobody is late by our fault.
        """
        self._grow_up(now_s)
        if self._queued:
            self._ask_some()
        self._expire(min(now_s, seen_s))
        waits = [next(iter(due.values())) for due in (self._due, self._young if self._queued else {}) if due]
        full = len(self._young) >= self._at_once
        return min(waits, default=math.inf) if full or not self._queued else now_s

    def wants(self, row: int) -> bool:
        """Whether what the peer of ``row`` says is to be heard in full."""
        return row in self._probes or row in self._sessions

    def heard(self, row: int, data: bytes, now_s: float) -> None:
        """The peer of ``row`` said ``data``."""
        probe = self._probes.get(row)
        if not (self._table.tls_s[row] if probe is None else self._tls):  # it is no words that TLS is made of
            self._connections.keep_words(row, data)
        if probe is None:
            self._overhear(row, data, now_s)
            return
        progress = probe.received(data)
        if self._tls:
            self._note_handshake(row, probe, now_s)
        if progress is not PENDING:
            self._decided(row, probe, progress, now_s)
        self._connections.send(row, probe.to_send())

    def _overhear(self, row: int, data: bytes, now_s: float) -> None:
        """Nobody has asked, or it has answered already."""
        if self._make is None:
            self._table.serve(row, now_s)
        elif row in self._sessions:
            session = self._sessions[row]
            session.received(data)
            if getattr(session, "closed", False):  # within TLS this is the FIN; that of TCP may come much later
                self._connections.lose(row, now_s, FIN)

    def ended(self, row: int, now_s: float) -> None:
        """The peer of ``row`` will say no more."""
        if self._table.unserved[row] == Unserved.REFUSED:
            return
        if self._handshake_is_all and row in self._sessions:  # otherwise it is its answer that it said last
            self._connections.heard.said(self._sessions[row].said)
        probe, refusal = self._probes.get(row), self._refusal(row)
        if probe is not None:
            self._decided(row, probe, refusal or probe.eof(), now_s)
        elif refusal:
            self._failed(row, refusal, late=False)

    def _refusal(self, row: int) -> Progress | None:
        """What the peer of ``row`` said before it closed, if it was a no: many say it before they are asked."""
        words = self._connections.words(row)
        if not words or self._make is None or self._tls:
            return None
        progress = self._make().received(words)
        return progress if progress.why is Unserved.REFUSED else None

    # Who is asked.

    def _ask_some(self) -> None:
        room = min(ASKS_A_TURN, self._at_once - len(self._young))
        while room > 0:
            row = next(self._queue, None)
            if row is None:
                self._queued = False
                return
            if self._connections.is_held(row) and row not in self._due and row not in self._late:
                self._ask(row)
                room -= 1

    def _ask(self, row: int) -> None:
        assert self._make  # noqa: S101 - otherwise nobody is asked
        now_s = self._connections.now()  # whatever held us up before we ask is none of its time
        if self._listens:
            if row not in self._probes:  # it has spoken already
                return
        else:
            self._table.ask(row, now_s)
        self._due[row] = now_s + self._timeout_s
        self._young[row] = now_s + YOUNG_S
        if row in self._probes:
            return
        self._start(row)

    def _start(self, row: int) -> None:
        assert self._make  # noqa: S101
        session = self._sessions.pop(row, None)
        if session is not None and self._renew is not None:
            self._probes[row] = session
            self._connections.send(row, self._renew(session))
            return
        probe = self._probes[row] = self._make()
        self._connections.send(row, probe.start())
        words = self._connections.words(row)
        if words and self._connections.is_held(row):
            self._said_before(row, probe, words)

    def _said_before(self, row: int, probe: Probe, words: bytes) -> None:
        """Who speaks before a TLS handshake speaks no TLS; who has said no, has said no."""
        progress = probe.received(words) if self._tls else self._refusal(row) or PENDING
        if progress is not PENDING:
            self._decided(row, probe, progress, self._connections.now())

    def _grow_up(self, now_s: float) -> None:
        while self._young:
            row, until_s = next(iter(self._young.items()))
            if until_s > now_s:
                return
            del self._young[row]

    # What comes of it.

    def _decided(self, row: int, probe: Probe, progress: Progress, now_s: float) -> None:
        late = row in self._late
        self.forget(row)
        if progress is not PASSED:
            self._failed(row, progress, late)
            return
        self._connections.forget_words(row)
        if self._renew is not None or len(self._sessions) < self._witnesses:
            self._sessions[row] = probe
        if late:
            self._table.acknowledge(row)
            self._table.refuse(row, Unserved.LATE)
        else:
            self._table.serve(row, now_s)

    def _failed(self, row: int, progress: Progress, late: bool) -> None:
        if progress.why is not Unserved.ENDED:
            self._table.acknowledge(row)  # it spoke
        if late and progress.why is not Unserved.REFUSED:
            return  # that nothing came in time is what it failed by
        self._refuse(row, progress.why, progress.reason)
        if progress.why is Unserved.REFUSED:
            self._connections.forget_words(row)  # they are known, and no answer to what may be asked next

    def _refuse(self, row: int, why: Unserved, reason: str) -> None:
        """It is not served; the reason is counted once, also where it is asked again and again."""
        if reason and self._table.unserved[row] != why:
            self._connections.heard.refused(why, reason)
        self._table.refuse(row, why)

    def forget(self, row: int) -> None:
        """Nothing more is expected of ``row``."""
        self._probes.pop(row, None)
        self._sessions.pop(row, None)
        self._due.pop(row, None)
        self._young.pop(row, None)
        self._late.discard(row)

    def _note_handshake(self, row: int, probe: Probe, now_s: float) -> None:
        facts = getattr(probe, "facts", None)
        if facts is not None and not self._table.tls_s[row]:
            self._table.shake_hands(row, now_s)
            self._connections.heard.agreed(facts)

    def _expire(self, until_s: float) -> None:
        while self._due:
            row, due_s = next(iter(self._due.items()))
            if due_s > until_s:
                return
            del self._due[row]
            self._young.pop(row, None)
            self._give_up(row)

    def _give_up(self, row: int) -> None:
        """The time of ``row`` is over."""
        sign = self._connections.kernel.sign(row)
        untouched = sign.ack_ms >= self._timeout_s * ALL_THE_TIME * 1_000 or not sign.exchanged
        if sign.unacked and untouched and self._timeout_s >= LEAST_S + 2 * self._connections.rtt_s(row):
            self._table.refuse(row, Unserved.UNACKED)
            self._connections.vanish(row, self._connections.now(), errno.ETIMEDOUT, ClosedBy.PATH)
            return
        if sign.exchanged:
            self._table.acknowledge(row)
        said = self._probes[row].said
        self._refuse(row, Unserved.UNEXPECTED if said else Unserved.SILENT, escape(said))
        if len(self._late) < MOST_LATE:
            self._late.add(row)
        else:
            self.forget(row)
