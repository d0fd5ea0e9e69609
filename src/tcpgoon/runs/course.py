"""What a run that goes on tells beside its table, asked by the thread that watches it."""

from collections.abc import Sequence
from typing import Protocol

from tcpgoon.engine.gates import Gate
from tcpgoon.plan.plan import Plan
from tcpgoon.record.knock import Knock
from tcpgoon.record.live import Course, Stage
from tcpgoon.runs.stop import Stop

_BEHIND = {
    Gate.DIAL: Stage.ESTABLISHMENT,
    Gate.ASK: Stage.ASKING,
    Gate.HOLD: Stage.HOLD,
    Gate.PROVE: Stage.PROOF,
    Gate.LOOK: Stage.PROOF,
    Gate.CLOSE: Stage.TEAR_DOWN,
}
"""What begins behind each gate."""


class Progress(Protocol):
    """What those who carry out a plan tell other threads meanwhile."""

    @property
    def gate(self) -> tuple[Gate, float] | None:
        """The gate that was opened last, and when; None: none is yet."""
        ...

    @property
    def lag_s(self) -> float:
        """The longest so far that a loop did not look at its connections."""
        ...

    @property
    def knocks(self) -> Sequence[Knock]:
        """How the newcomers fared."""
        ...


def course(plan: Plan, those: Progress, stop: Stop) -> Course:
    """How far ``those`` who carry out ``plan`` are, and how they fare."""
    gate, since_s = those.gate or (None, 0.0)
    stage = _BEHIND[gate] if gate is not None else Stage.START
    if stop.requested:
        stage = Stage.STOPPING
    return Course(
        stage=stage,
        since_s=since_s,
        until_s=since_s + plan.hold_s if stage is Stage.HOLD else None,
        lag_s=those.lag_s,
        knock=those.knocks[-1] if those.knocks else None,
    )
