"""A search in tables: its answer, and the numbers that were tried."""

from collections.abc import Iterator, Sequence
from typing import Final

from tcpgoon.capacity import Capacity, Step
from tcpgoon.plan.units import format_duration
from tcpgoon.report.capacity import carried_of

MOST_TRIALS = 40
"""In a table; of more, the last ones, which are nearest to the answer. CSV and JSON have all."""

HEADS: Final = ("Tried", "Came", "Left", "At most per s", "Establishment p50", "p99", "Newcomer", "Reason")


def facts(found: Capacity) -> Iterator[tuple[str, str]]:
    """What the answer consists of, by name."""
    answer = found.answer
    yield "Carries", carried_of(found)
    yield "What ended the search", str(answer.bound)
    if answer.bad is not None:
        yield "Too many", f"{answer.bad:,}"
    if found.search.at_least is not None:
        yield "Required", f"{found.search.at_least:,}"
    if found.knee is not None:
        yield "Newcomers wait for much longer above", f"{found.knee:,}"
    yield "Numbers tried", f"{len(found.steps):,}"
    yield "Took", format_duration(found.duration_s)


def shown(steps: Sequence[Step]) -> Sequence[Step]:
    """Those that a table has room for."""
    return steps[-MOST_TRIALS:]


def trial(step: Step) -> tuple[str, ...]:
    """The cells of one, below `HEADS`."""
    times = (step.establishment_p50_s, step.establishment_p99_s, step.newcomer_s)
    return (
        f"{step.level:,}{' (again)' if step.again else ''}",
        "good" if step.good else "bad",
        f"{step.left:,}",
        f"{step.per_s:,.0f}",
        *("–" if time_s is None else format_duration(time_s) for time_s in times),
        step.reason,
    )
