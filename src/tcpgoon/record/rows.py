"""A table as arrays, and the sets of rows that the metrics speak of, as masks over them.

Nothing is copied: an array lies over the table's own memory. A snapshot of a run that goes on is read in the same way.
"""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import Phase
from tcpgoon.record.table import COLUMNS, Table
from tcpgoon.record.unserved import Unserved

_TYPE_OF = {column.name: column.type for column in COLUMNS}

Seconds = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Rows:
    """The rows of ``table``."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column."""
        return np.frombuffer(getattr(self._table, name), dtype=np.dtype(_TYPE_OF[name]))

    def all_of(self, state: State) -> Mask:
        """The rows in ``state``."""
        return self._equal("state", state)

    @cached_property
    def there(self) -> Mask:
        """Established and not ended but by us, as planned: there to the end, as far as our kernel knows."""
        return self.all_of(State.CLOSED) | self.all_of(State.ESTABLISHED)

    @cached_property
    def established(self) -> Mask:
        """All that our kernel ever called established."""
        return self.there | self.all_of(State.LOST)

    @cached_property
    def phantom(self) -> Mask:
        """Looked established, and were not there when they were asked for a sign of life."""
        return self.all_of(State.LOST) & self._equal("phase", Phase.PHANTOM)

    @cached_property
    def orphaned(self) -> Mask:
        """Dialled or held by a process of ours, and gone with it when it died: nobody else ended them."""
        return self._equal("phase", Phase.WORKER)

    @cached_property
    def lost_while_held(self) -> Mask:
        """Ended by the peer or the path before we did, and no phantoms."""
        return self.all_of(State.LOST) & ~self.phantom & ~self.orphaned

    @cached_property
    def doubtful(self) -> Mask:
        """There to the end for us; whether for the other end too could not be found out."""
        return self.there & self._equal("phase", Phase.DOUBTFUL)

    @cached_property
    def disproved(self) -> Mask:
        """There to the end for us, and the other end's kernel did not take what was sent, or it is in doubt."""
        return self.doubtful | (self.there & self._equal("unserved", Unserved.UNACKED))

    @cached_property
    def ever_served(self) -> Mask:
        """Served at some time, whatever came later."""
        return self.established & (~self._equal("served_s", 0) | self._at_least(Assurance.SERVED))

    @cached_property
    def timed_by_kernel(self) -> Mask:
        """Those whose handshake RTT is known; that of repeated SYNs only where all had to be repeated.

        The kernel may count from the first one.
        """
        known = self.established & ~self._equal("rtt_us", 0)
        at_once = known & self._equal("retransmits", 0)
        return at_once if at_once.any() else known

    def reached(self, level: Assurance) -> Mask:
        """The rows of which ``level`` was ever proved, however they ended."""
        if level is Assurance.SERVED:
            return self.ever_served
        return self.established & self._at_least(level)

    def proved(self, level: Assurance) -> Mask:
        """The rows of which ``level`` is proved, and nothing that came later speaks against it."""
        return self.established & self._at_least(level) & ~self.disproved

    def unknown(self, asked: Assurance) -> Mask:
        """There to the end, and nobody knows whether at the level ``asked`` for: in doubt, or never asked."""
        served = asked is Assurance.SERVED
        failed = ~self._equal("unserved", Unserved.NONE) if served else self._equal("unserved", Unserved.UNACKED)
        return self.there & ~self.proved(asked) & ~failed

    def _equal(self, name: str, value: int) -> Mask:
        equal: Mask = self.column(name) == value
        return equal

    def _at_least(self, level: Assurance) -> Mask:
        at_least: Mask = self.column("assurance") >= level
        return at_least
