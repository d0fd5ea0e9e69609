"""How many connections are in each state, counted from the state column alone; cheap enough for every status line."""

from typing import Self

import msgspec

from tcpgoon.record.connection import State


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Connections by state; they add up to `total`."""

    planned: int = 0
    opening: int = 0
    established: int = 0
    closed: int = 0
    lost: int = 0
    failed: int = 0
    abandoned: int = 0

    @classmethod
    def of(cls, states: bytes) -> Self:
        """The counts of a state column."""
        return cls(**{state.name.lower(): states.count(state) for state in State})

    @property
    def total(self) -> int:
        """All rows."""
        return sum(msgspec.structs.astuple(self))

    @property
    def held(self) -> int:
        """Established and there until we closed them, or there now: neither failed nor lost."""
        return self.established + self.closed

    @property
    def undecided(self) -> int:
        """Dialled, but not known to have succeeded or failed."""
        return self.opening + self.abandoned


class Snapshot(msgspec.Struct, frozen=True):
    """What a monitor is shown while the run goes on: the counts ``elapsed_s`` seconds after its beginning."""

    elapsed_s: float
    counts: Counts
