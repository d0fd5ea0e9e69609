"""How many connections were really there, at each level of assurance."""

import msgspec
import numpy as np

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.rows import Mask, Rows, Seconds
from tcpgoon.record.unserved import Unserved


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The connections that were there at one level of assurance, or above it."""

    assurance: Assurance
    reached: int
    """Of how many it was ever proved, however they ended."""
    held: int
    """Of how many it is proved, and they were there to the end."""
    peak: int
    """The most that were there at the same instant."""


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all connections that our kernel ever called established.

    `acknowledged`, `phantoms`, `doubtful`, `lost`, `orphaned` and `unproved` add up to `established`.
    """

    established: int = 0
    acknowledged: int = 0
    """There to the end, and the kernel at the other end proved to hold them."""
    served: int = 0
    """Those of them that the application served."""
    not_served: int = 0
    """Those of them that it did not serve, although it was asked."""
    phantoms: int = 0
    doubtful: int = 0
    lost: int = 0
    """Lost while held."""
    orphaned: int = 0
    """Gone with the process of ours that held them, when it died."""
    orphaned_served: int = 0
    """Those of them that the application served until then."""
    unproved: int = 0
    """There to the end, as far as our own kernel knows, and nothing more was asked for or could be."""

    @property
    def served_while_held(self) -> int:
        """Those that the application served for as long as we held them."""
        return self.served + self.orphaned_served


def levels(rows: Rows) -> tuple[Level, ...]:
    """All levels, the lowest first."""
    return tuple(_level(rows, level) for level in Assurance if level is not Assurance.NONE)


def _level(rows: Rows, level: Assurance) -> Level:
    proved = rows.proved(level)
    since_s = rows.column("served_s" if level is Assurance.SERVED else "established_s")
    ended = proved & ~rows.all_of(State.ESTABLISHED)
    return Level(
        assurance=level,
        reached=_count(rows.reached(level)),
        held=_count(proved & rows.there),
        peak=_peak(since_s[proved], rows.column("end_s")[ended]),
    )


def breakdown(rows: Rows) -> Breakdown:
    """What became of those that were ever established."""
    acknowledged = rows.there & rows.proved(Assurance.ACKNOWLEDGED)
    served = rows.there & rows.proved(Assurance.SERVED)
    asked_in_vain = rows.column("unserved") != Unserved.NONE
    orphaned = rows.established & rows.orphaned
    return Breakdown(
        established=_count(rows.established),
        acknowledged=_count(acknowledged),
        served=_count(served),
        not_served=_count(acknowledged & ~served & asked_in_vain),
        phantoms=_count(rows.phantom),
        doubtful=_count(rows.doubtful),
        lost=_count(rows.lost_while_held),
        orphaned=_count(orphaned),
        orphaned_served=_count(orphaned & rows.proved(Assurance.SERVED)),
        unproved=_count(rows.there & ~rows.doubtful & ~acknowledged),
    )


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _peak(begin_s: Seconds, end_s: Seconds) -> int:
    """The most that were up at once. One that ends at the instant at which another begins is not there with it."""
    ends = np.sort(end_s[end_s <= begin_s.max(initial=-np.inf)])
    if not len(ends):  # as in a run in which nothing was lost: all were up when the last one began
        return len(begin_s)
    begins = np.sort(begin_s)
    up = np.arange(1, len(begins) + 1) - np.searchsorted(ends, begins, side="right")
    return int(up.max(initial=0))
