"""Prometheus' text format: read again, it is what is in the JSON; names, types and units are as they should be."""

import re
from collections.abc import Mapping

import msgspec
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tcpgoon.judge.verdict import Verdict
from tcpgoon.report.prometheus import prometheus
from tcpgoon.result import Part
from tcpgoon.results import Outcome
from tests.example import example, suite_of
from tests.report.outcomes import SECRET
from tests.report.results import metrics, result


def read(outcome: Outcome) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(prometheus(outcome))}


def values(outcome: Outcome, name: str, *labels: str) -> list[tuple[str | float, ...]]:
    """Of each sample the labels, and the value."""
    family = read(outcome).get(name)
    return [(*(one.labels[label] for label in labels), one.value) for one in family.samples] if family else []


def test_names_types_and_units(outcomes: Mapping[str, Outcome]) -> None:
    for outcome in outcomes.values():
        text = prometheus(outcome)
        assert text.endswith("\n")
        assert SECRET not in text
        for name, family in read(outcome).items():
            assert re.fullmatch(r"tcpgoon_[a-z_]+(?<!_total)(?<!_count)(?<!_sum)(?<!_milliseconds)", name)
            assert family.type == "gauge"
            assert family.documentation.endswith(".")
            assert all("statistic" in one.labels for one in family.samples) is bool(
                re.search(r"(?<!duration)(?<!timestamp)_seconds$", name)
            )


def test_no_series_is_there_twice(outcomes: Mapping[str, Outcome]) -> None:
    same = Part(name="one", verdict=Verdict.PASS, reason="", result=example())
    for outcome in (*outcomes.values(), suite_of(same, same)):
        series = [
            (one.name, *sorted(one.labels.items())) for family in read(outcome).values() for one in family.samples
        ]
        assert len(series) == len(set(series))


def test_the_verdict_is_one_of_all() -> None:
    expected = [("PASS", 0), ("FAIL", 1), ("INCONCLUSIVE", 0), ("INTERRUPTED", 0)]
    assert values(example(), "tcpgoon_verdict", "verdict") == expected
    assert values(example(), "tcpgoon_overall_verdict", "verdict") == expected
    assert values(example(), "tcpgoon_overall_verdict", "name")[0] == ("localhost:80", 0)


def test_all_the_numbers() -> None:
    came = example()
    assert values(came, "tcpgoon_connections_planned", "part", "target") == [("localhost:80", "localhost:80", 3)]
    assert values(came, "tcpgoon_connections", "state") == [
        ("planned", 0),
        ("opening", 0),
        ("established", 0),
        ("closed", 1),
        ("lost", 1),
        ("failed", 1),
        ("abandoned", 0),
    ]
    assert values(came, "tcpgoon_connections_peak", "level") == [("handshake", 2), ("acknowledged", 1), ("served", 0)]
    assert values(came, "tcpgoon_establishment_seconds", "statistic") == [
        ("min", 0.25),
        ("mean", 0.25),
        ("max", 0.25),
        ("deviation", 0),
        ("p50", 0.25),
        ("p90", 0.25),
        ("p99", 0.25),
    ]
    assert values(came, "tcpgoon_connections_ended", "error", "phase", "closed_by", "unserved", "side") == [
        ("EMFILE", "socket", "nobody", "none", "client", 1),
        ("FIN", "held", "peer", "none", "target application", 1),
    ]
    assert values(came, "tcpgoon_duration_seconds") == [(2.25,)]
    assert values(came, "tcpgoon_begun_timestamp_seconds") == [(1704164645.678,)]
    assert values(came, "tcpgoon_requirement_met", "requirement") == [
        ("established >= 3", 0),
        ("peak >= 3", 0),
        ("lost = 0", 0),
    ]
    assert values(came, "tcpgoon_finding", "code", "side") == [("TG101", "client", 1)]


def test_what_is_not_known_is_not_there() -> None:
    came = example()
    unknown = tuple(msgspec.structs.replace(one, holds=None) for one in came.checked)
    environment = msgspec.structs.replace(came.environment, begun_at="yesterday")
    other = msgspec.structs.replace(came, checked=unknown, environment=environment)
    assert {"tcpgoon_requirement_met", "tcpgoon_begun_timestamp_seconds"} == set(read(came)) - set(read(other))
    assert "tcpgoon_tls_handshake_seconds" not in read(came)
    nothing = Part(name="one", verdict=Verdict.INTERRUPTED, reason="")
    whole = suite_of(nothing)
    assert set(read(whole)) == {"tcpgoon_verdict", "tcpgoon_overall_verdict"}


def test_a_time_without_a_zone_is_utc() -> None:
    assert values(result(metrics()), "tcpgoon_begun_timestamp_seconds") == [(1767225600.0,)]


def test_a_name_is_a_label_and_nothing_else() -> None:
    name = 'a"} 1\ntcpgoon_x 2\\\x1b[2J'
    whole = suite_of(Part(name=name, verdict=Verdict.PASS, reason=""))
    assert set(read(whole)) == {"tcpgoon_verdict", "tcpgoon_overall_verdict"}
    assert values(whole, "tcpgoon_verdict", "part")[0] == ('a"} 1\\ntcpgoon_x 2\\\\x1b[2J', 1)
