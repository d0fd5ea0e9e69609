"""The gates that a run goes through: at each, all processes that share the plan wait for one another.

A part of a run begins only when the part before it is over everywhere: nobody asks before all are open, and nobody lets
go of a connection, which would make room for another, before all are proved.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Protocol


class Gate(IntEnum):
    """What begins behind each, in the order of a run."""

    DIAL = 0
    ASK = 1
    """All dials are decided."""
    HOLD = 2
    """All have been asked that were to be."""
    PROVE = 3
    """The hold is over."""
    LOOK = 4
    """What can be proved is."""
    CLOSE = 5
    """All have looked a last time: what ends from now on may end because others of us have let go."""


class Gates(Protocol):
    """What a loop sees of them."""

    def arrive(self, gate: Gate) -> None:
        """All that is to be done before ``gate`` is done here."""
        ...

    def opened_s(self, gate: Gate) -> float | None:
        """When ``gate`` was opened, in seconds since the beginning of the run; None: it is not open yet."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether all is to be ended now, whatever comes behind the next gate."""
        ...

    def looked(self, now_s: float, lag_s: float) -> None:
        """The loop looks at its connections, then; ``lag_s`` is the longest so far that it did not."""
        ...


class Alone:
    """The gates of one process that does all of a plan: each opens at once, when what was to be done ``at`` it is."""

    is_over = False

    def __init__(self, now_s: Callable[[], float], at: Mapping[Gate, Callable[[], None]] | None = None) -> None:
        self._now_s = now_s
        self._at = at or {}
        self._opened_s: dict[Gate, float] = {}
        self.latest: tuple[Gate, float] | None = None
        """The gate that was opened last, and when."""

    def arrive(self, gate: Gate) -> None:
        """See `Gates.arrive`."""
        if gate in self._at:
            self._at[gate]()
        self._opened_s[gate] = self._now_s()
        self.latest = gate, self._opened_s[gate]

    def opened_s(self, gate: Gate) -> float | None:
        """See `Gates.opened_s`."""
        return self._opened_s.get(gate)

    def looked(self, now_s: float, lag_s: float) -> None:
        """Nobody watches."""
