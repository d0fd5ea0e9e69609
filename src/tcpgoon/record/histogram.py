"""Times in bins that grow with them: what takes a millisecond and what takes a second are seen in one picture.

The edges are preferred numbers (ISO 3): ten to a decade, or forty where the times are so close together that ten
would show but a few bars. They are the same for all runs, so that two histograms can be laid beside one another.
"""

from collections.abc import Mapping
from math import inf

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.rows import Seconds

_R10 = (100, 125, 160, 200, 250, 315, 400, 500, 630, 800)
_R40 = (
    100, 106, 112, 118, 125, 132, 140, 150, 160, 170, 180, 190, 200, 212, 224, 236, 250, 265, 280, 300,
    315, 335, 355, 375, 400, 425, 450, 475, 500, 530, 560, 600, 630, 670, 710, 750, 800, 850, 900, 950,
)  # fmt: skip
_DECADES = range(-6, 8)
"""From a microsecond to more than a year."""

MOST_FINE = 40
"""Bins of forty to a decade at the most: where there were more, ten to a decade are enough."""


class Group(msgspec.Struct, frozen=True):
    """How many of one kind are in each bin."""

    name: str
    counts: tuple[int, ...]


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """How many times are in each bin; bin i is from ``edges_s[i]`` to less than ``edges_s[i + 1]``.

    The first bin that there is and the last one are not empty. What is less than a microsecond is in a bin from 0.
    """

    edges_s: tuple[float, ...]
    groups: tuple[Group, ...]
    """By kind; their counts, one for each bin, are laid on one another."""

    @property
    def count(self) -> int:
        """All that were counted."""
        return sum(sum(group.counts) for group in self.groups)


def histogram(kinds: Mapping[str, Seconds]) -> Histogram | None:
    """The histogram of the times of each kind, over the same bins; None where there are none at all."""
    # A clock that two processes read may run backwards by a hair.
    there = {name: np.maximum(seconds, 0.0) for name, seconds in kinds.items() if len(seconds)}
    if not there:
        return None
    least_s = min(float(seconds.min()) for seconds in there.values())
    most_s = max(float(seconds.max()) for seconds in there.values())
    edges_s = _between(_edges(_R40), least_s, most_s)
    if len(edges_s) > MOST_FINE + 1:
        edges_s = _between(_edges(_R10), least_s, most_s)
    groups = (Group(name, _counts(seconds, edges_s)) for name, seconds in there.items())
    return Histogram(edges_s=tuple(edges_s.tolist()), groups=tuple(groups))


def _edges(series: tuple[int, ...]) -> npt.NDArray[np.float64]:
    edges_s = (float(f"{number}e{decade - 2}") for decade in _DECADES for number in series)
    return np.array([0.0, *edges_s, inf])


def _between(edges_s: npt.NDArray[np.float64], least_s: float, most_s: float) -> npt.NDArray[np.float64]:
    first, last = np.searchsorted(edges_s, (least_s, most_s), side="right")
    return edges_s[first - 1 : last + 1]


def _counts(seconds: Seconds, edges_s: npt.NDArray[np.float64]) -> tuple[int, ...]:
    at = np.searchsorted(edges_s, seconds, side="right") - 1
    return tuple(np.bincount(at, minlength=len(edges_s) - 1).tolist())
