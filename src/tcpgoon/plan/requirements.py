"""What has to hold for a PASS: bounds on fields of the metrics."""

import operator
from enum import StrEnum

import msgspec


class Field(StrEnum):
    """A number of the metrics that can be bounded."""

    ESTABLISHED = "established"
    """Connections established and still there at the end of the hold."""
    LOST = "lost"
    """Connections that the peer or the path ended before we did."""
    PEAK = "peak"
    """The most connections that were established at the same instant."""


class Bound(StrEnum):
    """How a field is compared with its limit."""

    AT_LEAST = ">="
    EXACTLY = "="


_HOLDS = {Bound.AT_LEAST: operator.ge, Bound.EXACTLY: operator.eq}


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``field bound limit``, such as ``established >= 100``."""

    field: Field
    bound: Bound
    limit: int

    def holds(self, measured: int) -> bool:
        """Whether ``measured`` satisfies it."""
        return bool(_HOLDS[self.bound](measured, self.limit))

    def __str__(self) -> str:
        return f"{self.field} {self.bound} {self.limit}"


def carries_all(connections: int) -> tuple[Requirement, ...]:
    """What is required where nothing else is said: all are held, all at the same time, and none was lost."""
    return (
        Requirement(Field.ESTABLISHED, Bound.AT_LEAST, connections),
        Requirement(Field.PEAK, Bound.AT_LEAST, connections),
        Requirement(Field.LOST, Bound.EXACTLY, 0),
    )
