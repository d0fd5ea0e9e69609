"""The shape of a run: in which order and at which moment things happened. Computed from the rows alone.

Counts say how much went wrong; only the shape tells a limit from a timeout, a timeout from a death, and loss from a
full queue.
"""

import errno
from typing import NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.connection import State
from tcpgoon.record.losses import Losses, losses
from tcpgoon.record.outcome import Phase
from tcpgoon.record.rows import Mask, Rows, Seconds
from tcpgoon.record.table import Table

MOST_PARTS = 20
"""Into how many parts of equal length the time of admission is cut at the most."""

SHORTEST_PART_S = 1.0
"""Repeated SYNs come in waves, a second apart: shorter parts would show the waves and not the rate."""

FEWEST_TO_COMPARE = 20
"""A tenth of fewer answers is no sample."""

Quarters = tuple[int, int, int, int]
"""One number for each quarter of the dials, in the order of dialling; the first quarters have one more where four does
not divide them."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What the order and the times of a run show.

    A dial counts here where the other end or the path decided it: it was established, or it failed in the handshake.
    What our own kernel refused before a packet left, and what was still open, are none. Phantoms are established ones.
    """

    before_failure: int | None
    """Of the dials before the first that failed, those that were established; None: none failed."""
    after_failure: int
    """Of the dials after that, those that were established; 0 where none failed."""
    after_phantom: int
    """Of the dials after the first that became a phantom, those that were established and are none."""
    came_to_nothing: int
    """Of the dials that began since the moment that was asked about, those that got no answer, and the phantoms."""
    repeated: Quarters
    """Those that were established and needed more than one SYN, or that got no answer at all."""
    decided: Quarters
    """All dials."""
    dialling_s: float
    """From the beginning of the first dial to that of the last."""
    failing_s: float
    """From the beginning of the first dial that failed, or became a phantom, to that of the last one of all; 0 where
    there is none."""
    admitting_s: float
    """From the moment at which the first was established to that of the last."""
    admitted: tuple[int, ...]
    """How many were established in each of the equal parts of that time, one second or longer each; empty where it is
    shorter."""
    by_source: tuple[int, ...]
    """How many were established from each source that was dialled from, in the plan's order; at least one number."""
    losses: tuple[Losses, ...]
    """Those that the peer or the path ended while they were held, the most first."""
    first_answers_s: float | None
    """Three quarters of the first tenth of the probes that were answered, by when they were asked, took no longer, from
    the beginning of the probe to its answer, TLS handshake and all; None where they are too few to compare."""
    last_answers_s: float | None
    """Three quarters of the last tenth took no less: chance alone, however wide, does not make it the greater one."""
    first_under_way: int
    """How many of the probes that were answered had been asked and not answered yet when those of the first tenth had
    been asked, themselves among them: the median, the lower of the two in the middle; 0 where they are too few."""
    last_under_way: int
    """The same of the last tenth."""


def shape(table: Table, since_s: float = 0.0) -> Shape:
    """The shape of ``table``, as it is now; `Shape.came_to_nothing` is about what began at ``since_s`` or later."""
    rows = Rows(table)
    start_s, established_s = rows.column("start_s"), rows.column("established_s")
    established, phantom = rows.established, rows.phantom
    failed = rows.all_of(State.FAILED) & (rows.column("phase") == Phase.HANDSHAKE)
    unanswered = failed & (rows.column("error") == errno.ETIMEDOUT)
    repeated = established & (rows.column("retransmits") > 0) | unanswered
    dials = _in_order(start_s, established | failed)
    before, after = _around(failed[dials], established[dials])
    first, last = _answers(rows)
    return Shape(
        before_failure=before,
        after_failure=after,
        after_phantom=_around(phantom[dials], (established & ~phantom)[dials])[1],
        came_to_nothing=int(np.count_nonzero((unanswered | phantom) & (start_s >= since_s))),
        repeated=_quarters(repeated[dials]),
        decided=_quarters(np.ones(len(dials), np.bool_)),
        dialling_s=_length(start_s[dials]),
        failing_s=_since_first(start_s[dials], (failed | phantom)[dials]),
        admitting_s=_length(established_s[established]),
        admitted=_admitted(established_s[established]),
        by_source=_by_source(rows),
        losses=losses(rows),
        first_answers_s=first.most_s,
        last_answers_s=last.least_s,
        first_under_way=first.under_way,
        last_under_way=last.under_way,
    )


def _in_order(start_s: Seconds, decided: Mask) -> npt.NDArray[np.intp]:
    """The numbers of the ``decided`` rows in the order of dialling, which is not that of the rows of a merged table."""
    numbers = np.flatnonzero(decided)
    return numbers[np.argsort(start_s[numbers], kind="stable")]


def _around(event: Mask, others: Mask) -> tuple[int | None, int]:
    """How many of ``others`` there are before the first ``event``, None if there is none; and how many after it."""
    if not event.any():
        return None, 0
    first = int(event.argmax())
    return int(np.count_nonzero(others[:first])), int(np.count_nonzero(others[first:]))


def _quarters(chosen: Mask) -> Quarters:
    """How many of the dials are ``chosen``, by quarter."""
    one, two, three, four = (int(np.count_nonzero(part)) for part in np.array_split(chosen, 4))
    return one, two, three, four


def _length(seconds: Seconds) -> float:
    return float(np.ptp(seconds)) if len(seconds) else 0.0


def _since_first(start_s: Seconds, event: Mask) -> float:
    """From the first ``event`` to the last of all, in the order of time."""
    return float(start_s[-1] - start_s[event.argmax()]) if event.any() else 0.0


def _admitted(established_s: Seconds) -> tuple[int, ...]:
    length_s = _length(established_s)
    parts = min(MOST_PARTS, int(length_s / SHORTEST_PART_S))
    if not parts:
        return ()
    return tuple(np.histogram(established_s, bins=parts)[0].tolist())


def _by_source(rows: Rows) -> tuple[int, ...]:
    source = rows.column("source")
    return tuple(np.bincount(source[rows.established], minlength=int(source.max(initial=0)) + 1).tolist())


class _Answers(NamedTuple):
    """What is said of a tenth of the answers; by default, that nothing is."""

    least_s: float | None = None
    most_s: float | None = None
    under_way: int = 0

    @classmethod
    def of(cls, times_s: Seconds, under_way: npt.NDArray[np.int64]) -> Self:
        """Of some that took so long, each as one of so many."""
        least_s, most_s = np.percentile(times_s, (25, 75), method="inverted_cdf")
        return cls(float(least_s), float(most_s), int(np.percentile(under_way, 50, method="inverted_cdf")))


def _answers(rows: Rows) -> tuple[_Answers, _Answers]:
    """The first tenth of the answers and the last one, in the order of asking."""
    asked_s, served_s = rows.column("asked_s"), rows.column("served_s")
    answered = rows.established & (asked_s > 0) & (served_s > 0)
    order = np.argsort(asked_s[answered], kind="stable")
    asked_s, served_s = asked_s[answered][order], served_s[answered][order]
    tenth = len(order) // 10
    if tenth < FEWEST_TO_COMPARE:
        return _Answers(), _Answers()
    over_s = np.sort(served_s)
    first, last = slice(tenth), slice(-tenth, None)
    under_way = np.arange(1, len(order) + 1) - over_s.searchsorted(asked_s, "left")
    times_s = served_s - asked_s
    return _Answers.of(times_s[first], under_way[first]), _Answers.of(times_s[last], under_way[last])


NOTHING_HAPPENED = shape(Table(0))
"""The shape of a run in which nothing was dialled."""
