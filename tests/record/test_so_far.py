import errno

from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.so_far import as_if_ended
from tcpgoon.record.table import COLUMNS, Table


def going_on() -> Table:
    """One row of each kind."""
    table = Table(7)
    for row in range(6):
        table.dial(row, 1.0)
    for row in range(1, 5):
        table.establish(row, 2.0, 100, 0)
    table.doubt(2)
    table.lose(3, 3.0, FIN)
    table.acknowledge(4)
    table.lose(4, 3.5, errno.ECONNRESET)
    table.fail(5, 1.5, errno.ECONNREFUSED, Phase.HANDSHAKE)
    return table


def test_what_is_open_is_ended_by_us_and_the_rest_is_as_it_was() -> None:
    table = going_on()
    copy = as_if_ended(table, 60.0)
    assert Counts.of(bytes(copy.state)) == Counts(planned=1, abandoned=1, closed=2, lost=2, failed=1)
    assert list(copy.end_s) == [60.0, 60.0, 60.0, 3.0, 3.5, 1.5, 0.0]
    assert [ClosedBy(one) for one in copy.closed_by][:3] == [ClosedBy.US] * 3
    assert [Phase(one) for one in copy.phase] == [
        Phase.NONE, Phase.NONE, Phase.DOUBTFUL, Phase.HELD, Phase.HELD, Phase.HANDSHAKE, Phase.NONE,
    ]  # fmt: skip
    for row in (3, 4, 5, 6):
        for column in COLUMNS:
            assert getattr(copy, column.name)[row] == getattr(table, column.name)[row], column.name


def test_the_run_goes_on() -> None:
    table = going_on()
    before = [bytes(getattr(table, column.name)) for column in COLUMNS]
    as_if_ended(table, 60.0)
    assert [bytes(getattr(table, column.name)) for column in COLUMNS] == before


def test_what_is_written_of_an_end_that_is_not_known_yet_is_no_part_of_it() -> None:
    """The columns of an end are written before the state is."""
    table = Table(1)
    table.dial(0, 1.0)
    table.establish(0, 2.0, 100, 0)
    table.error[0], table.phase[0], table.closed_by[0] = errno.ECONNRESET, Phase.HELD, ClosedBy.PEER
    copy = as_if_ended(table, 60.0)
    assert (copy.state[0], copy.error[0], copy.phase[0], copy.closed_by[0]) == (
        State.CLOSED,
        0,
        Phase.NONE,
        ClosedBy.US,
    )


def test_nothing_was_planned() -> None:
    assert as_if_ended(Table(0), 1.0).rows == 0
