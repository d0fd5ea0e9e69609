import errno

import pytest

from tcpgoon.record.outcome import FIN, ClosedBy
from tcpgoon.record.survival import MOST_STEPS, Closed, Survival, survival
from tcpgoon.record.table import Table

FIN_AT, RST_AT, SILENT_AT, GONE_AT, CLOSED_AT, ORPHANED_AT, OURS_AT = (
    "fin",
    "rst",
    "silent",
    "gone",
    "us",
    "dead",
    "ours",
)


def table_of(*lives: tuple[str, float], every_s: float = 0.0) -> Table:
    """Connections, and how each ended at which age."""
    table = Table(len(lives))
    for row, (how, age_s) in enumerate(lives):
        begun_s = row * every_s
        table.dial(row, begun_s)
        table.establish(row, begun_s, 100, 0)
        end_s = begun_s + age_s
        if how == CLOSED_AT:
            table.close(row, end_s)
        elif how == ORPHANED_AT:
            table.orphan(row, end_s)
        elif how == GONE_AT:
            table.vanish(row, end_s, errno.ETIMEDOUT, ClosedBy.PATH)
        else:
            errors = {FIN_AT: FIN, RST_AT: errno.ECONNRESET, SILENT_AT: errno.ETIMEDOUT, OURS_AT: errno.ENOMEM}
            table.lose(row, end_s, errors[how])
    return table


def survival_of(*lives: tuple[str, float], every_s: float = 0.0, **known: float) -> Survival:
    found = survival(table_of(*lives, every_s=every_s), **known)
    assert found
    return found


def alive(found: Survival, age_s: float) -> float:
    """The share at the last step up to that age."""
    return [step.share for step in found.steps if step.age_s <= age_s + 1e-9][-1]


def test_where_none_was_established_there_are_no_ages() -> None:
    table = Table(1)
    assert survival(Table(0)) is None
    table.dial(0, 0.0)
    assert survival(table) is None


def test_all_lived_on() -> None:
    found = survival_of((CLOSED_AT, 60.0), (CLOSED_AT, 59.0))
    assert (found.connections, found.outlived, found.longest_s, found.deaths) == (2, 2, 60.0, 0)
    assert len(found.steps) == MOST_STEPS + 1
    assert {step.share for step in found.steps} == {1.0}
    assert (found.steps[0].reached, found.steps[-1].age_s, found.steps[-1].reached) == (2, 60.0, 1)
    assert (found.band, found.closed, found.lived_s) == (None, (), 119.0)


def test_the_curve_counts_those_that_came_to_an_age() -> None:
    """Ten, of which four die at 10 s and we close three at 20 s; then one of the three that are left dies at 30 s."""
    lives = [(FIN_AT, 10.0)] * 4 + [(CLOSED_AT, 20.0)] * 3 + [(FIN_AT, 30.0)] + [(CLOSED_AT, 60.0)] * 2
    found = survival_of(*lives)
    assert [alive(found, age_s) for age_s in (9.0, 10.0, 29.0, 30.0, 60.0)] == pytest.approx([1.0, 0.6, 0.6, 0.4, 0.4])
    assert [step.reached for step in found.steps if step.age_s in (0.0, 10.0, 11.0, 21.0, 60.0)] == [10, 10, 6, 3, 2]


def test_who_ended_them_the_most_first() -> None:
    lives = [(RST_AT, 9.0), *[(FIN_AT, 9.0)] * 3, *[(SILENT_AT, 9.0)] * 2]
    lives += [*[(GONE_AT, 9.0)] * 4, *[(ORPHANED_AT, 9.0)] * 5, (OURS_AT, 9.0), (CLOSED_AT, 9.0)]
    found = survival_of(*lives)
    assert found.closed == (
        Closed("by this host", 6),
        Closed("phantom", 4),
        Closed("closed (FIN)", 3),
        Closed("silence", 2),
        Closed("reset (RST)", 1),
    )
    assert (found.connections, found.outlived, found.deaths) == (17, 1, 10)


def test_who_is_sent_away_at_once_has_no_age() -> None:
    found = survival_of(*[(FIN_AT, 0.1)] * 3, (FIN_AT, 5.0), (CLOSED_AT, 9.0))
    assert (found.young, found.deaths) == (3, 1)
    assert found.band is not None
    assert found.band.count == 1


def test_the_band_is_where_the_most_die() -> None:
    lives = [(FIN_AT, 20.0), *((RST_AT, 60.0 + number / 100) for number in range(50)), *[(CLOSED_AT, 90.0)] * 10]
    found = survival_of(*lives, every_s=0.1)
    band = found.band
    assert band is not None
    assert (band.count, band.reached) == (50, 60)
    assert (band.low_s, band.high_s, band.known_from_s) == pytest.approx((60.0, 60.49, 60.0))
    assert (band.first_at_s, band.last_at_s) == pytest.approx((60.1, 65.49))
    assert (found.deaths, found.deaths_early) == (51, 1)


def test_deaths_at_all_ages_have_a_band_of_few() -> None:
    found = survival_of(*((FIN_AT, float(second)) for second in range(10, 110)))
    assert found.band is not None
    assert found.band.count < 10


def test_how_long_all_have_lived() -> None:
    found = survival_of((FIN_AT, 10.0), (FIN_AT, 80.0), (CLOSED_AT, 100.0))
    assert (found.lived_s, found.lived_early_s, found.deaths_early) == (190.0, 10.0 + 50.0 + 50.0, 1)


def test_silence_that_is_found_at_the_end_may_be_of_any_age() -> None:
    table = table_of((SILENT_AT, 60.0), (GONE_AT, 61.0), (CLOSED_AT, 62.0))
    found = survival(table)
    assert found
    assert (found.deaths, found.unseen, found.unseen_from_s, found.unseen_to_s, found.band) == (2, 2, 0.0, 61.0, None)


def test_who_was_served_was_there_then() -> None:
    table = Table(1)
    table.dial(0, 1.0)
    table.establish(0, 1.0, 100, 0)
    table.serve(0, 5.0)
    table.lose(0, 60.0, errno.ETIMEDOUT)
    found = survival(table)
    assert found
    assert (found.unseen, found.unseen_from_s, found.unseen_to_s) == (1, 4.0, 59.0)


def test_silence_that_is_noticed_in_time_has_an_age_between_two() -> None:
    found = survival_of(*[(SILENT_AT, 60.0)] * 3, silent_s=20.0)
    assert found.band is not None
    assert (found.unseen, found.band.known_from_s, found.band.high_s) == (0, 40.0, 60.0)


def test_a_reset_may_be_the_answer_to_what_we_sent() -> None:
    found = survival_of((RST_AT, 29.0), (RST_AT, 30.0), (RST_AT, 30.0), asked_s=30.0)
    assert found.band is not None
    assert (found.band.count, found.band.known_from_s) == (3, 0.0)
    assert survival_of((RST_AT, 29.0), asked_s=30.0).band.known_from_s == 29.0  # type: ignore[union-attr]


def test_all_that_ended_at_once_are_a_curve_of_one_point() -> None:
    found = survival_of((FIN_AT, 0.0))
    assert [(step.age_s, step.share) for step in found.steps] == [(0.0, 0.0)]
