"""How old connections became, as a picture."""

from collections.abc import Iterator, Sequence

from tcpgoon.judge.lifetimes import Lifetimes
from tcpgoon.record.survival import Survival
from tcpgoon.report.figures import Figure
from tcpgoon.report.plots import Axis, Layer, lines
from tcpgoon.report.survival import SHAPES, age


def survival_figure(found: Lifetimes | None) -> Iterator[Figure]:
    """The curve, where there is one."""
    if found is None or len(found.survival.steps) < 2:
        return
    survival = found.survival
    layers = (Layer("alive", "held", [step.share for step in survival.steps]),)
    at = tuple(age(step) for step in survival.steps)
    yield Figure(
        title="Survival by age",
        note=f"The share that is alive, by age. {SHAPES[found.fate]}: {found.sentence}.",
        plot=lines(layers, Axis(at, "{:.0%}".format), "Survival by age: a line; the numbers are in the table below."),
        layers=(),
        head=("age", "reached it", "alive"),
        rows=tuple(_rows(survival, at)),
    )


def _rows(survival: Survival, at: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for old, step in zip(at, survival.steps, strict=True):
        yield old, f"{step.reached:,}", f"{step.share:.2%}"
