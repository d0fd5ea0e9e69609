"""Requirements + metrics + findings → verdict.

A run that was stopped says nothing. What is measured is what is *proved*, at the level of assurance that was asked for;
of some connections it may not be known whether they reached it. A run that went to its end is a PASS where every
requirement holds whatever the truth about those is. What remains is to tell the target's failure from a question that
we could not ask, and that is decided by one thought: *had everything gone well that we ourselves spoiled, and were all
there of which we do not know it, would the requirements hold?* If they would, nothing is known of the target:
INCONCLUSIVE. If they would not, the target failed whatever we did: FAIL.

What we spoiled are the dials that our own kernel refused, what was never decided, what a process of ours took with it
when it died (then not even a PASS is given of what is left), the connections that a newcomer of ours may have pushed
out, or whose place it may have kept, and a probe that nobody ever answered as expected: it may be the wrong question;
and those ends that our own slowness, or packets that our own host dropped, explain (`spoiled`): not
all that went wrong while we were busy. Silence on the path is held against the target only where nothing was wrong with
us, since a client in trouble is deaf too. And what a client that stood still found to be there only after the time for
it may have come too late: then not even a PASS is known to be one.
"""

from collections.abc import Iterable
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

import msgspec

from tcpgoon.errors import ExitStatus
from tcpgoon.judge import reasons, spoiled
from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.judge.measured import Range, range_of
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.requirements import Bound, Field, Requirement
from tcpgoon.record.ending import Ending
from tcpgoon.record.outcome import Phase, Side
from tcpgoon.record.unserved import NO_SESSION, UNPROVEN, Unserved

SOMETHING_HELD = Requirement(Field.PEAK, Bound.AT_LEAST, 1.0)
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


_BY_SEVERITY = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.INTERRUPTED, Verdict.FAIL)
"""A target that was seen to fail has failed, whatever became of the others."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict over several. Without any nothing is known."""
    return max(verdicts, key=_BY_SEVERITY.index, default=Verdict.INCONCLUSIVE)


class Judgement(msgspec.Struct, frozen=True):
    """A verdict and its reason, one sentence."""

    verdict: Verdict
    reason: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one requirement."""

    requirement: Requirement
    text: str
    """The requirement as it is written: ``p99 establishment < 50ms``."""
    holds: bool | None
    """Whether it does, whatever is true of what we spoiled; None: that is not known."""
    measured: float | None
    """In the unit of the requirement, connections where that is a share; None: nothing was, or it never ended."""
    said: str
    """``p99 establishment is 73ms, required: < 50ms``."""


class _Numbers(NamedTuple):
    """How many connections were there, by the names of the fields that requirements bound."""

    established: int
    lost: int
    peak: int


_COUNTS = frozenset(_Numbers._fields)


def judge(facts: Facts, findings: tuple[Finding, ...]) -> Judgement:
    """The verdict over ``facts``."""
    if facts.interrupted:
        return Judgement(Verdict.INTERRUPTED, reasons.stopped(facts))
    if facts.started and _went_to_its_end(facts) and _is_certain(facts) and not _came_late(facts):
        return Judgement(Verdict.PASS, reasons.carried(facts))
    if not facts.started or _is_possible(facts):
        doubted = [] if not facts.started else _doubted(facts)
        return Judgement(Verdict.INCONCLUSIVE, reasons.left_open(facts, findings, not_verifiable(facts), doubted))
    broken = [requirement for requirement in _required(facts) if not _holds_as_measured(facts, requirement)]
    return Judgement(Verdict.FAIL, reasons.shortfall(facts, [_with_measure(facts, one) for one in broken]))


def checked(facts: Facts) -> tuple[Checked, ...]:
    """What came of each requirement in force; a PASS is where all of them hold, a FAIL where one of them does not."""
    besides = () if _say_something_is_held(facts) else (SOMETHING_HELD,)
    return tuple(_checked(facts, requirement) for requirement in (*facts.plan.required, *besides))


def _say_something_is_held(facts: Facts) -> bool:
    """Whether one of the requirements in force says that anyway."""
    counted = [one for one in facts.plan.required if one.field in (Field.ESTABLISHED, Field.PEAK)]
    return any(not one.holds(0, facts.plan.connections) for one in counted)


def _checked(facts: Facts, requirement: Requirement) -> Checked:
    measured = _measured(facts, requirement) if facts.started else None
    return Checked(
        requirement=requirement,
        text=str(requirement),
        holds=_holds(facts, requirement),
        measured=float(measured) if measured is not None and isfinite(measured) else None,
        said=reasons.compared(requirement, measured),
    )


def _holds(facts: Facts, requirement: Requirement) -> bool | None:
    """None: it is not known."""
    if facts.interrupted or not facts.started:
        return None
    if _holds_for_sure(facts, requirement):
        return True if _went_to_its_end(facts) and not _came_late(facts) else None
    return None if _may_hold(facts, requirement, _at_worst(facts), _at_best(facts)) else False


def _went_to_its_end(facts: Facts) -> bool:
    """Whether each connection came to an end that is known, and no process of ours died with any of them."""
    return not (reasons.unfinished(facts) or facts.metrics.orphaned)


def _came_late(facts: Facts) -> bool:
    """Whether some may have been established, or served, only after the time for it."""
    return spoiled.late_dials(facts) or spoiled.late_answers(facts)


def _required(facts: Facts) -> tuple[Requirement, ...]:
    return (*facts.plan.required, SOMETHING_HELD)


def _is_certain(facts: Facts) -> bool:
    """Whether every requirement holds, whatever is true of that of which we know too little."""
    return all(_holds_for_sure(facts, requirement) for requirement in _required(facts))


def _holds_for_sure(facts: Facts, requirement: Requirement) -> bool:
    ends = _at_worst(facts), _were_all_proved(facts)
    return _holds_at(facts, requirement, _range(facts, requirement, *ends))


def _is_possible(facts: Facts) -> bool:
    """Whether every requirement may hold, somewhere between the worst and the best that could have been."""
    ends = _at_worst(facts), _at_best(facts)
    return all(_may_hold(facts, requirement, *ends) for requirement in _required(facts))


def _may_hold(facts: Facts, requirement: Requirement, *ends: _Numbers) -> bool:
    """Some, not all of what we spoiled may have gone well; and what was not measured may be anything."""
    between = _range(facts, requirement, *ends)
    return between is None or requirement.may_hold(between.low, between.high, facts.plan.connections)


def _holds_as_measured(facts: Facts, requirement: Requirement) -> bool:
    measured = _measured(facts, requirement)
    return measured is not None and requirement.holds(measured, facts.plan.connections)


def _holds_at(facts: Facts, requirement: Requirement, ends: Range | None) -> bool:
    return ends is not None and all(requirement.holds(end, facts.plan.connections) for end in (ends.low, ends.high))


def _range(facts: Facts, requirement: Requirement, *ends: _Numbers) -> Range | None:
    """Between what the number that is bounded lies: counts are between ``ends``. None: it was not measured."""
    if requirement.field not in _COUNTS:
        return range_of(facts, requirement)
    low, high = sorted(getattr(end, requirement.field) for end in ends)
    return Range(low, high, low)


def _measured(facts: Facts, requirement: Requirement) -> float | None:
    measured = _as_measured(facts)
    found = _range(facts, requirement, measured, measured)
    return found.measured if found else None


def _doubted(facts: Facts) -> list[tuple[Requirement, float | None]]:
    """The requirements on times, and such, of which it is not known whether they hold."""
    asked = (one for one in facts.plan.required if one.field not in _COUNTS)
    return [_with_measure(facts, one) for one in asked if not _holds_for_sure(facts, one)]


def _with_measure(facts: Facts, requirement: Requirement) -> tuple[Requirement, float | None]:
    return requirement, _measured(facts, requirement)


def _as_measured(facts: Facts) -> _Numbers:
    metrics = facts.metrics
    return _Numbers(metrics.established, metrics.lost, metrics.peak)


def _at_worst(facts: Facts) -> _Numbers:
    """Were all those phantoms that are in doubt, or that nobody asked; or lost that went with a process of ours."""
    metrics, measured = facts.metrics, _as_measured(facts)
    return measured._replace(lost=measured.lost + metrics.doubtful + metrics.unproved + metrics.breakdown.orphaned)


def _were_all_proved(facts: Facts) -> _Numbers:
    unknown, measured = facts.metrics.unknown, _as_measured(facts)
    return measured._replace(established=measured.established + unknown, peak=measured.peak + unknown)


def _at_best(facts: Facts) -> _Numbers:
    """What would have been measured had all that we spoiled gone well, and were all there that may be."""
    metrics, undecided = facts.metrics, facts.plan.connections - facts.metrics.decided
    ends = _spoiled(facts, deaf=bool(undecided or metrics.orphaned))
    losses = metrics.pushed_out + _broken_off(facts)
    losses += sum(ending.count for ending in ends if ending.phase in (Phase.HELD, Phase.PHANTOM))
    losses = min(losses, metrics.lost)  # some of them may be one and the same
    dials = undecided + sum(ending.count for ending in ends if ending.phase not in (Phase.HELD, Phase.PHANTOM))
    kept_out = min(metrics.kept_out, metrics.failed + metrics.lost + undecided - dials - losses)
    count = dials + losses + kept_out + metrics.unknown + _unanswered_and_held(facts)
    count += metrics.breakdown.orphaned - _denied_before_orphaned(facts)
    # What we closed ourselves was there for as long as we wanted: that it was not all at once is ours too.
    peak = max(metrics.peak, metrics.established)
    lost = max(0, metrics.lost - losses - kept_out)
    return _Numbers(metrics.established + count, lost, peak + count)


def _spoiled(facts: Facts, *, deaf: bool) -> list[Ending]:
    """The endings that are ours; and silence on the path, where there are any of those or we are ``deaf``."""
    ours = facts.endings(Side.CLIENT)
    if ours or deaf:
        ours += facts.endings(Side.PATH)
    sides = {ending.side for ending in ours}
    return ours + [ending for ending in spoiled.endings(facts) if ending.side not in sides]


def not_verifiable(facts: Facts) -> int:
    """Connections that the probe proves nothing about: it never got an answer from anybody.

    They are there; or they are lost since the TLS handshake failed, and either end may close then.
    """
    return _unverifiable_and_held(facts) + _broken_off(facts)


def _unverifiable_and_held(facts: Facts) -> int:
    return _held(facts, UNPROVEN) if _may_be_the_question(facts) else 0


def _unanswered_and_held(facts: Facts) -> int:
    """Those, and the ones that had too little time for their answer."""
    unverifiable = _unverifiable_and_held(facts)
    others = _no_proof(facts) - (UNPROVEN if unverifiable else frozenset())
    return unverifiable + min(_held(facts, others), spoiled.unanswered(facts))


def _no_proof(facts: Facts) -> frozenset[Unserved]:
    """The ways of not being served that prove nothing about the target."""
    return spoiled.short_of_time(facts) | (UNPROVEN if _may_be_the_question(facts) else frozenset())


def _denied_before_orphaned(facts: Facts) -> int:
    """Connections that a process of ours took with it, and that the target had denied by then what was asked for."""
    plan = facts.plan
    if plan.probe_every_s is not None:
        return 0  # it might have served them the next time
    denials = {why for why in Unserved if plan.level is Assurance.SERVED or why is Unserved.UNACKED}
    denials -= _no_proof(facts)
    return sum(entry.orphaned for entry in facts.metrics.unserved if entry.why in denials)


def _held(facts: Facts, whys: frozenset[Unserved]) -> int:
    return sum(entry.held for entry in facts.metrics.unserved if entry.why in whys)


def _broken_off(facts: Facts) -> int:
    """Losses by a TLS handshake that never succeeded with anybody."""
    if not _may_be_the_question(facts):
        return 0
    return sum(ending.count for ending in facts.metrics.losses if ending.unserved in NO_SESSION)


def _may_be_the_question(facts: Facts) -> bool:
    return facts.metrics.asked is Assurance.SERVED and facts.nobody_was_served
