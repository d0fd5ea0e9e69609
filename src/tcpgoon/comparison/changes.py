"""The numbers of two runs, side by side, and which of them differ by more than noise.

A count is worse where chance alone would hardly have done it *and* more connections are concerned than is tolerated. A
time is worse where the least that it is now is longer than the most that it was, *and* by more than is tolerated: what
it is now is taken without what this client may have added, what it was with that. Where it would be worse with that, it
is doubtful: a client that is slow can no more say that nothing got worse than it can say that something did.

Of several OLD runs, each has to have been better: what one run and the next differ by with nothing changed is noise,
too, and shows in nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import NamedTuple

import numpy as np

from tcpgoon.comparison.compared import Change, Judged, Tolerance, Unit
from tcpgoon.judge.noise import is_fewer, ranks
from tcpgoon.judge.spoiled import STEPS
from tcpgoon.record.knock import Fared
from tcpgoon.record.newcomers import beside_all
from tcpgoon.record.rows import Rows, Seconds
from tcpgoon.record.samples import samples
from tcpgoon.result import Result

_SHARES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}


class _Count(NamedTuple):
    """``good`` out of ``of`` are well; ``shown`` is the number that people are told: of them, or of the others."""

    good: int
    of: int
    shown: int


class _Time(NamedTuple):
    """A percentile: what was seen of it, and from the least that it may truly be to the most, but for bad luck."""

    least_s: float
    """Of what the times were without all that this client may have added."""
    doubtful_s: float
    """The same, with what it may have added and may as well have not."""
    seen_s: float
    most_s: float
    of: int


class Measured:
    """The numbers of ``result`` that are compared."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.times = {name: tuple(map(np.sort, of_each)) for name, *of_each in _times(result)}

    def count(self, name: str) -> _Count:
        """How many were well, by the ``name`` of what is counted."""
        return _COUNTS[name](self.result)

    def time(self, name: str, percentile: str) -> _Time | None:
        """That percentile; None where there are too few."""
        known, doubtful, seen = self.times[name]
        low, measured, high = ranks(len(seen), _SHARES[percentile])
        if low is None or high is None:
            return None
        return _Time(float(known[low]), float(doubtful[low]), float(seen[measured]), float(seen[high]), len(seen))


def changes(olds: Sequence[Measured], new: Measured, tolerance: Tolerance) -> tuple[Change, ...]:
    """All numbers, before and now; those that there are none of in any of the runs are left out."""
    return (*_counts(olds, new, tolerance), *_of_times(olds, new, tolerance))


def _counts(olds: Sequence[Measured], new: Measured, tolerance: Tolerance) -> Iterator[Change]:
    for name in _COUNTS:
        before, now = [old.count(name) for old in olds], new.count(name)
        if not (now.of or any(old.of for old in before)):
            continue
        worst = min(before, key=lambda one: one.good / one.of if one.of else inf)
        yield Change(
            name=name,
            unit=Unit.NEWCOMERS if name == NEWCOMERS_WELCOME else Unit.CONNECTIONS,
            old=worst.shown,
            new=now.shown,
            old_of=worst.of,
            new_of=now.of,
            judged=by_each([_judged(old, now, tolerance.share) for old in before]),
        )


def _judged(old: _Count, new: _Count, share: float) -> Judged:
    if not (old.of and new.of):
        return Judged.UNKNOWN
    fewer = old.good / old.of - new.good / new.of
    if fewer > share and is_fewer(new.good, new.of, old.good, old.of):
        return Judged.WORSE
    if -fewer > share and is_fewer(old.good, old.of, new.good, new.of):
        return Judged.BETTER
    return Judged.SAME


def _of_times(olds: Sequence[Measured], new: Measured, tolerance: Tolerance) -> Iterator[Change]:
    for name, (*_, seen) in new.times.items():
        everyone = (*olds, new)
        enough = [share for share in _SHARES if all(one.time(name, share) for one in everyone)]
        if len(seen) or any(len(old.times[name][-1]) for old in olds):
            for percentile in dict.fromkeys(["p50", *enough[-1:]]):
                before, now = [old.time(name, percentile) for old in olds], new.time(name, percentile)
                yield _change(f"{percentile} {name}", before, now, tolerance)


def _change(name: str, before: Sequence[_Time | None], now: _Time | None, tolerance: Tolerance) -> Change:
    known = [old for old in before if old is not None]
    worst = max(known, key=lambda old: old.most_s, default=None)
    judged = [_judged_time(old, now, tolerance) for old in before]
    return Change(
        name=name,
        unit=Unit.SECONDS,
        old=worst and worst.seen_s,
        new=now and now.seen_s,
        old_of=worst.of if worst else 0,
        new_of=now.of if now else 0,
        old_most=worst and worst.most_s,
        new_least=now and now.least_s,
        judged=by_each(judged),
    )


def _judged_time(old: _Time | None, new: _Time | None, tolerance: Tolerance) -> Judged:
    if old is None or new is None:
        return Judged.UNKNOWN
    if is_longer(new.least_s, old.most_s, tolerance):
        return Judged.WORSE
    if is_longer(new.doubtful_s, old.most_s, tolerance):
        return Judged.DOUBTFUL
    return Judged.BETTER if is_longer(old.least_s, new.most_s, tolerance) else Judged.SAME


def is_longer(least_s: float, most_s: float, tolerance: Tolerance) -> bool:
    """Whether what is at least so long is longer than what is at most so long, by more than is tolerated."""
    return least_s > max(most_s * (1 + tolerance.times), most_s + tolerance.time_s)


def by_each(judged: Sequence[Judged]) -> Judged:
    """What all OLD runs agree on."""
    found = set(judged)
    if found == {Judged.WORSE, Judged.DOUBTFUL}:
        return Judged.DOUBTFUL
    return judged[0] if len(found) == 1 else Judged.SAME


NEWCOMERS_WELCOME = "newcomers that were welcome"


def _well(of: Callable[[Result], int]) -> Callable[[Result], _Count]:
    """``of`` those that were planned, so many are well."""
    return lambda result: _Count(of(result), result.plan.connections, of(result))


def _ill(of: Callable[[Result], int]) -> Callable[[Result], _Count]:
    """``of`` those that were planned, so many are not well."""
    return lambda result: _Count(result.plan.connections - of(result), result.plan.connections, of(result))


def _retransmitted(result: Result) -> int:
    """Without those that our own host may have dropped."""
    ours = result.strain.softnet_dropped + result.strain.conntrack_dropped
    return max(0, sum(one.connections for one in result.metrics.retransmitted) - ours)


def _welcome(result: Result) -> _Count:
    knocks = [knock for knock in beside_all(result.metrics.newcomers, result.newcomers) if knock.was_asked]
    welcome = sum(knock.fared is Fared.WELCOME for knock in knocks)
    return _Count(welcome, len(knocks), welcome)


_COUNTS: dict[str, Callable[[Result], _Count]] = {
    "established": _well(lambda result: result.metrics.established),
    "peak": _well(lambda result: result.metrics.peak),
    "failed": _ill(lambda result: result.metrics.failed),
    "lost": _ill(lambda result: result.metrics.lost),
    "phantoms": _ill(lambda result: result.metrics.phantoms),
    "not served": _ill(lambda result: result.metrics.not_served),
    "retransmitted": _ill(_retransmitted),
    NEWCOMERS_WELCOME: _welcome,
}


def _times(result: Result) -> Iterator[tuple[str, Seconds, Seconds, Seconds]]:
    """Name, the least that each was, what it was but for doubt, and what was seen of it.

    Of the establishment the kernel leaves no doubt. What comes to our loop may be seen as late as that lags, at each of
    the steps that it takes: an answer takes two, to ask and to hear.
    """
    times, lag_s = samples(Rows(result.table), result.metrics.asked), result.strain.lag_s
    knocks = beside_all(result.metrics.newcomers, result.newcomers)
    waited = np.array([knock.time_s for knock in knocks if knock.fared is Fared.WELCOME])
    yield "establishment", times.establishment_known, times.establishment_known, times.establishment
    yield "handshake", times.handshake_rtt, times.handshake_rtt, times.handshake_rtt
    for name, seen, steps in (("tls", times.tls, STEPS), ("answer", times.answers, 2), ("newcomer", waited, STEPS)):
        yield name, np.maximum(seen - steps * lag_s, 0), seen, seen
