"""All formats of one outcome say the same numbers; none of them has a secret."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from junitparser import JUnitXml
from prometheus_client.parser import text_string_to_metric_families

from tcpgoon.errors import UsageError
from tcpgoon.plan.units import format_duration
from tcpgoon.report import formats
from tcpgoon.report.formats import FORMATS, OF_ROWS, render, report_of
from tcpgoon.result import Result
from tcpgoon.results import Outcome
from tests.report.outcomes import SECRET
from tests.report.results import metrics, result


@pytest.fixture(params=["pass", "fail"])
def one(request: pytest.FixtureRequest, outcomes: Mapping[str, Outcome]) -> Result:
    outcome = outcomes[request.param]
    assert isinstance(outcome, Result)
    return outcome


@pytest.fixture
def plain(one: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(one, "json"))
    return found


def test_csv_has_the_numbers_of_the_json(one: Result, plain: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(render(one, "csv"))))
    counts = {state: sum(row["state"] == state.upper() for row in rows) for state in plain["metrics"]["counts"]}
    assert counts == plain["metrics"]["counts"]
    took_s = [float(row["established_s"]) - float(row["start_s"]) for row in rows if row["established_s"]]
    assert max(took_s) == plain["metrics"]["response"]["max_s"]
    assert sum(int(row["received_bytes"]) for row in rows) == plain["metrics"]["received_bytes"]
    rtts_us = [int(row["handshake_rtt_us"]) for row in rows if row["handshake_rtt_us"]]
    assert max(rtts_us) / 1e6 == plain["metrics"]["handshake_rtt"]["max_s"]


def test_junit_has_the_numbers_of_the_json(one: Result, plain: dict[str, Any]) -> None:
    (suite,) = JUnitXml.fromstring(render(one, "junit").encode())
    said = {each.name: each.value for each in suite.properties()}
    assert said["verdict"] == plain["verdict"]
    assert said["reason"] == plain["reason"]
    assert int(said["connections"]) == plain["plan"]["connections"]
    (level,) = [level for level in plain["metrics"]["levels"] if level["assurance"] == plain["metrics"]["asked"]]
    assert (int(said["established"]), int(said["peak"])) == (level["held"], level["peak"])
    for name in ("p50_s", "p90_s", "p99_s", "max_s"):
        assert float(said[name]) == plain["metrics"]["establishment"][name]


def test_prometheus_has_the_numbers_of_the_json(one: Result, plain: dict[str, Any]) -> None:
    families = {family.name: family for family in text_string_to_metric_families(render(one, "prometheus") + "\n")}
    said = {
        name: {tuple(sorted(each.labels.items())): each.value for each in family.samples}
        for name, family in families.items()
    }
    ours = {"part": one.parts[0].name, "target": str(one.plan.target)}

    def value(name: str, **labels: str) -> float:
        return said[name][tuple(sorted({**ours, **labels}.items()))]

    for state, count in plain["metrics"]["counts"].items():
        assert value("tcpgoon_connections", state=state) == count
    for level, name in zip(plain["metrics"]["levels"], ("handshake", "acknowledged", "served"), strict=True):
        for what in ("reached", "held", "peak"):
            assert value(f"tcpgoon_connections_{what}", level=name) == level[what]
    for statistic in ("min", "mean", "max", "deviation", "p50", "p90", "p99"):
        seconds = plain["metrics"]["establishment"][f"{statistic}_s"]
        assert value("tcpgoon_establishment_seconds", statistic=statistic) == seconds
    assert value("tcpgoon_duration_seconds") == plain["duration_s"]


def test_markdown_has_the_numbers_of_the_json(one: Result, plain: dict[str, Any]) -> None:
    lines = render(one, "markdown").splitlines()
    (level,) = [level for level in plain["metrics"]["levels"] if level["assurance"] == plain["metrics"]["asked"]]
    times = plain["metrics"]["establishment"]
    assert f"| Asked for | {plain['plan']['connections']} |" in lines
    assert f"| Most at once | {level['peak']} |" in lines
    shown = " | ".join(format_duration(times[f"{name}_s"]) for name in ("min", "mean", "p50", "p90", "p99", "max"))
    assert f"| Establishment | {times['count']} | {shown} |" in lines


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_has_a_secret(name: str, outcomes: Mapping[str, Outcome]) -> None:
    for outcome in outcomes.values():
        assert SECRET not in render(outcome, name)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_its_last_line_ended(name: str) -> None:
    pieces = list(report_of(name)(result(metrics())))
    assert pieces[-1].endswith("\n")
    assert all(pieces)


def test_the_formats_of_rows_are_formats() -> None:
    assert set(FORMATS) >= OF_ROWS
    assert set(FORMATS) >= set(formats.EXTRAS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("prom", "did you mean prometheus?"),
        ("JUnit", "did you mean junit?"),
        ("jason", "did you mean json?"),
        ("", f"there are {', '.join(FORMATS)}"),
        ("x", f"there are {', '.join(FORMATS)}"),
    ],
)
def test_what_is_no_format(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        render(result(metrics()), name)
    assert str(caught.value) == f"there is no format {name!r}; {said}"
