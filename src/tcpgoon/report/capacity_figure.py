"""How long newcomers, and dials, took by how many connections were held: the curve of a search as a picture."""

from collections.abc import Iterator, Sequence

from tcpgoon.capacity import Capacity, Step
from tcpgoon.plan.units import format_duration
from tcpgoon.report.figures import Figure
from tcpgoon.report.plots import Layer, curves

FEWEST = 3
"""Points that make a curve."""

MOST_POINTS = 200
"""Of many, those at equal distance, and the last."""


def capacity_figure(found: Capacity) -> Iterator[Figure]:
    """The curve, where there is one."""
    steps = _some(found.curve)
    if len(steps) < FEWEST:
        return
    layers = (
        Layer("p99 establishment", "high", [step.establishment_p99_s for step in steps]),
        Layer("median establishment", "opening", [step.establishment_p50_s for step in steps]),
        Layer("a newcomer", "held", [step.newcomer_s for step in steps]),
    )
    knee = found.knee
    at = [float(step.level) for step in steps]
    yield Figure(
        title="Times by connections held",
        note="How long a newcomer took, beside how many connections; and how long those took that were opened then."
        + ("" if knee is None else f" The knee, at {knee:,}: above it newcomers wait for much longer."),
        plot=curves(
            layers, at, knee, format_duration, "Times by connections held; the numbers are in the table below."
        ),
        layers=(*layers, *([] if knee is None else [Layer("the knee", "lost", ())])),
        head=("connections held", "a newcomer", "establishment p50", "p99", ""),
        rows=tuple(_row(step, knee) for step in steps),
        is_wide=True,
    )


def _some(curve: Sequence[Step]) -> Sequence[Step]:
    every = -(-len(curve) // MOST_POINTS) or 1
    return [step for place, step in enumerate(curve) if place % every == 0 or place == len(curve) - 1]


def _row(step: Step, knee: int | None) -> tuple[str, ...]:
    times = (step.newcomer_s, step.establishment_p50_s, step.establishment_p99_s)
    shown = ("–" if time_s is None else format_duration(time_s) for time_s in times)
    return (f"{step.level:,}", *shown, "the knee" if step.level == knee else "")
