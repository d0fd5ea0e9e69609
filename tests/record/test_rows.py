"""The sets of rows, over one table in which each kind of connection is once."""

import errno

import pytest

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.rows import Mask, Rows
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

HANDSHAKE, ACKNOWLEDGED, SERVED = Assurance.HANDSHAKE, Assurance.ACKNOWLEDGED, Assurance.SERVED

KINDS = (
    "planned", "opening", "abandoned", "failed", "established", "closed", "acknowledged", "served", "silent",
    "unacked", "served no more", "not served at first", "doubtful", "doubtful, served before", "doubtful, silent",
    "being doubted", "lost", "lost, served", "phantom", "phantom, acknowledged before",
    "orphaned dial", "orphaned", "orphaned, served",
)  # fmt: skip
"""The rows."""

ENDED_BEFORE = {"planned", "opening", "abandoned", "failed", "orphaned dial"}
LOST = {"lost", "lost, served"}
PHANTOMS = {"phantom", "phantom, acknowledged before"}
ORPHANED = {"orphaned", "orphaned, served"}
STILL_THERE = {"established", "being doubted"}
DOUBTFUL = {kind for kind in KINDS if "doubt" in kind}
ESTABLISHED = set(KINDS) - ENDED_BEFORE


@pytest.fixture
def rows() -> Rows:
    table = Table(len(KINDS))
    for row, kind in enumerate(KINDS):
        if kind != "planned":
            table.dial(row, 1.0)
        if kind in ESTABLISHED:
            table.establish(row, 2.0, 100, 0)
        learn(table, row, kind)
        end(table, row, kind)
    return Rows(table)


def learn(table: Table, row: int, kind: str) -> None:
    if kind in {"acknowledged", "silent", "doubtful, silent", "lost", "phantom, acknowledged before"}:
        table.acknowledge(row)
    if "silent" in kind:
        table.refuse(row, Unserved.SILENT)
    if kind == "unacked":
        table.acknowledge(row)
        table.refuse(row, Unserved.UNACKED)
    if kind == "not served at first":
        table.refuse(row, Unserved.SILENT)
    if "served" in kind:
        table.serve(row, 3.0)
    if kind == "served no more":
        table.refuse(row, Unserved.LATE)
    if kind in DOUBTFUL:
        table.doubt(row)


def end(table: Table, row: int, kind: str) -> None:
    if kind == "abandoned":
        table.abandon(row, 4.0)
    elif kind == "failed":
        table.fail(row, 4.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    elif "orphaned" in kind:
        table.orphan(row, 4.0)
    elif kind in LOST:
        table.lose(row, 4.0, FIN)
    elif kind in PHANTOMS:
        table.vanish(row, 4.0, errno.ECONNRESET, ClosedBy.PEER)
    elif kind in ESTABLISHED - STILL_THERE:
        table.close(row, 4.0)


def kinds(mask: Mask) -> set[str]:
    return {kind for kind, there in zip(KINDS, mask, strict=True) if there}


def test_a_column_is_the_memory_of_the_table() -> None:
    table = Table(2)
    column = Rows(table).column("start_s")
    table.dial(1, 7.5)

    assert column.tolist() == [0.0, 7.5]


def test_by_state(rows: Rows) -> None:
    assert kinds(rows.all_of(State.FAILED)) == {"failed", "orphaned dial"}
    assert kinds(rows.all_of(State.LOST)) == LOST | PHANTOMS | ORPHANED


def test_what_became_of_them(rows: Rows) -> None:
    assert kinds(rows.established) == ESTABLISHED
    assert kinds(rows.there) == ESTABLISHED - LOST - PHANTOMS - ORPHANED
    assert kinds(rows.orphaned) == ORPHANED | {"orphaned dial"}
    assert kinds(rows.phantom) == PHANTOMS
    assert kinds(rows.lost_while_held) == LOST
    assert kinds(rows.doubtful) == DOUBTFUL
    assert kinds(rows.disproved) == DOUBTFUL | {"unacked"}


def test_each_that_was_established_is_in_one_place(rows: Rows) -> None:
    places = (rows.there, rows.phantom, rows.lost_while_held, rows.established & rows.orphaned)

    assert [sum(kind in kinds(place) for place in places) for kind in KINDS] == [kind in ESTABLISHED for kind in KINDS]


NOW_SERVED = {"served", "not served at first", "lost, served", "doubtful, served before", "orphaned, served"}
ONCE_ACKNOWLEDGED = NOW_SERVED | {
    "acknowledged", "silent", "unacked", "served no more", "doubtful, silent", "lost", "phantom, acknowledged before",
}  # fmt: skip


@pytest.mark.parametrize(
    ("level", "reached", "proved"),
    [
        (HANDSHAKE, ESTABLISHED, ESTABLISHED - DOUBTFUL - {"unacked"}),
        (ACKNOWLEDGED, ONCE_ACKNOWLEDGED, ONCE_ACKNOWLEDGED - DOUBTFUL - {"unacked"}),
        (SERVED, NOW_SERVED | {"served no more"}, NOW_SERVED - DOUBTFUL),
    ],
)
def test_what_was_proved_once_and_what_still_is(
    rows: Rows, level: Assurance, reached: set[str], proved: set[str]
) -> None:
    assert (kinds(rows.reached(level)), kinds(rows.proved(level))) == (reached, proved)


@pytest.mark.parametrize(
    ("asked", "unknown"),
    [
        (HANDSHAKE, DOUBTFUL),
        (ACKNOWLEDGED, {"established", "closed"} | DOUBTFUL),
        (SERVED, {"established", "closed", "acknowledged"} | DOUBTFUL - {"doubtful, silent"}),
    ],
)
def test_what_nobody_knows(rows: Rows, asked: Assurance, unknown: set[str]) -> None:
    assert kinds(rows.unknown(asked)) == unknown


def test_of_repeated_syns_the_kernel_tells_no_time_where_others_were_answered_at_once() -> None:
    table = Table(4)
    for row, (rtt_us, retransmits) in enumerate([(100, 0), (100, 1), (0, 0)]):  # the last is never dialled
        table.dial(row, 0.0)
        table.establish(row, 1.0, rtt_us, retransmits)

    assert Rows(table).timed_by_kernel.tolist() == [True, False, False, False]


def test_of_repeated_syns_it_is_what_there_is_where_all_had_to_be_repeated() -> None:
    table = Table(2)
    for row, rtt_us in enumerate([100, 0]):
        table.dial(row, 0.0)
        table.establish(row, 1.0, rtt_us, 1)

    assert Rows(table).timed_by_kernel.tolist() == [True, False]


def test_it_reads_a_table_without_rows() -> None:
    assert kinds_of_nothing(Rows(Table(0))) == 0


def kinds_of_nothing(rows: Rows) -> int:
    return len(rows.established) + len(rows.doubtful) + len(rows.unknown(SERVED)) + len(rows.proved(SERVED))
