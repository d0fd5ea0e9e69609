"""What got worse, for people, for machines, and for the summary of a job."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from tcpgoon.comparison.compared import Change, Compared, Comparison, Judged, Unit
from tcpgoon.judge.facts import Finding
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.report.json import harmless

FORMATS: Final[Mapping[str, str]] = {
    "text": "tcpgoon.report.comparison:text",
    "json": "tcpgoon.report.comparison:json",
    "markdown": "tcpgoon.report.comparison:markdown",
}
"""Name of each format of a comparison, and where it is."""

_UNKNOWN = "-"
_MARK = {
    Judged.WORSE: "❌ worse",
    Judged.DOUBTFUL: "❓ doubtful",
    Judged.BETTER: "better",
    Judged.SAME: "same",
    Judged.UNKNOWN: "unknown",
}


def text(comparison: Comparison) -> str:
    """For people: the numbers before and now, and the verdict last."""
    return "\n".join(map(printable, _lines(comparison)))


def json(comparison: Comparison) -> str:
    """All of it, as indented JSON in which nothing is left that a terminal would obey."""
    return harmless(msgspec.json.format(msgspec.json.encode(comparison.to_dict())).decode())


def markdown(comparison: Comparison) -> str:
    """GitHub flavoured: the verdict on top, then a table for each part."""
    said = [f"### {comparison.verdict}: {_inert(comparison.reason)}", ""]
    for part in comparison.parts:
        said += [*([f"#### {_inert(part.name)}", ""] if len(comparison.parts) > 1 else []), *_markdown(part)]
    said += [f"- {_inert(note)}" for note in comparison.notes]
    return "\n".join(said).rstrip()


def _lines(comparison: Comparison) -> Iterator[str]:
    for part in comparison.parts:
        if len(comparison.parts) > 1:
            yield f"=== {part.name} ==="
        yield from _part(part, comparison.runs)
    yield from (f"Note: {note}" for note in comparison.notes)
    yield f"{comparison.verdict}: {comparison.reason}"


def _part(part: Compared, runs: int) -> Iterator[str]:
    shown = [change for change in part.changes if _is_worth_a_line(change)]
    if shown:
        before = "before" if runs == 1 else f"before (the worst of {len(part.old)})"
        rows = [("", before, "now", ""), *(_row(change) for change in shown)]
        name, old, new = (max(len(row[column]) for row in rows) for column in range(3))
        for row in rows:
            yield f"{row[0]:<{name}}  {row[1]:>{old}}  {row[2]:>{new}}  {row[3]}".rstrip()
    for what, findings in (("New", part.findings_new), ("Gone", part.findings_gone)):
        yield from (f"{what} finding: {_finding(finding)}" for finding in findings)
    yield from (f"Note: {note}" for note in part.notes)


def _markdown(part: Compared) -> Iterator[str]:
    if part.problem:
        yield from (_inert(part.reason), "")
        return
    yield from ("| | before | now | |", "| --- | ---: | ---: | --- |")
    for change in filter(_is_worth_a_line, part.changes):
        name, old, new, _ = _row(change)
        yield f"| {name} | {old} | {new} | {_MARK[change.judged]} |"
    yield ""
    for what, findings in (("New", part.findings_new), ("Gone", part.findings_gone)):
        yield from (f"- {what} finding: {_inert(_finding(finding))}" for finding in findings)
    yield from (f"- {_inert(note)}" for note in part.notes)
    yield ""


def _is_worth_a_line(change: Change) -> bool:
    """What there was none of, and is none of, is left out."""
    return bool(change.old or change.new)


def _row(change: Change) -> tuple[str, str, str, str]:
    return change.name, _of(change, change.old, change.old_of), _of(change, change.new, change.new_of), _judged(change)


def _of(change: Change, number: float | None, of: int) -> str:
    """Newcomers are as many as knocked; connections are as many as were asked for in both."""
    shown = _number(change, number)
    return f"{shown} of {of}" if change.unit is Unit.NEWCOMERS else shown


def _number(change: Change, number: float | None) -> str:
    if number is None:
        return _UNKNOWN
    return format_duration(number) if change.unit is Unit.SECONDS else f"{number:,.0f}"


def _judged(change: Change) -> str:
    """``worse (at least 12ms, was at most 4ms)``; nothing where it is the same."""
    if change.judged is Judged.SAME:
        return ""
    if change.judged is Judged.WORSE and change.new_least is not None and change.old_most is not None:
        least, most = format_duration(change.new_least), format_duration(change.old_most)
        return f"{change.judged} (at least {least} now, at most {most} before)"
    return str(change.judged)


def _finding(finding: Finding) -> str:
    return f"{finding.code} ({finding.side}, {finding.confidence}): {finding.sentence}"


def _inert(said: str) -> str:
    """``said`` as text that stands for nothing in Markdown or HTML."""
    return "".join(f"&#{ord(char)};" if char in "\\`*_{}[]<>()#+-.!|&~@:$" else char for char in printable(said))
