"""What is done again and again: when, and how often in a year."""

from itertools import pairwise

import pytest

from tcpgoon.engine.repeated import MANY, Repeated
from tcpgoon.plan.units import LONGEST_S
from tcpgoon.testing import Peer
from tests.engine.script import GOOD, Run, plan

A_DAY_S = 86_400.0


def times(repeated: Repeated, done: list[float], until_s: float) -> list[float]:
    """When it was done up to then, by somebody who comes when he is to come."""
    now_s = 0.0
    while now_s <= until_s:
        if (next_s := repeated.step(now_s)) == now_s:
            done.append(now_s)
        now_s = next_s if next_s > now_s else repeated.step(now_s)
    return done


def test_it_is_done_every_so_often() -> None:
    assert times(Repeated(1.0, 2.0, lambda: None), [], 9.0) == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_what_was_missed_is_not_made_up_for() -> None:
    repeated = Repeated(1.0, 2.0, lambda: None)
    assert repeated.step(6.5) == 6.5
    assert repeated.step(6.5) == 7.0


def test_after_so_many_it_is_done_half_as_often() -> None:
    assert times(Repeated(1.0, 1.0, lambda: None, 3), [], 25.0) == [1, 2, 3, 5, 7, 9, 13, 17, 21]


@pytest.mark.parametrize("every_s", [0.1, 1.0])
def test_a_year_is_no_reason_for_more_than_some_ten_thousands(every_s: float) -> None:
    done = times(Repeated(0.5, every_s, lambda: None, MANY), [], LONGEST_S)
    assert 13 * MANY < len(done) < 20 * MANY
    assert done[:MANY][-1] == pytest.approx(0.5 + every_s * (MANY - 1), abs=0.01)


def test_newcomers_of_a_soak_of_days_are_few_and_the_rest_stays_as_it_is() -> None:
    """A day has 86,400 seconds, and so had the record."""
    run = Run(plan(3, hold_s=4 * A_DAY_S, keepalive_s=3_600.0), lambda _: GOOD, newcomers=[Peer()]).run()
    knocks = run.loop.knocks
    assert 7 * MANY < len(knocks) < 8 * MANY
    assert knocks[-1].at_s > 3.9 * A_DAY_S
    gaps = [round(later.at_s - knock.at_s) for knock, later in pairwise(knocks[100:])]
    assert sorted(set(gaps)) == [1, 2, 4, 8, 16, 32, 64, 128]
