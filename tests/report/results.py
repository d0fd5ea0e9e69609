"""Results that were made up."""

import msgspec

from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.counts import Counts
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.level import Breakdown, Level
from tcpgoon.record.metrics import Metrics, not_begun
from tcpgoon.record.table import Table
from tcpgoon.result import Environment, Result

TIMES = Distribution(
    count=10,
    min_s=0.017929,
    mean_s=0.019814,
    max_s=0.029811,
    deviation_s=0.003353,
    p50_s=0.019,
    p90_s=0.0295,
    p99_s=0.029811,
)


def of_level(asked: Assurance, held: int, peak: int) -> tuple[Level, ...]:
    """All levels, of which ``asked`` has these figures."""
    return tuple(
        Level(assurance=level, reached=held, held=held, peak=peak if level is asked else 99)
        for level in (Assurance.HANDSHAKE, Assurance.ACKNOWLEDGED, Assurance.SERVED)
    )


def metrics(**changes: object) -> Metrics:
    """Those of ten handshakes that went well."""
    well = msgspec.structs.replace(
        not_begun(0, Assurance.HANDSHAKE),
        counts=Counts(closed=10),
        levels=of_level(Assurance.HANDSHAKE, 10, 10),
        breakdown=Breakdown(established=10, unproved=10),
        ramp_s=1.0,
        response=TIMES,
        establishment=TIMES,
    )
    return msgspec.structs.replace(well, **changes)


def result(of: Metrics, host: str = "myhttpsamplehost.com", **changes: object) -> Result:
    """A PASS of these metrics."""
    endpoint = Endpoint("216.58.201.131", 80)
    made_up = Result(
        plan=Plan(target=Target(host, 80), connections=of.counts.total),
        endpoint=endpoint,
        endpoints=(endpoint,),
        environment=Environment(tcpgoon="1", python="3", system="Linux", cpus=2, begun_at="2026-01-01"),
        limits=ClientLimits(descriptors_soft=1, descriptors_hard=1, descriptors_in_use=1, ports=1),
        duration_s=2.0,
        table=Table(1),
        metrics=of,
        findings=(),
        verdict=Verdict.PASS,
        reason="all is well",
    )
    return msgspec.structs.replace(made_up, **changes)
