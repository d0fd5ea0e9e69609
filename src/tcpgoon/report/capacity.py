"""A search for people: a line for each number that was tried, and the answer last."""

from collections.abc import Iterator

from tcpgoon.capacity import Capacity, Step
from tcpgoon.judge.carried import Bound
from tcpgoon.judge.recovery import Recovery
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.record.knock import Fared
from tcpgoon.report.findings import said


def step_line(step: Step) -> str:
    """``1,024 held in 0.6s; establishment p50/p99 = 80µs/1.2ms; the last one waited 0.3ms``."""
    took = f"{format_duration(step.duration_s)}{' (again)' if step.again else ''}"
    if not step.good:
        return f"{step.level:>9,}  bad after {took}, {step.left:,} left: {printable(step.reason)}"
    parts = [f"{step.level:>9,}  good after {took}"]
    if step.establishment_p50_s is not None and step.establishment_p99_s is not None:
        times = map(format_duration, (step.establishment_p50_s, step.establishment_p99_s))
        parts.append(f"establishment p50/p99 = {'/'.join(times)}")
    if step.newcomer_s is not None:
        parts.append(f"newcomer {format_duration(step.newcomer_s)}")
    return ", ".join(parts)


_FEW = 4
_BAR = 30
"""Of so many marks is the bar of the longest time."""


def curve_lines(capacity: Capacity) -> Iterator[str]:
    """How long newcomers waited, by how many were held: bars; nothing where there are too few of them for a curve."""
    curve, knee = capacity.curve, capacity.knee
    longest_s = max((step.newcomer_s or 0.0 for step in curve), default=0.0)
    if len(curve) < _FEW or not longest_s:
        return
    yield "A newcomer's time beside those held:"
    for step in curve:
        time_s = step.newcomer_s or 0.0
        mark = "  <- the knee" if step.level == knee else ""
        yield f"{step.level:>9,}  {format_duration(time_s):>7}  {'#' * round(_BAR * time_s / longest_s)}{mark}"


def capacity_report(capacity: Capacity) -> str:
    """The lines of the trials, and what came of it."""
    return "\n".join((*map(step_line, capacity.steps), answer_text(capacity)))


def answer_text(capacity: Capacity) -> str:
    """What came of it, below the lines of the trials."""
    return "\n".join((*_told(capacity), capacity_line(capacity)))


def capacity_line(capacity: Capacity) -> str:
    """``PASS: carries 1,013 connections …``."""
    return f"{capacity.verdict}: {printable(capacity.reason)}"


def _told(capacity: Capacity) -> Iterator[str]:
    yield from beside(capacity)
    yield from curve_lines(capacity)
    yield from (line for finding in capacity.findings for line in said(finding))


def beside(capacity: Capacity) -> Iterator[str]:
    """What is said beside the answer: how it was confirmed, what became of one more, the rate, and the recovery."""
    held = capacity.confirmed
    if held:
        yield (
            f"Confirmed: {capacity.carries:,} held for {format_duration(capacity.search.confirm_hold_s)}, "
            f"{held.plan.level.name.lower()}"
        )
    if next_one := _next(capacity):
        yield next_one
    if capacity.answer.burst is not None and capacity.bound in (Bound.TARGET, Bound.MOST):
        yield (
            f"The rate is a limit, too: {capacity.carries:,} at {capacity.answer.per_s:,.0f}/s, "
            f"{capacity.answer.burst:,} in a burst"
        )
    if capacity.recovery:
        yield _recovered(capacity.recovery)


def carried_of(capacity: Capacity) -> str:
    """How many, for a cell: ``1,013``, or ``at least 1,013`` where it was not the target that ended the search."""
    return f"{'' if capacity.bound is Bound.TARGET else 'at least '}{capacity.carries:,}"


def _recovered(recovery: Recovery) -> str:
    after = [
        f"{what} {format_duration(time_s)}" if time_s is not None else f"{what} never, in {format_duration(waited_s)}"
        for what, time_s, waited_s in (
            ("served after", recovery.served_s, recovery.waited_s),
            ("as before after", recovery.as_before_s, recovery.waited_s),
        )
    ]
    found = f"; a second search: {recovery.again.carries:,}" if recovery.again else ""
    return f"After the release a newcomer was {', '.join(after)}{found}"


def _next(capacity: Capacity) -> str:
    one = capacity.next
    if one is None or one.fared is Fared.UNASKED:
        return ""
    others = f"{one.pushed_out:,} of the others ended" if one.pushed_out else "the others live on"
    return f"One more, number {capacity.carries + 1:,}: {one.name} after {format_duration(one.time_s)}; {others}"
