"""The tables of instances: what a target stands for, and what came of each."""

import io

import pytest

from tcpgoon.discovery.instance import Instance, Located, Status
from tcpgoon.discovery.resolution import Found
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.report.instances import each_report, resolved, summary
from tcpgoon.results import EachResult, InstanceResult
from tests.report.results import metrics, of_level, result

INSTANCES = (
    Instance(id="checkout-1", host="node1.example", port=8080, zone="eu-west-1a", metadata={"version": "7"}),
    Instance(id="10.0.0.6:8080", host="10.0.0.6", port=8080),
    Instance(id="\x1b[2Jx", host="h", port=80, status=Status.DOWN, said="[bold]a\nb", metadata={"long": "x" * 200}),
)
LOCATED = (
    Located(
        instance=INSTANCES[0],
        host="node1.example",
        endpoints=(Endpoint("10.0.0.5", 8080), Endpoint("2001:db8::5", 8080)),
    ),
    Located(instance=INSTANCES[1], host="10.0.0.6", endpoints=(Endpoint("10.0.0.6", 8080),)),
    Located(instance=INSTANCES[2], host="h", problem="h does not resolve: \x07"),
)
FOUND = Found(lookup="eureka://r/CHECKOUT", service="CHECKOUT", registry="http://r:8761", instances=LOCATED)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def words(table: str) -> list[list[str]]:
    """The cells of each row: columns are three blanks apart."""
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in table.splitlines()]


def test_all_that_a_target_stands_for() -> None:
    text = resolved(FOUND, None)
    head, _, *rows = words(text)
    assert head == ["#", "instance", "status", "address", "zone", "metadata"]
    assert rows == [
        [
            "1",
            "checkout-1",
            "UP",
            "node1.example:8080 (10.0.0.5:8080, [2001:db8::5]:8080)",
            "eu-west-1a",
            "version=7",
        ],
        ["2", "10.0.0.6:8080", "UP", "10.0.0.6:8080"],
        [
            "3",
            r"\x1b[2Jx",
            r"DOWN: [bold]a\nb",
            r"h:80 (h does not resolve: \x07)",
            "long=" + "x" * 114 + "…",
        ],
        [],
        ["CHECKOUT has 3 instances at http://r:8761, 2 UP"],
    ]
    assert "\x1b" not in text


def test_the_summary_names_a_source_once() -> None:
    one = Found(lookup="-", service="standard input", registry="standard input", instances=LOCATED[1:2])
    assert summary(one) == "standard input has 1 instance, 1 UP"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_has_colours_of_ours_and_none_of_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "300")
    text = resolved(FOUND, Terminal())
    assert "\x1b[31mDOWN: [bold]a" in text
    assert "\x1b[32mUP" in text
    assert "\x1b[2J" not in text


EACH = EachResult(
    lookup="eureka://r/CHECKOUT",
    service="CHECKOUT",
    registry="http://r:8761",
    results=(
        InstanceResult(
            instance=INSTANCES[0],
            verdict=Verdict.PASS,
            reason="all is well",
            result=result(metrics(), endpoint=Endpoint("10.0.0.5", 8080)),
        ),
        InstanceResult(instance=INSTANCES[1], verdict=Verdict.INCONCLUSIVE, reason="nobody\nknows"),
    ),
    others=(INSTANCES[2],),
)


def test_what_came_of_each() -> None:
    head, _, *rows = words(each_report(EACH, None))
    assert head == ["instance", "address", "zone", "verdict", "held", "reason"]
    assert rows == [
        ["checkout-1", "10.0.0.5:8080", "eu-west-1a", "PASS", "10 of 10", "all is well"],
        ["10.0.0.6:8080", "10.0.0.6:8080", "INCONCLUSIVE", "–", r"nobody\nknows"],
        [],
        [r"Not asked: \x1b[2Jx (DOWN: [bold]a\nb)"],
        ["INCONCLUSIVE: of 2 instances 1 could not be judged, 1 passed"],
    ]
    alone = EachResult(lookup="-", service="s", registry="s", results=EACH.results[:1])
    assert words(each_report(alone, None))[-2:] == [[], ["PASS: of 1 instance 1 passed"]]


def test_what_was_held_when_it_was_stopped() -> None:
    """Nothing is proved before the end: what the reason says was held is in the row, too."""
    levels = of_level(Assurance.ACKNOWLEDGED, 0, 0)
    stopped = result(metrics(asked=Assurance.ACKNOWLEDGED, levels=levels), verdict=Verdict.INTERRUPTED)
    one = InstanceResult(instance=INSTANCES[0], verdict=stopped.verdict, reason="10 were held", result=stopped)
    each = EachResult(lookup="-", service="s", registry="s", results=(one,))
    assert words(each_report(each, None))[2][-3:] == ["INTERRUPTED", "10 of 10", "10 were held"]
