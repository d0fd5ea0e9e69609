"""Two searches, side by side: did the number fall, and do newcomers wait longer.

The answer of a search is the lower end of an interval that is as wide as its precision, so that two searches of the
same thing differ by no more than the larger of both precisions: that is tolerated, and no more. A number is the
target's only where the target ended the search. Of any other it is known that at least so many are carried: that fewer
are can be said of the new one only, and that more are of the old one only, where it was the target.
"""

from collections.abc import Iterator, Sequence

from tcpgoon.capacity import Capacity, Step
from tcpgoon.comparison.changes import by_each, is_longer
from tcpgoon.comparison.comparable import differences
from tcpgoon.comparison.compared import Change, Judged, Tolerance, Unit
from tcpgoon.judge.carried import Bound
from tcpgoon.judge.spoiled import STEPS

_HOW = {"most", "first", "precision", "step", "time_limit_s"}
"""What may differ of a search: how it is gone about, not what is asked."""


def search_problem(olds: Sequence[Capacity], new: Capacity) -> str:
    """Why ``new`` cannot be compared with ``olds``; empty where it can."""
    for old in olds:
        if different := ", ".join(_differences(old, new)):
            return f"they were asked different questions: {different}"
    if new.bound is not Bound.TARGET and any(_fell(old, new) for old in olds):
        return f"the new search was ended by {new.bound} at {new.carries:,}: whether the target carries more is unknown"
    return ""


def search_changes(olds: Sequence[Capacity], new: Capacity, tolerance: Tolerance) -> tuple[Change, ...]:
    """All numbers, before and now."""
    return (_carries(olds, new), *_times(olds, new, tolerance))


def search_notes(old: Capacity, new: Capacity) -> Iterator[str]:
    """What was not the same about the end of both."""
    if old.bound is not new.bound:
        yield f"what ended the search was {old.bound}, and is {new.bound}"
    before, now = (", ".join(dict.fromkeys(one.code for one in search.findings)) for search in (old, new))
    if before != now:
        yield f"the cause was {before or 'none that was found'}, and is {now or 'none that was found'}"


def lag_of(search: Capacity) -> float:
    """How long the loop of this client stood still at the most, as far as that was kept, in seconds."""
    return search.confirmed.strain.lag_s if search.confirmed else 0.0


def _differences(old: Capacity, new: Capacity) -> Iterator[str]:
    if different := differences(old.plan, new.plan, but_for={"connections"}):
        yield different
    for name in old.search.__struct_fields__:
        before, now = (getattr(one.search, name) for one in (old, new))
        if name not in _HOW and before != now:
            yield f"{name} ({before}, now {now})"


def _carries(olds: Sequence[Capacity], new: Capacity) -> Change:
    worst = min(olds, key=lambda old: old.carries)
    return Change(
        name="carries",
        unit=Unit.CONNECTIONS,
        old=worst.carries,
        new=new.carries,
        old_of=worst.search.most,
        new_of=new.search.most,
        judged=by_each([_judged(old, new) for old in olds]),
    )


def _judged(old: Capacity, new: Capacity) -> Judged:
    if _fell(old, new):
        return Judged.WORSE if new.bound is Bound.TARGET else Judged.UNKNOWN
    if _fell(new, old):
        return Judged.BETTER if old.bound is Bound.TARGET else Judged.UNKNOWN
    return Judged.SAME


def _fell(one: Capacity, other: Capacity) -> bool:
    """Whether ``other`` is below ``one`` by more than the larger of both precisions."""
    return one.carries - other.carries > max(one.search.precision, other.search.precision) * one.carries


def _times(olds: Sequence[Capacity], new: Capacity, tolerance: Tolerance) -> Iterator[Change]:
    """Those beside the largest number that was held in all of them."""
    curves = [{step.level: step for step in one.curve} for one in (*olds, new)]
    if level := max(set.intersection(*map(set, curves)), default=0):
        *before, now = (curve[level] for curve in curves)
        for name, of, steps in (
            ("newcomer", _newcomer, STEPS),
            ("p50 establishment", _p50, 1),
            ("p99 establishment", _p99, 1),
        ):
            yield _time(f"{name}, {level:,} held", list(map(of, before)), of(now), steps * lag_of(new), tolerance)


def _time(name: str, before: Sequence[float | None], now: float | None, late_s: float, tolerance: Tolerance) -> Change:
    known = [old for old in before if old is not None]
    least_s = None if now is None else max(0.0, now - late_s)
    return Change(
        name=name,
        unit=Unit.SECONDS,
        old=max(known, default=None),
        new=now,
        old_of=len(known),
        new_of=int(now is not None),
        old_most=max(known, default=None),
        new_least=least_s,
        judged=by_each([_judged_time(old, now, late_s, tolerance) for old in before]),
    )


def _judged_time(old: float | None, new: float | None, late_s: float, tolerance: Tolerance) -> Judged:
    if old is None or new is None:
        return Judged.UNKNOWN
    if is_longer(new - late_s, old, tolerance):
        return Judged.WORSE
    if is_longer(new, old, tolerance):
        return Judged.DOUBTFUL
    return Judged.BETTER if is_longer(old - late_s, new, tolerance) else Judged.SAME


def _newcomer(step: Step) -> float | None:
    return step.newcomer_s


def _p50(step: Step) -> float | None:
    return step.establishment_p50_s


def _p99(step: Step) -> float | None:
    return step.establishment_p99_s
