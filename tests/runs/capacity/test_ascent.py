"""What is believed in a search whose target is not the same each time: by what trials came to, without a target."""

from collections.abc import Sequence

from tcpgoon.capacity import Next, Step
from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.climb import Came, Trial
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.verdict import Judgement, Verdict
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.search import Search
from tcpgoon.record.knock import Fared
from tcpgoon.record.metrics import measure
from tcpgoon.record.table import Table
from tcpgoon.runs.capacity.ascent import Ascent
from tcpgoon.runs.capacity.trials import Over, Trials, Tried

PLAN = Plan(target=Target("localhost", 80), connections=1)
LIMITS = ClientLimits(descriptors_soft=9, descriptors_hard=9, descriptors_in_use=1, ports=None)


def over(verdict: Verdict) -> Over:
    table = Table(1)
    return Over(Facts(plan=PLAN, limits=LIMITS, metrics=measure(table, PLAN.level, ())), Judgement(verdict, ""), table)


class Nobody:
    """A climber that nobody stops."""

    stopped = False
    now_s: float = 0.0


class Scripted(Trials):
    """Trials that hold up to a number each, the last one for ever; one more fares as ``welcome`` says in turn."""

    def __init__(self, climber: Nobody, most: Sequence[int], welcome: Sequence[bool], *, late_after: int = 0) -> None:
        self._nobody, self._most, self._welcome, self._late_after = climber, list(most), list(welcome), late_after

    @property
    def room(self) -> int:
        return 1_000

    def tried(self, trial: Trial) -> Tried:
        most = self._most.pop(0) if len(self._most) > 1 else self._most[0]
        good, left = trial.level <= most, min(trial.level, most)
        step = Step(at_s=0, duration_s=0, level=trial.level, good=good, left=left, per_s=1.0, reason="")
        return Tried(step, Came(good, left), over(Verdict.PASS if good else Verdict.FAIL))

    def confirmed(self, hold_s: float) -> Over:
        return over(Verdict.PASS)

    def one_more(self) -> tuple[Next, Over]:
        self._nobody.now_s = self._late_after
        fared = Fared.WELCOME if self._welcome.pop(0) else Fared.CLOSED
        return Next(fared=fared, time_s=0.0), over(Verdict.FAIL)


def searched(most: Sequence[int], welcome: Sequence[bool], *, late_after: int = 0) -> tuple[Answer, bool]:
    """The answer, and whether there is a run that confirmed it."""
    nobody = Nobody()
    trials = Scripted(nobody, most, welcome, late_after=late_after)
    search = Search(most=100, first=3, time_limit_s=60)
    ascent = Ascent(search, 100, trials, nobody, lambda _step: None)  # type: ignore[arg-type]
    ascent.go()
    return ascent.answer, ascent.confirmed is not None


def test_what_was_confirmed_is_carried() -> None:
    answer, confirmed = searched([5], [False])
    assert (answer.bound, answer.carries, answer.bad, confirmed) == (Bound.TARGET, 5, 6, True)


def test_one_more_that_was_welcome_was_not_confirmed() -> None:
    """The time is over before the larger number is tried: the smaller one was confirmed."""
    answer, confirmed = searched([5], [True], late_after=61)
    assert (answer.bound, answer.carries, confirmed) == (Bound.TIME, 5, True)


def test_who_always_takes_one_more_and_then_does_not_hold_it_is_unsteady() -> None:
    """Whatever it ends with: the number is one that was confirmed."""
    answer, confirmed = searched([5], [True, True, True])
    assert answer.bound is Bound.UNSTEADY
    assert (answer.carries, confirmed) in ((5, True), (0, False))


def test_a_number_that_does_not_hold_later_is_not_believed_any_more() -> None:
    """Confirmed with five; then no more than two hold."""
    answer, confirmed = searched([5, 5, 5, 5, 5, 5, 2], [True, False], late_after=0)
    assert answer.carries in (0, 2), answer
    assert answer.bad is None or answer.carries < answer.bad
    assert confirmed == (answer.carries > 0)
