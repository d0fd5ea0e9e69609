"""Results that differ in what a test is about."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.judge.strain import Strain
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, Side
from tcpgoon.record.table import Table
from tcpgoon.result import Part, Result
from tcpgoon.results import SuiteResult
from tests.example import example, suite_of

PLAN = Plan(target=Target("localhost", 80), connections=100, assurance=Assurance.HANDSHAKE)


def ran(
    lost: int = 0,
    took_s: float | Sequence[float] = 0.010,
    *,
    rtt_s: float = 0.0,
    answered_s: float = 0.0,
    tls_s: float = 0.0,
    retransmits: Sequence[int] = (),
    knocks: Sequence[Knock] = (),
    strain: Strain | None = None,
    plan: Plan = PLAN,
    findings: Sequence[Finding] = (),
    verdict: Verdict = Verdict.PASS,
    **fields: Any,
) -> Result:
    """A run in which the first ``lost`` were lost; all took ``took_s`` to be established, or one after another."""
    table = Table(plan.connections)
    times = np.resize(np.atleast_1d(took_s), plan.connections).tolist()
    for row, time_s in enumerate(times):
        table.dial(row, 0.0)
        table.establish(row, time_s, round(rtt_s * 1e6), retransmits[row] if row < len(retransmits) else 0)
        if answered_s:
            table.ask(row, 20.0)
            table.serve(row, 20.0 + tls_s + answered_s)
            table.tls_s[row] = tls_s
        if row < lost:
            table.lose(row, 30.0, FIN)
        else:
            table.close(row, 40.0)
    return msgspec.structs.replace(
        example(),
        plan=plan,
        table=table,
        metrics=measure(table, plan.level, knocks),
        newcomers=tuple(knocks),
        strain=strain or Strain(),
        findings=tuple(findings),
        verdict=verdict,
        reason="so it was",
        **fields,
    )


def suite(**results: Result | None) -> SuiteResult:
    """Checks by their names, of which those without a result are INCONCLUSIVE."""
    checks = (
        Part(name=name, verdict=one.verdict if one else Verdict.INCONCLUSIVE, reason="r", result=one)
        for name, one in results.items()
    )
    return suite_of(*checks)


def finding(code: str, side: Side = Side.TARGET_KERNEL, confidence: Confidence = Confidence.LIKELY) -> Finding:
    return Finding(code=code, side=side, confidence=confidence, sentence=f"about {code}", remedy="mend it", evidence={})


def knocked(*times_s: float, fared: Fared = Fared.WELCOME) -> list[Knock]:
    """Newcomers when all were open."""
    return [
        Knock(at_s=20.0 + number / 10, held=100, fared=fared, time_s=time_s, gone_s=30.0)
        for number, time_s in enumerate(times_s)
    ]
