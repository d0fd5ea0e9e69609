"""What may be chance in a difference between two runs, and what is not.

Both tests take connections for independent of each other. They are not: what delays one delays its neighbours, and a
service that stands still for a second loses many at once. So they say how much chance there is *at the least*, and
whoever calls a difference one that matters asks for more than that: see `tcpgoon.comparison`.
"""

from math import ceil, exp, lgamma, log, sqrt
from typing import NamedTuple

from tcpgoon.judge.chance import at_most

UNLIKELY_SHARE = 5e-3
"""What is no more probable than that is no chance, where connections are counted."""

UNLIKELY_BOUND = 1e-2
"""How often a bound of a percentile may be wrong. Two of them that do not meet are seldom wrong together."""

_ROUNDING = 1e-6
"""A rank is a whole number where it would be but for rounding."""

_FAR = 12
"""So many deviations from what is expected nothing is left."""


class Ranks(NamedTuple):
    """Which of the samples, the smallest of which is number 0, are between what a percentile may truly be."""

    low: int | None
    """None: it may be less than all of them."""
    measured: int
    high: int | None


def is_fewer(new: int, new_of: int, old: int, old_of: int) -> bool:
    """Whether ``new`` out of ``new_of`` are fewer, beyond chance, than ``old`` out of ``old_of``.

    This is the exact test of Fisher, one-sided.
    """
    return at_most(new, new_of, new + old, new_of + old_of) <= UNLIKELY_SHARE


def ranks(count: int, share: float) -> Ranks:
    """Where the percentile ``share`` (0.99 is the 99th) is, but for bad luck, among so many samples.

    That is so whatever the distribution is: how many samples are below the true percentile is binomial.
    """
    above, below = _rank(count, share), count + 1 - _rank(count, 1 - share)
    return Ranks(
        low=below - 1 if below >= 1 else None,
        measured=ceil(share * count - _ROUNDING) - 1,
        high=above - 1 if above <= count else None,
    )


def _rank(count: int, share: float) -> int:
    """The least rank that so many of ``count`` samples, or more, lie below a percentile by bad luck alone."""
    rank = min(count, int(count * share + _FAR * (1 + sqrt(count * share * (1 - share)))))
    tail = _probability(rank, count, share)
    while tail <= UNLIKELY_BOUND:
        rank -= 1
        tail += _probability(rank, count, share)
    return rank + 1


def _probability(found: int, count: int, share: float) -> float:
    """How probable it is that exactly so many of ``count`` are among a ``share`` of all."""
    ways = lgamma(count + 1) - lgamma(found + 1) - lgamma(count - found + 1)
    return exp(ways + found * log(share) + (count - found) * log(1 - share))
