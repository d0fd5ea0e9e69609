"""At which rate new connections were let in, where that was not the rate that they were dialled at."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from tcpgoon.judge.seen import HANDFUL, Seen

MOST_LOST = 0.5
"""Where more dials than this share had to repeat their SYN it is no loss that a path is used with."""

HELD_UP = 0.25
"""That share where loss cannot be what made dialling slow."""

WAVE_S = 0.25
"""Where all were dialled in less time than that each wave of repeated SYNs is a burst."""

AGAIN_S = 1.0
"""The shortest time after which a SYN is repeated."""

SLOWER = 1.5
"""So many times longer than was asked for it takes to let them in, at the least, where that is not our own pace."""

MOST = 0.9
"""This share of them."""

FEWEST_PARTS = 3
"""A rate is flat over so many parts, at the least."""


class Admission(NamedTuple):
    """So many were let in per second: between ``least`` and ``most``, where it cannot be told more closely."""

    least: float
    most: float | None
    """None where they came in bursts: then a rate does not show, but how many were let in at a time."""
    at_a_time: int
    """How many of each wave of SYNs were let in; 0 where that went on steadily."""

    def __str__(self) -> str:
        """``at about 50/s``; ``at 8 to 34/s``; ``11 at a time``."""
        if self.most is None:
            return f"{self.at_a_time:,} at a time"
        rates = dict.fromkeys(f"{rate:,.0f}" for rate in (self.least, self.most))
        return f"at {'about ' * (len(rates) == 1)}{' to '.join(rates)}/s"


def admission(seen: Seen) -> Admission | None:
    """How fast they were let in, where that is flat and far slower than was asked for; None where it is not.

    SYNs are repeated by all at the same intervals. So a limit lets in as many of each wave as of the one before, where
    chance lets in a share of what is left; and where dialling takes long, as many in each second.
    """
    shape = seen.shape
    slow = shape.admitting_s > SLOWER * seen.asked_for_s + AGAIN_S
    # Loss on its own makes dialling slow where only so many are dialled at once.
    most_lost = HELD_UP if seen.plan.connections <= seen.plan.max_dialing else MOST_LOST
    if not slow or seen.repeated <= most_lost * sum(shape.decided):
        return None
    in_bursts = shape.dialling_s < WAVE_S
    parts = _most(shape.admitted)
    part_s = shape.admitting_s / max(1, len(shape.admitted))
    if not in_bursts and len(parts) * part_s > SLOWER * seen.asked_for_s and _is_flat(parts[1:-1]):
        rate = _middle(parts[1:-1]) / part_s
        return Admission(rate, rate, 0)
    waves = [repeated.connections for repeated in seen.metrics.retransmitted]
    if not _is_flat([seen.established - sum(waves), *waves][:-1]):
        return None
    # A limiter lets a few more in where nobody had come for a while: between two waves as well.
    most = None if in_bursts else _middle(waves) / shape.dialling_s
    return Admission(_middle(waves) / (AGAIN_S + shape.dialling_s), most, _middle(waves))


def _most(counts: Sequence[int]) -> Sequence[int]:
    """The first of them, until most had come: the last few wait for longer each time that their SYN is repeated."""
    until_then = accumulate(counts)
    return counts[: 1 + sum(so_many < MOST * sum(counts) for so_many in until_then)]


def _is_flat(counts: Sequence[int]) -> bool:
    if len(counts) < FEWEST_PARTS:
        return False
    middle = _middle(counts)
    return middle > HANDFUL and all(2 * abs(count - middle) <= middle for count in counts)


def _middle(counts: Sequence[int]) -> int:
    return sorted(counts)[len(counts) // 2]
