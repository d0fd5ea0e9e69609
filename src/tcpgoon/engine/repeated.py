"""What is done again and again while connections are held."""

from collections.abc import Callable

MANY = 2_000
"""Of what leaves a trace each time: in a year, the longest that anything lasts, there are 30,000 and no more."""


class Repeated:
    """Something that is done every so often; what was missed is not made up for.

    ``rarer_after`` so many times it is done half as often, and so on: what it leaves behind does not grow with the time
    that it goes on, but with its logarithm. None: it never is.
    """

    def __init__(self, due_s: float, every_s: float, act: Callable[[], None], rarer_after: int | None = None) -> None:
        self._due_s = due_s
        self._every_s = every_s
        self._act = act
        self._rarer_after = rarer_after
        self._done = 0

    def step(self, now_s: float) -> float:
        """Do it if it is due; when to come again."""
        if now_s >= self._due_s:
            self._done += 1
            if self._done == self._rarer_after:
                self._every_s, self._done = self._every_s * 2, 0
            self._due_s += self._every_s * (1 + (now_s - self._due_s) // self._every_s)
            self._act()
            return now_s
        return self._due_s
