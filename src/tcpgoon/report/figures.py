"""What the HTML report shows in pictures: each with a text in its stead, and with all its numbers in a table."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from tcpgoon.plan.units import format_duration
from tcpgoon.record.course import Course
from tcpgoon.record.histogram import Histogram
from tcpgoon.record.losses import Way
from tcpgoon.record.series import OURS, PHANTOM, Series
from tcpgoon.record.timeline import Timeline
from tcpgoon.record.welcome import Welcome
from tcpgoon.report.plots import Axis, Layer, areas, bars, dots, lines


class Figure(NamedTuple):
    """One picture."""

    title: str
    note: str
    """What is to be seen at the axes, one sentence."""
    plot: Markup
    layers: tuple[Layer, ...]
    """What its colours mean."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """All its numbers; the first of each row says where it is."""
    is_wide: bool = False


_STATES = (
    ("established", "held"),
    ("opening", "opening"),
    ("lost", "lost"),
    ("failed", "failed"),
    ("abandoned", "abandoned"),
)
"""What is laid on one another, and its colour: what there is, what is to come, what came to nothing; not what went as
planned."""

_DEATHS = {
    Way.FIN: "fin",
    Way.RST: "rst",
    Way.SILENCE: "silence",
    OURS: "ours",
    PHANTOM: "phantom",
}


def figures(series: Series) -> Iterator[Figure]:
    """The figures of ``series``: those of which there is anything."""
    if series.timeline:
        yield _timeline(series.timeline)
    if series.establishment:
        yield _histogram("Establishment time", "connect() to writable, as this client saw it", series.establishment)
    if series.handshake:
        yield _histogram("Handshake RTT", "SYN to SYN-ACK, as the kernel saw it", series.handshake)
    if series.establishment_course:
        yield _course("Establishment time while it ran", series.establishment_course)
    if series.handshake_course:
        yield _course("Handshake RTT while it ran", series.handshake_course)
    if series.newcomers:
        yield _newcomers(series.newcomers)
    if series.deaths:
        yield _deaths(series.deaths)


def _timeline(timeline: Timeline) -> Figure:
    there = [(name, colour, getattr(timeline, name)) for name, colour in _STATES if any(getattr(timeline, name))]
    layers = tuple(Layer(*one) for one in there)
    at = tuple(map(_moment, timeline.at_s))
    states = ("planned", "opening", "established", "closed", "lost", "failed", "abandoned")
    columns = [[f"{count:,}" for count in getattr(timeline, name)] for name in states]
    return Figure(
        title="Connections by state",
        note="How many connections were in each state, from the first dial to the last close.",
        plot=areas(layers, Axis(at, _count), "Connections by state over time; the numbers are in the table below."),
        layers=layers,
        head=("at", *states),
        rows=tuple(zip(at, *columns, strict=True)),
        is_wide=True,
    )


def _histogram(title: str, what: str, histogram: Histogram) -> Figure:
    (group,) = histogram.groups
    return _bars(title, f"Connections by time: {what}.", histogram, (Layer(title, "held", group.counts),))


def _deaths(deaths: Histogram) -> Figure:
    layers = tuple(Layer(group.name, _DEATHS[group.name], group.counts) for group in deaths.groups)
    return _bars("Losses by age", "How long lost connections had been established, by how they ended.", deaths, layers)


def _bars(title: str, note: str, histogram: Histogram, layers: tuple[Layer, ...]) -> Figure:
    edges = [format_duration(edge_s) for edge_s in histogram.edges_s]
    counts = zip(*(layer.values for layer in layers), strict=True)
    rows = zip(edges, edges[1:], counts, strict=False)
    return Figure(
        title=title,
        note=f"{note} Each bar begins at the time that is written below it.",
        plot=bars(layers, Axis(edges[:-1], _count), f"{title}: a histogram; the numbers are in the table below."),
        layers=layers if len(layers) > 1 else (),
        head=("from", "to less than", *(layer.name if len(layers) > 1 else "connections" for layer in layers)),
        rows=tuple((low, high, *map(_count, of_each)) for low, high, of_each in rows if any(of_each)),
    )


def _course(title: str, course: Course) -> Figure:
    layers = (Layer("p99", "high", course.p99_s), Layer("median", "held", course.p50_s))
    at = tuple(map(_moment, course.from_s))
    rows = zip(at, course.counts, course.p50_s, course.p99_s, course.max_s, strict=True)
    return Figure(
        title=title,
        note="Median and 99th percentile of the connections by when they were dialled.",
        plot=lines(layers, Axis(at, format_duration), f"{title}: two lines; the numbers are in the table below."),
        layers=layers,
        head=("dialled from", "connections", "p50", "p99", "max"),
        rows=tuple((from_s, f"{count:,}", *map(_time, times)) for from_s, count, *times in rows if count),
    )


def _newcomers(newcomers: Sequence[Welcome]) -> Figure:
    layers = (
        Layer("longest", "high", [one.max_s for one in newcomers]),
        Layer("median", "held", [one.p50_s for one in newcomers]),
    )
    at = [float(one.most_held) for one in newcomers]
    return Figure(
        title="A newcomer's time",
        note="How long one more client took to get what it asked for, by how many connections were held beside it.",
        plot=dots(layers, at, Axis((), format_duration), "Dots: a newcomer's time by connections held; table below."),
        layers=layers,
        head=("connections held", "welcome", "not welcome", "p50", "max"),
        rows=tuple(
            (_span(one), f"{one.welcome:,}", f"{one.others:,}", _time(one.p50_s), _time(one.max_s)) for one in newcomers
        ),
    )


def _span(one: Welcome) -> str:
    return f"{one.least_held:,}" if one.least_held == one.most_held else f"{one.least_held:,} to {one.most_held:,}"


def _moment(seconds: float) -> str:
    """``2m`` rather than ``2m0s``: there is little room at an axis."""
    text = format_duration(seconds)
    return text.removesuffix("0s") if text.endswith("m0s") else text


def _time(seconds: float | None) -> str:
    return "–" if seconds is None else format_duration(seconds)


def _count(count: float) -> str:
    return f"{count:,.0f}"
