"""One HTML file that needs nothing else: no script, no request, no font; at most `MOST_BYTES`.

Whatever a peer or a registry said is text, escaped twice over: as for a terminal, then as HTML. Should both fail, the
page's own policy still forbids scripts, requests and all styles but the one that it has.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from tcpgoon.errors import UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.report.origin import not_asked
from tcpgoon.result import Part, Result
from tcpgoon.results import EachResult, Outcome, SuiteResult

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from tcpgoon.report import numbers
    from tcpgoon.report.details import details
    from tcpgoon.report.figures import figures
except ModuleNotFoundError as exc:
    if TYPE_CHECKING or (exc.name or "").startswith("tcpgoon"):
        raise
    raise UsageError(
        f"a report in HTML needs more than is installed here ({exc.name}): pip install 'tcpgoon[html]'"
    ) from exc

MOST_BYTES = 1_000_000
"""Of the whole file."""

_HEADROOM = 60_000
"""Bytes for the frame of the page, its style sheet, and the table of the parts."""

MOST_ROWS = 300
"""Parts that the table of the parts names."""

MOST_FINDINGS = 100
"""Of one run."""

LONGEST = 2_000
"""Characters of one text; JSON has all."""

_FIRST = (Verdict.FAIL, Verdict.INTERRUPTED, Verdict.INCONCLUSIVE, Verdict.PASS)
"""Of several, what went wrong is what is looked for."""


class Section(NamedTuple):
    """A part of the outcome, and how to get to it."""

    anchor: str
    """Empty: there was no room for it."""
    part: Part
    body: Markup


def html(outcome: Outcome) -> str:
    """``outcome`` as a page."""
    parts = sorted(outcome.parts, key=lambda part: _FIRST.index(part.verdict))
    sections = list(_sections(parts))
    style = (files("tcpgoon.report") / "templates" / "report.css").read_text("utf-8")
    return (
        _environment()
        .get_template("report.html")
        .render(
            outcome=outcome,
            title=_title(outcome),
            notes=list(_notes(outcome)),
            first=next(_findings(parts), None),
            sections=sections,
            listed=sections[:MOST_ROWS],
            shown=[section for section in sections if section.anchor],
            style=Markup(style),  # noqa: S704 - ours
            style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        )
        + "\n"
    )


def _title(outcome: Outcome) -> str:
    if isinstance(outcome, Result):
        return str(outcome.plan.target)
    return outcome.suite if isinstance(outcome, SuiteResult) else outcome.lookup


def _notes(outcome: Outcome) -> Iterator[str]:
    """What is said of several together."""
    if isinstance(outcome, SuiteResult):
        yield f"{outcome.begun_at} · {format_duration(outcome.duration_s)}"
    if isinstance(outcome, EachResult) and outcome.others:
        yield not_asked(outcome.others)


def _findings(parts: Sequence[Part]) -> Iterator[object]:
    return (finding for part in parts if part.result for finding in part.result.findings)


def _sections(parts: Sequence[Part]) -> Iterator[Section]:
    """All parts; those that there is room for with all that is known, then some with less, the others by name alone."""
    left, pictures = MOST_BYTES - _HEADROOM, True
    for place, part in enumerate(parts, 1):
        body = _body(part, place, len(parts), pictures) if left > 0 else Markup()
        if pictures and len(body.encode()) > left:
            pictures = False
            body = _body(part, place, len(parts), pictures)
        left = left - len(body.encode()) if len(body.encode()) <= left else 0
        yield Section(f"part-{place}" if left else "", part, body if left else Markup())


def _body(part: Part, place: int, of: int, pictures: bool) -> Markup:
    result = part.result
    found = result.findings if result else ()
    body = (
        _environment()
        .get_template("part.html")
        .render(
            anchor=f"part-{place}",
            is_alone=of == 1,
            part=part,
            result=result,
            findings=found[:MOST_FINDINGS],
            more_findings=len(found) - MOST_FINDINGS,
            figures=list(figures(result.series())) if result and pictures else [],
            has_pictures=pictures,
            numbers=numbers,
            details=list(details(result)) if result else [],
        )
    )
    return Markup(body)  # noqa: S704 - escaped by its template


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("tcpgoon", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _safe(value: object) -> object:
    """What a template prints: no text is endless, and none has characters that are not seen, or that turn others."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…")
    return value
