"""What is searched for: the largest number of connections that a target carries, and how exactly it is to be known."""

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.plan import MOST_CONNECTIONS
from tcpgoon.plan.units import LONGEST_S

FINEST, COARSEST = 1e-6, 0.5


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Between ``first`` and ``most`` connections. Raises `PlanError` for a value out of range."""

    most: int = 10_000
    """The search ends there: a target that carries so many carries enough."""
    first: int = 1
    """The number that is tried first."""
    precision: float = 0.01
    """How wide the interval of the answer may be, as a share of it; a sharp limit is found to the unit all the same."""
    step: int | None = None
    """By how many connections it grows at the most, from one trial to the next; None: it doubles."""
    confirm_hold_s: float = 10.0
    """How long the answer is held before it is believed."""
    time_limit_s: float | None = None
    """When it gives what it has found by then; None: it takes its time."""
    at_least: int | None = None
    """What the target has to carry for a PASS; None: anything."""
    recovery: bool = False
    """Whether it is looked, when all have been released, how soon newcomers are served as before, and searched again.
    """

    def __post_init__(self) -> None:
        _in_range("largest number of connections", self.most, 1, MOST_CONNECTIONS)
        _in_range("number to begin with", self.first, 1, self.most)
        _in_range("precision", self.precision, FINEST, COARSEST)
        _in_range("hold of the answer", self.confirm_hold_s, 0, LONGEST_S)
        if self.step is not None:
            _in_range("step", self.step, 1, MOST_CONNECTIONS)
        if self.time_limit_s is not None and not 0 < self.time_limit_s <= LONGEST_S:
            raise PlanError(f"the time limit is {self.time_limit_s} s: it must be above 0, and a year at most")
        if self.at_least is not None:
            _in_range("number that is to be carried", self.at_least, 1, self.most)


def _in_range(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise PlanError(f"the {what} is {value:g}: it must be from {least:g} to {most:,.12g}")
