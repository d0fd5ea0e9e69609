"""The results of several runs that belong together: each instance of a service, each check of a suite."""

from typing import Any

import msgspec

from tcpgoon.capacity import Capacity, searched
from tcpgoon.discovery.instance import Instance
from tcpgoon.judge.verdict import Verdict, worst
from tcpgoon.plan.escapes import printable
from tcpgoon.result import FORMAT, Part, Result

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
    def parts(self) -> tuple[Part, ...]:
        """What came of each, by the instance's id."""
        return tuple(
            Part(name=one.instance.id, verdict=one.verdict, reason=one.reason, result=one.result)
            for one in self.results
        )

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return worst(one.verdict for one in self.results)

    @property
    def passed(self) -> bool:
        """Whether all of them passed."""
        return self.verdict is Verdict.PASS

    @property
    def reason(self) -> str:
        """``of 3 instances 1 failed, 2 passed``."""
        return _summed_up("instance", self.parts, self.verdict)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"

    def __repr__(self) -> str:
        return f"<EachResult {self.verdict}: {printable(self.lookup)}: {self.reason}>"

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
            "kind": "each",
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


class SuiteResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the checks of a suite."""

    suite: str
    """What the suite is called: its file, where that says nothing else."""
    checks: tuple[Part, ...]
    """What came of each, by its name, in the order of the suite."""
    begun_at: str
    """The beginning, in UTC, ISO 8601."""
    duration_s: float

    @property
    def parts(self) -> tuple[Part, ...]:
        """The checks."""
        return self.checks

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return worst(check.verdict for check in self.checks)

    @property
    def passed(self) -> bool:
        """Whether all of them passed."""
        return self.verdict is Verdict.PASS

    @property
    def reason(self) -> str:
        """``of 3 checks 1 failed, 2 passed``."""
        return _summed_up("check", self.checks, self.verdict)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"

    def __repr__(self) -> str:
        return f"<SuiteResult {self.verdict}: {printable(self.suite)}: {self.reason}>"

    def to_dict(self) -> dict[str, Any]:
        """All but the rows, as plain data: strings, numbers, lists, dicts."""
        whole = {
            "format": FORMAT,
            "kind": "suite",
            "suite": self.suite,
            "verdict": self.verdict,
            "reason": self.reason,
            "begun_at": self.begun_at,
            "duration_s": self.duration_s,
            "checks": [_plain(check) for check in self.checks],
        }
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
        return plain


Outcome = Result | EachResult | SuiteResult | Capacity
"""What there is to report: it has a verdict, a reason, and parts, each with a result."""


def _plain(check: Part) -> dict[str, Any]:
    """Of a search the run that confirmed it is in there, and nowhere else."""
    search = searched(check)
    return {
        "name": check.name,
        "verdict": check.verdict,
        "reason": check.reason,
        "result": check.result.to_dict() if check.result and not search else None,
        "capacity": search and search.to_dict(),
    }


def _summed_up(what: str, parts: tuple[Part, ...], verdict: Verdict) -> str:
    worst_first = (verdict, *(other for other in Verdict if other is not verdict))
    counted = ((sum(part.verdict is one for part in parts), _BECAME[one]) for one in worst_first)
    counts = ", ".join(f"{count:,} {became}" for count, became in counted if count)
    return f"of {len(parts):,} {what}{'s' * (len(parts) != 1)} {counts}"
