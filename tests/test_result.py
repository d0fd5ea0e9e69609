import errno
import json
from typing import Any

import pytest

from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.verdict import judge
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, Phase
from tcpgoon.record.table import Table
from tcpgoon.result import FORMAT, Environment, Result


@pytest.fixture
def result() -> Result:
    plan = Plan(target=Target("localhost", 80), connections=3)
    limits = ClientLimits(descriptors_soft=9, descriptors_hard=9, descriptors_in_use=1, ports=None)
    table = Table(3)
    for row in range(3):
        table.dial(row, row * 0.25)
    table.fail(0, 0.25, errno.EMFILE, Phase.SOCKET)
    table.establish(1, 0.5, 100, 0)
    table.lose(1, 1.5, FIN)
    table.establish(2, 0.75, 100, 0)
    table.close(2, 2.0)
    facts = Facts(plan=plan, limits=limits, metrics=measure(table))
    findings = diagnose(facts)
    judgement = judge(facts, findings)
    return Result(
        plan=plan,
        endpoint=Endpoint("127.0.0.1", 80),
        endpoints=(Endpoint("127.0.0.1", 80), Endpoint("::1", 80)),
        environment=Environment(
            tcpgoon="0.1.0",
            python="3.11.0",
            system="Linux 6.1",
            cpus=2,
            begun_at="2024-01-02T03:04:05.678+00:00",
            missing=("no epoll",),
        ),
        limits=limits,
        duration_s=2.25,
        table=table,
        metrics=facts.metrics,
        findings=findings,
        verdict=judgement.verdict,
        reason=judgement.reason,
    )


PLAIN: dict[str, Any] = {
    "format": 1,
    "plan": {
        "target": {"host": "localhost", "port": 80},
        "connections": 3,
        "pacing": {"type": "constant-rate", "interval_s": 0.01},
        "dial_timeout_s": 5.0,
        "max_dialing": 512,
        "hold_s": 1.0,
        "close": "fin",
        "family": "any",
        "sources": [],
        "assurance": 1,
        "requirements": [],
        "force": False,
    },
    "endpoint": {"address": "127.0.0.1", "port": 80},
    "endpoints": [{"address": "127.0.0.1", "port": 80}, {"address": "::1", "port": 80}],
    "environment": {
        "tcpgoon": "0.1.0",
        "python": "3.11.0",
        "system": "Linux 6.1",
        "cpus": 2,
        "begun_at": "2024-01-02T03:04:05.678+00:00",
        "missing": ["no epoll"],
    },
    "limits": {
        "descriptors_soft": 9,
        "descriptors_hard": 9,
        "descriptors_in_use": 1,
        "ports": None,
        "sources": 1,
    },
    "duration_s": 2.25,
    "metrics": {
        "counts": {
            "planned": 0,
            "opening": 0,
            "established": 0,
            "closed": 1,
            "lost": 1,
            "failed": 1,
            "abandoned": 0,
        },
        "peak": 2,
        "ramp_s": 0.75,
        "establishment": {
            "count": 2,
            "min_s": 0.25,
            "mean_s": 0.25,
            "max_s": 0.25,
            "deviation_s": 0.0,
            "p50_s": 0.25,
            "p90_s": 0.25,
            "p99_s": 0.25,
        },
        "time_to_error": {
            "count": 1,
            "min_s": 0.25,
            "mean_s": 0.25,
            "max_s": 0.25,
            "deviation_s": 0.0,
            "p50_s": 0.25,
            "p90_s": 0.25,
            "p99_s": 0.25,
        },
        "errors": [
            {"count": 1, "error": errno.EMFILE, "phase": 1, "closed_by": 0, "earliest_s": 0.25, "latest_s": 0.25}
        ],
        "losses": [{"count": 1, "error": 0, "phase": 5, "closed_by": 2, "earliest_s": 1.0, "latest_s": 1.0}],
        "received_bytes": 0,
    },
    "findings": [
        {
            "code": "TG101",
            "side": "client",
            "sentence": "1 dial ended with EMFILE: the limit is 9 (hard limit 9), enough for 8 connections",
            "remedy": "raise the hard limit of descriptors (ulimit -Hn 4, as root), or ask for at most 8 connections",
            "evidence": {
                "descriptors_soft": 9,
                "descriptors_hard": 9,
                "descriptors_in_use": 1,
                "errors": ["EMFILE × 1"],
            },
        }
    ],
    "verdict": "FAIL",
    "reason": "only 1 of 3 connections were established and held to the end: 1 × EMFILE, 1 closed (FIN) by the peer",
}


def test_a_result_as_plain_data(result: Result) -> None:
    assert json.loads(json.dumps(result.to_dict())) == PLAIN
    assert FORMAT == 1


def test_all_but_the_rows_is_there_in_the_order_of_the_fields(result: Result) -> None:
    fields = [name for name in Result.__struct_fields__ if name != "table"]

    assert list(result.to_dict()) == ["format", *fields]


def test_the_plain_data_has_lists_and_no_tuples(result: Result) -> None:
    assert result.to_dict() == PLAIN


def test_nothing_is_missing_where_nothing_is_said() -> None:
    environment = Environment(tcpgoon="0", python="3", system="s", cpus=1, begun_at="t")

    assert environment.missing == ()
