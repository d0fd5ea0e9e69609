"""The course of a search: up, down to the number between good and bad, confirmed, and one more."""

from collections.abc import Callable

from msgspec import structs

from tcpgoon.capacity import Next, Step
from tcpgoon.engine.climber import Climber
from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.climb import Climb, Pace, Trial
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.search import Search
from tcpgoon.record.knock import Fared
from tcpgoon.record.outcome import Side
from tcpgoon.runs.capacity.trials import Over, Trials, Tried

MOST_DOUBTS = 2
"""How often a trial is repeated that this client was too slow for."""

MOST_ROUNDS = 3
"""How often an answer that does not hold is looked for again."""


class Ascent:
    """One ``search``, by ``trials``, up to the ``most`` that this client can hold."""

    def __init__(
        self,
        search: Search,
        most: int,
        trials: Trials,
        climber: Climber,
        tried: Callable[[Step], None],
        *,
        again: bool = False,
    ) -> None:
        self._search = search
        self._most = most
        self._trials = trials
        self._climber = climber
        self._tell = tried
        self._again = again
        self._climb = Climb(search, most)
        self._bound: Bound | None = None if most else Bound.CLIENT
        self._per_s = 0.0
        self._scatter: list[int] = []
        """The numbers that held once, and not when they were to be confirmed."""
        self.steps: list[Step] = []
        self.bad: Over | None = None
        """The last that was too much, if possible one that says why."""
        self._says_why = False
        self.ours: Over | None = None
        """The one that ended by a limit of this client."""
        self.confirmed: Over | None = None
        self._carries = 0
        """The number that was confirmed last, and is still believed."""
        self.next: Next | None = None

    def go(self) -> None:
        """Search, confirm, and try one more; what is there then is still held."""
        for _ in range(MOST_ROUNDS):
            self._ascend()
            if self._climber.stopped or not self._climb.good:
                break
            is_confirmed = self._confirm()
            if self._bound is not None or (is_confirmed and self._is_too_much()):
                break
        else:
            self._bound = Bound.UNSTEADY

    @property
    def answer(self) -> Answer:
        """What it came to."""
        bound = self._bound or (self._end_of_range if self._climb.bad is None else Bound.TARGET)
        return Answer(
            bound=Bound.STOPPED if self._climber.stopped else bound,
            carries=self._carries,
            bad=self._climb.bad,
            burst=self._climb.burst,
            per_s=self._per_s,
            scatter=tuple(self._scatter),
        )

    @property
    def _end_of_range(self) -> Bound:
        return Bound.CLIENT if self._most < self._search.most else Bound.MOST

    def _ascend(self) -> None:
        while not self._is_cut_short() and (trial := self._climb.next) is not None:
            if self._is_too_late():
                self._bound = Bound.TIME
            elif trial.level > self._trials.room:
                self._bound = Bound.UNSTEADY
            else:
                came = self._try(trial).came
                if not self._is_cut_short():
                    self._climb.came(came)
                    self._disbelieve()

    def _is_cut_short(self) -> bool:
        return self._climber.stopped or self._bound is not None

    def _is_too_late(self) -> bool:
        limit_s = self._search.time_limit_s
        return limit_s is not None and self._climber.now_s >= limit_s

    def _try(self, trial: Trial) -> Tried:
        """Try it; where this client was too slow to tell, once more, and once again."""
        tried = self._trials.tried(trial)
        for _ in range(MOST_DOUBTS):
            if not self._is_in_doubt(tried) or trial.level > self._trials.room:
                break
            self._note(tried)
            tried = self._trials.tried(trial)
        verdict = tried.over.judgement.verdict
        if tried.came.good:
            self._per_s = max(self._per_s, tried.step.per_s) if trial.pace is Pace.BRISK else tried.step.per_s
        elif verdict is Verdict.INCONCLUSIVE:
            self._bound, self.ours = self._bound or Bound.CLIENT, tried.over
        elif verdict is Verdict.FAIL and not tried.came.hurried:
            self._blame(tried.over)
        self._note(tried)
        return tried

    def _is_in_doubt(self, tried: Tried) -> bool:
        """Whether nothing but our own lag kept a trial from being judged."""
        over, is_cut_short = tried.over, self._climber.stopped
        return (
            over.judgement.verdict is Verdict.INCONCLUSIVE
            and not is_cut_short
            and over.facts.strain.lag_s > 0
            and not any(finding.side is Side.CLIENT for finding in diagnose(over.facts))
        )

    def _note(self, tried: Tried) -> None:
        step = structs.replace(tried.step, again=self._again)
        self.steps.append(step)
        self._tell(step)

    def _blame(self, over: Over) -> None:
        """Keep the last that was too much; one that says why is not given up for one that does not."""
        site = over.facts.on_site
        # Those that were let go of before had taken the places in the accept queue: who finds none does not say why.
        finds_no_place = site is not None and not site.peak.queued
        says_why = bool(diagnose(over.facts)) and not finds_no_place
        if says_why or not self._says_why:
            self.bad, self._says_why = over, says_why

    def _confirm(self) -> bool:
        """Hold the answer, and have all proved; whether it did hold."""
        good = self._climb.good
        came = self._try(Trial(good, self._climb.pace)).came
        if not came.good:
            self._unconfirmed(good, came.left)
            return False
        over = self._trials.confirmed(self._search.confirm_hold_s)
        if self._climber.stopped:
            return False
        if over.judgement.verdict is Verdict.PASS:
            self.confirmed, self._carries = over, good
            return True
        if over.judgement.verdict is Verdict.INCONCLUSIVE:
            self._bound, self.ours = Bound.CLIENT, over
            return False
        self.bad = over
        left = self._trials.left()
        self._trials.let_go_all()
        self._unconfirmed(good, left)
        return False

    def _unconfirmed(self, good: int, left: int) -> None:
        self._scatter.append(good)
        self._climb.unconfirmed(left)
        self._disbelieve()

    def _disbelieve(self) -> None:
        """What was confirmed is believed until so many, or fewer, do not hold."""
        if self._climb.bad is not None and self._climb.bad <= self._carries:
            self.confirmed, self.next, self._carries = None, None, 0

    def _is_too_much(self) -> bool:
        """Try one more; whether the answer stands."""
        self.next, over = self._trials.one_more()
        welcome = self.next.fared is Fared.WELCOME and not self.next.pushed_out
        # One that is welcome says nothing of whether the times of all are as required.
        if welcome and self._climb.is_exact and not over.facts.plan.requirements:
            self._climb.exceeded()
            return False
        if not welcome and self.bad is None and self.next.fared is not Fared.UNASKED:
            self.bad = over
        return True
