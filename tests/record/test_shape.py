import errno
import tracemalloc
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.connection import State
from tcpgoon.record.losses import Way
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.shape import NOTHING_HAPPENED, Shape, shape
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

Verb = Callable[[Table, int], None]
"""What becomes of a row that was dialled at ``start_s[row]``."""

NOTHING = Shape(
    before_failure=None,
    after_failure=0,
    after_phantom=0,
    came_to_nothing=0,
    repeated=(0, 0, 0, 0),
    decided=(0, 0, 0, 0),
    dialling_s=0.0,
    failing_s=0.0,
    admitting_s=0.0,
    admitted=(),
    by_source=(0,),
    losses=(),
    first_answers_s=None,
    last_answers_s=None,
    first_under_way=0,
    last_under_way=0,
)


def held(table: Table, row: int) -> None:
    table.establish(row, table.start_s[row] + 0.25, 100, 0)
    table.close(row, 1_000.0)


def still_there(table: Table, row: int) -> None:
    table.establish(row, table.start_s[row] + 0.25, 100, 0)


def repeated(table: Table, row: int) -> None:
    table.establish(row, table.start_s[row] + 1.25, 100, retransmits=1)


def lost(table: Table, row: int) -> None:
    still_there(table, row)
    table.lose(row, 500.0, FIN)


def phantom(table: Table, row: int) -> None:
    still_there(table, row)
    table.vanish(row, 500.0, errno.ECONNRESET, ClosedBy.PEER)


def refused(table: Table, row: int) -> None:
    table.fail(row, table.start_s[row], errno.ECONNREFUSED, Phase.HANDSHAKE)


def late(table: Table, row: int) -> None:
    table.time_out(row, table.start_s[row] + 5.0, errno.ETIMEDOUT)


def orphaned(table: Table, row: int) -> None:
    still_there(table, row)
    table.orphan(row, 500.0)


def orphaned_dial(table: Table, row: int) -> None:
    table.orphan(row, table.start_s[row] + 5.0)


def no_socket(table: Table, row: int) -> None:
    table.fail(row, table.start_s[row], errno.EMFILE, Phase.SOCKET)


def no_port(table: Table, row: int) -> None:
    table.fail(row, table.start_s[row], errno.EADDRNOTAVAIL, Phase.CONNECT)


def abandoned(table: Table, row: int) -> None:
    table.abandon(row, table.start_s[row] + 1.0)


def opening(table: Table, row: int) -> None:
    pass


VERBS = (held, still_there, repeated, lost, phantom, refused, late, no_socket, no_port, abandoned, opening, orphaned)
ESTABLISHED = (held, still_there, repeated, lost, phantom, orphaned)
FAILED = (refused, late)


def table_of(verbs: Sequence[Verb], starts_s: Sequence[float] = (), sources: Sequence[int] = ()) -> Table:
    """A second between two dials, where nothing else is said."""
    table = Table(len(verbs))
    for row, verb in enumerate(verbs):
        table.dial(row, starts_s[row] if starts_s else float(row), sources[row] if sources else 0)
        verb(table, row)
    return table


def shape_of(*verbs: Verb) -> Shape:
    return shape(table_of(verbs))


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_nothing_was_dialled(rows: int) -> None:
    assert shape(Table(rows)) == NOTHING == NOTHING_HAPPENED


@pytest.mark.parametrize("verb", [no_socket, no_port, abandoned, opening, orphaned_dial])
def test_what_nobody_at_the_other_end_decided_has_no_shape(verb: Verb) -> None:
    assert shape_of(*[verb] * 9) == NOTHING


@pytest.mark.parametrize("verb", [held, still_there])
def test_one_is_held(verb: Verb) -> None:
    assert shape_of(verb) == msgspec.structs.replace(NOTHING, decided=(1, 0, 0, 0), by_source=(1,))


def test_one_is_refused() -> None:
    assert shape_of(refused) == msgspec.structs.replace(NOTHING, before_failure=0, decided=(1, 0, 0, 0))


def test_one_is_a_phantom() -> None:
    assert shape_of(phantom) == msgspec.structs.replace(
        NOTHING, came_to_nothing=1, decided=(1, 0, 0, 0), by_source=(1,)
    )


@pytest.mark.parametrize(("since_s", "count"), [(0.0, 4), (1.0, 4), (1.5, 3), (4.0, 2), (6.0, 0)])
def test_what_came_to_nothing_since_some_moment(since_s: float, count: int) -> None:
    table = table_of((held, late, refused, phantom, phantom, late, no_socket, lost))
    assert shape(table, since_s).came_to_nothing == count


def test_a_run_with_everything_in_it() -> None:
    verbs = (held, no_socket, repeated, abandoned, lost, phantom, late, refused, phantom, held, opening, no_port)

    found = shape_of(*verbs)

    assert [(group.way, group.count) for group in found.losses] == [(Way.FIN, 1)]
    assert msgspec.structs.replace(found, losses=()) == Shape(
        before_failure=4,
        after_failure=2,
        after_phantom=1,
        came_to_nothing=3,
        repeated=(1, 0, 1, 0),
        decided=(2, 2, 2, 2),
        dialling_s=9.0,
        failing_s=4.0,
        admitting_s=9.0,
        admitted=(1, 0, 0, 1, 1, 1, 0, 0, 2),
        by_source=(6,),
        losses=(),
        first_answers_s=None,
        last_answers_s=None,
        first_under_way=0,
        last_under_way=0,
    )


def test_the_order_is_that_of_dialling_not_that_of_the_rows() -> None:
    """Rows of two workers, one after the other: each began at the same time."""
    verbs = (held, held, late, late, held, held, late, late)
    starts_s = (0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 2.5, 3.5)

    found = shape(table_of(verbs, starts_s))

    assert (found.before_failure, found.after_failure) == (4, 0)
    assert found.repeated == (0, 0, 2, 2)
    assert (found.dialling_s, found.failing_s) == (3.5, 1.5)


def test_who_was_dialled_at_the_same_time_is_in_the_order_of_the_rows() -> None:
    found = shape(table_of((held, held, refused, held, phantom, held), starts_s=[2.0] * 6))

    assert (found.before_failure, found.after_failure, found.after_phantom) == (2, 3, 1)
    assert (found.dialling_s, found.failing_s, found.admitting_s, found.admitted) == (0.0, 0.0, 0.0, ())


def test_phantoms_are_established_before_and_after_a_failure_but_not_after_a_phantom() -> None:
    found = shape_of(phantom, refused, phantom, held, lost)

    assert (found.before_failure, found.after_failure, found.after_phantom) == (1, 3, 2)


@pytest.mark.parametrize(
    ("count", "quarters"),
    [
        (1, (1, 0, 0, 0)),
        (2, (1, 1, 0, 0)),
        (3, (1, 1, 1, 0)),
        (4, (1, 1, 1, 1)),
        (5, (2, 1, 1, 1)),
        (7, (2, 2, 2, 1)),
        (8, (2, 2, 2, 2)),
    ],
)
def test_quarters(count: int, quarters: tuple[int, ...]) -> None:
    found = shape_of(*[repeated] * count)

    assert found.decided == found.repeated == quarters


@pytest.mark.parametrize(
    ("verb", "counts"), [(held, 0), (repeated, 1), (late, 1), (refused, 0), (lost, 0), (phantom, 0)]
)
def test_repeated_is_who_needed_more_than_one_syn_or_got_no_answer(verb: Verb, counts: int) -> None:
    assert sum(shape_of(verb).repeated) == counts


def test_only_a_dial_that_got_no_answer_counts_not_any_end_in_silence() -> None:
    table = table_of((still_there, no_port))
    table.lose(0, 9.0, errno.ETIMEDOUT)
    table.error[1] = errno.ETIMEDOUT  # whatever our own kernel may say before a packet has left

    assert shape(table).repeated == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("seconds", "admitted"),
    [
        ((0.0, 0.875), ()),
        ((0.0, 1.0), (2,)),
        ((0.0, 1.75), (2,)),
        ((0.0, 2.0), (1, 1)),
        ((0.0, 1.0, 2.0), (1, 2)),
        ((3.0, 0.0), (1, 0, 1)),
        ((5.0,) * 9, ()),
        ((0.0, 19.75), (1, *[0] * 17, 1)),
        ((0.0, 20.0), (1, *[0] * 18, 1)),
        ((0.0, 400.0, 399.0, 20.0), (1, 1, *[0] * 17, 2)),
    ],
)
def test_admission_is_cut_into_parts_of_equal_length(seconds: tuple[float, ...], admitted: tuple[int, ...]) -> None:
    found = shape(table_of([held] * len(seconds), seconds))

    assert found.admitted == admitted
    assert found.admitting_s == max(seconds) - min(seconds)


@pytest.mark.parametrize(
    ("verbs", "sources", "by_source"),
    [
        ((held, held, lost), (0, 0, 0), (3,)),
        ((held, phantom, held), (0, 1, 0), (2, 1)),
        ((held, late, held), (0, 1, 2), (1, 0, 1)),
        # A source of which nobody is let in is one nevertheless.
        ((held, held, late, late), (0, 0, 1, 2), (2, 0, 0)),
        ((no_socket, no_socket), (0, 1), (0, 0)),
    ],
)
def test_by_source(verbs: tuple[Verb, ...], sources: tuple[int, ...], by_source: tuple[int, ...]) -> None:
    assert shape(table_of(verbs, sources=sources)).by_source == by_source


def answered(times_s: Sequence[float], asked_s: Sequence[float] | None = None) -> Table:
    """Each was asked a second after the one before, where nothing else is said, and took so long."""
    table = table_of([still_there] * len(times_s), starts_s=[0.0] * len(times_s))
    for row, time_s in enumerate(times_s):
        table.ask(row, asked_s[row] if asked_s else row + 1.0)
        table.serve(row, table.asked_s[row] + time_s)
    return table


def answers(table: Table) -> tuple[float | None, float | None, int, int]:
    found = shape(table)
    return found.first_answers_s, found.last_answers_s, found.first_under_way, found.last_under_way


def test_answers_are_compared_from_twenty_in_a_tenth_on() -> None:
    assert answers(answered([0.25] * 199)) == (None, None, 0, 0)
    assert answers(answered([0.25] * 200)) == (0.25, 0.25, 1, 1)


def test_of_the_first_tenth_the_upper_quartile_and_of_the_last_the_lower_one() -> None:
    """A tenth of 205 is 20."""
    times_s = [row / 1_024 for row in range(205)]

    assert answers(answered(times_s)) == (14 / 1_024, 189 / 1_024, 1, 1)


def test_the_answers_are_in_the_order_of_asking() -> None:
    times_s = [row / 1_024 for row in range(200)]

    assert answers(answered(times_s, asked_s=[300.0 - row for row in range(200)])) == (194 / 1_024, 4 / 1_024, 1, 1)


def test_those_that_are_asked_at_once_wait_for_one_another() -> None:
    """200 a second, asked at the same instant: each is answered when those before it have been."""
    times_s = [(row + 1) / 256 for row in range(200)]

    assert answers(answered(times_s, asked_s=[1.0] * 200)) == (15 / 256, 185 / 256, 10, 190)


def test_who_is_asked_while_others_have_no_answer_yet_is_one_more_under_way() -> None:
    """One a second: the first hundred are answered before the next is asked, the others when two more have been."""
    assert answers(answered([0.5] * 100 + [2.5] * 100)) == (0.5, 2.5, 1, 3)


def test_whose_answer_comes_at_the_instant_of_another_question_is_under_way_still() -> None:
    assert answers(answered([1.0] * 200)) == (1.0, 1.0, 2, 2)


def test_who_was_not_asked_or_did_not_answer_does_not_count() -> None:
    table = answered([0.25] * 200)
    for row in range(10):
        table.served_s[row] = 0.0
    for row in range(10, 20):
        table.asked_s[row] = 0.0

    assert shape(table).first_answers_s is None


def test_an_answer_counts_whatever_became_of_the_connection() -> None:
    table = answered([0.25] * 200)
    for row in range(200):
        table.refuse(row, Unserved.SILENT)
        table.lose(row, 1_000.0, FIN)

    assert answers(table) == (0.25, 0.25, 1, 1)


def test_a_million_connections_take_a_hundred_bytes_each_to_look_at() -> None:
    rows = 1_000_000
    table = Table(rows)
    start_s, established_s, end_s = (np.asarray(getattr(table, name)) for name in ("start_s", "established_s", "end_s"))
    state, closed_by = np.asarray(table.state), np.asarray(table.closed_by)
    start_s[:] = np.arange(rows) / 2**14
    established_s[:] = start_s + 0.25
    state[:] = State.LOST
    closed_by[:] = ClosedBy.PEER
    end_s[:] = established_s + 2.0

    tracemalloc.start()
    found = shape(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (found.decided, sum(found.admitted), found.by_source) == ((250_000,) * 4, rows, (rows,))
    assert [(group.way, group.young, group.count) for group in found.losses] == [(Way.FIN, False, rows)]
    assert peak <= 100 * rows


@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 99), st.integers(0, 3)), max_size=40))
def test_the_numbers_agree_with_each_other_and_with_the_rows(rows: list[tuple[Verb, int, int]]) -> None:
    verbs, starts_s, sources = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    established = sum(verb in ESTABLISHED for verb in verbs)
    decided = established + sum(verb in FAILED for verb in verbs)
    phantoms, lost_ones = verbs.count(phantom), verbs.count(lost)

    found = shape(table_of(verbs, starts_s, sources))

    assert sum(found.decided) == decided
    assert max(found.decided) - min(found.decided) <= 1
    assert all(part <= whole for part, whole in zip(found.repeated, found.decided, strict=True))
    assert sum(found.repeated) == verbs.count(repeated) + verbs.count(late)
    if found.before_failure is None:
        assert (decided, found.after_failure) == (established, 0)
    else:
        assert found.before_failure + found.after_failure == established
    assert found.after_phantom <= established - phantoms
    assert sum(found.admitted) == (established if found.admitting_s >= 1 else 0)
    assert sum(found.by_source) == established
    assert len(found.by_source) == max(sources, default=0) + 1
    assert 0 <= found.failing_s <= found.dialling_s <= 99
    assert sum(group.count for group in found.losses) == lost_ones
