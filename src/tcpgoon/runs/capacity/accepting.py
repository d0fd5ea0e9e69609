"""Whether the target takes what its kernel has let in: where it is on this machine, its accept queue is seen."""

from typing import NamedTuple

from tcpgoon.engine.climber import Climber
from tcpgoon.engine.on_site.inspector import Inspector

LOOK_EVERY_S = 0.05

STANDS_S, STANDS_ASKED_S = 1.0, 0.5
"""A queue that has not got shorter for so long is not emptied; who was asked has waited for an answer before."""

LONGEST_S = 30.0
"""One that is emptied more slowly than this is no help to those in it."""


class Standing(NamedTuple):
    """An accept queue that nobody empties."""

    queued: int = 0
    """0: there is none, or it is not seen."""
    stood_s: float = 0.0


def standing(inspector: Inspector, climber: Climber, *, asked: bool) -> Standing:
    """What is left in the accept queue when it has stopped to get shorter; that is waited for."""
    begun_s = since_s = climber.now_s
    least, longest_s = inspector.queued(), STANDS_ASKED_S if asked else STANDS_S
    while least and climber.now_s - since_s < longest_s and climber.now_s - begun_s < LONGEST_S:
        climber.wait(LOOK_EVERY_S)
        if climber.stopped:
            return Standing()
        queued = inspector.queued()
        if queued < least:
            least, since_s = queued, climber.now_s
    return Standing(least, climber.now_s - since_s)
