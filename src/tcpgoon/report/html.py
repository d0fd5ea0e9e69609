"""One HTML file that needs nothing else: no script, no request, no font; at most `MOST_BYTES`.

Whatever a peer or a registry said is text, escaped twice over: as for a terminal, then as HTML. Should both fail, the
page's own policy still forbids scripts, requests and all styles but the one that it has.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tcpgoon.capacity import Capacity, searched
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.report import numbers
from tcpgoon.report.capacity import beside, carried_of
from tcpgoon.report.capacity_figure import capacity_figure
from tcpgoon.report.capacity_table import HEADS, trial
from tcpgoon.report.details import details
from tcpgoon.report.figures import figures
from tcpgoon.report.findings import findings_of
from tcpgoon.report.origin import not_asked
from tcpgoon.report.survival_figure import survival_figure
from tcpgoon.result import Part, Result
from tcpgoon.results import EachResult, Outcome, SuiteResult

MOST_BYTES = 1_000_000
"""Of the whole file."""

MOST_ROWS = 300
"""Parts that the table of the parts names."""

LONGEST = 2_000
"""Characters of one text; JSON has all."""

LONGEST_IN_ROW = 150
"""Those of one in the table of the parts."""

_FIRST = (Verdict.FAIL, Verdict.INTERRUPTED, Verdict.INCONCLUSIVE, Verdict.PASS)
"""Of several, what went wrong is what is looked for."""


class Extent(NamedTuple):
    """How much is said of a part."""

    findings: int
    """At most."""
    pictures: bool
    details: bool
    trials: int
    """At most."""
    leaves: float
    """The share of the room for all parts that has to be left after it: for the many that are said less of."""


EXTENTS = (
    Extent(findings=100, pictures=True, details=True, trials=200, leaves=0.4),
    Extent(findings=10, pictures=True, details=True, trials=50, leaves=0.4),
    Extent(findings=10, pictures=False, details=True, trials=20, leaves=0.1),
    Extent(findings=3, pictures=False, details=False, trials=0, leaves=0.0),
)
"""The most first. What does not fit in one of them is said in the next; what does not fit in any, by its name alone."""


class Section(NamedTuple):
    """A part of the outcome, and how to get to it."""

    anchor: str
    """Empty: there was no room for it."""
    part: Part
    body: Markup


def html(outcome: Outcome) -> str:
    """``outcome`` as a page."""
    parts = sorted(outcome.parts, key=lambda part: _FIRST.index(part.verdict))
    frame = _page(outcome, [Section(_anchor(place), part, Markup()) for place, part in enumerate(parts, 1)])
    return _page(outcome, list(_sections(parts, MOST_BYTES - len(frame.encode()))))


def _page(outcome: Outcome, sections: list[Section]) -> str:
    style = (files("tcpgoon.report") / "templates" / "report.css").read_text("utf-8")
    return _rendered(
        "report.html",
        outcome=outcome,
        title=_title(outcome),
        notes=list(_notes(outcome)),
        first=next(_findings([section.part for section in sections]), None),
        sections=sections,
        listed=sections[:MOST_ROWS],
        longest_in_row=LONGEST_IN_ROW,
        held_of=_held,
        shown=[section for section in sections if section.anchor],
        style=Markup(style),  # noqa: S704 - ours
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
    )


def _title(outcome: Outcome) -> str:
    if isinstance(outcome, Result | Capacity):
        return str(outcome.plan.target)
    return outcome.suite if isinstance(outcome, SuiteResult) else outcome.lookup


def _notes(outcome: Outcome) -> Iterator[str]:
    """What is said of several together."""
    if isinstance(outcome, SuiteResult):
        yield f"{outcome.begun_at} · {format_duration(outcome.duration_s)}"
    if isinstance(outcome, EachResult) and outcome.others:
        yield not_asked(outcome.others)


def _findings(parts: Sequence[Part]) -> Iterator[Finding]:
    return (finding for part in parts for finding in findings_of(part))


def _held(part: Part) -> str:
    """What is in the overview: how many of how many; of a search what it found."""
    if search := searched(part):
        return carried_of(search)
    result = part.result
    return f"{result.metrics.established:,} of {result.plan.connections:,}" if result else "–"


def _anchor(place: int) -> str:
    return f"part-{place}"


def _sections(parts: Sequence[Part], room: int) -> Iterator[Section]:
    """All parts: as much of each, in turn, as there is ``room`` for, in bytes; and never more than of those before."""
    extents, left = list(EXTENTS), room
    for place, part in enumerate(parts, 1):
        body = Markup()
        while extents:
            body = _body(part, place, len(parts), extents[0])
            if len(body.encode()) <= left - room * extents[0].leaves:
                break
            del extents[0]
        left -= len(body.encode())
        yield Section(_anchor(place), part, body) if extents else Section("", part, Markup())


def _body(part: Part, place: int, of: int, extent: Extent) -> Markup:
    result, search = part.result, searched(part)
    found = findings_of(part)
    pictures = [*figures(result.series()), *survival_figure(result.lifetimes)] if result and extent.pictures else []
    body = _rendered(
        "part.html",
        anchor=_anchor(place),
        is_alone=of == 1,
        part=part,
        result=result,
        findings=found[: extent.findings],
        more_findings=len(found) - extent.findings,
        search=search,
        search_figures=list(capacity_figure(search)) if search and extent.pictures else [],
        said=list(beside(search)) if search else [],
        trials=[trial(step) for step in search.steps[-extent.trials :]] if search and extent.trials else [],
        heads=HEADS,
        figures=pictures,
        extent=extent,
        numbers=numbers,
        details=list(details(result)) if result and extent.details else [],
    )
    return Markup(body)  # noqa: S704 - escaped by its template


def _rendered(template: str, **names: Any) -> str:
    return _environment().get_template(template).render(**names)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tcpgoon", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clipped"] = _clipped
    return environment


def _safe(value: object) -> object:
    """What a template prints: no text is endless, and none has characters that are not seen, or that turn others."""
    return value if not isinstance(value, str) or isinstance(value, Markup) else _clipped(value)


def _clipped(text: str, longest: int = LONGEST) -> str:
    shown = printable(text[: longest + 1])  # no more than is looked at
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
