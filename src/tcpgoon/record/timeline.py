"""How many connections were in each state, at moments of equal distance: however many there are, a few hundred numbers.

What happens between two moments is not in it; the peak, and whatever else is exact, is in the metrics.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.connection import State
from tcpgoon.record.rows import Mask, Rows
from tcpgoon.record.steps import parts_of, round_step

MOST_STEPS = 120
"""Steps from the beginning to the last event at the most."""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Connections by state at the moments 0, `step_s`, 2 `step_s`, …; the last is when all had happened, or later.

    At each moment they add up to all rows. What happened at that very moment has happened.
    """

    step_s: float
    planned: tuple[int, ...]
    opening: tuple[int, ...]
    established: tuple[int, ...]
    closed: tuple[int, ...]
    lost: tuple[int, ...]
    failed: tuple[int, ...]
    abandoned: tuple[int, ...]

    @property
    def at_s(self) -> tuple[float, ...]:
        """The moments, in seconds since the beginning of the run."""
        return tuple(round(number * self.step_s, 9) for number in range(len(self.planned)))


def timeline(rows: Rows) -> Timeline | None:
    """The timeline of ``rows``; None where nothing was dialled."""
    dialled = ~rows.all_of(State.PLANNED)
    if not dialled.any():
        return None
    start_s, established_s, end_s = (rows.column(name) for name in ("start_s", "established_s", "end_s"))
    last_s = max(float(column.max()) for column in (start_s, established_s, end_s))
    step_s = round_step(last_s, MOST_STEPS) if last_s > 0 else 1.0
    moments_s = np.arange(parts_of(last_s, step_s) + 1) * step_s

    def by(times_s: npt.NDArray[np.float64], those: Mask) -> npt.NDArray[np.intp]:
        """To how many of ``those`` it had happened at each moment."""
        # What a rounded product puts a hair before its moment belongs to it.
        at = np.searchsorted(moments_s + 1e-12, times_s[those], side="left")
        return np.bincount(np.minimum(at, len(moments_s) - 1), minlength=len(moments_s)).cumsum()

    ended = {state: by(end_s, rows.all_of(state)) for state in (State.CLOSED, State.LOST, State.FAILED)}
    abandoned = by(end_s, rows.all_of(State.ABANDONED))
    begun, established = by(start_s, dialled), by(established_s, rows.established)
    counts = {
        "planned": len(dialled) - begun,
        "opening": begun - established - ended[State.FAILED] - abandoned,
        "established": established - ended[State.CLOSED] - ended[State.LOST],
        "closed": ended[State.CLOSED],
        "lost": ended[State.LOST],
        "failed": ended[State.FAILED],
        "abandoned": abandoned,
    }
    return Timeline(step_s=step_s, **{name: tuple(of_one.tolist()) for name, of_one in counts.items()})
