"""Looking at a table that others write: what is there now, and what has happened since the last look."""

import errno

import pytest

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record import lookout as lookout_module
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.ending import Ending
from tcpgoon.record.live import Course, Live, Stage, Window
from tcpgoon.record.lookout import MOST_WINDOWS, Lookout
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

COURSE = Course(stage=Stage.ESTABLISHMENT, since_s=0.5, lag_s=0.002)


def establish(table: Table, row: int, start_s: float, took_s: float) -> None:
    table.dial(row, start_s)
    table.establish(row, start_s + took_s, rtt_us=80, retransmits=0)


def live(lookout: Lookout, now_s: float) -> Live:
    seen = lookout.look(now_s, COURSE).live
    assert seen
    return seen


def test_of_a_run_that_has_not_begun() -> None:
    assert Lookout(Table(3)).look(0.25, Course()) == Snapshot(0.25, Counts(planned=3), Live())


def test_of_a_table_without_rows() -> None:
    assert Lookout(Table(0)).look(0.25, COURSE) == Snapshot(0.25, Counts(), Live(course=COURSE))


def test_the_counts_are_those_of_the_states() -> None:
    table = Table(6)
    for row in range(5):
        establish(table, row, 0.0, 0.5)
    table.close(0, 1.0)
    table.lose(1, 1.0, FIN)
    table.dial(5, 1.0)
    assert Lookout(table).look(2.0, COURSE).counts == Counts(established=3, closed=1, lost=1, opening=1)
    assert Lookout(table).look(2.0, COURSE).counts == Counts.of(bytes(table.state))


def test_who_is_there_is_who_is_held_at_the_end() -> None:
    """What nobody doubts: the numbers while it runs become those of the result."""
    table = Table(8)
    for row in range(7):
        establish(table, row, 0.0, 0.5)
    for row in range(1, 6):
        table.acknowledge(row)
    for row in (2, 3):
        table.serve(row, 1.0)
    table.lose(3, 1.0, errno.ECONNRESET)
    table.doubt(4)
    table.refuse(5, Unserved.UNACKED)
    table.close(1, 2.0)
    seen = live(Lookout(table), 3.0)
    assert (seen.handshake, seen.acknowledged, seen.served) == (4, 2, 1)
    held = [level.held for level in measure(table, Assurance.HANDSHAKE, ()).levels]
    assert [seen.handshake, seen.acknowledged, seen.served] == held


def test_the_times_of_those_that_were_established_since() -> None:
    table = Table(9)
    lookout = Lookout(table)
    for row, took_s in enumerate((0.25, 0.5, 1.0, 0.125)):
        establish(table, row, 1.0, took_s)
    table.dial(4, 1.0)
    table.fail(4, 1.5, errno.ECONNREFUSED, Phase.HANDSHAKE)
    assert live(lookout, 2.0).windows == (Window(4, 0.25, 1.0),)
    assert live(lookout, 2.2).windows == (Window(4, 0.25, 1.0),)

    establish(table, 5, 2.25, 0.5)  # lost before anybody looked, and one that is closed already
    table.lose(5, 3.0, FIN)
    establish(table, 6, 2.25, 0.75)
    table.close(6, 3.5)
    table.close(0, 3.5)
    assert live(lookout, 4.0).windows == (Window(4, 0.25, 1.0), Window(2, 0.5, 0.75))


def test_few_windows_are_kept() -> None:
    table = Table(MOST_WINDOWS + 1)
    lookout = Lookout(table)
    for row in range(table.rows):
        establish(table, row, 0.0, float(row))
        seen = live(lookout, float(row))
    assert [window.max_s for window in seen.windows] == [float(row) for row in range(1, table.rows)]


def test_of_very_many_times_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout_module, "MOST_TIMES", 2)
    table = Table(5)
    for row in range(5):
        establish(table, row, 0.0, 1.0 + row)
    assert live(Lookout(table), 9.0).windows == (Window(5, 1.0, 4.0),)  # rows 0 and 3


def test_the_rate_of_dials_is_that_of_the_last_second() -> None:
    table = Table(100)
    lookout = Lookout(table)
    rates = []
    for now_s, dialled in ((0.0, 0), (0.5, 10), (1.0, 30), (1.5, 50), (2.5, 52), (4.5, 52)):
        for row in range(dialled):
            if not table.state[row]:
                table.dial(row, now_s)
        rates.append(live(lookout, now_s).dials_per_s)
    assert rates == [0.0, 20.0, 30.0, 40.0, 2.0, 0.0]


def test_two_looks_at_the_same_instant_have_no_rate() -> None:
    table = Table(1)
    lookout = Lookout(table)
    lookout.look(1.0, COURSE)
    table.dial(0, 1.0)
    assert live(lookout, 1.0).dials_per_s == 0.0


def ending(count: int, error: int, phase: Phase, closed_by: ClosedBy, earliest_s: float, latest_s: float) -> Ending:
    return Ending(count=count, error=error, phase=phase, closed_by=closed_by, earliest_s=earliest_s, latest_s=latest_s)


def test_failures_add_up_and_the_most_frequent_comes_first() -> None:
    table = Table(6)
    lookout = Lookout(table)
    for row in range(6):
        table.dial(row, 1.0)
    table.time_out(0, 6.0, errno.ETIMEDOUT)
    table.fail(1, 2.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    timed_out = ending(1, errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.US, 5.0, 5.0)
    refused = ending(1, errno.ECONNREFUSED, Phase.HANDSHAKE, ClosedBy.NOBODY, 1.0, 1.0)
    assert set(live(lookout, 6.5).failed) == {timed_out, refused}
    table.fail(2, 1.5, errno.ECONNREFUSED, Phase.HANDSHAKE)
    table.fail(3, 4.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    refused = ending(3, errno.ECONNREFUSED, Phase.HANDSHAKE, ClosedBy.NOBODY, 0.5, 3.0)
    assert live(lookout, 7.0).failed == (refused, timed_out)
    assert live(lookout, 8.0).failed == (refused, timed_out)
    assert live(lookout, 8.0).lost == ()


def test_losses_and_phantoms_whatever_their_probe_had_come_to() -> None:
    table = Table(4)
    lookout = Lookout(table)
    for row in range(4):
        establish(table, row, 0.0, 1.0)
    table.serve(0, 2.0)
    table.refuse(1, Unserved.SILENT)
    for row in (0, 1, 2):
        table.lose(row, 2.0 + row, FIN)
    table.vanish(3, 5.0, errno.ECONNRESET, ClosedBy.PEER)
    assert live(lookout, 6.0).lost == (
        ending(3, FIN, Phase.HELD, ClosedBy.PEER, 1.0, 3.0),
        ending(1, errno.ECONNRESET, Phase.PHANTOM, ClosedBy.PEER, 4.0, 4.0),
    )
