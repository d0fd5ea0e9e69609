"""What is done again and again while connections are held."""

from collections.abc import Callable


class Repeated:
    """Something that is done every so often; what was missed is not made up for."""

    def __init__(self, due_s: float, every_s: float, act: Callable[[], None]) -> None:
        self._due_s = due_s
        self._every_s = every_s
        self._act = act

    def step(self, now_s: float) -> float:
        """Do it if it is due; when to come again."""
        if now_s >= self._due_s:
            self._due_s += self._every_s * (1 + (now_s - self._due_s) // self._every_s)
            self._act()
            return now_s
        return self._due_s
