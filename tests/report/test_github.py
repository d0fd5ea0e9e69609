"""What GitHub Actions show: a summary that fits, and commands that say what they say and nothing else."""

from collections.abc import Mapping

import msgspec
import pytest

from tcpgoon.judge.verdict import Verdict
from tcpgoon.report.github import MOST_ANNOTATIONS, annotations, hush, speak, summary
from tcpgoon.report.markdown import in_brief, markdown
from tcpgoon.result import Part
from tcpgoon.results import Outcome
from tests.example import suite_of
from tests.report.results import metrics, result

PASSED = result(metrics())


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict.PASS, "::notice title=PASS%3A tcpgoon::all is well"),
        (Verdict.FAIL, "::error title=FAIL%3A myhttpsamplehost.com%3A80::all is well"),
        (Verdict.INCONCLUSIVE, "::warning title=INCONCLUSIVE%3A myhttpsamplehost.com%3A80::all is well"),
        (Verdict.INTERRUPTED, "::warning title=INTERRUPTED%3A myhttpsamplehost.com%3A80::all is well"),
    ],
)
def test_an_annotation(verdict: Verdict, line: str) -> None:
    assert list(annotations(msgspec.structs.replace(PASSED, verdict=verdict))) == [line]


def test_of_several_those_that_did_not_pass() -> None:
    parts = [Part(name=f"a{number}", verdict=Verdict.FAIL, reason="r") for number in range(MOST_ANNOTATIONS + 1)]
    passed = Part(name="b", verdict=Verdict.PASS, reason="r")
    assert list(annotations(suite_of(passed, *parts))) == [
        f"::error title=FAIL%3A a{number}::r" for number in range(MOST_ANNOTATIONS)
    ]
    assert list(annotations(suite_of(passed, passed))) == ["::notice title=PASS%3A tcpgoon::of 2 checks 2 passed"]


def test_what_others_said_ends_no_command() -> None:
    hostile = Part(name="a,file=x::y%0A\r\n", verdict=Verdict.FAIL, reason="100%\n::set-output name=x::y\r\x1b[2J")
    assert list(annotations(suite_of(hostile))) == [
        r"::error title=FAIL%3A a%2Cfile=x%3A%3Ay%250A\r\n::100%25\n::set-output name=x::y\r\x1b[2J"
    ]


def test_to_hush_and_to_speak() -> None:
    assert (hush("t"), speak("t")) == ("::stop-commands::t", "::t::")


def test_the_summary_fits(outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes["suite"]
    whole, brief = markdown(outcome), in_brief(outcome)
    line = f"**tcpgoon: FAIL**: {outcome.reason}\n"
    assert summary(outcome) == whole
    assert summary(outcome, len(whole.encode())) == whole
    assert summary(outcome, len(whole.encode()) - 1) == brief
    assert summary(outcome, len(brief.encode()) - 1) == line
    assert summary(outcome, len(line.encode()) - 1) == ""
    assert summary(outcome, -1) == ""
