import sys
from typing import Any

import msgspec
import pytest

from tcpgoon.errors import UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.units import format_duration, parse_duration_s
from tcpgoon.record.course import Course
from tcpgoon.record.heard import Saying
from tcpgoon.record.histogram import Histogram
from tcpgoon.record.unserved import Unserved
from tcpgoon.report.figures import figures
from tcpgoon.report.formats import render, report_of
from tcpgoon.report.html import EXTENTS, LONGEST, MOST_BYTES, MOST_ROWS, html
from tcpgoon.result import Part, Result
from tcpgoon.results import SuiteResult
from tests.example import example
from tests.report.pages import HOSTILE, Page, each, finding, hostile, large
from tests.report.results import metrics, result

ALLOWED = {
    "a", "bdi", "body", "caption", "circle", "code", "data", "dd", "details", "div", "dl", "dt", "figcaption",
    "figure", "footer", "g", "h1", "h2", "h3", "head", "header", "html", "li", "link", "main", "meta", "ol", "p",
    "path", "pre", "rect", "section", "span", "strong", "style", "summary", "svg", "table", "tbody", "td", "text",
    "th", "thead", "title", "tr", "ul",
}  # fmt: skip
"""The elements of a page. None of them runs anything."""


@pytest.fixture(scope="module")
def run() -> Result:
    return large(5_000)


@pytest.fixture(scope="module")
def page(run: Result) -> Page:
    return Page(html(run))


def test_it_is_a_format(run: Result) -> None:
    assert render(example(), "html") == html(example())


COMPUTED = {
    "metrics.established", "metrics.peak", "metrics.lost", "metrics.not_served", "metrics.counts.undecided",
}  # fmt: skip
"""What is a property of the result, so that the JSON has what it is made of."""


def test_every_number_is_that_of_the_json(run: Result, page: Page) -> None:
    plain = run.to_dict()
    values = {field: float(value) for field, value, _ in page.numbers}

    assert {field: value for field, value in values.items() if field not in COMPUTED} == {
        field: of_json(plain, field) for field in values.keys() - COMPUTED
    }
    assert {field: values[field] for field in COMPUTED & values.keys()} == {
        "metrics.established": plain["metrics"]["levels"][1]["held"],
        "metrics.peak": plain["metrics"]["levels"][1]["peak"],
        "metrics.lost": plain["metrics"]["counts"]["lost"],
    }
    assert len(values) == 44


def of_json(plain: Any, field: str) -> Any:
    for name in field.split("."):
        plain = plain[int(name)] if name.isdigit() else plain[name]
    return plain


def test_every_number_is_printed_as_it_is(page: Page) -> None:
    assert [(field, text) for field, _, text in page.numbers] == [
        (field, format_duration(float(value)) if field.endswith("_s") else f"{int(value):,}")
        for field, value, _ in page.numbers
    ]


def test_the_tables_below_the_plots_are_the_series(run: Result, page: Page) -> None:
    series = run.series()
    assert series.timeline
    assert isinstance(series.deaths, Histogram)
    assert isinstance(series.establishment_course, Course)
    timeline, establishment, _, course, _, newcomers, deaths, *_ = (table[1:] for table in page.tables)

    assert [[int(cell.replace(",", "")) for cell in row[1:]] for row in timeline] == [
        list(row)
        for row in zip(*(getattr(series.timeline, name) for name in series.timeline.__struct_fields__[1:]), strict=True)
    ]
    assert [parse_duration_s(row[0]) for row in timeline] == list(series.timeline.at_s)
    assert sum(int(row[2].replace(",", "")) for row in establishment) == run.metrics.at_level.reached
    assert sum(int(row[1].replace(",", "")) for row in course) == run.metrics.at_level.reached
    assert [int(row[1].replace(",", "")) for row in newcomers] == [one.welcome for one in series.newcomers]
    assert sum(int(cell.replace(",", "")) for row in deaths for cell in row[2:]) == run.metrics.breakdown.lost


def test_the_figures_of_a_run(run: Result) -> None:
    found = list(figures(run.series()))

    assert [(one.title, [layer.name for layer in one.layers]) for one in found] == [
        ("Connections by state", ["established", "opening", "lost", "failed"]),
        ("Establishment time", []),
        ("Handshake RTT", []),
        ("Establishment time while it ran", ["p99", "median"]),
        ("Handshake RTT while it ran", ["p99", "median"]),
        ("A newcomer's time", ["longest", "median"]),
        ("Losses by age", ["closed (FIN)", "reset (RST)"]),
    ]
    assert all(len(row) == len(one.head) for one in found for row in one.rows)


def test_nothing_on_a_page_runs_or_asks(page: Page) -> None:
    assert page.tags <= ALLOWED
    assert [one for one in page.attributes if one[1].startswith("on") or one[1] in ("src", "style")] == []
    links = {value for _, name, value in page.attributes if name == "href"}
    assert {link for link in links if not link.startswith("#")} == {"data:,"}


def test_what_a_peer_says_is_text(page: Page) -> None:
    source = html(hostile())
    found = Page(source)

    assert found.tags <= ALLOWED
    assert {char for char in source if not char.isprintable()} == {"\n"}
    assert "\u202e" not in source
    assert any(r"\x1b[31;1m\x00\u202egnirts" in text for text in found.texts)
    assert max(len(text) for text in found.texts[20:]) <= LONGEST + 100
    assert "49" not in "".join(text for text in found.texts if "{{" in text).replace("7 * 7", "")


def test_what_a_registry_or_a_suite_says_is_text() -> None:
    suite = SuiteResult(
        suite=HOSTILE,
        checks=(Part(name=HOSTILE, verdict=Verdict.FAIL, reason=HOSTILE, result=hostile()),) * 2,
        begun_at="t",
        duration_s=1.0,
    )
    for outcome in (each(9, example(), name=HOSTILE + "{{}}"), suite):
        found = Page(html(outcome))
        assert found.tags <= ALLOWED
        assert [name for _, name, _ in found.attributes if name.startswith("on")] == []


def test_a_million_rows_and_hundreds_of_findings_are_less_than_a_megabyte() -> None:
    many = tuple(finding(f"finding {number} " + "x" * 500, number) for number in range(500))
    source = html(msgspec.structs.replace(large(1_000_000), findings=many))

    assert len(source.encode()) < MOST_BYTES
    assert f"And {500 - EXTENTS[0].findings} more: the JSON has all." in source


@pytest.mark.parametrize("long", ["ü<" * 5_000, '"' * 5_000, "\U000e0001" * 5_000, "𐀀" * 5_000])
def test_what_is_long_wherever_it_is_long_is_less_than_a_megabyte(long: str) -> None:
    many = tuple(msgspec.structs.replace(finding(long, number), commands=(long,) * 100) for number in range(500))
    alone = msgspec.structs.replace(
        hostile(), findings=many, reason=long, sayings=(Saying(long, 1, Unserved.NONE),) * 9
    )
    several = each(1_000, alone, name=long + "{}")
    for outcome in (alone, several):
        source = html(outcome)
        assert len(source.encode()) < MOST_BYTES
        assert '<section class="part"' in source
        assert "TG0" in source


def test_what_has_no_room_for_pictures_says_so() -> None:
    several = html(each(60, large(2_000)))  # 20 of them failed, and have a result

    assert several.count('<section class="part"') == 60
    with_pictures, rest = divmod(several.count("<figure"), 7)
    assert rest == 0
    assert 5 < with_pictures < 20
    assert several.count("so that the file stays below 1 MB.") == 20 - with_pictures


def test_ten_thousand_instances_are_less_than_a_megabyte() -> None:
    source = html(each(10_000, large(1_000)))
    found = Page(source)

    assert len(source.encode()) < MOST_BYTES
    assert len(source.encode()) > MOST_BYTES / 2
    assert len(found.tables[0]) == MOST_ROWS + 1
    assert f"And {10_000 - MOST_ROWS:,} more" in source
    assert " of 10,000, so that this file" in source
    anchors = {value for _, name, value in found.attributes if name == "id"}
    assert {value[1:] for _, name, value in found.attributes if name == "href" and value[0] == "#"} <= anchors


def test_of_several_the_worst_comes_first() -> None:
    (overview, *_) = Page(html(each(4, example()))).tables

    assert overview == [
        ["what", "verdict", "established", "reason"],
        ["checkout-2", "FAIL", "1 of 3", "only 1 of 3 connections was established"],
        ["checkout-0", "PASS", "–", "3 connections were held"],
        ["checkout-1", "PASS", "–", "3 connections were held"],
        ["checkout-3", "PASS", "–", "3 connections were held"],
    ]


def test_a_run_in_which_nothing_was_dialled_is_a_page() -> None:
    found = Page(html(result(metrics())))

    assert "figure" not in found.tags
    assert ("plan.connections", "10", "10") in found.numbers


@pytest.mark.parametrize("name", ["jinja2", "pygal"])
def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for module in ("html", "plots", "figures"):
        monkeypatch.delitem(sys.modules, f"tcpgoon.report.{module}")
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(UsageError) as caught:
        report_of("html")

    assert str(caught.value) == (
        f"the format html needs more than is installed here ({name}): pip install 'tcpgoon[html]'"
    )
