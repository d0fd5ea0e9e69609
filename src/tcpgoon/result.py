"""The result of a run: what was asked, where it ran, what happened, what it means."""

from collections.abc import Iterator
from typing import Any

import msgspec

from tcpgoon.discovery.instance import Origin
from tcpgoon.judge.cost import Cost
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.lifetimes import Lifetimes
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.on_site import OnSite
from tcpgoon.judge.proofs import AtLevel
from tcpgoon.judge.strain import Strain
from tcpgoon.judge.verdict import Checked, Verdict
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.plan import Plan
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.heard import Agreed, Saying
from tcpgoon.record.knock import Knock
from tcpgoon.record.listing import Listed, listing
from tcpgoon.record.metrics import Metrics
from tcpgoon.record.series import Series, series
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
    checked: tuple[Checked, ...] = ()
    """What came of each requirement in force."""
    proofs: tuple[AtLevel, ...] = ()
    """What came of each level of assurance, the lowest first."""
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
    lifetimes: Lifetimes | None = None
    """How old connections became; None where it was no soak, or none was established."""

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASS; INCONCLUSIVE is no pass."""
        return self.verdict is Verdict.PASS

    @property
    def established(self) -> int:
        """Connections at the level asked for and still there at the end of the hold."""
        return self.metrics.established

    @property
    def peak(self) -> int:
        """The most connections that were there at the same instant, at the level asked for."""
        return self.metrics.peak

    @property
    def lost(self) -> int:
        """Connections that the peer or the path ended before we did, and phantoms."""
        return self.metrics.lost

    @property
    def establishment(self) -> Distribution | None:
        """``connect()`` to writable, of those that reached the level asked for; None where none did."""
        return self.metrics.establishment

    def __str__(self) -> str:
        return f"{self.verdict}: {printable(self.reason)}"

    def __repr__(self) -> str:
        # Not the fields: they are many, and what a probe sends may be a secret.
        return f"<Result {self.verdict}: {printable(str(self.plan.target))}: {printable(self.reason)}>"

    @property
    def parts(self) -> tuple["Part", ...]:
        """Itself alone, as reports see it, by the name of the target."""
        return (Part(name=str(self.plan.target), verdict=self.verdict, reason=self.reason, result=self),)

    @property
    def dialled(self) -> tuple[Endpoint, ...]:
        """Those of the endpoints that were dialled, in turn."""
        return self.endpoints if self.plan.spread else (self.endpoint,)

    def connections(self) -> Iterator[Listed]:
        """Each connection, in the order of the rows; none where these were not kept."""
        endpoints = [(endpoint.address, endpoint.port) for endpoint in self.dialled]
        return listing(self.table, endpoints, self.sources)

    def series(self) -> Series:
        """What plots show, computed from the rows."""
        return series(self.table, self.metrics.asked, self.newcomers)

    def to_dict(self) -> dict[str, Any]:
        """All but the rows and secrets, as plain data: strings, numbers, lists, dicts."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "table"}
        fields["plan"] = self.plan.as_told
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode({"format": FORMAT, "kind": "run", **fields}))
        return plain


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One of the things that an outcome consists of: what was asked once, and what came of it."""

    name: str
    """What the user calls it: the target, the instance, the check."""
    verdict: Verdict
    reason: str
    result: Result | None = None
    """None: nothing could be dialled, or it was not asked, and the reason says why."""
