"""Requirements + metrics + findings → verdict, and the one sentence that gives its reason.

The order of the questions is the order of what may be believed. A run that was stopped says nothing. A requirement that
holds was seen to hold. What the target itself did (refused, reset, closed) proves that it did not carry the connections
that were asked for, even where this client could not open all of them. Only then does a limit of ours make the question
one that was not asked; and what the path swallowed fails the target last: behind such a path the service is no use.
"""

from enum import StrEnum

import msgspec

from tcpgoon.errors import ExitStatus
from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.plan.requirements import Requirement
from tcpgoon.plan.units import format_duration
from tcpgoon.record.metrics import Ending
from tcpgoon.record.outcome import ClosedBy, Side


class Verdict(StrEnum):
    """The answer."""

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    INTERRUPTED = "INTERRUPTED"

    @property
    def exit_status(self) -> ExitStatus:
        """What the process tells the shell."""
        return ExitStatus[self.name]


class Judgement(msgspec.Struct, frozen=True):
    """A verdict and its reason, one sentence."""

    verdict: Verdict
    reason: str


def judge(facts: Facts, findings: tuple[Finding, ...]) -> Judgement:
    """The verdict over ``facts``."""
    if facts.interrupted:
        return Judgement(Verdict.INTERRUPTED, f"stopped before the end; {_held(facts)}")
    broken = [requirement for requirement in facts.plan.required if not _holds(requirement, facts)]
    if facts.started and not broken:
        return Judgement(Verdict.PASS, f"{_held(facts)} for {format_duration(facts.plan.hold_s)}")
    if facts.endings(Side.TARGET_KERNEL, Side.TARGET_APPLICATION):
        return Judgement(Verdict.FAIL, _shortfall(facts))
    if not facts.started or facts.endings(Side.CLIENT):
        first = next(finding for finding in findings if finding.side is Side.CLIENT)
        return Judgement(Verdict.INCONCLUSIVE, f"a limit of this client, not of the target: {first.sentence}")
    return Judgement(Verdict.FAIL, _shortfall(facts))


def _holds(requirement: Requirement, facts: Facts) -> bool:
    return requirement.holds(getattr(facts.metrics, requirement.field))


def _held(facts: Facts) -> str:
    return f"{facts.metrics.established:,} of {facts.plan.connections:,} connections were established and held"


def _shortfall(facts: Facts) -> str:
    endings = (*facts.metrics.errors, *facts.metrics.losses)
    return f"only {_held(facts)} to the end: {', '.join(_described(ending) for ending in endings)}"


def _described(ending: Ending) -> str:
    if ending.closed_by is ClosedBy.PEER:
        how = "closed (FIN)" if ending.error == 0 else "reset (RST)"
        return f"{ending.count:,} {how} by the peer"
    return f"{ending.count:,} × {ending.name}"
