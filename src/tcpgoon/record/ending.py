"""How connections ended, grouped: those that ended in the same way are one entry with a count."""

import errno
from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.record.outcome import ClosedBy, Phase, Side, error_name, side_of
from tcpgoon.record.rows import Mask, Rows, Seconds
from tcpgoon.record.unserved import Unserved


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` connections that ended in the same way: failed while dialled, lost once established, or phantoms."""

    count: int
    error: int
    """An errno; 0 is a FIN."""
    phase: Phase
    closed_by: ClosedBy
    earliest_s: float
    """The least age at which it happened: since ``connect()`` for a failed one, since established for the others."""
    latest_s: float
    """The greatest such age."""
    unserved: Unserved = Unserved.NONE
    """What the probe had come to on those that were lost while held."""

    @property
    def name(self) -> str:
        """``ECONNREFUSED``, ``FIN``; where no error came, and for a phantom, a name of its own."""
        if self.phase is Phase.HANDSHAKE and self.closed_by is ClosedBy.US:
            return "dial timeout"
        if self.phase is Phase.PHANTOM:
            signs = {(errno.ECONNRESET, ClosedBy.PEER): "RST", (errno.ETIMEDOUT, ClosedBy.PATH): "no answer"}
            signs[errno.ETIMEDOUT, ClosedBy.US] = "half-open"
            return signs.get((self.error, self.closed_by), error_name(self.error))
        return error_name(self.error)

    @property
    def side(self) -> Side:
        """Whose side it points to."""
        return side_of(self.error, self.phase, self.closed_by)


def endings(rows: Rows, ended: Mask, age_s: Seconds) -> tuple[Ending, ...]:
    """The ``ended`` rows by error, phase, who closed and what their probe had come to; the most frequent first."""
    return tuple(sorted(kinds(rows, ended, age_s[ended]), key=lambda ending: -ending.count))


def kinds(rows: Rows, ended: Mask | npt.NDArray[np.intp], ages_s: Seconds) -> Iterator[Ending]:
    """The same in no order; ``ages_s`` has those of the ``ended`` rows alone, which may be given by their numbers."""
    columns = (rows.column(name)[ended].astype(np.uint64) for name in ("error", "phase", "closed_by", "unserved"))
    error, phase, closed_by, unserved = columns
    # A phantom is one for whatever reason it was not served: that it was not is no news.
    kind = (error << np.uint64(24)) | (phase << np.uint64(16)) | (closed_by << np.uint64(8))
    kind |= unserved * (phase == Phase.HELD)
    for one in np.unique(kind):
        yield _ending(int(one), ages_s[kind == one])


def _ending(kind: int, ages_s: Seconds) -> Ending:
    return Ending(
        count=len(ages_s),
        error=kind >> 24,
        phase=Phase(kind >> 16 & 0xFF),
        closed_by=ClosedBy(kind >> 8 & 0xFF),
        earliest_s=float(ages_s.min()),
        latest_s=float(ages_s.max()),
        unserved=Unserved(kind & 0xFF),
    )
