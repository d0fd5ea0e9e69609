"""Which number of connections to try next: up in growing steps, then down to the number between good and bad. Pure.

A burst measures the backlog, not the capacity: so a number that does not hold is tried again more slowly before it is
believed to be bad, and once more where that went further. A sharp limit shows in who is left: as many as there is room
for. That number is tried, then the one above it; where the limit is not sharp, the interval is halved.
"""

from enum import Enum

import msgspec

from tcpgoon.plan.search import Search


class Pace(Enum):
    """How fast a trial opens what it adds: at most so many a second."""

    BRISK = 20_000.0
    STEADY = 200.0
    GENTLE = 50.0


_SLOWER = {Pace.BRISK: Pace.STEADY, Pace.STEADY: Pace.GENTLE}


class Trial(msgspec.Struct, frozen=True):
    """``level`` connections are to be held at once, opened at ``pace``."""

    level: int
    pace: Pace


class Came(msgspec.Struct, frozen=True):
    """What came of a trial: whether it held, and how many were there when the dubious had been let go."""

    good: bool
    left: int
    hurried: bool = False
    """Whether SYNs had to be repeated: nobody knows who of those that were opened is really there."""
    unemptied: bool = False
    """Whether nobody empties the accept queue: it is no matter of pace."""


class Climb:
    """The course of ``search``: ask for `next`, and say what `came` of it, until there is none."""

    def __init__(self, search: Search, most: int) -> None:
        self._search = search
        self._most = most
        """What this client can carry of it."""
        self.good = 0
        """The largest number that held."""
        self.bad: int | None = None
        """The smallest number above it that did not."""
        self.pace = Pace.BRISK
        self.burst: int | None = None
        """How many there were in a burst, where a slower pace brought more."""
        self._left: int | None = None
        """How many were left in the trial that is tried again more slowly."""
        self._guess: int | None = None
        """A number that seems to be the limit: it is tried, then the one above."""
        self._next: int | None = min(search.first, most)

    @property
    def next(self) -> Trial | None:
        """What to try; None: the answer is known as exactly as it is wanted."""
        return None if self._next is None else Trial(self._next, self.pace)

    @property
    def is_exact(self) -> bool:
        """Whether the number above the answer is bad."""
        return self.bad is not None and self.bad == self.good + 1

    def came(self, came: Came) -> None:
        """That came of `next`."""
        if self._next is None:
            return
        level = self._next
        if came.hurried and self.pace in _SLOWER:
            self._slow_down()
        elif came.good:
            self._held(level)
        elif came.unemptied or not self._is_to_be_tried_again(level, came.left):
            self._failed(level, came.left)

    def unconfirmed(self, left: int) -> None:
        """The answer did not hold for long: ``left`` were left of it. What comes is opened more slowly."""
        self.pace = _SLOWER.get(self.pace, self.pace)
        self.bad, self.good = self.good, 0
        self._guess = left if 0 < left < self.bad else None
        self._next = self._guess or self._between()

    def exceeded(self) -> None:
        """One more than the answer held, although it was bad before."""
        self.good, self.bad = self.good + 1, None
        self._next = self._larger()

    def _slow_down(self) -> None:
        """The same again, more slowly, and so all that comes."""
        self.burst = self.burst or self.good
        self.pace, self._left = _SLOWER[self.pace], None

    def _is_to_be_tried_again(self, level: int, left: int) -> bool:
        """A burst may be what it failed by: more slowly, from what is left."""
        slower = _SLOWER.get(self.pace)
        further = self._left is None or left > self._left
        if slower is None or not further or left >= level or level - self.good <= 1:
            return False
        if self._left is not None:
            self.burst = self.burst or self._left
        self._left, self.pace = left, slower
        return True

    def _held(self, level: int) -> None:
        if self._left is not None:  # at a slower pace it holds, and what comes is opened at that
            self.burst = self.burst or self._left
            self._left = None
        self.good = max(self.good, level)
        if self.bad is None:
            self._next = self._larger()
        elif self._guess == level and self.bad > level + 1:
            self._guess, self._next = None, level + 1
        else:
            self._next = self._between()

    def _failed(self, level: int, left: int) -> None:
        if self._left is not None and left <= self._left and self.burst is None:
            self.pace = Pace.BRISK  # slower went no further: it is no matter of pace
        self._left = None
        self.bad = level if self.bad is None else min(self.bad, level)
        if left == self.good and self.bad > left + 1 and self._guess != left:
            self._guess, self._next = left, left + 1  # it is known to hold
            return
        self._guess = left if self.good < left < self.bad else None
        self._next = self._guess or self._between()

    def _larger(self) -> int | None:
        if self.good >= self._most:
            return None
        step = self.good if self._search.step is None else min(self.good, self._search.step)
        return min(self._most, self.good + max(1, step))

    def _between(self) -> int | None:
        assert self.bad is not None  # noqa: S101 - else there is nothing to halve
        width = max(1, int(self.good * self._search.precision))
        return None if self.bad - self.good <= width else (self.good + self.bad) // 2
