"""The shape of what was lost while held: at which age, at which moment, and how many lived on."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.connection import State
from tcpgoon.record.outcome import FIN, ClosedBy
from tcpgoon.record.rows import Mask, Rows, Seconds

YOUNG_S = 0.9
"""Who is closed for being one too many is closed at an age less than this. Not a second: nobody sets an idle timeout of
900 ms, and one of a second must not be cut in two."""


SOON_S = 0.1
"""Who closes because it has answered does it sooner than this after the answer."""


class Way(StrEnum):
    """How an established connection was lost."""

    FIN = "closed (FIN)"
    RST = "reset (RST)"
    SILENCE = "silence"
    """Our kernel gave up on the peer, or the network said that it is not to be reached."""


class Spread(msgspec.Struct, frozen=True):
    """Seconds: the least, the 5th percentile, the median, the 95th and the greatest of some times.

    Each is a time that was measured (nearest rank), never interpolated.
    """

    least: float
    low: float
    middle: float
    high: float
    greatest: float

    @property
    def width(self) -> float:
        """From the 5th percentile to the 95th."""
        return self.high - self.low


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` connections that were lost while held, in the same way; the young ones apart from the others.

    Alive is who is established and not lost, by whosever fault: phantoms never were, and whom we close as planned stays
    it to the end.
    """

    way: Way
    young: bool
    """Whether they were lost before they were `YOUNG_S` old."""
    count: int
    ages: Spread
    """How old they were."""
    moments: Spread
    """When it happened, since the beginning of the run."""
    alive_before: int
    """How many were alive just before the first of them was lost; those established at that very moment are among
    them."""
    alive: int
    """How many were alive just after each of them was lost: the median, the lower of the two in the middle."""
    alive_after: int
    """How many were alive just after the last of them was lost."""
    outlived: int
    """Connections that we closed as planned, or that a process of ours took with it when it died, and that were older
    then than 95 % of these ever were."""
    elders: int
    """Connections that we closed as planned, and that were dialled before half of these were."""
    after_answer: int
    """Those that were lost within `SOON_S` of their answer."""
    while_dialling: int
    """Those that were lost before the last of all was established, or at that very moment."""


def losses(rows: Rows) -> tuple[Losses, ...]:
    """The losses among ``rows`` that the peer or the path is to blame for, the most first; ours are none of them."""
    if not rows.lost_while_held.any():
        return ()
    return tuple(sorted(_each(rows), key=lambda group: -group.count))


def _each(rows: Rows) -> Iterator[Losses]:
    alive, place = _Alive(rows), _places(rows)
    young = rows.column("end_s") - rows.column("established_s") < YOUNG_S
    for way, ended in ways(rows).items():
        for is_young in (True, False):
            group = ended & (young if is_young else ~young)
            if group.any():
                yield _losses(rows, group, way, is_young, alive, place)


def ways(rows: Rows) -> dict[Way, Mask]:
    """Those that were lost while held, by the way; what our own host ended is none of them."""
    closed_by, by_fin, lost = rows.column("closed_by"), rows.column("error") == FIN, rows.lost_while_held
    by_peer = lost & (closed_by == ClosedBy.PEER)
    return {Way.FIN: by_peer & by_fin, Way.RST: by_peer & ~by_fin, Way.SILENCE: lost & (closed_by == ClosedBy.PATH)}


class _Alive:
    """How many were alive at any moment."""

    def __init__(self, rows: Rows) -> None:
        # Phantoms were never there: who was closed for being one too many was not one more than they.
        self._begins_s = np.sort(rows.column("established_s")[rows.established & ~rows.phantom])
        self._ends_s = np.sort(rows.column("end_s")[rows.lost_while_held | (rows.established & rows.orphaned)])
        self.complete_s = self._begins_s[-1]
        """When the last of all was established."""

    def just_before(self, moment_s: float) -> int:
        """Before anybody was lost at that moment."""
        begun, ended = self._begins_s.searchsorted(moment_s, "right"), self._ends_s.searchsorted(moment_s, "left")
        return int(begun - ended)

    def just_after(self, moments_s: Seconds) -> npt.NDArray[np.int64]:
        """After all that happened at each of the moments."""
        return self._begins_s.searchsorted(moments_s, "right") - self._ends_s.searchsorted(moments_s, "right")


def _places(rows: Rows) -> npt.NDArray[np.intp]:
    """The place of each row in the order of dialling."""
    order = rows.column("start_s").argsort(kind="stable")
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return places


def _losses(rows: Rows, group: Mask, way: Way, young: bool, alive: _Alive, place: npt.NDArray[np.intp]) -> Losses:
    lived_s = rows.column("end_s") - rows.column("established_s")
    ages, moments_s = _spread(lived_s[group]), rows.column("end_s")[group]
    left, served_s = alive.just_after(moments_s), rows.column("served_s")[group]  # 0: no answer
    closed = rows.all_of(State.CLOSED)
    return Losses(
        way=way,
        young=young,
        count=len(moments_s),
        ages=ages,
        moments=_spread(moments_s),
        alive_before=alive.just_before(moments_s.min()),
        alive=int(np.percentile(left, 50, method="inverted_cdf")),
        alive_after=int(left[moments_s.argmax()]),
        outlived=int(np.count_nonzero(lived_s[closed | (rows.established & rows.orphaned)] > ages.high)),
        elders=int(np.count_nonzero(place[closed] < np.median(place[group]))),
        after_answer=int(np.count_nonzero((served_s > 0) & (moments_s - served_s < SOON_S))),
        while_dialling=int(np.count_nonzero(moments_s <= alive.complete_s)),
    )


def _spread(seconds: Seconds) -> Spread:
    low, middle, high = np.percentile(seconds, (5, 50, 95), method="inverted_cdf")
    return Spread(float(seconds.min()), float(low), float(middle), float(high), float(seconds.max()))
