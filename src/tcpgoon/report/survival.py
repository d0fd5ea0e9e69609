"""How old connections became: the curve in lines, what it means, and what to try."""

from collections.abc import Iterator, Sequence

from tcpgoon.judge.lifetimes import Fate, Lifetimes
from tcpgoon.plan.units import format_duration
from tcpgoon.record.losses import Way
from tcpgoon.record.series import OURS, PHANTOM
from tcpgoon.record.survival import Closed, Step

MOST_LINES = 12
"""Of the curve."""

BAR = 20
"""Characters of a bar that stands for all."""

_WHO = {
    Way.FIN: "the target closed (FIN)",
    Way.RST: "the target or the path reset (RST)",
    Way.SILENCE: "silence",
    PHANTOM: "gone, or never there, when they were asked",
    OURS: "this client",
}


def survival_lines(found: Lifetimes | None) -> Iterator[str]:
    """The lines for people; none where there is nothing known of ages."""
    if found is None:
        return
    survival = found.survival
    of = f"{survival.outlived:,} of {survival.connections:,}"
    yield f"Survival: {of} lived on to the end, the oldest for {format_duration(round(survival.longest_s, 2))}"
    if survival.closed:
        yield from _table(_shown(survival.steps))
        yield f"Who ended the others: {', '.join(map(_who, survival.closed))}"
    yield f"{SHAPES[found.fate]}: {found.sentence}"
    if found.hint:
        yield f"Next: {found.hint}"


SHAPES = {
    Fate.NONE: "Neither cliff nor slope",
    Fate.FEW: "Neither cliff nor slope",
    Fate.CLIFF: "A cliff",
    Fate.SLOPE: "A slope",
    Fate.MOMENT: "One moment",
    Fate.UNSEEN: "Ages unknown",
}


def _who(closed: Closed) -> str:
    return f"{_WHO[closed.way]} × {closed.count:,}"


def _shown(steps: Sequence[Step]) -> list[Step]:
    """The ends, and those between them beside which most is lost; the others evenly."""
    places = {round(place * (len(steps) - 1) / (MOST_LINES - 4)) for place in range(MOST_LINES - 3)}
    falls = sorted(range(1, len(steps)), key=lambda place: steps[place].share - steps[place - 1].share)
    places |= {falls[0] - 1, falls[0]} if falls else set()
    return [steps[place] for place in sorted(places)]


def _table(steps: Sequence[Step]) -> Iterator[str]:
    cells = [(age(step), f"{step.reached:,}", f"{step.share:.1%}") for step in steps]
    widths = [max(map(len, column)) for column in zip(("age", "reached it", "alive"), *cells, strict=True)]
    yield "  " + "  ".join(
        head.rjust(width) for head, width in zip(("age", "reached it", "alive"), widths, strict=True)
    )
    for row, step in zip(cells, steps, strict=True):
        columns = "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {columns}  {'█' * round(step.share * BAR)}".rstrip()


def age(step: Step) -> str:
    """``2m`` rather than ``2m0s``: in a column of ages, and at an axis."""
    text = format_duration(round(step.age_s, 2))
    return text.removesuffix("0s") if text.endswith("m0s") else text
