"""What came of a search: how many connections a target carries, and what stopped it."""

from typing import Any

import msgspec

from tcpgoon.discovery.instance import Origin
from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.search import Search
from tcpgoon.record.knock import Fared
from tcpgoon.record.outcome import error_name
from tcpgoon.result import FORMAT, Environment, Result


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One number that was tried."""

    at_s: float
    """When it began, in seconds since the beginning of the search."""
    duration_s: float
    level: int
    """How many were to be held at once."""
    good: bool
    left: int
    """How many were there in the end, when the dubious had been let go."""
    per_s: float
    """At most so many were opened a second."""
    reason: str
    """What was judged, in one sentence."""
    establishment_p50_s: float | None = None
    establishment_p99_s: float | None = None
    """Of those that were opened in this trial; None where none was."""
    newcomer_s: float | None = None
    """How long the last one took, which came when all others were there: established, and served where it was asked."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one more, when the answer was held."""

    fared: Fared
    time_s: float
    error: int = 0
    pushed_out: int = 0
    """How many of those that were there ended meanwhile."""

    @property
    def name(self) -> str:
        """``refused (ECONNREFUSED)``."""
        return f"{self.fared} ({error_name(self.error)})" if self.error else str(self.fared)


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said about a search is a field of this."""

    plan: Plan
    """How each trial asked; its connections are the most that were to be tried."""
    search: Search
    endpoint: Endpoint
    endpoints: tuple[Endpoint, ...]
    origin: Origin | None = None
    environment: Environment
    limits: ClientLimits
    duration_s: float
    answer: Answer
    next: Next | None = None
    """What happened to one more; None: none was tried."""
    steps: tuple[Step, ...] = ()
    """All that was tried, in the order of time."""
    findings: tuple[Finding, ...] = ()
    verdict: Verdict
    reason: str
    confirmed: Result | None = None
    """The run that the answer was confirmed by: held, then proved; None: it came to none."""

    @property
    def carries(self) -> int:
        """The largest number that was held, proved and confirmed; 0: none."""
        return self.answer.carries

    @property
    def bound(self) -> Bound:
        """What ended the search."""
        return self.answer.bound

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASS; INCONCLUSIVE is no pass."""
        return self.verdict is Verdict.PASS

    def __str__(self) -> str:
        return f"{self.verdict}: {printable(self.reason)}"

    def __repr__(self) -> str:
        return f"<Capacity {self.verdict}: {printable(str(self.plan.target))}: {printable(self.reason)}>"

    def to_dict(self) -> dict[str, Any]:
        """All but the rows and secrets, as plain data: strings, numbers, lists, dicts."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        fields["plan"] = self.plan.as_told
        fields["confirmed"] = self.confirmed and self.confirmed.to_dict()
        whole = {"format": FORMAT, "kind": "capacity", **fields}
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
        return plain
