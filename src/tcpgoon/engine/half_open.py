"""Whether a connection is half-open at the other end: what a repeated SYN-ACK means, and when. Pure.

A kernel that has no room for a finished handshake drops the last ACK, keeps the request, and repeats its SYN-ACK after
1, 3, 7, 15 and 31 s (``tcp_synack_retries``; less often where it has many), until it forgets. Nothing else tells such
a connection from a real one: it answers keepalives. One repetition may also be a last ACK that the path has lost: then
ours, which answers the repetition, ends it, and no further one comes. And what looks like repetitions may be keepalives
of a peer that makes sure of us, every 15 s where it is written in Go. Hence the doubt, and its end by patience.
"""

from bisect import bisect_right
from enum import Enum
from typing import NamedTuple

LATEST_S = (1.15, 3.3, 7.7, 16.0, 32.5)
"""The ages by which the repetitions have come: measured 1.07, 3.1, 7.3, 15.5, 31.6 s with a round trip of 50 ms."""

EARLIEST_S = (0.9, 2.8, 6.8, 14.5, 30.0)
"""The ages before which they have not come: what comes more often is none of them."""

FORGOTTEN_S = 66.0
"""The age by which the other end has forgotten a handshake that was not finished: it answers with RST from then on."""

SETTLED_BY, SETTLED_BY_IF_LOSSY = 2, 3
"""So many repetitions without a gap are no accident on a path that loses nothing, or one that is known to lose some."""


class Doubt(Enum):
    """What is to be made of it."""

    NONE = "none"
    """No SYN-ACK was repeated."""
    QUIET = "quiet"
    """One was, and the next one that was due did not come: the connection has recovered, or the request is forgotten;
    or what came was none. To be proved by a FIN that is acknowledged."""
    WAIT = "wait"
    """It may go on or not: look again at `Opinion.until_s`."""
    HALF_OPEN = "half-open"
    """It goes on and on."""


class Opinion(NamedTuple):
    """A `Doubt`, and the age at which more will be known."""

    doubt: Doubt
    until_s: float = 0.0


def first_look_s(lossy: bool, rtt_s: float) -> float:
    """The age from which a connection without a repeated SYN-ACK is no half-open one.

    Where the path is known to lose packets the first repetition may be lost, and the second is waited for.
    """
    return LATEST_S[1 if lossy else 0] + rtt_s


def opinion(repeats: int, age_s: float, rtt_s: float, late_s: float = 0.0, *, lossy: bool = False) -> Opinion:
    """What ``repeats`` repeated SYN-ACKs mean on a connection that was established ``age_s`` ago.

    ``late_s``: by how much older it may be, since we may have seen late that it was established. ``lossy``: the path is
    known to lose packets.
    """
    if repeats <= 0:
        return Opinion(Doubt.NONE)
    due, most = bisect_right(LATEST_S, age_s - rtt_s), bisect_right(EARLIEST_S, age_s + late_s)
    if not due <= repeats <= most or age_s > FORGOTTEN_S + rtt_s:
        return Opinion(Doubt.QUIET)
    if repeats >= (SETTLED_BY_IF_LOSSY if lossy else SETTLED_BY):
        return Opinion(Doubt.HALF_OPEN)
    return Opinion(Doubt.WAIT, LATEST_S[repeats] + rtt_s)
