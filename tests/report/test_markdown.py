"""Markdown: read by a real library it has the verdict, the numbers and what to do; and nothing that others put in."""

from collections.abc import Mapping
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tcpgoon.judge.verdict import Verdict
from tcpgoon.report import numbers
from tcpgoon.report.markdown import in_brief, markdown, plain
from tcpgoon.report.text import text_report
from tcpgoon.result import Part
from tcpgoon.results import Outcome, SuiteResult
from tests.example import example
from tests.report.outcomes import SECRET

OURS = {
    "h2", "h3", "p", "strong", "blockquote", "pre", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
}  # fmt: skip
"""All elements that there are."""


class Page(HTMLParser):
    """What a browser would make of it: elements and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.cells: list[str] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(MarkdownIt("gfm-like", {"linkify": False}).render(text))
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")
        assert {name for name, _ in attrs} <= {"style"}

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.text[tag] = self.text.get(tag, "") + data
        if self._open and self._open[-1] in ("td", "th"):
            self.cells[-1] += data


def test_it_has_the_verdict_the_finding_and_what_to_do() -> None:
    failed = example()
    page = Page(markdown(failed))
    finding = failed.findings[0]
    assert page.text["h2"] == "❌ tcpgoon: FAIL"
    assert failed.reason in page.text["p"]
    assert finding.sentence in page.text["blockquote"]
    assert finding.remedy in page.text["blockquote"]
    assert all(command in page.text["blockquote"] for command in finding.commands)
    assert text_report(failed) in page.text["pre"]
    assert page.text["summary"] == "Levels of assuranceTimesThe whole report"


def test_its_tables_have_the_numbers() -> None:
    failed = example()
    cells = Page(markdown(failed)).cells
    for row in (*numbers.counts(failed), *numbers.levels(failed), *numbers.times(failed)):
        place = cells.index(row.name)
        assert cells[place + 1 : place + 1 + len(row.numbers)] == [number.text for number in row.numbers]
    for came in failed.checked:
        place = cells.index(came.text)
        assert cells[place + 1 : place + 3] == ["❌ no", came.said]


def test_it_is_of_our_elements_alone(outcomes: Mapping[str, Outcome]) -> None:
    for outcome in outcomes.values():
        for text in (markdown(outcome), in_brief(outcome)):
            assert set(Page(text).elements) <= OURS
            assert SECRET not in text


def test_of_several_there_is_an_overview(outcomes: Mapping[str, Outcome]) -> None:
    suite = outcomes["suite"]
    page = Page(markdown(suite))
    for part in suite.parts:
        place = page.cells.index(part.name)
        assert page.cells[place - 1].endswith(f" {part.verdict}")
        assert page.cells[place + 1] == part.reason
    assert page.elements.count("h3") == len(suite.parts)
    assert page.text["strong"].startswith("checks & balances.toml")


def test_in_brief_nothing_is_folded(outcomes: Mapping[str, Outcome]) -> None:
    page = Page(in_brief(outcomes["suite"]))
    assert "details" not in page.elements
    assert {"h2", "h3", "table", "blockquote"} <= set(page.elements)


HOSTILE = (
    "<script>alert(1)</script>",
    "<!-- x",
    "</details></td></table>",
    "`a` **b** _c_ ~~d~~",
    "a | b | c",
    "[x](http://evil.example) ![y](http://evil.example/y.png)",
    "https://evil.example www.evil.example",
    "<https://evil.example>",
    "# x",
    "- x",
    "+ x",
    "1. x",
    "1) x",
    "===",
    "---",
    "> x",
    "    x",
    "&lt;b&gt; &#64;",
    "\\",
    "$x$ $$y$$",
    "{{ x }} {% y %}",
    "a\nb\r\n\n# c\x1b[2J\u202e",
)


def shown(text: str) -> str:
    """A suite in which all that others may have said is ``text``: as reason, as name, in tables and in quotations."""
    failed = example()
    finding = msgspec.structs.replace(failed.findings[0], sentence=text, remedy=text, commands=(text,))
    came = msgspec.structs.replace(failed, reason=text, findings=(finding, finding))
    part = Part(name=text, verdict=Verdict.FAIL, reason=text, result=came)
    return markdown(SuiteResult(suite=text, checks=(part,), begun_at="t", duration_s=1))


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_others_are_text(text: str) -> None:
    assert Page(shown(text)).elements == Page(shown("x")).elements


@given(text=st.text())
def test_any_words_are_text(text: str) -> None:
    said = plain(text)
    page = Page(f"**x**: {said}\n\n{said}\n\n| a | b |\n| --- | --- |\n| {said} | {said} |\n")
    assert set(page.elements) <= OURS
    assert page.elements.count("td") == 2
    assert page.elements.count("p") == 1 + bool(said)


def test_nobody_is_mentioned_and_no_address_is_one() -> None:
    assert plain("@everyone, a@b") == "@\u200beveryone, a@\u200bb"
    assert plain("http://x www.y") == "http:&#47;/x www&#46;y"
    assert plain("a_b|c") == "a&#95;b&#124;c"
