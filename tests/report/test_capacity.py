"""A search in every format: the same numbers, and none that is ours sold as the target's."""

import csv as standard
import io
import json

import msgspec
import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from prometheus_client.parser import text_string_to_metric_families

from tcpgoon.capacity import Capacity
from tcpgoon.judge.carried import Bound
from tcpgoon.judge.recovery import Recovery
from tcpgoon.judge.verdict import Verdict
from tcpgoon.report.capacity import capacity_report, carried_of
from tcpgoon.report.capacity_figure import MOST_POINTS, capacity_figure
from tcpgoon.report.capacity_table import MOST_TRIALS, shown, trial
from tcpgoon.report.formats import FORMATS, render
from tcpgoon.report.github import annotations
from tcpgoon.report.html import MOST_BYTES, html
from tcpgoon.report.json import schema
from tcpgoon.results import Outcome
from tests.example import suite_of
from tests.report.pages import HOSTILE, Page, finding
from tests.report.searches import ANSWER, STEPS, found, part_of, step
from tests.report.test_csv import HEADER
from tests.report.test_html import ALLOWED
from tests.report.test_junit import check

NONE = found(
    answer=msgspec.structs.replace(ANSWER, carries=0, bad=1, burst=None),
    steps=(step(1, None),),
    next=None,
    recovery=None,
    confirmed=None,
    verdict=Verdict.FAIL,
    reason="carries 0 connections",
)
AT_LEAST = msgspec.structs.replace(found().search, at_least=800)


def ours(**changes: object) -> Capacity:
    """At least 700: this client came to its end first."""
    return found(
        answer=msgspec.structs.replace(ANSWER, bound=Bound.CLIENT, bad=None, client="local ports"),
        verdict=Verdict.INCONCLUSIVE,
        reason="at least 700 connections: the client's local ports ended first",
        **changes,
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("outcome", [found(), NONE, ours(), suite_of(part_of(found()), part_of(NONE))])
def test_each_format_says_the_verdict_and_what_is_carried(name: str, outcome: Outcome) -> None:
    text = render(outcome, name)
    if name != "csv":
        assert outcome.verdict in text
        assert "700" in text or outcome is NONE
    Draft202012Validator(json.loads(schema())).validate(json.loads(render(outcome, "json")))


def test_csv_has_a_row_for_each_trial() -> None:
    lines = render(found(), "csv").splitlines()
    assert lines[0] == (
        "part,trial,at_s,duration_s,level,good,left,per_s,establishment_p50_s,establishment_p99_s,newcomer_s,again,reason"
    )
    assert lines[1] == "localhost:80,0,0.001,0.25,1,1,1,200.0,0.001,0.002,0.001,0,1 of 1"
    rows = list(standard.DictReader(io.StringIO("\n".join(lines))))
    assert [(row["level"], row["good"], row["left"]) for row in rows[-4:]] == [
        ("1024", "0", "700"), ("700", "1", "700"), ("701", "0", "700"), ("700", "1", "700"),
    ]  # fmt: skip
    assert [row["again"] for row in rows] == ["0"] * len(STEPS) + ["1"]
    (hostile,) = standard.DictReader(
        io.StringIO(render(found(steps=(msgspec.structs.replace(STEPS[0], reason="=1+1\x1b"),)), "csv"))
    )
    assert hostile["reason"] == r"'=1+1\x1b"


def test_csv_of_a_suite_has_the_connections_of_the_run_that_confirmed_it() -> None:
    text = render(suite_of(part_of(found(), "db"), part_of(NONE, "none")), "csv")
    assert text.startswith(HEADER)
    assert [row["part"] for row in standard.DictReader(io.StringIO(text))] == ["db"] * 3


def cases(outcome: Outcome, *others: str) -> dict[str, str]:
    """What came of each case, but for those of the confirmed run and of the ``others``."""
    text = render(outcome, "junit")
    check(text)
    (suite,) = JUnitXml.fromstring(text.encode())
    came = {case.name: type(case.result[0]).__name__ if case.result else "passed" for case in suite}
    return {name: kind for name, kind in came.items() if not name.startswith(("requirement", "level", *others))}


def test_junit_has_a_case_for_the_verdict_and_for_what_is_required() -> None:
    assert cases(found(), "recovery") == {"verdict": "passed"}
    assert cases(NONE, "recovery") == {"verdict": "Failure"}
    assert cases(ours(), "recovery") == {"verdict": "Error"}
    few = found(search=AT_LEAST, verdict=Verdict.FAIL)
    assert cases(few, "recovery") == {"verdict": "Failure", "at least 800 connections": "Failure"}
    assert cases(ours(search=AT_LEAST), "recovery") == {"verdict": "Error", "at least 800 connections": "Error"}
    enough = found(search=msgspec.structs.replace(AT_LEAST, at_least=700))
    assert cases(enough, "recovery") == {"verdict": "passed", "at least 700 connections": "passed"}


def test_junit_has_a_case_for_the_recovery() -> None:
    assert cases(found())["recovery"] == "passed"
    lost = Recovery(waited_s=5.0, served_s=0.1, as_before_s=0.2, again=msgspec.structs.replace(ANSWER, carries=600))
    assert cases(found(recovery=lost))["recovery"] == "Failure"
    assert "recovery" not in cases(found(recovery=None))


def test_junit_has_the_levels_and_the_figures() -> None:
    (suite,) = JUnitXml.fromstring(render(found(search=AT_LEAST, verdict=Verdict.FAIL), "junit").encode())
    assert {"level: acknowledged", "requirement: established >= 3"} <= {case.name for case in suite}
    said = {one.name: one.value for one in suite.properties()}
    assert said == {
        "verdict": "FAIL", "reason": found().reason, "target": "localhost:80", "bound": "the target", "carries": "700",
        "bad": "701", "at_least": "800", "burst": "512", "knee": "256", "next": "refused (ECONNREFUSED)",
        "as_before_s": "0.25", "again": "700", "trials": "14", "p50_s": "0.25", "p90_s": "0.25", "p99_s": "0.25",
        "max_s": "0.25", "findings": "TG402",
    }  # fmt: skip
    (verdict, *_) = suite
    assert capacity_report(found()).splitlines()[0] in verdict.system_out
    assert "raise <its> limit" in verdict.result[0].text


def gauges(outcome: Outcome) -> dict[str, list[tuple[dict[str, str], float]]]:
    families = text_string_to_metric_families(render(outcome, "prometheus") + "\n")
    return {
        family.name.removeprefix("tcpgoon_capacity_"): [
            ({key: text for key, text in one.labels.items() if key not in ("part", "target")}, one.value)
            for one in family.samples
        ]
        for family in families
        if family.name.startswith("tcpgoon_capacity_")
    }


def test_prometheus_says_whose_number_it_is() -> None:
    assert gauges(found(search=AT_LEAST)) == {
        "connections": [({"bound": "target"}, 700)],
        "bad_connections": [({"bound": "target"}, 701)],
        "required_connections": [({}, 800)],
        "burst_connections": [({}, 512)],
        "connections_per_second": [({}, 200)],
        "trials": [({"came": "good"}, 12), ({"came": "bad"}, 2)],
        "knee_connections": [({}, 256)],
        "newcomer_seconds": [
            ({"beside": "fewest", "statistic": "p50"}, 0.001),
            ({"beside": "most", "statistic": "p50"}, 0.02),
        ],
        "next": [({"fared": "refused", "error": "ECONNREFUSED"}, 1)],
        "next_seconds": [({}, 0.001)],
        "pushed_out_connections": [({}, 0)],
        "recovery_seconds": [({"until": "served"}, 0.1), ({"until": "as before"}, 0.25)],
        "again_connections": [({"bound": "target"}, 700)],
    }
    assert gauges(ours())["connections"] == [({"bound": "client"}, 700)]
    assert "bad_connections" not in gauges(ours())
    assert gauges(NONE) == {
        "connections": [({"bound": "target"}, 0)],
        "bad_connections": [({"bound": "target"}, 1)],
        "connections_per_second": [({}, 200)],
        "trials": [({"came": "bad"}, 1)],
    }


def test_a_number_for_a_cell_says_whose_it_is() -> None:
    assert (carried_of(found()), carried_of(ours())) == ("700", "at least 700")


def test_markdown_has_answer_cause_and_trials() -> None:
    text = render(found(), "markdown")
    for line in (
        "| Carries | 700 |",
        "| Too many | 701 |",
        "> **TG402** (target application, certain): it closes &#124; above 700",
        "One more, number 701: refused (ECONNREFUSED) after 1ms; the others live on",
        "After the release a newcomer was served after 100ms, as before after 250ms; a second search: 700",
        "| 700 (again) | good | 700 | 200 | 1ms | 2ms | 20ms | 700 of 700 |",
        "<summary>The run that confirmed it</summary>",
    ):
        assert line in text
    assert "| Carries | at least 700 |" in render(ours(), "markdown")


def test_of_many_trials_the_last_ones_are_shown() -> None:
    many = tuple(step(level, 0.001) for level in range(1, 1_001))
    assert [one.level for one in shown(many)] == list(range(1_001 - MOST_TRIALS, 1_001))
    assert f"And {1_000 - MOST_TRIALS} before" in render(found(steps=many), "markdown")
    assert trial(step(1_024, None))[:3] == ("1,024", "bad", "700")


def test_what_a_peer_says_is_text_and_nothing_else() -> None:
    hostile = found(
        reason=HOSTILE,
        findings=(finding(HOSTILE),),
        steps=tuple(msgspec.structs.replace(one, reason=HOSTILE) for one in STEPS),
    )
    for name in ("markdown", "junit", "text"):
        assert "\x1b" not in render(hostile, name)
    assert "<script>" not in render(hostile, "markdown")
    page = Page(html(hostile))
    assert page.tags <= ALLOWED
    assert [one for one in page.attributes if one[1].startswith("on") or one[1] in ("src", "style")] == []


def test_the_curve_is_a_figure_with_its_knee() -> None:
    (figure,) = capacity_figure(found())
    assert [layer.name for layer in figure.layers] == [
        "p99 establishment", "median establishment", "a newcomer", "the knee",
    ]  # fmt: skip
    assert figure.rows[-3:] == (
        ("256", "2ms", "1ms", "2ms", "the knee"),
        ("512", "10ms", "1ms", "2ms", ""),
        ("700", "20ms", "1ms", "2ms", ""),
    )
    assert list(capacity_figure(NONE)) == []
    flat = found(steps=tuple(step(level, 0.001) for level in range(1, 1_001)))
    (figure,) = capacity_figure(flat)
    assert "the knee" not in [layer.name for layer in figure.layers]
    assert len(figure.rows) <= MOST_POINTS + 1
    assert figure.rows[-1][0] == "1,000"


def test_a_page_has_the_numbers_of_the_json() -> None:
    one = found(search=AT_LEAST)
    page, plain = Page(html(one)), one.to_dict()
    values = {field: float(value) for field, value, _ in page.numbers}
    assert values["answer.carries"] == plain["answer"]["carries"] == 700
    assert values["answer.bad"] == plain["answer"]["bad"]
    assert values["search.at_least"] == 800
    assert values["knee"] == plain["knee"] == 256
    assert values["recovery.as_before_s"] == plain["recovery"]["as_before_s"]
    assert "carries" in page.texts
    assert "carries at least" in Page(html(ours())).texts


def test_a_page_of_endless_searches_is_less_than_a_megabyte() -> None:
    long = found(steps=tuple(msgspec.structs.replace(step(level, 0.001), reason="<" * 9_999) for level in range(9_999)))
    for outcome in (long, suite_of(*(part_of(long, f"check {number}") for number in range(200)))):
        assert len(html(outcome).encode()) < MOST_BYTES


def test_an_overview_says_what_each_search_found() -> None:
    (overview, *_) = Page(html(suite_of(part_of(found(), "a"), part_of(ours(), "b"), part_of(NONE, "c")))).tables
    assert {row[0]: row[2] for row in overview[1:]} == {"a": "700", "b": "at least 700", "c": "0"}


def test_annotations() -> None:
    assert list(annotations(found())) == [f"::notice title=PASS%3A tcpgoon::{found().reason}"]
    assert list(annotations(NONE)) == ["::error title=FAIL%3A localhost%3A80::carries 0 connections"]
