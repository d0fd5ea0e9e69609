from typing import Any

import pytest

from tcpgoon.judge.carried import Answer, Bound, carried
from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.search import Search
from tcpgoon.record.outcome import Side

FOUND = Finding(
    code="TG401",
    side=Side.TARGET_APPLICATION,
    confidence=Confidence.CERTAIN,
    sentence="the descriptor limit of 1,024",
    remedy="raise it",
    evidence={},
)


def said(bound: Bound, *findings: Finding, at_least: int | None = None, **answer: Any) -> tuple[Verdict, str]:
    judgement = carried(Search(at_least=at_least), Answer(bound=bound, **answer), findings)
    return judgement.verdict, judgement.reason


@pytest.mark.parametrize(
    ("came", "verdict", "reason"),
    [
        (
            said(Bound.TARGET, FOUND, carries=1_013, bad=1_014),
            Verdict.PASS,
            "carries 1,013 connections (1,013 good, 1,014 bad): TG401, the descriptor limit of 1,024 – certain",
        ),
        (
            said(Bound.TARGET, carries=1, bad=2),
            Verdict.PASS,
            "carries 1 connection (1 good, 2 bad)",
        ),
        (
            said(Bound.TARGET, carries=2_000, bad=2_001, burst=52, per_s=200.0),
            Verdict.PASS,
            "carries 2,000 connections (2,000 good, 2,001 bad; 2,000 at 200/s, 52 in a burst)",
        ),
        (said(Bound.TARGET, carries=0, bad=1), Verdict.FAIL, "carries 0 connections (0 good, 1 bad)"),
        (
            said(Bound.TARGET, carries=99, bad=100, at_least=100),
            Verdict.FAIL,
            "carries 99 connections (99 good, 100 bad); at least 100 are required",
        ),
        (
            said(Bound.TARGET, carries=100, bad=101, at_least=100),
            Verdict.PASS,
            "carries 100 connections (100 good, 101 bad)",
        ),
        (
            said(Bound.MOST, carries=50),
            Verdict.PASS,
            "carries at least 50 connections, the most that was to be tried",
        ),
        (
            said(Bound.CLIENT, carries=28_232),
            Verdict.INCONCLUSIVE,
            "at least 28,232 connections: this client's limit came first",
        ),
        (
            said(Bound.CLIENT, carries=200, at_least=200),
            Verdict.PASS,
            "at least 200 connections: this client's limit came first",
        ),
        (
            said(Bound.CLIENT, carries=199, at_least=200),
            Verdict.INCONCLUSIVE,
            "at least 199 connections: this client's limit came first",
        ),
        (
            said(Bound.TIME, carries=64, bad=128),
            Verdict.INCONCLUSIVE,
            "at least 64 connections, fewer than 128: the time limit came first",
        ),
        (
            said(Bound.TIME, carries=64),
            Verdict.INCONCLUSIVE,
            "at least 64 connections: the time limit came first",
        ),
        (
            said(Bound.UNSTEADY, carries=0, scatter=(619, 546)),
            Verdict.INCONCLUSIVE,
            "no number of connections held twice (619, 546 held once)",
        ),
        (
            said(Bound.STOPPED, carries=0),
            Verdict.INTERRUPTED,
            "stopped by the user; 0 connections had been confirmed",
        ),
    ],
)
def test_the_answer_is_said_with_its_cause(came: tuple[Verdict, str], verdict: Verdict, reason: str) -> None:
    assert came == (verdict, reason)
