"""A frame of the live view: a snapshot as a few lines, each as wide as the terminal at the most.

What comes first matters most: of a terminal with few lines the rest is left out.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.text import Text

from tcpgoon.plan.units import format_duration
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.ending import Ending
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.live import Course, Live
from tcpgoon.record.outcome import Phase
from tcpgoon.report.text import CLOSED_BY

_LABEL = 14
"""Columns of what stands before the values; the longest is ``establishment``."""

_NARROW = 36
"""Below so many columns there is no room for two of them."""

_SHORTEST_BAR = 8
_LONGEST_BAR = 40
_MOST_BARS = 20
_BARS = "▁▂▃▄▅▆▇█"
_MOST_KINDS = 4
"""Ways to fail that are named; a target that thinks of more is not worth more lines."""

IN_ASCII = str.maketrans({**dict(zip(_BARS, "_.,-=+*#", strict=True)), "·": "|", "…": "~", "×": "x", "µ": "u"})
"""For terminals that have no more than that."""

_BETWEEN = " · "

_Part = tuple[str, str]
"""Words, and their style."""


def frame(snapshot: Snapshot, console: Console, width: int, lines: int) -> list[Text]:
    """The lines of ``snapshot``, for so many columns and lines."""
    live = snapshot.live or Live()
    first = _heading(snapshot, live.course, console, width)
    rest = (line for label, parts in _rows(snapshot, live) for line in _flow(label, parts, width))
    shown = [first, *rest][: max(1, lines)]
    for line in shown:
        line.truncate(width, overflow="ellipsis")
    return shown


def sparkline(values: Sequence[float]) -> str:
    """A bar for each of ``values``: the greatest is the tallest, and nothing has no height."""
    most = max(values, default=0.0)
    return "".join(_BARS[round(value / most * (len(_BARS) - 1))] if most else _BARS[0] for value in values)


def _heading(snapshot: Snapshot, course: Course, console: Console, width: int) -> Text:
    """How far it is: ``hold  ━━━━━━━━━━━━━━━━━━━  12s, 18s left``."""
    times = _clock(snapshot.elapsed_s - course.since_s)
    if snapshot.left_s is not None:
        times += f", {_clock(snapshot.left_s)} left"
    line = Text(no_wrap=True).append(f"{course.stage:<{_LABEL}}", "bold")
    room = min(_LONGEST_BAR, width - _LABEL - len(times) - 1)
    if snapshot.progress is not None and room >= _SHORTEST_BAR:
        bar = ProgressBar(total=1.0, completed=snapshot.progress, width=room)
        for segment in console.render(bar):
            line.append(segment.text, segment.style)
        line.append(" " * (_LABEL + room + 1 - len(line)))  # without colours a bar ends where it is
    return line.append(times)


def _rows(snapshot: Snapshot, live: Live) -> Iterator[tuple[str, list[_Part]]]:
    yield "connections", list(_states(snapshot.counts))
    for label, endings in (("failed", live.failed), ("lost", live.lost)):
        if endings:
            yield label, list(_ended(endings))
    levels = ("handshake", live.handshake), ("acknowledged", live.acknowledged), ("served", live.served)
    yield "there now", [(f"{count:,} {name}", "") for name, count in levels]
    if live.course.knock:
        yield "newcomer", list(_newcomer(live.course.knock, snapshot.elapsed_s))
    if dials := list(_dials(live)):
        yield "establishing", dials
    yield "client", [(f"loop lag {_short(live.course.lag_s)} at most", "")]


def _states(counts: Counts) -> Iterator[_Part]:
    yield f"{counts.held:,} established", ""
    yield f"of {counts.total:,}", ""
    for name, style in _STYLES.items():
        if count := getattr(counts, name):
            yield f"{count:,} {name}", style


_STYLES = {"opening": "", "planned": "", "closed": "", "failed": "red", "lost": "red", "abandoned": ""}
"""The other states, and how each of them looks."""


def _dials(live: Live) -> Iterator[_Part]:
    if live.windows:
        yield f"p50 {_short(live.windows[-1].p50_s)}", ""
        yield f"max {_short(live.windows[-1].max_s)}", ""
        yield sparkline([window.p50_s for window in live.windows[-_MOST_BARS:]]), "cyan"
    if live.dials_per_s:
        yield f"{live.dials_per_s:,.0f} dials/s", ""


def _newcomer(knock: Knock, now_s: float) -> Iterator[_Part]:
    welcome = knock.fared is Fared.WELCOME
    yield f"{knock.name} in {_short(knock.time_s)}" if welcome else knock.name, "" if welcome else "yellow"
    yield f"beside {knock.held:,}", ""
    yield f"{_clock(max(0.0, now_s - knock.at_s))} ago", ""


def _ended(endings: Sequence[Ending]) -> Iterator[_Part]:
    for one in endings[:_MOST_KINDS]:
        yield f"{_how(one)} × {one.count:,}", "red"
    if len(endings) > _MOST_KINDS:
        yield "…", "red"


def _how(one: Ending) -> str:
    if one.phase is Phase.WORKER:
        return "worker died"
    if one.phase is Phase.PHANTOM:
        return f"phantom, {one.name}"
    return f"{one.name}{CLOSED_BY[one.closed_by] if one.phase is Phase.HELD else ''}"


def _flow(label: str, parts: Iterable[_Part], width: int) -> Iterator[Text]:
    """``label`` and then ``parts``, as many on a line as there is room for."""
    indent = " " * (_LABEL if width >= _NARROW else 1)
    line = Text(no_wrap=True).append(f"{label:<{len(indent)}}", "dim")
    if width < _NARROW:
        yield line
        line = Text(indent, no_wrap=True)
    for words, style in parts:
        if len(line) > len(indent) and line.cell_len + cell_len(_BETWEEN + words) > width:
            yield line
            line = Text(indent, no_wrap=True)
        line.append(_BETWEEN if len(line) > len(indent) else "", "dim").append(words, style)
    yield line


def _short(seconds: float) -> str:
    """To three digits."""
    return format_duration(float(f"{seconds:.3g}"))


def _clock(seconds: float) -> str:
    """In tenths of a second while anybody can read them."""
    return f"{seconds:.1f}s" if seconds < 9.95 else format_duration(round(seconds))
