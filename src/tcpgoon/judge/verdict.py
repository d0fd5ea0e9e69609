"""Requirements + metrics + findings → verdict, and the one sentence that gives its reason.

A run that was stopped says nothing. A run that went to its end and meets every requirement is a PASS. What remains is
to tell the target's failure from a question that we could not ask, and that is decided by one thought: *had everything
gone well that we ourselves spoiled, would the requirements hold?* If they would, nothing is known of the target:
INCONCLUSIVE. If they would not, the target failed whatever we did: FAIL. What we spoiled are the dials that our own
kernel refused, and what was never decided. Silence on the path is held against the target only where nothing was wrong
with us, since a client in trouble is deaf too.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from tcpgoon.errors import ExitStatus
from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.plan.requirements import Bound, Field, Requirement
from tcpgoon.plan.units import format_duration
from tcpgoon.record.metrics import Ending
from tcpgoon.record.outcome import ClosedBy, Phase, Side

SOMETHING_HELD = Requirement(Field.PEAK, Bound.AT_LEAST, 1)
"""Always required: that nothing was lost proves nothing where nothing was held."""


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


class _Measured(NamedTuple):
    """The fields that a requirement can be about, by their names."""

    established: int
    lost: int
    peak: int


def judge(facts: Facts, findings: tuple[Finding, ...]) -> Judgement:
    """The verdict over ``facts``."""
    if facts.interrupted:
        return Judgement(Verdict.INTERRUPTED, f"stopped before the end; {_held(facts)}")
    measured = _as_measured(facts)
    broken = _broken(facts, measured, measured)
    if facts.started and not broken and not _unfinished(facts):
        return Judgement(Verdict.PASS, f"{_held(facts)} for {format_duration(facts.plan.hold_s)}")
    if not facts.started or not _broken(facts, measured, _at_best(facts)):
        return Judgement(Verdict.INCONCLUSIVE, _what_we_spoiled(facts, findings))
    return Judgement(Verdict.FAIL, _shortfall(facts, broken))


def _broken(facts: Facts, measured: _Measured, best: _Measured) -> list[Requirement]:
    """The requirements that hold for nothing between what was measured and the best that could have been."""
    return [
        requirement
        for requirement in (*facts.plan.required, SOMETHING_HELD)
        if not requirement.holds(_nearest(requirement, measured, best))
    ]


def _nearest(requirement: Requirement, *ends: _Measured) -> int:
    """What comes nearest to the limit of ``requirement``: some, not all of what we spoiled may have gone well."""
    low, high = sorted(int(getattr(end, requirement.field)) for end in ends)
    return min(max(requirement.limit, low), high)


def _as_measured(facts: Facts) -> _Measured:
    metrics = facts.metrics
    return _Measured(metrics.established, metrics.lost, metrics.peak)


def _at_best(facts: Facts) -> _Measured:
    """What would have been measured had all that we spoiled gone well."""
    measured, undecided = _as_measured(facts), facts.plan.connections - facts.metrics.decided
    spoiled = facts.endings(Side.CLIENT)
    if spoiled or undecided:
        spoiled += facts.endings(Side.PATH)
    count = undecided + sum(ending.count for ending in spoiled)
    losses = sum(ending.count for ending in spoiled if ending.phase is Phase.HELD)
    # What we closed ourselves was there for as long as we wanted: that it was not all at once is ours too.
    peak = max(measured.peak, measured.established)
    return _Measured(measured.established + count, measured.lost - losses, peak + count)


def _unfinished(facts: Facts) -> int:
    """Connections that were not carried to any end: never dialled, never decided, never closed."""
    counts = facts.metrics.counts
    return counts.planned + counts.undecided + counts.established


def _held(facts: Facts) -> str:
    return f"{facts.metrics.established:,} of {facts.plan.connections:,} connections were established and held"


def _what_we_spoiled(facts: Facts, findings: tuple[Finding, ...]) -> str:
    ours = [finding.sentence for finding in findings if finding.side is Side.CLIENT]
    if ours:
        return f"a limit of this client, not of the target: {ours[0]}"
    if not _unfinished(facts):
        return f"this client closed some before it had all; {_held(facts)}, at most {facts.metrics.peak:,} at once"
    return f"this client left {_unfinished(facts):,} of {facts.plan.connections:,} connections without an end"


def _shortfall(facts: Facts, broken: list[Requirement]) -> str:
    endings = (*facts.metrics.errors, *facts.metrics.losses)
    if endings:
        return f"only {_held(facts)} to the end: {', '.join(map(_described, endings))}"
    return f"{_held(facts)}, at most {facts.metrics.peak:,} at once; required: {', '.join(map(str, broken))}"


def _described(ending: Ending) -> str:
    if ending.closed_by is ClosedBy.PEER:
        how = "closed (FIN)" if ending.error == 0 else "reset (RST)"
        return f"{ending.count:,} {how} by the peer"
    return f"{ending.count:,} × {ending.name}"
