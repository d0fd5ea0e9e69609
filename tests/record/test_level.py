import errno

from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.level import Breakdown, Level, breakdown, levels
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

HANDSHAKE, ACKNOWLEDGED, SERVED = Assurance.HANDSHAKE, Assurance.ACKNOWLEDGED, Assurance.SERVED


def establish(table: Table, row: int, established_s: float) -> None:
    table.dial(row, 0.0)
    table.establish(row, established_s, 100, 0)


def level(assurance: Assurance, reached: int, held: int, peak: int) -> Level:
    return Level(assurance=assurance, reached=reached, held=held, peak=peak)


def test_of_nothing() -> None:
    assert levels(Rows(Table(3))) == tuple(level(one, 0, 0, 0) for one in (HANDSHAKE, ACKNOWLEDGED, SERVED))
    assert breakdown(Rows(Table(3))) == Breakdown()


def test_each_kind_counts_where_it_belongs() -> None:
    table = Table(12)  # row 11 stays planned
    for row in range(10):
        establish(table, row, 1.0 + row)
    table.dial(10, 0.0)
    table.fail(10, 1.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    for row in range(1, 8):
        table.acknowledge(row)
    for row in (2, 3, 6):
        table.serve(row, 20.0 + row)
    table.refuse(3, Unserved.LATE)  # served once, and then not any more
    table.refuse(4, Unserved.SILENT)
    table.doubt(5)
    table.lose(6, 27.0, FIN)
    table.vanish(7, 30.0, errno.ETIMEDOUT, ClosedBy.PATH)
    table.vanish(8, 31.0, errno.ECONNRESET, ClosedBy.PEER)
    for row in range(6):
        table.close(row, 40.0)

    assert levels(Rows(table)) == (
        level(HANDSHAKE, reached=10, held=6, peak=9),
        level(ACKNOWLEDGED, reached=7, held=4, peak=6),
        level(SERVED, reached=3, held=1, peak=2),
    )
    assert breakdown(Rows(table)) == Breakdown(
        established=10,
        acknowledged=4,
        served=1,
        not_served=2,
        phantoms=2,
        doubtful=1,
        lost=1,
        unproved=2,
    )


def test_a_snapshot_counts_those_that_are_there_now() -> None:
    memory = bytearray(1_000)
    table = Table(3, memory)
    establish(table, 1, 1.0)
    table.serve(1, 2.0)

    assert levels(Rows(Table(3, memory))) == tuple(level(one, 1, 1, 1) for one in (HANDSHAKE, ACKNOWLEDGED, SERVED))


def test_to_be_served_in_turn_is_not_to_be_served_at_once() -> None:
    table = Table(2)
    for row in range(2):
        establish(table, row, 1.0)
    table.serve(0, 2.0)
    table.close(0, 3.0)
    table.serve(1, 3.0)
    table.close(1, 4.0)

    assert [(one.held, one.peak) for one in levels(Rows(table))] == [(2, 2), (2, 2), (2, 1)]


intervals = st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 12), st.booleans()), max_size=20)
"""When each was established, for how long it lived if it has ended, and whether the peer ended it."""


@given(intervals)
@example([(1, 2, False), (3, 2, False)])
@example([(1, 0, True)])
def test_the_peak_is_that_of_a_naive_count(lives: list[tuple[int, int | None, bool]]) -> None:
    table = Table(len(lives) + 1)
    table.dial(len(lives), 0.0)
    table.fail(len(lives), 5.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    for row, (begin_s, life_s, lost) in enumerate(lives):
        establish(table, row, begin_s)
        if life_s is not None and lost:
            table.lose(row, begin_s + life_s, FIN)
        elif life_s is not None:
            table.close(row, begin_s + life_s)

    up_at = [
        sum(begin_s <= instant and (life_s is None or instant < begin_s + life_s) for begin_s, life_s, _ in lives)
        for instant in range(30)
    ]
    assert levels(Rows(table))[0].peak == max(up_at)


def test_who_went_with_a_process_of_ours_was_there_until_then_and_is_no_loss() -> None:
    table = Table(5)
    for row in range(4):
        establish(table, row, 1.0)
    table.dial(4, 1.0)
    table.acknowledge(1)
    table.serve(2, 2.0)
    table.serve(3, 2.0)
    table.refuse(3, Unserved.LATE)
    for row in range(5):
        table.orphan(row, 3.0)

    parts = breakdown(Rows(table))
    assert (parts, parts.served_while_held) == (Breakdown(established=4, orphaned=4, orphaned_served=1), 1)
    assert levels(Rows(table)) == (
        level(HANDSHAKE, 4, 0, 4),
        level(ACKNOWLEDGED, 3, 0, 3),
        level(SERVED, 2, 0, 1),
    )


ends = st.sampled_from(["still there", "closed", "doubtful", "lost", "phantom", "orphaned"])
proofs = st.sampled_from(["none", "acknowledged", "served"])


@given(st.lists(st.tuples(ends, proofs, st.sampled_from(Unserved)), max_size=12))
def test_the_parts_add_up(fates: list[tuple[str, str, Unserved]]) -> None:
    table = Table(len(fates))
    for row, (end, proof, why) in enumerate(fates):
        establish(table, row, 1.0)
        if proof == "acknowledged":
            table.acknowledge(row)
        if proof == "served":
            table.serve(row, 2.0)
        if why:
            table.refuse(row, why)
        if end == "lost":
            table.lose(row, 3.0, FIN)
        elif end == "phantom":
            table.vanish(row, 3.0, errno.ECONNRESET, ClosedBy.PEER)
        elif end == "orphaned":
            table.orphan(row, 3.0)
        elif end != "still there":
            if end == "doubtful":
                table.doubt(row)
            table.close(row, 3.0)
    parts = breakdown(Rows(table))
    at_handshake, at_acknowledged, at_served = levels(Rows(table))

    assert parts.established == len(fates) == at_handshake.reached
    ended = parts.phantoms + parts.doubtful + parts.lost + parts.orphaned
    assert parts.acknowledged + parts.unproved + ended == len(fates)
    assert parts.orphaned_served <= parts.orphaned
    assert parts.served + parts.not_served <= parts.acknowledged == at_acknowledged.held
    assert parts.served == at_served.held == parts.served_while_held - parts.orphaned_served
    assert at_handshake.reached >= at_acknowledged.reached >= at_served.reached
    assert at_handshake.held >= at_acknowledged.held >= at_served.held
