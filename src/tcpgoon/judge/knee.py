"""Where a curve turns: from which number of connections on a target keeps newcomers waiting. Pure.

`kneed` and its like find a knee in any curve that bends; here there is none where nobody waits for much longer, and so
the criterion is one that a reader can check by eye.
"""

from collections.abc import Sequence
from itertools import takewhile
from statistics import median

TIMES_AS_LONG = 3.0
"""Who waits for longer than so many times what the first did is beyond the knee."""

LEAST_S = 0.001
"""Less than this is noise."""

FIRST = 3
"""The times of so many of the lowest levels are what the others are compared with."""


def knee(curve: Sequence[tuple[int, float]]) -> int | None:
    """The largest number held before times exceed `TIMES_AS_LONG` the first ones, and stay there; None: they do not.

    ``curve`` is (connections held, seconds), in ascending order of connections. One high time between low ones is no
    knee, and neither is a last one alone: nobody knows whether it stays.
    """
    if len(curve) <= FIRST + 1:
        return None
    before_s = median(time_s for _, time_s in curve[:FIRST])
    limit_s = max(TIMES_AS_LONG * before_s, before_s + LEAST_S)
    beyond = len(list(takewhile(lambda point: point[1] > limit_s, reversed(curve[FIRST:]))))
    return curve[-beyond - 1][0] if beyond > 1 else None
