"""What a benchmark finds: two contenders side by side, pair by pair, and the bar that the second has to reach."""

import statistics
from collections.abc import Callable, Hashable, Mapping
from typing import Literal, TypeVar

import msgspec

Name = TypeVar("Name", bound=Hashable)
Measured = TypeVar("Measured")


class Bar(msgspec.Struct, frozen=True):
    """A bound on a row: on the ratio of right to left, or on the right column itself."""

    on: Literal["ratio", "right"]
    bound: Literal["≥", "≤"]
    value: float

    def reached_by(self, row: "Row") -> bool:
        """Whether the median of ``row`` is on the right side of the bound."""
        median = statistics.median(row.ratios if self.on == "ratio" else row.right)
        return median >= self.value if self.bound == "≥" else median <= self.value


class Row(msgspec.Struct, frozen=True):
    """One quantity: its value in each pair, left and right, and how to print it (a format specification).

    ``left`` is empty where only the right has such a value.
    """

    name: str
    left: list[float]
    right: list[float]
    style: str = ",.0f"
    bar: Bar | None = None

    @property
    def ratios(self) -> list[float]:
        """Right ÷ left of each pair that has both; a left of zero has no ratio."""
        return [right / left for left, right in zip(self.left, self.right, strict=bool(self.left)) if left]

    @property
    def reached(self) -> bool | None:
        """Whether the bar is reached; None where there is none."""
        return self.bar.reached_by(self) if self.bar else None


class Comparison(msgspec.Struct, frozen=True):
    """A table: what was measured, who is left and right, the quantities."""

    title: str
    left: str
    right: str
    rows: list[Row]


def in_turn(contenders: Mapping[Name, Callable[[], Measured]], pairs: int) -> dict[Name, list[Measured]]:
    """Measure each contender ``pairs`` times, in turn; the order changes from pair to pair.

    A machine that grows slower or warmer meanwhile does so for all. One round before the first is not counted: the
    kernel's socket caches are empty then, and whoever comes first would pay for them.
    """
    found: dict[Name, list[Measured]] = {name: [] for name in contenders}
    next(iter(contenders.values()))()
    for pair in range(pairs):
        for name in list(contenders)[:: -1 if pair % 2 else 1]:
            found[name].append(contenders[name]())
    return found
