"""Some rows of a table as a table of their own, as if all that they held had been closed now."""

from collections.abc import Sequence

import numpy as np

from tcpgoon.record.connection import State
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import COLUMNS, Table


def extract(table: Table, rows: Sequence[int], total: int, now_s: float) -> Table:
    """A copy of ``rows``, in their order, in a table of ``total`` rows; those beyond them stay PLANNED.

    What is established in ``table`` has been held until ``now_s``, and what is opening was abandoned then.
    """
    copy = Table(total)
    source, target, numbers = Rows(table), Rows(copy), np.asarray(rows, dtype=np.intp)
    for column in COLUMNS:
        target.column(column.name)[: len(numbers)] = source.column(column.name)[numbers]
    for row in np.flatnonzero(target.all_of(State.ESTABLISHED)).tolist():
        copy.close(row, now_s)
    for row in np.flatnonzero(target.all_of(State.OPENING)).tolist():
        copy.abandon(row, now_s)
    return copy
