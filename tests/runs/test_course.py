"""How far a run is, as its gates tell it to who watches."""

from collections.abc import Sequence

import pytest

from tcpgoon.engine.gates import Gate
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.live import Course, Stage
from tcpgoon.runs.course import Progress, course
from tcpgoon.runs.stop import Stop

PLAN = Plan(target=Target("host", 80), hold_s=30.0)


def knock(at_s: float) -> Knock:
    return Knock(at_s=at_s, held=3, fared=Fared.WELCOME, time_s=0.001, gone_s=at_s + 0.1)


class Those:
    def __init__(self, gate: Gate | None, knocks: Sequence[Knock] = ()) -> None:
        self.gate = None if gate is None else (gate, 2.5)
        self.lag_s = 0.125
        self.knocks = knocks


def seen(those: Progress) -> Course:
    return course(PLAN, those, Stop())


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (None, Course(stage=Stage.START, since_s=0.0, lag_s=0.125)),
        (Gate.DIAL, Course(stage=Stage.ESTABLISHMENT, since_s=2.5, lag_s=0.125)),
        (Gate.ASK, Course(stage=Stage.ASKING, since_s=2.5, lag_s=0.125)),
        (Gate.HOLD, Course(stage=Stage.HOLD, since_s=2.5, until_s=32.5, lag_s=0.125)),
        (Gate.PROVE, Course(stage=Stage.PROOF, since_s=2.5, lag_s=0.125)),
        (Gate.LOOK, Course(stage=Stage.PROOF, since_s=2.5, lag_s=0.125)),
        (Gate.CLOSE, Course(stage=Stage.TEAR_DOWN, since_s=2.5, lag_s=0.125)),
    ],
)
def test_behind_each_gate_a_stage_begins(gate: Gate | None, expected: Course) -> None:
    assert seen(Those(gate)) == expected


def test_of_the_newcomers_the_last_is_told() -> None:
    assert seen(Those(Gate.DIAL, [knock(1.0), knock(2.0)])).knock == knock(2.0)


def test_who_is_to_stop_is_said_to_be_stopping() -> None:
    stop = Stop()
    stop.request()
    assert course(PLAN, Those(Gate.HOLD), stop) == Course(stage=Stage.STOPPING, since_s=2.5, lag_s=0.125)
