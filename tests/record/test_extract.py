import errno

from tcpgoon.record.connection import State
from tcpgoon.record.extract import extract
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.table import Table


def of_each_kind() -> Table:
    """Held, failed, opening, planned."""
    table = Table(4)
    for row in range(3):
        table.dial(row, 1.0 + row)
    table.establish(0, 1.5, 80, 0)
    table.fail(1, 2.5, errno.ECONNREFUSED, Phase.HANDSHAKE)
    return table


def test_what_is_held_was_closed_by_us_and_what_is_opening_was_abandoned() -> None:
    copy = extract(of_each_kind(), [2, 0, 1], 5, 9.0)
    assert [State(state) for state in copy.state] == [
        State.ABANDONED,
        State.CLOSED,
        State.FAILED,
        State.PLANNED,
        State.PLANNED,
    ]
    assert list(copy.start_s) == [3.0, 1.0, 2.0, 0.0, 0.0]
    assert list(copy.end_s) == [9.0, 9.0, 2.5, 0.0, 0.0]
    assert (copy.rtt_us[1], copy.closed_by[1], copy.error[2]) == (80, ClosedBy.US, errno.ECONNREFUSED)


def test_the_table_itself_stays_as_it_is() -> None:
    table = of_each_kind()
    extract(table, [0, 1, 2], 3, 9.0)
    assert [State(state) for state in table.state] == [State.ESTABLISHED, State.FAILED, State.OPENING, State.PLANNED]


def test_no_rows_are_a_table_too() -> None:
    assert extract(of_each_kind(), [], 0, 9.0).rows == 0
