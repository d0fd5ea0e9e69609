"""What a run that goes on would have come to, had it been ended now."""

from tcpgoon.record.connection import State
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import COLUMNS, ROW_BYTES, Table


def as_if_ended(table: Table, now_s: float) -> Table:
    """A copy of ``table``, in which all that is open at ``now_s`` is closed by us, or its dial given up.

    Others may write the table meanwhile. The states are copied first: what led to them is written before they are, and
    what comes later is no part of the copy.
    """
    states = bytes(table.state)
    copy = Table(table.rows, bytearray(table.rows * ROW_BYTES))
    for column in COLUMNS:
        getattr(copy, column.name)[:] = getattr(table, column.name)
    copy.state[:] = memoryview(states)
    rows = Rows(copy)
    state, phase = rows.column("state"), rows.column("phase")
    held, opening = rows.all_of(State.ESTABLISHED), rows.all_of(State.OPENING)
    still_open = held | opening
    rows.column("end_s")[still_open] = now_s
    rows.column("error")[still_open] = 0
    rows.column("closed_by")[still_open] = ClosedBy.US
    phase[still_open & (phase != Phase.DOUBTFUL)] = Phase.NONE
    state[held], state[opening] = State.CLOSED, State.ABANDONED
    return copy
