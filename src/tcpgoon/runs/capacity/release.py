"""On the way down: all are released, newcomers knock until they are served as before, and a second search follows."""

from collections.abc import Sequence

from tcpgoon.capacity import Step
from tcpgoon.engine.climber import Climber
from tcpgoon.judge.recovery import Recovery, is_as_before
from tcpgoon.record.knock import Fared
from tcpgoon.runs.capacity.ascent import Ascent
from tcpgoon.runs.capacity.trials import Trials

LONGEST_S = 30.0
"""Who does not recover within so long does not, as far as we say."""

PAUSE_S, LONGEST_PAUSE_S = 0.02, 1.0
"""Between two newcomers, at first and at most."""

MOST_KNOCKS = 64
"""More cannot come within `LONGEST_S`: each pause is half as long again as the one before."""


def recovery(trials: Trials, climber: Climber, before: Sequence[Step], second: Ascent) -> Recovery:
    """Release all that ``trials`` hold; ``before`` are the trials of the first search, ``second`` is the other one."""
    trials.let_go_all(settle=False)
    released_s, pause_s = climber.now_s, PAUSE_S
    before_s = next((step.newcomer_s for step in before if step.newcomer_s is not None), None)
    served_s = as_before_s = None
    while as_before_s is None and not climber.stopped and climber.now_s - released_s < LONGEST_S:
        knocked_s = climber.now_s - released_s
        fared, time_s = trials.knock()
        if fared is Fared.WELCOME:
            served_s = knocked_s + time_s if served_s is None else served_s
            as_before_s = knocked_s + time_s if is_as_before(time_s, before_s) else None
        if as_before_s is None:
            climber.wait(pause_s)
            pause_s = min(LONGEST_PAUSE_S, 1.5 * pause_s)
    waited_s = climber.now_s - released_s
    if as_before_s is not None:
        trials.let_go_all()
        second.go()
    return Recovery(
        waited_s=waited_s,
        served_s=served_s,
        as_before_s=as_before_s,
        again=second.answer if as_before_s is not None or climber.stopped else None,
    )
