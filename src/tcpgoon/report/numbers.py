"""Numbers for a page: each with the name of the field of `Result` that it is, and as that field is in the JSON."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tcpgoon.capacity import Capacity
from tcpgoon.judge.carried import Bound
from tcpgoon.plan.units import format_duration
from tcpgoon.result import Result


class Number(NamedTuple):
    """A field of a result."""

    field: str
    """``metrics.establishment.p99_s``."""
    value: float
    text: str
    """The value for people."""


class Row(NamedTuple):
    """Numbers that belong together, and what they are."""

    name: str
    numbers: tuple[Number, ...]


COUNTS = (
    ("Asked for", "plan.connections"),
    ("Established, as asked, to the end", "metrics.established"),
    ("Most at once", "metrics.peak"),
    ("Lost", "metrics.lost"),
    ("Phantoms among them", "metrics.breakdown.phantoms"),
    ("Failed to be established", "metrics.counts.failed"),
    ("Undecided when it was stopped", "metrics.counts.undecided"),
    ("Never dialled", "metrics.counts.planned"),
    ("Not served", "metrics.not_served"),
    ("In doubt to the end", "metrics.doubtful"),
    ("Gone with a worker of ours", "metrics.orphaned"),
)
TIMES = (
    ("Establishment", "metrics.establishment"),
    ("Handshake RTT (kernel)", "metrics.handshake_rtt"),
    ("Added by this client", "metrics.lateness"),
    ("TLS handshake", "metrics.tls"),
    ("Answer of the probe", "metrics.answers"),
    ("To the error", "metrics.time_to_error"),
)
STATISTICS = ("count", "min_s", "mean_s", "p50_s", "p90_s", "p99_s", "max_s")
LEVELS = ("reached", "held", "peak")


def number_of(result: Result | Capacity, field: str) -> Any:
    """What the field of that name has."""
    value: Any = result
    for name in field.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    return value


def number(result: Result | Capacity, field: str) -> Number:
    """The field of that name, which has a number."""
    value = number_of(result, field)
    return Number(field, value, format_duration(value) if field.endswith("_s") else f"{value:,}")


def counts(result: Result) -> Iterator[Row]:
    """How many there were; what there was none of is left out, but for what everybody asks for."""
    for place, (name, field) in enumerate(COUNTS):
        if place < 4 or number(result, field).value:
            yield Row(name, (number(result, field),))


def levels(result: Result) -> Iterator[Row]:
    """What was proved, by level of assurance."""
    for place, level in enumerate(result.metrics.levels):
        fields = (f"metrics.levels.{place}.{name}" for name in LEVELS)
        yield Row(level.assurance.name.lower(), tuple(number(result, field) for field in fields))


def times(result: Result) -> Iterator[Row]:
    """The distributions that there are."""
    for name, field in TIMES:
        if getattr(result.metrics, field.removeprefix("metrics.")):
            yield Row(name, tuple(number(result, f"{field}.{statistic}") for statistic in STATISTICS))


def of_search(found: Capacity) -> Iterator[Row]:
    """The answer of a search. Its number is the target's where it is called so."""
    is_whole = found.bound is Bound.TARGET
    yield Row("carries" if is_whole else "carries at least", (number(found, "answer.carries"),))
    for name, field in (
        ("too many", "answer.bad"),
        ("in a burst", "answer.burst"),
        ("required", "search.at_least"),
        ("the knee", "knee"),
    ):
        if number_of(found, field) is not None:
            yield Row(name, (number(found, field),))
    if found.recovery and found.recovery.as_before_s is not None:
        yield Row("as before after the release", (number(found, "recovery.as_before_s"),))


def tiles(result: Result) -> Iterator[Row]:
    """The few that come first; a second number is what the first one is of."""
    yield Row("established", (number(result, "metrics.established"), number(result, "plan.connections")))
    yield Row("at once, at most", (number(result, "metrics.peak"),))
    yield Row("lost", (number(result, "metrics.lost"),))
    yield Row("failed", (number(result, "metrics.counts.failed"),))
    if result.metrics.establishment:
        yield Row("p99 establishment", (number(result, "metrics.establishment.p99_s"),))
    for place, part in enumerate(result.metrics.newcomers):
        if part.beside_all and part.welcome:
            yield Row("newcomer's median", (number(result, f"metrics.newcomers.{place}.welcome.p50_s"),))
