"""Markdown as GitHub and GitLab show it: the verdict, what to do, the numbers; details are folded.

Whatever peers and registries said is text here and nothing else: no markup, no link, no mention of anybody.
"""

import html
import re
from collections.abc import Iterable, Iterator

from tcpgoon.capacity import Capacity, searched
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.report import capacity_table, numbers
from tcpgoon.report.capacity import beside, capacity_report
from tcpgoon.report.text import text_report
from tcpgoon.result import Part, Result
from tcpgoon.results import Outcome, SuiteResult

_SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "❔", Verdict.INTERRUPTED: "✋"}
_HOLDS = {True: "✅ yes", False: "❌ no", None: "❔ not known"}

_BEGINNING = re.compile(r"^(\d*)([-+=.)])")
"""What would make a list or a heading of a line."""
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#!|~&$]")
_ADDRESS = re.compile(r"(?<=:)/|(?<=www)\.|(?<=@)", re.IGNORECASE)
_MENTION = "\u200b"
"""Of no width. Between an @ and a name it makes a mention of nobody."""


def markdown(outcome: Outcome) -> str:
    """``outcome`` with all details."""
    return _whole(outcome, details=True)


def in_brief(outcome: Outcome) -> str:
    """The same without what is folded."""
    return _whole(outcome, details=False)


def plain(text: str) -> str:
    r"""``text`` as Markdown that shows it as it is, on one line: ``a \| b``."""
    shown = _MARKUP.sub(lambda found: f"&#{ord(found[0])};", printable(text).strip())
    shown = _BEGINNING.sub(lambda found: f"{found[1]}&#{ord(found[2])};", shown)
    return _ADDRESS.sub(lambda found: f"&#{ord(found[0])};" if found[0] else _MENTION, shown)


def _whole(outcome: Outcome, details: bool) -> str:
    blocks = [f"## {_SIGNS[outcome.verdict]} tcpgoon: {outcome.verdict}", plain(outcome.reason)]
    if not isinstance(outcome, Result | Capacity):
        name = f"**{plain(outcome.suite if isinstance(outcome, SuiteResult) else outcome.service)}**"
        blocks[1] = f"{name}: {blocks[1]}"
        blocks.append(_overview(outcome.parts))
    for part in outcome.parts:
        if not isinstance(outcome, Result | Capacity):
            blocks.append(f"### {_SIGNS[part.verdict]} {plain(part.name)}: {part.verdict}")
            blocks.append(plain(part.reason))
        if search := searched(part):
            blocks += _search(search, details)
        elif part.result:
            blocks += _part(part.result, details)
    return "\n\n".join(blocks) + "\n"


def _overview(parts: Iterable[Part]) -> str:
    rows = ((f"{_SIGNS[part.verdict]} {part.verdict}", plain(part.name), plain(part.reason)) for part in parts)
    return _table(("Verdict", "Name", "Reason"), rows)


def _part(result: Result, details: bool) -> Iterator[str]:
    if result.findings:
        yield _finding(result.findings[0])
    yield _table(("", f"{plain(str(result.plan.target))}"), _facts(result), right=(1,))
    if result.checked:
        rows = ((plain(one.text), _HOLDS[one.holds], plain(one.said)) for one in result.checked)
        yield _table(("Required", "Holds", "Measured"), rows)
    if others := result.findings[1:]:
        yield "\n\n".join(map(_finding, others))
    if details:
        levels = ((row.name, *(one.text for one in row.numbers)) for row in numbers.levels(result))
        times = ((row.name, *(one.text for one in row.numbers)) for row in numbers.times(result))
        yield _folded("Levels of assurance", _table(("Level", *numbers.LEVELS), levels, right=range(1, 4)))
        heads = [name.removesuffix("_s") for name in numbers.STATISTICS]
        yield _folded("Times", _table(("Time", *heads), times, right=range(1, len(heads) + 1)))
        yield _folded("The whole report", _as_it_is(text_report(result)))


def _search(found: Capacity, details: bool) -> Iterator[str]:
    yield from map(_finding, found.findings[:1])
    yield _table(("", f"{plain(str(found.plan.target))}"), capacity_table.facts(found), right=(1,))
    yield from (plain(line) for line in beside(found))
    yield from map(_finding, found.findings[1:])
    trials = [tuple(map(plain, capacity_table.trial(step))) for step in capacity_table.shown(found.steps)]
    yield _table(capacity_table.HEADS, trials, right=range(2, 7))
    if left_out := len(found.steps) - len(trials):
        yield f"And {left_out:,} before: JSON and CSV have all."
    if details:
        yield _folded("The whole report", _as_it_is(capacity_report(found)))
        if found.confirmed:
            yield _folded("The run that confirmed it", "\n\n".join(_part(found.confirmed, details=False)))


def _as_it_is(text: str) -> str:
    lines = "\n".join(map(printable, text.splitlines()))
    return f"<pre>\n{html.escape(lines)}\n</pre>"


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    yield from ((row.name, row.numbers[0].text) for row in numbers.counts(result))
    if times := next((row for row in numbers.times(result)), None):
        yield f"{times.name}, p99", dict(zip(numbers.STATISTICS, times.numbers, strict=True))["p99_s"].text
    yield "Took", numbers.number(result, "duration_s").text


def _finding(finding: Finding) -> str:
    lines = [
        f"> **{finding.code}** ({plain(finding.side)}, {finding.confidence}): {plain(finding.sentence)}",
        f"> **What to do:** {plain(finding.remedy)}",
    ]
    if finding.commands:
        commands = html.escape("\n".join(map(printable, finding.commands)))
        lines.append(f"> <pre>{commands}</pre>".replace("\n", "\n> "))
    return "\n>\n".join(lines)


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], right: Iterable[int] = ()) -> str:
    heads, on_the_right = list(heads), set(right)
    lines = [heads, ["---:" if place in on_the_right else "---" for place in range(len(heads))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
