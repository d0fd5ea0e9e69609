"""How many can it carry? One search on connections that are held all the time, up to the number that is too many.

Each trial is judged like a run, at the level that its gentlest proof gives: served where there is something to ask,
else the handshake and that nobody is closed. The answer alone is held for longer and asked for signs of life, which
are not neutral. Then one more knocks.
"""

import os
import platform
import select
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import structs

from tcpgoon.capacity import Capacity, Next, Step
from tcpgoon.discovery.instance import Origin
from tcpgoon.discovery.resolver import resolve
from tcpgoon.engine.climber import Climber
from tcpgoon.engine.lanes import lanes
from tcpgoon.engine.machine import preflight
from tcpgoon.engine.machine.sources import addresses_used, sources_for
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.on_site.inspector import Inspector, check_pid
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.probes import questions
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.judge.carried import Answer, Bound, carried
from tcpgoon.judge.climb import Came, Climb, Pace, Trial
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.preflight import is_possible
from tcpgoon.judge.proofs import proofs
from tcpgoon.judge.verdict import Judgement, Verdict, checked, judge
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import ProbeAt
from tcpgoon.plan.search import Search
from tcpgoon.plan.sources import is_automatic
from tcpgoon.record.connection import State
from tcpgoon.record.extract import extract
from tcpgoon.record.knock import Fared
from tcpgoon.record.metrics import Metrics, measure
from tcpgoon.record.outcome import FIN, ClosedBy
from tcpgoon.record.shape import shape
from tcpgoon.record.table import Table
from tcpgoon.result import Environment, Result
from tcpgoon.runs.runner import ours_to_open
from tcpgoon.runs.stop import Stop
from tcpgoon.version import VERSION

DIALS_FOR_EACH = 3
"""So many dials there are for each connection that may be held: what is let go is never dialled again by its row."""

DIALS_BESIDE = 2_000

SETTLE_S = 0.1
"""Beside four round trips: so long a trial listens whether the target closes what it has taken."""

SAMPLE = 50
"""How many of those that were served before are asked again in each trial, where the probe can be repeated."""

LEAST_PER_S = 1_000.0
STEP_S = 0.5
"""A step is opened in no less, unless that is slower than `LEAST_PER_S`: else it would measure the backlog."""

AT_ONCE = {Pace.STEADY: 16, Pace.GENTLE: 1}
"""Dials in flight."""

LOST_ON_THE_PATH = 0.02
"""A greater share of SYNs that are repeated is the target's doing, or that of the pace."""

MOST_ROUNDS = 3
"""How often an answer that does not hold is looked for again."""


class _Tried(NamedTuple):
    """A trial that is over."""

    facts: Facts
    judgement: Judgement
    table: Table
    kept: int
    """How many of its rows were held before."""


def find_capacity(
    plan: Plan,
    search: Search,
    *,
    endpoints: Sequence[Endpoint] = (),
    origin: Origin | None = None,
    tried: Callable[[Step], None] = lambda _step: None,
    stop: Stop | None = None,
) -> Capacity:
    """Search for the largest number of connections for which a run of ``plan`` would be a PASS.

    ``tried`` is told of each trial when it is over. ``endpoints`` and ``origin`` are as for `run`, and so is what is
    raised. ``stop`` ends the search early: INTERRUPTED.
    """
    found = tuple(endpoints) or resolve(plan.target, plan.dialled_family)
    plan = structs.replace(plan, connections=search.most, workers=1, probe_at=ProbeAt.OPEN)
    begun_at = datetime.now(UTC)
    with ours_to_open():
        dialled = found if plan.spread else found[:1]
        sources = sources_for(plan.sources, dialled, search.most + 1)
        check_pid(plan.target_pid)
        limits = preflight.look(dialled, sources, search.most, len(found), automatic=is_automatic(plan.sources))
        most = _possible(limits, search.most, plan.force)
        ascent = _Ascent(plan, search, dialled, sources, limits, most)
    stop = stop or Stop()
    with ascent.inspector.watching():
        stop.when_requested(ascent.climber.stop)
        try:
            ascent.go(tried)
        finally:
            ascent.leave()
    environment = Environment(
        tcpgoon=VERSION,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        cpus=os.cpu_count() or 1,
        begun_at=begun_at.isoformat(timespec="milliseconds"),
        missing=(*ascent.kernel.missing, *ascent.inspector.missing),
    )
    return ascent.answer(found, origin, addresses_used(sources, dialled), environment)


def _possible(limits: ClientLimits, most: int, force: bool) -> int:
    """How many of ``most`` this client can hold, and one more; 0: not even one."""
    if force or is_possible(limits, most + 1):
        return most
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_possible(limits, middle) else (low, middle)
    return max(0, low - 1)


class _Ascent:
    """One search."""

    def __init__(
        self,
        plan: Plan,
        search: Search,
        dialled: Sequence[Endpoint],
        sources: Sequence[str],
        limits: ClientLimits,
        most: int,
    ) -> None:
        self._plan, self._search, self._limits, self._most = plan, search, limits, most
        self._begun = time.monotonic()
        self._gauge = Gauge()
        rows = DIALS_FOR_EACH * most + DIALS_BESIDE
        ask = questions(plan.probe, plan.tls)
        self._table = Table(rows)
        kind = EpollKernel if hasattr(select, "epoll") else SelectorKernel
        self.kernel = kind(lanes(dialled, sources, range(rows), rows), range(rows))
        self.climber = Climber(plan, self._table, self.kernel, time.monotonic, self._begun, ask)
        self.inspector = Inspector(dialled[0], plan.target_pid, lambda: self.climber.now_s, dialled[1:])
        self._climb = Climb(search, most)
        self._kept: list[int] = []
        """The rows that are to be there."""
        self._steps: list[Step] = []
        self._bound: Bound | None = None
        self._bad: _Tried | None = None
        self._confirmed: _Tried | None = None
        self._scatter: list[int] = []
        """The numbers that held once, and not when they were to be confirmed."""
        self._next: Next | None = None
        self._per_s = 0.0

    # The search.

    def go(self, tried: Callable[[Step], None]) -> None:
        """Search, confirm, and try one more; all is still held."""
        if not self._most:
            self._bound = Bound.CLIENT
        for _ in range(MOST_ROUNDS):
            if self._bound is None:
                self._ascend(tried)
            if self.climber.stopped or not self._climb.good:
                break
            is_confirmed = self._confirm(tried)
            if self._bound is not None or (is_confirmed and self._is_too_much()):
                break
        else:
            self._bound = Bound.UNSTEADY
        if self.climber.stopped:
            self._bound = Bound.STOPPED

    def leave(self) -> None:
        """Close all."""
        self.inspector.look_at_peak(len(self.climber.held()))
        self.climber.end()
        self.kernel.shut()

    def _ascend(self, tried: Callable[[Step], None]) -> None:
        while (trial := self._climb.next) is not None and not self._is_cut_short():
            if self._is_too_late():
                self._bound = Bound.TIME
                return
            if trial.level > len(self._kept) + self.climber.free - 1:
                self._bound = Bound.UNSTEADY
                return
            came = self._try(trial, tried)
            if not self._is_cut_short():
                self._climb.came(came)

    def _is_cut_short(self) -> bool:
        return self.climber.stopped or self._bound is not None

    def _is_too_late(self) -> bool:
        limit_s = self._search.time_limit_s
        return limit_s is not None and self.climber.now_s >= limit_s

    def _try(self, trial: Trial, tried: Callable[[Step], None]) -> Came:
        begun_s = self.climber.now_s
        self._let_go(self._kept[trial.level :])
        self._kept = kept = self._kept[: trial.level]
        per_s = self._pace(trial, trial.level - len(kept))
        new, newcomer = self._grow(trial.level - len(kept), per_s, AT_ONCE.get(trial.pace, self._plan.max_dialing))
        self._ask_again(kept)
        self.climber.wait(self._settle_s)
        over = self._judged(kept, new, self._level)
        whole = len(kept) + len(new) == trial.level
        good = whole and over.judgement.verdict is Verdict.PASS
        hurried = self._is_hurried(new) and trial.pace is not Pace.GENTLE
        self._kept = self._proved([*kept] if hurried else [*kept, *new])
        if not good or hurried:
            self._let_go(sorted(set(self.climber.held()) - set(self._kept)))
            self.climber.wait(self._settle_s)
            self._bad = self._bad if hurried else over
        if over.judgement.verdict is Verdict.INCONCLUSIVE:
            self._bound = Bound.CLIENT
        step = self._step(trial, begun_s, per_s, over, good and not hurried, new, newcomer)
        self._steps.append(step)
        tried(step)
        if good and not hurried:
            self._per_s = max(self._per_s, per_s) if trial.pace is Pace.BRISK else per_s
        return Came(good, len(self._kept), hurried)

    def _is_hurried(self, new: Sequence[int]) -> bool:
        """Whether so many SYNs had to be repeated that the accept queue may have run over."""
        repeated = sum(self._table.retransmits[row] > 0 for row in new)
        return repeated > LOST_ON_THE_PATH * len(new)

    @property
    def _level(self) -> Assurance:
        """What a trial proves."""
        return Assurance.SERVED if self._plan.level is Assurance.SERVED else Assurance.HANDSHAKE

    @property
    def _asks(self) -> bool:
        """Whether a trial asks the application."""
        return self._level is Assurance.SERVED

    @property
    def _settle_s(self) -> float:
        last = self.climber.next - 1
        return SETTLE_S + 4e-6 * (self._table.rtt_us[last] if last >= 0 else 0)

    def _pace(self, trial: Trial, count: int) -> float:
        if trial.pace is Pace.BRISK:
            return min(float(trial.pace.value), max(LEAST_PER_S, count / STEP_S))
        return float(trial.pace.value)

    def _grow(self, count: int, per_s: float, at_once: int) -> tuple[range, int | None]:
        """Open ``count`` more, the last one alone; the rows, and the last where it came when all others were there."""
        first = self.climber.next
        if count > 1:
            self.climber.dial(count - 1, per_s, at_once, self._is_wrong_since(first))
            self.climber.hear()
        newcomer = None
        if count and not self._is_wrong_since(first)() and self.climber.next == first + count - 1:
            newcomer = next(iter(self.climber.dial(1, per_s, 1, lambda: False)), None)
            self.climber.hear()
        return range(first, self.climber.next), newcomer

    def _is_wrong_since(self, first: int) -> Callable[[], bool]:
        """Whether any dialled from the row ``first`` on went wrong; with requirements some may."""
        if self._plan.requirements:
            return lambda: False
        return lambda: self.climber.went_wrong(range(first, self.climber.next)) > 0

    def _ask_again(self, kept: Sequence[int]) -> None:
        """Some of those that were served before: are they still?"""
        probe = self._plan.probe
        if self._asks and probe is not None and probe.repeatable and self._plan.tls is None and kept:
            self.climber.ask_again(kept[:: max(1, len(kept) // SAMPLE)])

    def _proved(self, rows: Sequence[int]) -> list[int]:
        """Those of ``rows`` that are there, as far as a trial can tell."""
        table = self._table
        return [row for row in rows if table.state[row] == State.ESTABLISHED and table.assurance[row] >= self._level]

    def _let_go(self, rows: Sequence[int]) -> None:
        if rows:
            self.climber.let_go(rows)
            self.climber.wait(self._settle_s)

    def _judged(self, kept: Sequence[int], new: Sequence[int], assurance: Assurance) -> _Tried:
        rows = [*kept, *new]
        table = extract(self._table, rows, len(rows), self.climber.now_s)
        plan = structs.replace(self._plan, connections=max(1, len(rows)), assurance=assurance)
        lag = self.climber.lag
        facts = Facts(
            plan=plan,
            limits=self._limits,
            metrics=measure(table, assurance, ()),
            shape=shape(table, lag.since_s or 0.0),
            sayings=self.climber.heard.sayings,
            strain=self._gauge.strain(lag.longest_s, lag.longest_s, lag.since_s),
        )
        return _Tried(facts, judge(facts, ()), table, len(kept))

    def _step(
        self, trial: Trial, begun_s: float, per_s: float, over: _Tried, good: bool, new: range, newcomer: int | None
    ) -> Step:
        opened = [row for row in new if self._table.established_s[row]]
        metrics = _metrics_of(self._table, opened, self.climber.now_s, self._level)
        times = metrics.establishment if metrics else None
        return Step(
            at_s=begun_s,
            duration_s=self.climber.now_s - begun_s,
            level=trial.level,
            good=good,
            left=len(self._kept),
            per_s=per_s,
            reason=over.judgement.reason,
            establishment_p50_s=times.p50_s if times else None,
            establishment_p99_s=times.p99_s if times else None,
            newcomer_s=self._took_s(newcomer) if newcomer is not None and good else None,
        )

    def _took_s(self, row: int) -> float:
        table = self._table
        return float(max(table.established_s[row], table.served_s[row]) - table.start_s[row])

    # The answer.

    def _confirm(self, tried: Callable[[Step], None]) -> bool:
        """Hold the answer, and have all proved; whether it did hold."""
        good = self._climb.good
        if len(self._kept) != good:
            came = self._try(Trial(good, self._climb.pace), tried)
            if not came.good:
                self._scatter.append(good)
                self._climb.unconfirmed(came.left)
                return False
        kept, since_s = list(self._kept), self.climber.now_s
        self.climber.wait(self._search.confirm_hold_s)
        if self._plan.level is Assurance.ACKNOWLEDGED:
            self.climber.prove(since_s)
        elif self._plan.level is Assurance.SERVED:
            self._ask_again(kept)
        if self.climber.stopped:
            return False
        over = self._judged(kept, (), self._plan.level)
        if over.judgement.verdict is Verdict.PASS:
            self._confirmed = over
            return True
        if over.judgement.verdict is Verdict.INCONCLUSIVE:
            self._bound = Bound.CLIENT
            return False
        self._bad = over
        left = sum(1 for row in kept if self._table.state[row] == State.ESTABLISHED)
        self._let_go(self.climber.held())
        self._kept, self._confirmed = [], None
        self._scatter.append(good)
        self._climb.unconfirmed(left)
        return False

    def _is_too_much(self) -> bool:
        """Try one more; whether the answer stands."""
        kept, begun_s = list(self._kept), self.climber.now_s
        new, _ = self._grow(1, Pace.GENTLE.value, 1)
        self.climber.wait(2 * self._settle_s)
        over = self._judged(kept, new, self._level)
        gone = sum(self._table.state[row] != State.ESTABLISHED for row in kept)
        row = new[0] if new else None
        self._next = Next(
            fared=Fared.UNASKED if row is None else _fared(self._table, row, self._level),
            time_s=self.climber.now_s - begun_s if row is None else self._time_of(row),
            error=0 if row is None else self._table.error[row],
            pushed_out=gone,
        )
        welcome = self._next.fared is Fared.WELCOME and not gone
        if not welcome and self._bad is None:
            self._bad = over
        if welcome and self._climb.is_exact:
            self._climb.exceeded()
            self._kept = [*kept, *new]
            return False
        return True

    def _time_of(self, row: int) -> float:
        table = self._table
        end_s = max(table.established_s[row], table.served_s[row], table.end_s[row]) or self.climber.now_s
        return float(max(0.0, end_s - table.start_s[row]))

    def answer(
        self,
        found: tuple[Endpoint, ...],
        origin: Origin | None,
        sources: tuple[str, ...],
        environment: Environment,
    ) -> Capacity:
        """What came of it, once all is closed."""
        on_site, duration_s = self.inspector.on_site, self.climber.now_s
        bound = self._bound or (Bound.TARGET if self._climb.bad is not None else self._end_of_range)
        facts = self._bad and structs.replace(self._bad.facts, on_site=on_site)
        confirmed = None
        if self._confirmed:
            told = structs.replace(self._confirmed.facts, on_site=on_site)
            came = checked(told)
            confirmed = Result(
                plan=told.plan,
                endpoint=found[0],
                endpoints=found,
                origin=origin,
                sources=sources,
                environment=environment,
                limits=self._limits,
                duration_s=duration_s,
                table=self._confirmed.table,
                metrics=told.metrics,
                findings=diagnose(told),
                verdict=self._confirmed.judgement.verdict,
                reason=self._confirmed.judgement.reason,
                checked=came,
                proofs=proofs(told.plan, told.metrics, came),
                sayings=told.sayings,
                tls=self.climber.heard.tls,
                strain=told.strain,
                on_site=on_site,
            )
        findings = diagnose(facts) if facts and bound in (Bound.TARGET, Bound.CLIENT, Bound.UNSTEADY) else ()
        answer = Answer(
            bound=bound,
            carries=self._climb.good if self._confirmed else 0,
            bad=self._climb.bad,
            burst=self._climb.burst,
            per_s=self._per_s,
            scatter=tuple(self._scatter),
        )
        judgement = carried(self._search, answer, findings)
        return Capacity(
            plan=self._plan,
            search=self._search,
            endpoint=found[0],
            endpoints=found,
            origin=origin,
            environment=environment,
            limits=self._limits,
            duration_s=duration_s,
            answer=answer,
            next=self._next,
            steps=tuple(self._steps),
            findings=findings,
            verdict=judgement.verdict,
            reason=judgement.reason,
            confirmed=confirmed,
        )

    @property
    def _end_of_range(self) -> Bound:
        return Bound.CLIENT if self._most < self._search.most else Bound.MOST


def _metrics_of(table: Table, rows: Sequence[int], now_s: float, level: Assurance) -> Metrics | None:
    return measure(extract(table, rows, len(rows), now_s), level, ()) if rows else None


def _fared(table: Table, row: int, level: Assurance) -> Fared:
    match State(table.state[row]):
        case State.ESTABLISHED:
            if table.assurance[row] >= level:
                return Fared.WELCOME
            return Fared.WAITING
        case State.LOST:
            return Fared.CLOSED if table.error[row] == FIN else Fared.RESET
        case State.FAILED:
            return Fared.WAITING if table.closed_by[row] == ClosedBy.US else Fared.REFUSED
        case _:
            return Fared.UNASKED
