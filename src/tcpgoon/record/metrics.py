"""What the table adds up to: counts, peak, times, and how connections ended. Computed from the raw rows alone.

This is the only module that needs numpy; processes that merely dial never import it.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.outcome import ClosedBy, Phase, Side, error_name, side_of
from tcpgoon.record.table import COLUMNS, Table

_TYPE_OF = {column.name: column.type for column in COLUMNS}

Seconds = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. The percentiles are samples that were measured (nearest rank), never interpolated."""

    count: int
    min_s: float
    mean_s: float
    max_s: float
    deviation_s: float
    """Of the population."""
    p50_s: float
    p90_s: float
    p99_s: float


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` connections that ended in the same way: failed while dialled, or lost once established."""

    count: int
    error: int
    """An errno; 0 is a FIN."""
    phase: Phase
    closed_by: ClosedBy
    earliest_s: float
    """The least age at which it happened: since ``connect()`` for a failed one, since established for a lost one."""
    latest_s: float
    """The greatest such age."""

    @property
    def name(self) -> str:
        """``ECONNREFUSED``, ``FIN``; a dial that we gave up has a name of its own, since no error came."""
        if self.phase is Phase.HANDSHAKE and self.closed_by is ClosedBy.US:
            return "dial timeout"
        return error_name(self.error)

    @property
    def side(self) -> Side:
        """Whose side it points to."""
        return side_of(self.error, self.phase)


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers of a run."""

    counts: Counts
    peak: int
    """The most connections that were established at the same instant."""
    ramp_s: float
    """From the first ``connect()`` to the last dial that was decided; 0 where none was."""
    establishment: Distribution | None
    """``connect()`` to writable, of all that were ever established; None where there was none."""
    time_to_error: Distribution | None
    """``connect()`` to the error, of all that failed."""
    errors: tuple[Ending, ...]
    """The failed ones, by how; the most frequent first."""
    losses: tuple[Ending, ...]
    """The lost ones, by how; the most frequent first."""
    received_bytes: int
    """What all peers together sent unasked."""

    @property
    def established(self) -> int:
        """Connections established and still there at the end of the hold."""
        return self.counts.held

    @property
    def decided(self) -> int:
        """Connections of which it is known whether the target took them: held, lost or failed."""
        return self.counts.held + self.counts.lost + self.counts.failed

    @property
    def lost(self) -> int:
        """Connections that the peer or the path ended before we did."""
        return self.counts.lost


def not_begun(connections: int) -> Metrics:
    """The metrics of a run of ``connections`` in which nothing was dialled."""
    return msgspec.structs.replace(measure(Table(0)), counts=Counts(planned=connections))


def measure(table: Table) -> Metrics:
    """The metrics of ``table``, as it is now."""
    state = _column(table, "state")
    start_s, established_s, end_s = (_column(table, name) for name in ("start_s", "established_s", "end_s"))
    established = np.isin(state, (State.ESTABLISHED, State.CLOSED, State.LOST))
    failed, lost = state == State.FAILED, state == State.LOST
    return Metrics(
        counts=Counts.of(bytes(table.state)),
        peak=_peak(established_s[established], end_s[established & (state != State.ESTABLISHED)]),
        ramp_s=_ramp_s(start_s, np.where(established, established_s, end_s), established | failed),
        establishment=_distribution((established_s - start_s)[established]),
        time_to_error=_distribution((end_s - start_s)[failed]),
        errors=_endings(table, failed, end_s - start_s),
        losses=_endings(table, lost, end_s - established_s),
        received_bytes=int(_column(table, "received_bytes").sum()),
    )


def _column(table: Table, name: str) -> npt.NDArray[Any]:
    """The column as an array over the table's own memory, not a copy."""
    return np.frombuffer(getattr(table, name), dtype=np.dtype(_TYPE_OF[name]))


def _peak(established_s: Seconds, end_s: Seconds) -> int:
    """The most that were up at once. One that ends at the instant at which another begins is not there with it."""
    begins, ends = np.sort(established_s), np.sort(end_s)
    up = np.arange(1, len(begins) + 1) - np.searchsorted(ends, begins, side="right")
    return int(up.max(initial=0))


def _ramp_s(start_s: Seconds, decided_s: Seconds, decided: Mask) -> float:
    return float(decided_s[decided].max() - start_s[decided].min()) if decided.any() else 0.0


def _distribution(seconds: Seconds) -> Distribution | None:
    if not len(seconds):
        return None
    p50, p90, p99 = np.percentile(seconds, (50, 90, 99), method="inverted_cdf")
    return Distribution(
        count=len(seconds),
        min_s=float(seconds.min()),
        mean_s=float(seconds.mean()),
        max_s=float(seconds.max()),
        deviation_s=float(seconds.std()),
        p50_s=float(p50),
        p90_s=float(p90),
        p99_s=float(p99),
    )


def _endings(table: Table, ended: Mask, age_s: Seconds) -> tuple[Ending, ...]:
    """The ended rows, grouped by error, phase and who closed."""
    error, phase, closed_by = (_column(table, name)[ended] for name in ("error", "phase", "closed_by"))
    kind = (error.astype(np.uint32) << 16) | (phase.astype(np.uint32) << 8) | closed_by
    ages_s = age_s[ended]
    endings = (_ending(int(one), ages_s[kind == one]) for one in np.unique(kind))
    return tuple(sorted(endings, key=lambda ending: -ending.count))


def _ending(kind: int, ages_s: Seconds) -> Ending:
    return Ending(
        count=len(ages_s),
        error=kind >> 16,
        phase=Phase(kind >> 8 & 0xFF),
        closed_by=ClosedBy(kind & 0xFF),
        earliest_s=float(ages_s.min()),
        latest_s=float(ages_s.max()),
    )
