"""The answer of a search → verdict: how many are carried, whose limit it is, and whether that is enough.

What is found is a fact about the target only where the target, and nobody else, ended the search.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tcpgoon.judge.facts import Finding
from tcpgoon.judge.verdict import Judgement, Verdict
from tcpgoon.plan.search import Search


class Bound(StrEnum):
    """What ended the search."""

    TARGET = "the target"
    CLIENT = "this client"
    MOST = "the largest number asked for"
    TIME = "the time limit"
    UNSTEADY = "no number held twice"
    STOPPED = "the user"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a search came to."""

    bound: Bound
    carries: int
    """The largest number that was held, proved and confirmed; 0: none."""
    bad: int | None = None
    """The smallest number above it that was not; None: none that was tried."""
    burst: int | None = None
    """How many there were when they were opened as fast as possible, where a slower pace brought more."""
    client: str = ""
    """What this client ran out of, such as ``local ports``, where that was known beforehand."""
    per_s: float = 0.0
    """The pace at which the answer was reached, connections a second at the most."""
    scatter: tuple[int, ...] = ()
    """The numbers that held once, and not when they were to be confirmed."""


def carried(search: Search, answer: Answer, findings: Sequence[Finding]) -> Judgement:
    """The verdict over ``answer``, and why."""
    said = _said(answer, findings)
    match answer.bound:
        case Bound.STOPPED:
            return Judgement(Verdict.INTERRUPTED, said)
        case Bound.UNSTEADY:
            return Judgement(Verdict.INCONCLUSIVE, said)
        case Bound.CLIENT | Bound.TIME if not _is_enough(search, answer):
            return Judgement(Verdict.INCONCLUSIVE, said)
    if not answer.carries:
        return Judgement(Verdict.FAIL, said)
    if search.at_least is not None and answer.carries < search.at_least:
        return Judgement(Verdict.FAIL, f"{said}; at least {search.at_least:,} are required")
    return Judgement(Verdict.PASS, said)


def _is_enough(search: Search, answer: Answer) -> bool:
    """Whether it is known that the target carries what is required, be it more or not."""
    return search.at_least is not None and answer.carries >= search.at_least


def _said(answer: Answer, findings: Sequence[Finding]) -> str:
    many = f"{answer.carries:,} connection{'s' * (answer.carries != 1)}"
    first = next(iter(findings), None)
    cause = f": {first.code}, {first.sentence} – {first.confidence}" if first else ""
    match answer.bound:
        case Bound.TARGET if answer.bad is not None:
            pace = f"; {answer.carries:,} at {answer.per_s:,.0f}/s, {answer.burst:,} in a burst" if answer.burst else ""
            return f"carries {many} ({answer.carries:,} good, {answer.bad:,} bad{pace}){cause}"
        case Bound.MOST | Bound.TARGET:
            return f"carries at least {many}, the most that was to be tried"
        case Bound.CLIENT:
            ended = f"the client's {answer.client} ended first" if answer.client else "this client's limit came first"
            return f"at least {many}: {ended}{cause}"
        case Bound.TIME:
            beyond = f", fewer than {answer.bad:,}" if answer.bad is not None else ""
            return f"at least {many}{beyond}: the time limit came first"
        case Bound.STOPPED:
            return f"stopped by the user; {many} had been confirmed"
    numbers = ", ".join(f"{number:,}" for number in answer.scatter)
    return f"no number of connections held twice ({numbers} held once){cause}"
