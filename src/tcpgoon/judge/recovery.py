"""What came of it when all connections had been released: is the target as it was before? Pure."""

import msgspec

from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.verdict import Judgement, Verdict, worst
from tcpgoon.plan.search import Search
from tcpgoon.plan.units import format_duration

AS_BEFORE = 3.0
"""A newcomer is served as before where it takes no longer than so many times as long."""

JITTER_S = 0.02
"""So much more is nothing that anybody could tell from a client that was busy for a moment."""


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What came after the release of all connections."""

    waited_s: float
    """So long newcomers knocked, from the release on."""
    served_s: float | None = None
    """How long after the release the first newcomer was served; None: none was."""
    as_before_s: float | None = None
    """How long after it one was served as quickly as in the beginning; None: none was."""
    again: Answer | None = None
    """What a second search came to; None: there was none."""


def is_as_before(time_s: float, before_s: float | None) -> bool:
    """Whether a newcomer that took ``time_s`` was served as quickly as one that took ``before_s``, where that is known.

    Both are seconds.
    """
    return before_s is None or time_s <= max(AS_BEFORE * before_s, before_s + JITTER_S)


def with_recovery(search: Search, answer: Answer, judgement: Judgement, recovery: Recovery) -> Judgement:
    """The verdict over ``answer``, which was ``judgement``, when ``recovery`` is known, too: the worse of both."""
    came = recovered(search, answer, recovery)
    return Judgement(worst((judgement.verdict, came.verdict)), f"{judgement.reason}; {came.reason}")


def recovered(search: Search, answer: Answer, recovery: Recovery) -> Judgement:
    """Whether the target is as it was before it carried what ``answer`` says."""
    again, waited = recovery.again, format_duration(recovery.waited_s)
    if again is not None and again.bound is Bound.STOPPED:
        return Judgement(Verdict.INTERRUPTED, "stopped by the user before it was known whether it recovers")
    if recovery.served_s is None:
        return Judgement(Verdict.FAIL, f"after the release no newcomer was served for {waited}")
    if recovery.as_before_s is None:
        return Judgement(Verdict.FAIL, f"a newcomer still takes longer than before, {waited} after the release")
    served = f"after the release a newcomer is served as before within {format_duration(recovery.as_before_s)}"
    if again is None:
        return Judgement(Verdict.INTERRUPTED, f"{served}; there was no second search")
    if again.carries >= answer.carries - int(answer.carries * search.precision):
        return Judgement(Verdict.PASS, f"{served}, and a second search finds {again.carries:,}")
    if again.bound in (Bound.CLIENT, Bound.TIME, Bound.UNSTEADY):
        return Judgement(Verdict.INCONCLUSIVE, f"{served}; the second search came to no answer ({again.bound})")
    kept = answer.carries - again.carries
    return Judgement(
        Verdict.FAIL, f"a second search finds {again.carries:,}: {kept:,} of those released are not free again"
    )
