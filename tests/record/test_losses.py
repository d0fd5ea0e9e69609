import errno
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.losses import Losses, Spread, Way, losses
from tcpgoon.record.outcome import FIN, ClosedBy
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import Table

RST, SILENCE, NO_MEMORY = errno.ECONNRESET, errno.ETIMEDOUT, errno.ENOMEM


class Life(NamedTuple):
    """One connection: established, then ended by something, at these times."""

    established_s: float
    end_s: float
    end: Callable[[Table, int, float], None]


def lost(error: int) -> Callable[[Table, int, float], None]:
    return lambda table, row, now_s: table.lose(row, now_s, error)


def closed(table: Table, row: int, now_s: float) -> None:
    table.close(row, now_s)


def phantom(table: Table, row: int, now_s: float) -> None:
    table.vanish(row, now_s, RST, ClosedBy.PEER)


def orphaned(table: Table, row: int, now_s: float) -> None:
    table.orphan(row, now_s)


def still_there(table: Table, row: int, now_s: float) -> None:
    pass


def losses_of(*lives: Life) -> tuple[Losses, ...]:
    table = Table(len(lives))
    for row, life in enumerate(lives):
        table.dial(row, 0.0)
        table.establish(row, life.established_s, 100, 0)
        life.end(table, row, life.end_s)
    return losses(Rows(table))


def same(second: float) -> Spread:
    return Spread(second, second, second, second, second)


def test_nothing_was_dialled() -> None:
    assert losses(Rows(Table(0))) == ()


def test_all_are_planned() -> None:
    assert losses(Rows(Table(9))) == ()


def test_what_was_never_established_is_not_lost() -> None:
    table = Table(4)
    for row in range(3):
        table.dial(row, 0.0)
    table.abandon(0, 1.0)
    table.time_out(1, 5.0, errno.ETIMEDOUT)

    assert losses(Rows(table)) == ()


def test_nobody_is_lost() -> None:
    assert losses_of(Life(1.0, 9.0, closed), Life(1.0, 9.0, phantom), Life(1.0, 0.0, still_there)) == ()


@pytest.mark.parametrize(
    ("error", "way"),
    [
        (FIN, Way.FIN),
        (errno.ECONNRESET, Way.RST),
        (errno.EPIPE, Way.RST),
        (errno.ETIMEDOUT, Way.SILENCE),
        (errno.EHOSTUNREACH, Way.SILENCE),
    ],
)
def test_the_only_one_is_lost(error: int, way: Way) -> None:
    assert losses_of(Life(1.5, 4.0, lost(error))) == (
        Losses(
            way=way,
            young=False,
            count=1,
            ages=same(2.5),
            moments=same(4.0),
            alive_before=1,
            alive=0,
            alive_after=0,
            outlived=0,
            elders=0,
            after_answer=0,
            while_dialling=0,
        ),
    )


def test_what_our_own_kernel_ended_is_no_loss_of_the_path_but_is_not_alive_either() -> None:
    ours, theirs = Life(1.0, 2.0, lost(NO_MEMORY)), Life(1.0, 3.0, lost(FIN))

    assert losses_of(ours) == ()
    (group,) = losses_of(ours, theirs, Life(1.0, 9.0, closed))
    assert (group.way, group.count, group.alive_before, group.alive_after) == (Way.FIN, 1, 2, 1)


def test_what_went_with_a_process_of_ours_is_no_loss_and_is_not_alive_afterwards() -> None:
    ours, theirs = Life(1.0, 2.0, orphaned), Life(1.0, 3.0, lost(FIN))

    assert losses_of(ours) == ()
    (group,) = losses_of(ours, theirs, Life(1.0, 9.0, closed))
    assert (group.way, group.count, group.alive_before, group.alive_after) == (Way.FIN, 1, 2, 1)


@pytest.mark.parametrize(("end_s", "outlived"), [(6.0, 0), (6.5, 1)])
def test_who_was_older_when_a_process_of_ours_took_it_along_has_outlived_them(end_s: float, outlived: int) -> None:
    """Were it not so, a limit of age would be seen that some lived to pass."""
    (group,) = losses_of(*[Life(1.0, 6.0, lost(FIN))] * 9, Life(1.0, end_s, orphaned))

    assert (group.count, group.outlived, group.elders) == (9, outlived, 0)


def test_all_are_lost_at_the_same_instant() -> None:
    assert losses_of(*[Life(1.0, 4.0, lost(RST))] * 50) == (
        Losses(
            way=Way.RST,
            young=False,
            count=50,
            ages=same(3.0),
            moments=same(4.0),
            alive_before=50,
            alive=0,
            alive_after=0,
            outlived=0,
            elders=0,
            after_answer=0,
            while_dialling=0,
        ),
    )


def test_lost_at_age_0_by_the_time_at_which_the_last_was_established() -> None:
    """All times are equal: each was there just before, since it was lost; and none is just after."""
    assert losses_of(*[Life(1.0, 1.0, lost(FIN))] * 4) == (
        Losses(
            way=Way.FIN,
            young=True,
            count=4,
            ages=same(0.0),
            moments=same(1.0),
            alive_before=4,
            alive=0,
            alive_after=0,
            outlived=0,
            elders=0,
            after_answer=0,
            while_dialling=4,
        ),
    )


def test_a_limit_that_throws_out_the_newest() -> None:
    """40 are let in, one each 10 ms; each of the 60 after them is closed 2 ms after it was established."""
    lives = [Life(row / 100, 5.0, closed) for row in range(40)]
    lives += [Life(row / 100, row / 100 + 0.002, lost(FIN)) for row in range(40, 100)]

    (group,) = losses_of(*lives)

    assert (group.way, group.young, group.count) == (Way.FIN, True, 60)
    assert (group.alive_before, group.alive, group.alive_after) == (41, 40, 40)
    assert (group.outlived, group.elders, group.while_dialling) == (40, 40, 59)
    assert [group.ages.least, group.ages.greatest] == pytest.approx([0.002, 0.002])
    assert (group.moments.least, group.moments.greatest) == (0.402, 0.992)


def test_a_limit_that_throws_out_the_oldest() -> None:
    """The 41st and each after it comes in the very instant in which the oldest has to go."""
    lives = [Life(float(row), row + 40.0, lost(FIN)) for row in range(60)]
    lives += [Life(60.0 + row, 200.0, closed) for row in range(40)]

    assert losses_of(*lives) == (
        Losses(
            way=Way.FIN,
            young=False,
            count=60,
            ages=same(40.0),
            moments=Spread(40.0, 42.0, 69.0, 96.0, 99.0),
            alive_before=41,
            alive=40,
            alive_after=40,
            outlived=40,
            elders=0,
            after_answer=0,
            while_dialling=60,
        ),
    )


def test_an_idle_timeout() -> None:
    lives = [Life(float(row), row + 2.0, lost(FIN)) for row in range(10)]
    lives += [Life(9.5, 11.0, closed)]

    assert losses_of(*lives) == (
        Losses(
            way=Way.FIN,
            young=False,
            count=10,
            ages=same(2.0),
            moments=Spread(2.0, 2.0, 6.0, 11.0, 11.0),
            alive_before=3,
            alive=2,
            alive_after=1,
            outlived=0,
            elders=0,
            after_answer=0,
            while_dialling=8,
        ),
    )


def test_whom_we_close_at_the_instant_of_the_last_loss_was_alive_after_it() -> None:
    (group,) = losses_of(Life(1.0, 4.0, lost(FIN)), Life(1.0, 4.0, closed), Life(1.0, 0.0, still_there))

    assert (group.alive_before, group.alive, group.alive_after) == (3, 2, 2)


@pytest.mark.parametrize(("kept", "elders"), [(range(4), 4), (range(6, 10), 0), ([0, 9], 1)])
def test_of_a_burst_those_are_elders_that_were_dialled_before(kept: Sequence[int], elders: int) -> None:
    lives = [Life(1.0, 9.0, closed) if row in kept else Life(1.0, 1.1, lost(FIN)) for row in range(10)]
    (group,) = losses_of(*lives)
    assert group.elders == elders


@pytest.mark.parametrize(("served_s", "end_s", "after_answer"), [(0, 0.05, 0), (0.02, 0.05, 1), (0.02, 0.2, 0)])
def test_who_is_lost_as_soon_as_it_was_answered(served_s: float, end_s: float, after_answer: int) -> None:
    table = Table(1)
    table.dial(0, 0.0)
    table.establish(0, 0.01, 100, 0)
    if served_s:
        table.ask(0, 0.01)
        table.serve(0, served_s)
    table.lose(0, end_s, FIN)
    (found,) = losses(Rows(table))
    assert found.after_answer == after_answer


def test_phantoms_were_never_alive() -> None:
    lives = [Life(1.0, 9.0, closed)] * 2 + [Life(1.0, 1.5, lost(RST))] + [Life(2.0, 9.0, phantom)] * 7

    (group,) = losses_of(*lives)

    assert (group.count, group.alive_before, group.alive, group.alive_after) == (1, 3, 2, 2)
    assert (group.outlived, group.while_dialling) == (2, 0)


def test_who_outlived_is_older_than_the_95th_percentile_not_only_than_the_last() -> None:
    lives = [Life(0.0, 2.0, lost(FIN))] * 19 + [Life(0.0, 8.0, lost(FIN))]
    survivors = [Life(1.0, 3.0, closed), Life(1.0, 3.5, closed), Life(1.0, 9.0, closed)]

    (group,) = losses_of(*lives, *survivors)

    assert group.ages == Spread(2.0, 2.0, 2.0, 2.0, 8.0)
    assert group.outlived == 2


@pytest.mark.parametrize(("age_s", "young"), [(0.0, True), (0.875, True), (1.0, False), (8.0, False)])
def test_young_is_who_was_lost_long_before_a_second_was_over(age_s: float, young: bool) -> None:
    (group,) = losses_of(Life(1.0, 1.0 + age_s, lost(FIN)))

    assert group.young is young


def test_each_way_and_age_is_a_group_and_the_most_come_first() -> None:
    lives = [Life(1.0, 9.0, lost(SILENCE))] * 3 + [Life(1.0, 1.5, lost(SILENCE))] * 2
    lives += [Life(1.0, 9.0, lost(FIN))] * 4 + [Life(1.0, 1.5, lost(FIN))] * 6
    lives += [Life(1.0, 9.0, lost(RST))] * 1 + [Life(1.0, 1.5, lost(RST))] * 5

    assert [(group.way, group.young, group.count) for group in losses_of(*lives)] == [
        (Way.FIN, True, 6),
        (Way.RST, True, 5),
        (Way.FIN, False, 4),
        (Way.SILENCE, False, 3),
        (Way.SILENCE, True, 2),
        (Way.RST, False, 1),
    ]


def test_of_two_groups_with_as_many_the_polite_one_is_first() -> None:
    assert [group.way for group in losses_of(Life(1.0, 2.0, lost(RST)), Life(1.0, 2.0, lost(FIN)))] == [
        Way.FIN,
        Way.RST,
    ]


@pytest.mark.parametrize(
    ("ages_s", "spread"),
    [
        ((3.0,), same(3.0)),
        ((2.0, 4.0), Spread(2.0, 2.0, 2.0, 4.0, 4.0)),
        ((4.0, 2.0, 3.0), Spread(2.0, 2.0, 3.0, 4.0, 4.0)),
        (tuple(range(1, 21)), Spread(1.0, 1.0, 10.0, 19.0, 20.0)),
        (tuple(range(100, 0, -1)), Spread(1.0, 5.0, 50.0, 95.0, 100.0)),
    ],
)
def test_percentiles_are_ages_that_were_measured(ages_s: tuple[float, ...], spread: Spread) -> None:
    (group,) = losses_of(*[Life(8.0, 8.0 + age_s, lost(FIN)) for age_s in ages_s])

    assert group.ages == spread
    assert group.moments == Spread(*(8.0 + second for second in _all(spread)))


def _all(spread: Spread) -> tuple[float, ...]:
    return spread.least, spread.low, spread.middle, spread.high, spread.greatest


def test_the_width_leaves_out_a_twentieth_at_either_end() -> None:
    assert Spread(1.0, 2.0, 3.0, 4.5, 9.0).width == 2.5


ENDS = st.sampled_from([closed, phantom, still_there, *map(lost, (FIN, RST, SILENCE, NO_MEMORY))])
# Quarters of a second: many are equal, and no sum is rounded.
QUARTERS_S = st.integers(0, 40).map(lambda quarters: quarters / 4)
LIVES = st.builds(
    lambda established_s, life_s, end: Life(established_s, established_s + life_s, end), QUARTERS_S, QUARTERS_S, ENDS
)


@given(st.lists(LIVES, max_size=40))
def test_the_numbers_agree_with_each_other_and_with_the_lives(lives: list[Life]) -> None:
    there = [life for life in lives if life.end is not phantom]
    gone = [life for life in there if life.end not in (closed, still_there)]
    groups = losses_of(*lives)

    assert sum(group.count for group in groups) <= len(gone)
    for group in groups:
        assert 0 <= group.alive_after < len(there)
        assert 0 <= group.alive < len(there)
        assert 1 <= group.alive_before <= len(there)
        assert 0 <= group.while_dialling <= group.count
        assert group.outlived <= sum(life.end is closed for life in lives)
        assert list(_all(group.ages)) == sorted(_all(group.ages))
        assert list(_all(group.moments)) == sorted(_all(group.moments))
        first_s, last_s = group.moments.least, group.moments.greatest
        begun = sum(life.established_s <= first_s for life in there)
        assert group.alive_before == begun - sum(life.end_s < first_s for life in gone)
        begun = sum(life.established_s <= last_s for life in there)
        assert group.alive_after == begun - sum(life.end_s <= last_s for life in gone)
