"""JUnit's XML: what those who read it know, one case for each thing that was asked, and the verdict among them."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import pytest
from defusedxml import ElementTree
from junitparser import JUnitXml

from tcpgoon.judge.verdict import Verdict
from tcpgoon.report.findings import said
from tcpgoon.report.junit import junit
from tcpgoon.report.text import text_report
from tcpgoon.result import Part
from tcpgoon.results import EachResult, Outcome
from tests.example import example, suite_of
from tests.report.outcomes import SECRET
from tests.report.results import metrics, result


class Known(NamedTuple):
    """What the schema of Jenkins' xunit plugin (junit-10.xsd) knows of an element."""

    needed: set[str]
    allowed: set[str]
    children: frozenset[str] = frozenset()


ELEMENTS = {
    "testsuites": Known(set(), {"name", "time", "tests", "failures", "errors"}, frozenset({"testsuite"})),
    "testsuite": Known(
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        frozenset({"testsuite", "properties", "testcase", "system-out", "system-err"}),
    ),
    "properties": Known(set(), set(), frozenset({"property"})),
    "property": Known({"name", "value"}, set()),
    "testcase": Known(
        {"name"}, {"time", "classname", "group"}, frozenset({"skipped", "error", "failure", "system-out", "system-err"})
    ),
    **dict.fromkeys(("skipped", "error", "failure"), Known(set(), {"type", "message"})),
    **dict.fromkeys(("system-out", "system-err"), Known(set(), set())),
}
TIME = re.compile(r"\d+(\.\d+)?")


def check(text: str) -> None:
    """That each element has what it needs, and nothing that is not known."""
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        known = ELEMENTS[element.tag]
        assert known.needed <= set(element.attrib) <= known.needed | known.allowed, element.tag
        assert {child.tag for child in element} <= known.children, element.tag
        assert TIME.fullmatch(element.get("time", "0"))


def test_what_came_of_runs_is_what_readers_know(outcomes: Mapping[str, Outcome]) -> None:
    for outcome in outcomes.values():
        text = junit(outcome)
        check(text)
        assert SECRET not in text


def cases(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """Suite, name, what came of it, and the message."""
    found = []
    for suite in JUnitXml.fromstring(junit(outcome).encode()):
        for case in suite:
            assert case.classname == suite.name
            came = [(type(one).__name__.lower(), one.message) for one in case.result] or [("passed", "")]
            found += [(suite.name, case.name, *one) for one in came]
    return found


def test_a_case_for_the_verdict_each_requirement_and_each_level() -> None:
    failed, name = example(), "localhost:80"
    assert cases(failed) == [
        (name, "verdict", "failure", failed.reason),
        (name, "requirement: established >= 3", "failure", "established is 1, required: >= 3"),
        (name, "requirement: peak >= 3", "failure", "peak is 1, required: >= 3"),
        (name, "requirement: lost = 0", "failure", "lost is 1, required: = 0"),
        (name, "level: handshake", "failure", "1 of 3 connections were there to the end, 2 at once"),
        (name, "level: acknowledged", "failure", "1 of 3 connections were there to the end, 1 at once"),
        (name, "level: served", "skipped", "not asked for"),
    ]


def test_what_passed_and_what_was_not_asked(outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes["pass"]
    name = outcome.parts[0].name
    assert cases(outcome) == [
        (name, "verdict", "passed", ""),
        (name, "requirement: p99 establishment < 30s", "passed", ""),
        (name, "requirement: established >= 75%", "passed", ""),
        (name, "requirement: peak >= 75%", "passed", ""),
        (name, "level: handshake", "passed", ""),
        (name, "level: acknowledged", "passed", ""),
        (name, "level: served", "passed", ""),
    ]


def test_what_is_not_known_is_an_error(outcomes: Mapping[str, Outcome]) -> None:
    assert [(name, kind) for _, name, kind, _ in cases(outcomes["hostile"])] == [
        ("verdict", "error"),
        ("requirement: established >= 3", "error"),
        ("requirement: peak >= 3", "error"),
        ("requirement: lost = 0", "passed"),
        ("level: handshake", "error"),
        ("level: acknowledged", "error"),
        ("level: served", "error"),
    ]


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.PASS, "passed"),
        (Verdict.FAIL, "failure"),
        (Verdict.INCONCLUSIVE, "error"),
        (Verdict.INTERRUPTED, "error"),
    ],
)
def test_only_a_pass_passes(verdict: Verdict, kind: str) -> None:
    """Also where there is no result: what was not asked has not passed."""
    parts = (Part(name="one", verdict=verdict, reason="because"),)
    whole = suite_of(*parts)
    assert cases(whole) == [("one", "verdict", kind, "" if kind == "passed" else "because")]
    came_of_a_run = cases(msgspec.structs.replace(result(metrics()), verdict=verdict))
    assert [(name, of_it) for _, name, of_it, _ in came_of_a_run] == [("verdict", kind)]


def test_nothing_asked_is_no_file_without_cases() -> None:
    nothing = EachResult(lookup="l", service="s", registry="r", results=())
    assert cases(nothing) == [("tcpgoon", "verdict", "error", "of 0 instances ")]


def test_two_of_the_same_name_are_two() -> None:
    parts = tuple(Part(name="one", verdict=verdict, reason="") for verdict in (Verdict.PASS, Verdict.FAIL))
    whole = suite_of(*parts)
    assert [kind for _, _, kind, _ in cases(whole)] == ["passed", "failure"]


def test_what_is_counted_is_what_there_is(outcomes: Mapping[str, Outcome]) -> None:
    whole = JUnitXml.fromstring(junit(outcomes["suite"]).encode())
    kinds = [kind for _, _, kind, _ in cases(outcomes["suite"])]
    assert whole.name == "checks & balances.toml"
    assert (whole.tests, whole.failures, whole.errors) == (
        len(kinds),
        kinds.count("failure"),
        kinds.count("error"),
    )
    assert len(list(whole)) == len(outcomes["suite"].parts)


def test_a_failure_says_what_was_found_and_what_to_do() -> None:
    failed = example()
    (suite,) = JUnitXml.fromstring(junit(failed).encode())
    verdict = next(iter(suite))
    (why,) = verdict.result
    assert why.type == "FAIL"
    assert why.text == "\n".join([failed.reason, *(line for finding in failed.findings for line in said(finding))])
    assert verdict.system_out == text_report(failed)
    assert (verdict.time, suite.timestamp) == (failed.duration_s, failed.environment.begun_at)


def test_what_xml_cannot_have_breaks_nothing() -> None:
    hostile = msgspec.structs.replace(example(), reason="\x00\x1b[2J\ud800\ufffe]]><x>&", sayings=())
    text = junit(hostile)
    check(text)
    (_, _, _, message), *_ = cases(hostile)
    assert message == r"\x00\x1b[2J\ud800\ufffe]]><x>&"


def test_what_is_required_twice_is_one_case() -> None:
    once = example()
    twice = msgspec.structs.replace(once, checked=once.checked * 2)
    assert cases(twice) == cases(once)
