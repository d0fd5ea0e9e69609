"""How a time changed while the run went on: its percentiles over parts of equal length."""

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.rows import Seconds
from tcpgoon.record.steps import parts_of, round_step

MOST_PARTS = 60
"""Parts at the most."""

_RANKS = (50, 99)


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles of a time by when it began: part i is from ``i * step_s`` to less than ``(i + 1) * step_s``.

    Each is a time that was measured (nearest rank); None where none began in that part. Seconds since the beginning of
    the run, and seconds.
    """

    step_s: float
    counts: tuple[int, ...]
    p50_s: tuple[float | None, ...]
    p99_s: tuple[float | None, ...]
    max_s: tuple[float | None, ...]

    @property
    def from_s(self) -> tuple[float, ...]:
        """Where each part begins."""
        return tuple(round(number * self.step_s, 9) for number in range(len(self.counts)))


def course(begun_s: Seconds, took_s: Seconds) -> Course | None:
    """The course of times that began at ``begun_s`` and took ``took_s``; None where there are none."""
    if not len(took_s):
        return None
    last_s = float(begun_s.max())
    step_s = round_step(last_s, MOST_PARTS) if last_s > 0 else 1.0
    parts = parts_of(last_s, step_s)
    # What began at the very end has no part of its own.
    part = np.minimum((begun_s / step_s + 1e-9).astype(np.intp), parts - 1)
    counts = np.bincount(part, minlength=parts)
    in_order = took_s[np.lexsort((took_s, part))]
    first = counts.cumsum() - counts
    p50_s, p99_s = (_at(in_order, first, counts, -(-counts * rank // 100)) for rank in _RANKS)
    return Course(
        step_s=step_s,
        counts=tuple(counts.tolist()),
        p50_s=p50_s,
        p99_s=p99_s,
        max_s=_at(in_order, first, counts, counts),
    )


def _at(
    in_order: Seconds, first: npt.NDArray[np.intp], counts: npt.NDArray[np.intp], rank: npt.NDArray[np.intp]
) -> tuple[float | None, ...]:
    """The time of that rank, from 1, in each part."""
    places = zip((first + rank - 1).tolist(), counts.tolist(), strict=True)
    return tuple(float(in_order[place]) if count else None for place, count in places)
