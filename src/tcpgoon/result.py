"""The result of a run: what was asked, where it ran, what happened, what it means."""

from typing import Any

import msgspec

from tcpgoon.discovery.instance import Instance, Origin
from tcpgoon.judge.cost import Cost
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.on_site import OnSite
from tcpgoon.judge.strain import Strain
from tcpgoon.judge.verdict import Verdict, worst
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.record.heard import Agreed, Saying
from tcpgoon.record.knock import Knock
from tcpgoon.record.metrics import Metrics
from tcpgoon.record.table import Table

FORMAT = 1
"""The version of the plain data that `Result.to_dict` gives."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when it ran."""

    tcpgoon: str
    python: str
    system: str
    """Name and release of the operating system."""
    cpus: int
    begun_at: str
    """The beginning, in UTC, ISO 8601."""
    missing: tuple[str, ...] = ()
    """What the engine does without on this platform, a sentence each."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said about a run is a field of this."""

    plan: Plan
    endpoint: Endpoint
    """The one that was dialled, or the first of them: a plan that spreads dials all `endpoints`."""
    endpoints: tuple[Endpoint, ...]
    """All that the target's name resolved to, the dialled one among them."""
    origin: Origin | None = None
    """Where the target was looked up; None where it was given as host and port."""
    sources: tuple[str, ...] = ()
    """The addresses of this host that were dialled from, in turn; empty: the kernel's choice alone."""
    environment: Environment
    limits: ClientLimits
    duration_s: float
    table: Table
    metrics: Metrics
    findings: tuple[Finding, ...]
    verdict: Verdict
    reason: str
    sayings: tuple[Saying, ...] = ()
    """What the peers said, and how probes failed, once per distinct text; the most frequent first."""
    tls: tuple[Agreed, ...] = ()
    """What TLS handshakes came to, once per distinct outcome; the most frequent first."""
    newcomers: tuple[Knock, ...] = ()
    """The clients that knocked beside those that were held, in the order of time."""
    strain: Strain = Strain()
    """What the run demanded of this client."""
    on_site: OnSite | None = None
    """What was seen at the target itself; None where it runs elsewhere, or could not be found."""
    cost: Cost | None = None
    """What a held connection costs the target; None where that was not seen, or of too few."""

    @property
    def dialled(self) -> tuple[Endpoint, ...]:
        """Those of the endpoints that were dialled, in turn."""
        return self.endpoints if self.plan.spread else (self.endpoint,)

    def to_dict(self) -> dict[str, Any]:
        """All but the rows, as plain data: strings, numbers, lists, dicts."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "table"}
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode({"format": FORMAT, **fields}))
        return plain


_BECAME = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "could not be judged",
    Verdict.INTERRUPTED: "stopped by the user",
}


class InstanceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one instance."""

    instance: Instance
    verdict: Verdict
    reason: str
    result: Result | None = None
    """None: nothing could be dialled, and the reason says why."""


class EachResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the instances of a service, each asked by itself, one after another."""

    lookup: str
    """The expression that was looked up."""
    service: str
    registry: str
    results: tuple[InstanceResult, ...]
    others: tuple[Instance, ...] = ()
    """Those that are listed too, and were not asked since they are not up."""

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return worst(one.verdict for one in self.results)

    @property
    def reason(self) -> str:
        """``of 3 instances 1 failed, 2 passed``."""
        worst_first = (self.verdict, *(other for other in Verdict if other is not self.verdict))
        counts = [f"{count:,} {_BECAME[verdict]}" for verdict in worst_first if (count := self._count(verdict))]
        instances = f"instance{'s' * (len(self.results) != 1)}"
        return f"of {len(self.results):,} {instances} {', '.join(counts)}"

    def _count(self, verdict: Verdict) -> int:
        return sum(one.verdict is verdict for one in self.results)

    def to_dict(self) -> dict[str, Any]:
        """All but the rows, as plain data: strings, numbers, lists, dicts."""
        results = [
            {
                "instance": one.instance,
                "verdict": one.verdict,
                "reason": one.reason,
                "result": one.result and one.result.to_dict(),
            }
            for one in self.results
        ]
        whole = {
            "format": FORMAT,
            "lookup": self.lookup,
            "service": self.service,
            "registry": self.registry,
            "verdict": self.verdict,
            "reason": self.reason,
            "results": results,
            "others": self.others,
        }
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
        return plain
