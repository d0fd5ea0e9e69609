import errno
from typing import Any

import pytest

from tcpgoon.record.connection import State
from tcpgoon.record.ending import Ending, endings
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved


@pytest.mark.parametrize(
    ("error", "phase", "closed_by", "name", "side"),
    [
        (errno.ECONNREFUSED, Phase.HANDSHAKE, ClosedBy.NOBODY, "ECONNREFUSED", Side.TARGET_KERNEL),
        (errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.NOBODY, "ETIMEDOUT", Side.PATH),
        (errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.US, "dial timeout", Side.PATH),
        (errno.EMFILE, Phase.SOCKET, ClosedBy.NOBODY, "EMFILE", Side.CLIENT),
        (FIN, Phase.HELD, ClosedBy.PEER, "FIN", Side.TARGET_APPLICATION),
        (errno.ECONNRESET, Phase.HELD, ClosedBy.PEER, "ECONNRESET", Side.TARGET_APPLICATION),
        (errno.ETIMEDOUT, Phase.HELD, ClosedBy.PATH, "ETIMEDOUT", Side.PATH),
        (65_535, Phase.HELD, ClosedBy.PATH, "errno 65535", Side.CLIENT),
        (errno.ECONNRESET, Phase.PHANTOM, ClosedBy.PEER, "RST", Side.TARGET_KERNEL),
        (errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.PATH, "no answer", Side.PATH),
        (errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.US, "half-open", Side.TARGET_KERNEL),
        (errno.EHOSTUNREACH, Phase.PHANTOM, ClosedBy.PATH, "EHOSTUNREACH", Side.PATH),
        (errno.ENOMEM, Phase.PHANTOM, ClosedBy.US, "ENOMEM", Side.CLIENT),
    ],
)
def test_the_name_and_the_side_of_an_ending(
    error: int, phase: Phase, closed_by: ClosedBy, name: str, side: Side
) -> None:
    ending = Ending(count=1, error=error, phase=phase, closed_by=closed_by, earliest_s=0, latest_s=0)

    assert (ending.name, ending.side) == (name, side)


def ended(table: Table, state: State) -> tuple[Ending, ...]:
    rows = Rows(table)
    return endings(rows, rows.all_of(state), rows.column("end_s"))


def test_nothing_ended() -> None:
    assert ended(Table(2), State.LOST) == ()
    assert ended(Table(0), State.LOST) == ()


def test_one_errno_in_two_phases_is_two_endings() -> None:
    """The phase tells a limit of ours from an answer of the target: it is never lost in a sum."""
    table = Table(6)
    for row, phase in enumerate([Phase.CONNECT, Phase.BIND, Phase.CONNECT, Phase.BIND, Phase.CONNECT]):
        table.dial(row, 0.0)
        table.fail(row, 1.0 + row, errno.EADDRNOTAVAIL, phase)

    addresses: dict[str, Any] = {"error": errno.EADDRNOTAVAIL, "closed_by": ClosedBy.NOBODY}
    assert ended(table, State.FAILED) == (
        Ending(count=3, phase=Phase.CONNECT, earliest_s=1.0, latest_s=5.0, **addresses),
        Ending(count=2, phase=Phase.BIND, earliest_s=2.0, latest_s=4.0, **addresses),
    )


def test_the_greatest_errno_is_read_back() -> None:
    table = Table(1)
    table.dial(0, 0.0)
    table.fail(0, 1.0, 65_535, Phase.HANDSHAKE)

    assert ended(table, State.FAILED) == (
        Ending(count=1, error=65_535, phase=Phase.HANDSHAKE, closed_by=ClosedBy.NOBODY, earliest_s=1.0, latest_s=1.0),
    )


def test_the_lost_ones_are_told_apart_by_their_probe_and_phantoms_are_not() -> None:
    table = Table(7)
    for row, why in enumerate([Unserved.NONE, Unserved.REFUSED, Unserved.REFUSED] + [Unserved.UNACKED] * 4):
        table.dial(row, 0.0)
        table.establish(row, 1.0, 0, 0)
        table.refuse(row, why)
    table.refuse(6, Unserved.NONE)
    for row in range(3):
        table.lose(row, 2.0 + row, FIN)
    for row in range(3, 7):
        table.vanish(row, 9.0, errno.ETIMEDOUT, ClosedBy.PATH)

    fin: dict[str, Any] = {"error": FIN, "phase": Phase.HELD, "closed_by": ClosedBy.PEER}
    assert ended(table, State.LOST) == (
        Ending(
            count=4,
            error=errno.ETIMEDOUT,
            phase=Phase.PHANTOM,
            closed_by=ClosedBy.PATH,
            earliest_s=9.0,
            latest_s=9.0,
        ),
        Ending(count=2, earliest_s=3.0, latest_s=4.0, unserved=Unserved.REFUSED, **fin),
        Ending(count=1, earliest_s=2.0, latest_s=2.0, unserved=Unserved.NONE, **fin),
    )
