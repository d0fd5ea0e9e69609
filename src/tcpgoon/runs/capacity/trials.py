"""One number after another is tried, on connections that are held all the time.

Each trial is judged like a run, at the level that its gentlest proof gives: served where there is something to ask,
else the handshake, and that nobody is closed. The answer alone is held for longer and asked for signs of life, which
are not neutral; then one more knocks.
"""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from msgspec import structs

from tcpgoon.capacity import Next, Step
from tcpgoon.engine.climber import Climber
from tcpgoon.engine.lag import Lag, worse
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.on_site.inspector import Inspector
from tcpgoon.judge.climb import Came, Pace, Trial
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.strain import Strain
from tcpgoon.judge.verdict import Judgement, Verdict, judge
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.requirements import Field
from tcpgoon.record.connection import State
from tcpgoon.record.extract import extract
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import Metrics, measure
from tcpgoon.record.outcome import FIN, ClosedBy
from tcpgoon.record.shape import shape
from tcpgoon.record.table import Table
from tcpgoon.runs.capacity.accepting import standing

SETTLE_S = 0.1
"""Beside four round trips: so long a trial listens whether the target closes what it has taken."""

SAMPLE = 50
"""How many of those that were served before are asked again in each trial, where the probe can be repeated."""

NEWCOMERS, NEWCOMERS_S = 5, 0.25
"""So many of a trial come last, one after another: their times are those of newcomers. No further one after so long."""

LEAST_PER_S = 1_000.0
STEP_S = 0.5
"""A step is opened in no less, unless that is slower than `LEAST_PER_S`: else it would measure the backlog."""

AT_ONCE = {Pace.STEADY: 16, Pace.GENTLE: 1}
"""Dials in flight."""

LOST_ON_THE_PATH = 0.02
"""A greater share of SYNs that are repeated is the target's doing, or that of the pace."""


class Over(NamedTuple):
    """Connections that were tried together, and what was judged of them."""

    facts: Facts
    judgement: Judgement
    table: Table


class Grown(NamedTuple):
    """What was opened beside what was there."""

    rows: range
    last: tuple[int, ...] = ()
    """Those that came last, one after another, when all others were there."""


class Accepted(NamedTuple):
    """What became of those that were opened, in the target's accept queue."""

    over: Over
    waiting: int = 0
    """So many of the newest wait in it, and nobody has asked them."""
    unemptied: bool = False
    """Whether nobody empties it."""


class Tried(NamedTuple):
    """A trial that is over."""

    step: Step
    came: Came
    over: Over


class Trials:
    """Trials of ``plan`` by ``climber``, which writes into ``table``; ``gauge`` was made before the first.

    ``inspector`` sees whether the target takes what its kernel has let in.
    """

    def __init__(
        self, plan: Plan, climber: Climber, table: Table, limits: ClientLimits, gauge: Gauge, inspector: Inspector
    ) -> None:
        self._inspector = inspector
        self._plan = plan
        self._climber = climber
        self._table = table
        self._limits = limits
        self._gauge = gauge
        self._asks = plan.level is Assurance.SERVED
        self._level = Assurance.SERVED if self._asks else Assurance.HANDSHAKE
        """What a trial proves."""
        self._kept: list[int] = []
        """The rows that are to be there."""
        self._lag_of_kept = Lag()
        self._knocks: tuple[Knock, ...] = ()
        """The newcomers of the last trial, where their times are bounded."""
        self._bounds_newcomers = any(bound.field is Field.NEWCOMER for bound in plan.requirements)

    @property
    def room(self) -> int:
        """The largest number that there are rows for, and one more."""
        return len(self._kept) + self._climber.free - 1

    @property
    def strain(self) -> Strain:
        """What those that are there demanded of this client so far."""
        lag = self._lag
        return self._gauge.strain(lag.longest_s, lag.longest_s, lag.since_s)

    @property
    def _lag(self) -> Lag:
        """The worst since those that are there were opened; that of trials that came to nothing spoils nothing."""
        return worse(self._lag_of_kept, self._climber.lag)

    def tried(self, trial: Trial) -> Tried:
        """Hold as many as ``trial`` has, and let go of what is dubious then."""
        self._climber.look_afresh()
        begun_s = self._climber.now_s
        # Where times of newcomers are bounded there are some in each trial.
        stay = max(0, trial.level - NEWCOMERS) if self._bounds_newcomers else trial.level
        self._let_go(self._kept[stay:])
        kept = self._kept[:stay]
        per_s = _pace(trial, trial.level - len(kept))
        new, last = self._grow(trial.level - len(kept), per_s, AT_ONCE.get(trial.pace, self._plan.max_dialing))
        self._knocks = self._knocks_of(new, last, trial.level)
        self._ask_again(kept)
        self._climber.wait(self._settle_s)
        over, waiting, unemptied = self._accepted([*kept, *new], new, SETTLE_S)
        hurried = self._is_hurried(new) and trial.pace is not Pace.GENTLE and not unemptied
        whole = len(kept) + len(new) == trial.level
        good = whole and not hurried and over.judgement.verdict is Verdict.PASS
        proved = self._proved([*kept, *new])
        proved = proved[: len(proved) - waiting]
        # Where all are there, and yet it is no PASS, a requirement is not met: what was opened made it so.
        in_vain = not good and len(proved) == trial.level
        self._kept = self._proved(kept) if hurried or in_vain else proved
        if not good:
            self._let_go(sorted(set(self._climber.held()) - set(self._kept)))
        if good or not (hurried or in_vain):
            self._lag_of_kept = self._lag
        step = self._step(trial, begun_s, per_s, over, good, new, last, hurried)
        return Tried(step, Came(good, len(self._kept), hurried, unemptied), over)

    def confirmed(self, hold_s: float) -> Over:
        """Hold what is there, and have all of it proved."""
        kept, since_s = list(self._kept), self._climber.now_s
        self._climber.wait(hold_s)
        if self._plan.level is Assurance.ACKNOWLEDGED:
            self._climber.prove(since_s)
        self._ask_again(kept)
        return self._judged(kept, self._plan.level, hold_s)

    def left(self) -> int:
        """How many of those that are to be there are."""
        return sum(self._table.state[row] == State.ESTABLISHED for row in self._kept)

    def let_go_all(self, *, settle: bool = True) -> None:
        """Begin anew: what was asked for signs of life is not what it was. Returns when the target may know it."""
        held, self._kept, self._lag_of_kept = self._climber.held(), [], Lag()
        if settle:
            self._let_go(held)
        else:
            self._climber.let_go(held)

    def knock(self) -> tuple[Fared, float]:
        """Open one, and let go of it; how it fared, and how many seconds that took."""
        begun_s = self._climber.now_s
        new, _ = self._grow(1, Pace.GENTLE.value, 1)
        row = next(iter(new), None)
        if row is None:
            return Fared.UNASKED, self._climber.now_s - begun_s
        time_s = self._time_of(row)
        self._climber.wait(self._settle_s)
        fared = _fared(self._table, row, self._level)
        self._climber.let_go([row])
        return fared, time_s

    def one_more(self) -> tuple[Next, Over]:
        """Open one more beside what is there."""
        self._lag_of_kept = self._lag
        self._climber.look_afresh()
        kept, begun_s = list(self._kept), self._climber.now_s
        self._knocks = ()
        new, _ = self._grow(1, Pace.GENTLE.value, 1)
        self._climber.wait(2 * self._settle_s)
        over, waiting, _ = self._accepted([*kept, *new], new, 2 * SETTLE_S)
        row = next(iter(new), None)
        fared = Fared.UNASKED if row is None else _fared(self._table, row, self._level)
        came = Next(
            fared=Fared.WAITING if waiting else fared,
            time_s=self._climber.now_s - begun_s if row is None or waiting else self._time_of(row),
            error=0 if row is None else self._table.error[row],
            pushed_out=sum(self._table.state[other] != State.ESTABLISHED for other in kept),
        )
        proved = self._proved([*kept, *new])
        self._kept = proved[: len(proved) - waiting]
        return came, over

    # What a trial is made of.

    @property
    def _settle_s(self) -> float:
        last = self._climber.next - 1
        return SETTLE_S + (4e-6 * self._table.rtt_us[last] if last >= 0 else 0.0)

    def _grow(self, count: int, per_s: float, at_once: int) -> Grown:
        """Open ``count`` more, the last of them one after another."""
        climber, first = self._climber, self._climber.next
        is_wrong = self._is_wrong_since(first)
        before = count - min(NEWCOMERS, count)
        if before:
            climber.dial(before, per_s, at_once, is_wrong)
            climber.hear()
        last: list[int] = []
        until_s = climber.now_s + NEWCOMERS_S
        while climber.next < first + count and self._all_proved(range(first, climber.next)):
            left = first + count - climber.next
            if climber.now_s > until_s and left > 1:
                climber.dial(left - 1, per_s, at_once, is_wrong)
                climber.hear()
                continue
            one = climber.dial(1, per_s, 1, lambda: False)
            climber.hear()
            if not one:
                break
            last.extend(one)
        return Grown(range(first, climber.next), tuple(last))

    def _all_proved(self, rows: range) -> bool:
        return not self._climber.stopped and len(self._proved(rows)) == len(rows)

    def _knocks_of(self, new: Sequence[int], last: Sequence[int], level: int) -> tuple[Knock, ...]:
        """The newcomers among ``new``: those that came ``last``. To whoever asks they came when all were open."""
        if not self._bounds_newcomers:
            return ()
        at_s = max((float(self._table.established_s[row]) for row in new), default=0.0)
        return tuple(
            Knock(
                at_s=at_s,
                held=level - len(last) + number,
                fared=_fared(self._table, row, self._level),
                time_s=self._time_of(row),
                gone_s=at_s,
                error=self._table.error[row],
            )
            for number, row in enumerate(last)
        )

    def _is_wrong_since(self, first: int) -> Callable[[], bool]:
        """Whether any dialled from the row ``first`` on went wrong."""
        return lambda: self._climber.is_any_wrong(range(first, self._climber.next))

    def _ask_again(self, kept: Sequence[int]) -> None:
        """Some of those that were served before: are they still?"""
        probe = self._plan.probe
        if self._asks and probe is not None and probe.repeatable and self._plan.tls is None:
            self._climber.ask_again(kept[:: max(1, len(kept) // SAMPLE)])

    def _is_hurried(self, new: Sequence[int]) -> bool:
        """Whether so many SYNs had to be repeated that the accept queue may have run over."""
        repeated = sum(self._table.retransmits[row] > 0 for row in new)
        return repeated > LOST_ON_THE_PATH * len(new)

    def _proved(self, rows: Sequence[int]) -> list[int]:
        """Those of ``rows`` that are there, as far as a trial can tell."""
        table = self._table
        return [row for row in rows if table.state[row] == State.ESTABLISHED and table.assurance[row] >= self._level]

    def _let_go(self, rows: Sequence[int]) -> None:
        if rows:
            self._climber.let_go(rows)
            self._climber.wait(self._settle_s)

    def _accepted(self, rows: Sequence[int], new: Sequence[int], hold_s: float) -> Accepted:
        """What ``rows`` come to, when the target has taken whom it takes of the ``new`` ones."""
        proved = self._proved(new)
        if not new or (self._asks and len(proved) == len(new)):
            return Accepted(self._judged(rows, self._level, hold_s))
        queue = standing(self._inspector, self._climber, asked=self._asks)
        over = self._judged(rows, self._level, hold_s)
        if not queue.queued:
            return Accepted(over)
        # They are taken in the order in which they came: the newest wait, before them those that we have let go of.
        there = sum(self._table.state[row] == State.ESTABLISHED for row in new)
        proved = self._proved(new)
        waiting = min(queue.queued, there - len(proved) if self._asks else there)
        on_site = self._inspector.standing(len(rows), waiting, queue.stood_s)
        judgement = over.judgement
        if waiting and judgement.verdict is not Verdict.FAIL:
            judgement = Judgement(
                Verdict.FAIL, f"{waiting:,} of them wait in the target's accept queue: nobody accepts them"
            )
        over = Over(structs.replace(over.facts, on_site=on_site), judgement, over.table)
        return Accepted(over, 0 if self._asks else waiting, unemptied=True)

    def _judged(self, rows: Sequence[int], assurance: Assurance, hold_s: float) -> Over:
        """What ``rows`` come to, were all closed now; those that were not even dialled are nobody's failure."""
        table = extract(self._table, rows, len(rows), self._climber.now_s)
        facts = Facts(
            plan=structs.replace(self._plan, connections=max(1, len(rows)), assurance=assurance, hold_s=hold_s),
            limits=self._limits,
            metrics=measure(table, assurance, self._knocks),
            shape=shape(table, self._lag.since_s or 0.0),
            sayings=self._climber.heard.sayings,
            newcomers=self._knocks,
            strain=self.strain,
        )
        return Over(facts, judge(facts, ()), table)

    def _step(
        self,
        trial: Trial,
        begun_s: float,
        per_s: float,
        over: Over,
        good: bool,
        new: Sequence[int],
        last: Sequence[int],
        hurried: bool,
    ) -> Step:
        metrics = self._metrics_of([row for row in new if self._table.established_s[row]])
        times = metrics.establishment if metrics else None
        return Step(
            at_s=begun_s,
            duration_s=self._climber.now_s - begun_s,
            level=trial.level,
            good=good,
            left=len(self._kept),
            per_s=per_s,
            reason=self._reason(over, new, hurried),
            establishment_p50_s=times.p50_s if times else None,
            establishment_p99_s=times.p99_s if times else None,
            newcomer_s=median(map(self._time_of, last)) if last and good else None,
        )

    def _reason(self, over: Over, new: Sequence[int], hurried: bool) -> str:
        """What was judged, or why that counts for nothing."""
        repeated = sum(self._table.retransmits[row] > 0 for row in new)
        if hurried and over.judgement.verdict is Verdict.PASS:
            return f"too fast: {repeated:,} of {len(new):,} had to repeat their SYN"
        return over.judgement.reason

    def _metrics_of(self, rows: Sequence[int]) -> Metrics | None:
        now_s = self._climber.now_s
        return measure(extract(self._table, rows, len(rows), now_s), self._level, ()) if rows else None

    def _time_of(self, row: int) -> float:
        """How long ``row`` took until it was established, and served where it was asked; or until it ended."""
        table = self._table
        came_s = table.established_s[row] if table.assurance[row] >= self._level else 0.0
        done_s = max(came_s, table.served_s[row], table.end_s[row]) or self._climber.now_s
        return max(0.0, float(done_s) - float(table.start_s[row]))


def _pace(trial: Trial, count: int) -> float:
    most = float(trial.pace.value)
    return min(most, max(LEAST_PER_S, count / STEP_S)) if trial.pace is Pace.BRISK else most


def _fared(table: Table, row: int, level: Assurance) -> Fared:
    match State(table.state[row]):
        case State.ESTABLISHED:
            return Fared.WELCOME if table.assurance[row] >= level else Fared.WAITING
        case State.LOST:
            return Fared.CLOSED if table.error[row] == FIN else Fared.RESET
        case State.FAILED:
            return Fared.WAITING if table.closed_by[row] == ClosedBy.US else Fared.REFUSED
        case _:
            return Fared.UNASKED
