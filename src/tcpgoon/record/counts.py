"""How many connections are in each state, counted from the state column alone; cheap enough for every status line."""

from typing import Self

import msgspec

from tcpgoon.record.connection import State
from tcpgoon.record.live import Live, Stage


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
    def decided(self) -> int:
        """Dialled, and known to have succeeded or failed."""
        return self.held + self.lost + self.failed

    @property
    def undecided(self) -> int:
        """Dialled, but not known to have succeeded or failed."""
        return self.opening + self.abandoned


class Snapshot(msgspec.Struct, frozen=True):
    """What a monitor is shown while the run goes on: the counts ``elapsed_s`` seconds after its beginning."""

    elapsed_s: float
    counts: Counts
    live: Live | None = None
    """What else there is to see, for a monitor that wants it."""

    @property
    def progress(self) -> float | None:
        """How much of the stage that the run is in is over, from 0 to 1; None: that is not known."""
        if self.live is None:
            return None
        course, counts = self.live.course, self.counts
        if course.stage is Stage.ESTABLISHMENT:
            return counts.decided / counts.total
        if course.stage is Stage.TEAR_DOWN and counts.held:
            return counts.closed / counts.held
        if course.until_s is not None and course.until_s > course.since_s:
            return min(1.0, (self.elapsed_s - course.since_s) / (course.until_s - course.since_s))
        return None

    @property
    def left_s(self) -> float | None:
        """How long the stage that the run is in will go on; None: that is not known."""
        until_s = self.live.course.until_s if self.live else None
        return None if until_s is None else max(0.0, until_s - self.elapsed_s)
