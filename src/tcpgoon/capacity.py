"""What came of a search: how many connections a target carries, and what stopped it."""

from typing import Any

import msgspec

from tcpgoon.discovery.instance import Origin
from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.knee import knee
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.recovery import Recovery
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.search import Search
from tcpgoon.record.knock import Fared
from tcpgoon.record.outcome import error_name
from tcpgoon.result import FORMAT, Environment, Part, Result


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
    """How long the last ones took, which came one after another when all others were there: established, and served
    where they were asked. The median of five at the most."""
    again: bool = False
    """Whether it is one of the second search, after the release of all."""


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


class SearchPart(Part, frozen=True, kw_only=True):
    """The part of an outcome that is a search; its result is the run that the answer was confirmed by."""

    capacity: "Capacity"
    """All that came of the search."""


def searched(part: Part) -> "Capacity | None":
    """What came of the search that ``part`` is; None: it is a run, or nothing was asked."""
    return part.capacity if isinstance(part, SearchPart) else None


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
    recovery: Recovery | None = None
    """What came when all had been released; None: nobody asked, or there was nothing to release."""
    steps: tuple[Step, ...] = ()
    """All that was tried, in the order of time."""
    findings: tuple[Finding, ...] = ()
    verdict: Verdict
    reason: str
    confirmed: Result | None = None
    """The run that the answer was confirmed by: held, then proved; None: it came to none."""

    @property
    def parts(self) -> tuple[SearchPart, ...]:
        """The search, and the run that confirmed its answer: its verdict is the search's, not that of the run."""
        name = str(self.plan.target)
        return (SearchPart(name=name, verdict=self.verdict, reason=self.reason, result=self.confirmed, capacity=self),)

    @property
    def carries(self) -> int:
        """The largest number that was held, proved and confirmed; 0: none."""
        return self.answer.carries

    @property
    def bound(self) -> Bound:
        """What ended the search."""
        return self.answer.bound

    @property
    def curve(self) -> tuple[Step, ...]:
        """The trials of the first search that held and opened any, by what they held: one of each number, the last."""
        held = {step.level: step for step in self.steps if step.good and not step.again and step.newcomer_s is not None}
        return tuple(held[level] for level in sorted(held))

    @property
    def knee(self) -> int | None:
        """The largest number held before newcomers waited for much longer than in the beginning; None: they do not."""
        return knee([(step.level, step.newcomer_s) for step in self.curve if step.newcomer_s is not None])

    @property
    def is_enough(self) -> bool | None:
        """Whether as many are carried as are required; None: nothing is, or it is not known."""
        if self.search.at_least is None:
            return None
        return self.carries >= self.search.at_least or (False if self.bound is Bound.TARGET else None)

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
        fields["knee"] = self.knee
        fields["confirmed"] = self.confirmed and self.confirmed.to_dict()
        whole = {"format": FORMAT, "kind": "capacity", **fields}
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
        return plain
