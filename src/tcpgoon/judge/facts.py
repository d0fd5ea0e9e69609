"""All that a rule may look at, and what a rule says."""

import msgspec

from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.plan import Plan
from tcpgoon.record.metrics import Ending, Metrics
from tcpgoon.record.outcome import Side


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run when it is over."""

    plan: Plan
    limits: ClientLimits
    metrics: Metrics
    started: bool = True
    """False where the limits made the plan impossible, so that nothing was dialled."""
    interrupted: bool = False
    """The user stopped the run before the hold was over."""

    def endings(self, *sides: Side) -> list[Ending]:
        """The failed and lost connections that point to one of ``sides``."""
        return [ending for ending in (*self.metrics.errors, *self.metrics.losses) if ending.side in sides]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What stopped the target, or us: a stable code, whose side it is, one sentence for people, how to lift it."""

    code: str
    side: Side
    sentence: str
    remedy: str
    evidence: dict[str, int | str | list[str]]
