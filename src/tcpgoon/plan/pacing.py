"""When to open the next connection: pure functions of the time that has passed and of the number already started.

A pacing has no clock. It answers two questions that agree with each other exactly: how many starts are due once
``elapsed_s`` seconds have passed, and when start number ``k`` (from 0) is due. The schedule is absolute: a dial that
comes late moves no later one, which is why the mean rate does not drift.
"""

import math
import sys
from typing import Protocol

import msgspec

from tcpgoon.errors import PlanError

COUNTABLE = 2**53
"""Up to here a float tells a number from the next one; no run has so many starts."""


class Pacing(Protocol):
    """A schedule of starts."""

    def due(self, elapsed_s: float) -> int:
        """How many connections are to have been started when ``elapsed_s`` seconds have passed."""
        ...

    def start_s(self, k: int) -> float:
        """Seconds from the beginning to start number ``k``, counted from 0."""
        ...


class AllAtOnce(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="all-at-once"):
    """As fast as possible: all are due from the beginning."""

    def due(self, elapsed_s: float) -> int:
        """All of them, whatever their number."""
        return sys.maxsize if elapsed_s >= 0 else 0

    def start_s(self, k: int) -> float:
        """At once."""
        return 0.0


class ConstantRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="constant-rate"):
    """One start every ``interval_s`` seconds, the first one at 0. Raises `PlanError` unless ``interval_s`` > 0."""

    interval_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.interval_s) and self.interval_s > 0):
            raise PlanError(f"the time between two dials is {self.interval_s} s: it must be above 0")

    def due(self, elapsed_s: float) -> int:
        """One more than the whole intervals that have passed."""
        if elapsed_s < 0:
            return 0
        intervals = elapsed_s / self.interval_s
        if intervals >= COUNTABLE:
            return sys.maxsize
        k = int(intervals)
        # The quotient is rounded; start_s() is what says exactly on which side of a start we are.
        while self.start_s(k) <= elapsed_s:
            k += 1
        return k

    def start_s(self, k: int) -> float:
        """``k`` intervals after the beginning."""
        return k * self.interval_s


class Dealt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="dealt", kw_only=True):
    """Of the starts of ``pacing``, number ``first`` and each so many later: the part of one of several processes.

    The parts of all of them together are the whole, at every moment.
    """

    pacing: ConstantRate
    first: int
    every: int

    def due(self, elapsed_s: float) -> int:
        """How many of the starts that are due are among its own."""
        return max(0, -((self.first - self.pacing.due(elapsed_s)) // self.every))

    def start_s(self, k: int) -> float:
        """That of the start with this number in the whole."""
        return self.pacing.start_s(self.first + k * self.every)


def from_interval(interval_s: float) -> AllAtOnce | ConstantRate:
    """The pacing with ``interval_s`` seconds between two starts; 0 is as fast as possible."""
    return ConstantRate(interval_s) if interval_s else AllAtOnce()


def from_rate(per_second: float) -> ConstantRate:
    """The pacing with ``per_second`` starts a second. Raises `PlanError` unless it is above 0."""
    if not per_second > 0:
        raise PlanError(f"a rate of {per_second:g}/s starts nothing: it must be above 0")
    return ConstantRate(1 / per_second)


def from_ramp(ramp_s: float, connections: int) -> AllAtOnce | ConstantRate:
    """The pacing that spreads ``connections`` starts evenly over ``ramp_s`` seconds."""
    return from_interval(ramp_s / max(connections, 1))
