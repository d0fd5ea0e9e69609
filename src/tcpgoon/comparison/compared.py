"""What a comparison comes to."""

from enum import StrEnum
from typing import Any

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.judge.verdict import Verdict, worst
from tcpgoon.plan.units import format_duration
from tcpgoon.record.outcome import Side

FORMAT = 1
"""The version of the plain data that `Comparison.to_dict` gives."""

NOTHING_WORSE = "nothing got worse beyond noise"


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """By how much something may be worse, whatever chance says. Raises `PlanError` for less than nothing."""

    times: float = 0.25
    """By this share of itself a time may be longer."""
    time_s: float = 0.005
    """A time that is longer by less than so many seconds is no longer."""
    share: float = 0.001
    """This share of the connections may be worse off."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise PlanError(f"a tolerance ({name}) of {value}: it must be 0 or above")


class Judged(StrEnum):
    """What became of a number."""

    WORSE = "worse"
    DOUBTFUL = "doubtful"
    """It may be worse; or it was this client that was slow."""
    SAME = "same"
    """Within what chance does, or is tolerated."""
    BETTER = "better"
    UNKNOWN = "unknown"
    """There are too few to tell, or it was measured in one of the runs alone."""


class Unit(StrEnum):
    """What a number is of."""

    CONNECTIONS = "connections"
    NEWCOMERS = "newcomers"
    SECONDS = "s"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A number before and now."""

    name: str
    """Such as ``established``, ``p99 answer``."""
    unit: Unit
    old: float | None
    """The worst of the OLD runs; None: it was not measured."""
    new: float | None
    old_of: int
    """Out of how many."""
    new_of: int
    old_most: float | None = None
    """Of a time: the most that the true one may have been in the OLD runs."""
    new_least: float | None = None
    """Of a time: the least that the true one is now, without what this client may have added."""
    judged: Judged


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one part: the run, the instance, the check."""

    name: str
    old: tuple[Verdict, ...]
    """The verdict of each OLD run that it was compared with."""
    new: Verdict
    lag_s: float = 0.0
    """How long the loop of this client stood still at the most, in the new run."""
    problem: str = ""
    """Why it cannot be compared; empty where it was."""
    notes: tuple[str, ...] = ()
    """What else is to be known: what was not the same about the runs."""
    changes: tuple[Change, ...] = ()
    findings_new: tuple[Finding, ...] = ()
    """Those that no OLD run had."""
    findings_gone: tuple[Finding, ...] = ()
    """Those that each OLD run had."""

    @property
    def failed_first_now(self) -> bool:
        """Whether it fails now, and had not failed before: that is a verdict, no number, and not subject to chance."""
        return not self.problem and self.new is Verdict.FAIL and Verdict.FAIL not in self.old

    @property
    def worse(self) -> tuple[Change, ...]:
        """The numbers that got worse."""
        return tuple(change for change in self.changes if change.judged is Judged.WORSE)

    @property
    def doubtful(self) -> tuple[Change, ...]:
        """The numbers that may have got worse, or it was this client."""
        return tuple(change for change in self.changes if change.judged is Judged.DOUBTFUL)

    @property
    def findings_worse(self) -> tuple[Finding, ...]:
        """The new findings that are about the target or the path, and more than a possibility."""
        return tuple(
            finding
            for finding in self.findings_new
            if finding.side is not Side.CLIENT and finding.confidence is not Confidence.POSSIBLE
        )

    @property
    def verdict(self) -> Verdict:
        """FAIL where anything got worse, INCONCLUSIVE where that is in doubt, or they cannot be compared."""
        if self.problem:
            return Verdict.INCONCLUSIVE
        if self.failed_first_now or self.worse or self.findings_worse:
            return Verdict.FAIL
        return Verdict.INCONCLUSIVE if self.doubtful else Verdict.PASS

    @property
    def reason(self) -> str:
        """One sentence."""
        if self.problem:
            return f"cannot be compared: {self.problem}"
        what = [
            *(["the verdict (PASS before, FAIL now)"] if self.failed_first_now else []),
            *(change.name for change in self.worse),
            *(finding.code for finding in self.findings_worse),
        ]
        if what:
            return f"worse: {', '.join(what)}"
        return self._doubt if self.doubtful else NOTHING_WORSE

    @property
    def _doubt(self) -> str:
        names = ", ".join(change.name for change in self.doubtful)
        lag = format_duration(self.lag_s)
        return f"in doubt: {names}: it may be worse, or it is this client, whose loop lagged by up to {lag}"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What got worse."""

    runs: int
    """How many OLD runs there were."""
    tolerance: Tolerance
    parts: tuple[Compared, ...]
    problems: tuple[str, ...] = ()
    """Why not all can be compared."""
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """FAIL where anything got worse; INCONCLUSIVE where not all could be compared, or nothing."""
        return worst([*(part.verdict for part in self.parts), *([Verdict.INCONCLUSIVE] if self.problems else [])])

    @property
    def reason(self) -> str:
        """One sentence."""
        said = [part for part in self.parts if part.verdict is not Verdict.PASS]
        whole = [part.reason if len(self.parts) == 1 else f"{part.name}: {part.reason}" for part in said]
        return "; ".join([*whole, *self.problems]) or (NOTHING_WORSE if self.parts else "there is nothing to compare")

    def to_dict(self) -> dict[str, Any]:
        """As plain data: strings, numbers, lists, dicts."""
        parts = [
            {"verdict": part.verdict, "reason": part.reason, **msgspec.structs.asdict(part)} for part in self.parts
        ]
        whole = {"format": FORMAT, "kind": "comparison", "verdict": self.verdict, "reason": self.reason}
        whole |= {**msgspec.structs.asdict(self), "parts": parts}
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
        return plain
