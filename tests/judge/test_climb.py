"""The climb against targets that are functions: what is carried at which pace."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.judge.climb import Came, Climb, Pace, Trial
from tcpgoon.plan.search import Search

Target = Callable[[Trial], Came]


def limited(limit: int) -> Target:
    """A sharp limit: what is above it is closed."""
    return lambda trial: Came(trial.level <= limit, min(trial.level, limit))


def climbed(target: Target, most: int = 10_000, **search: Any) -> tuple[Climb, list[tuple[int, Pace]]]:
    climb, tried = Climb(Search(most=most, **search), most), []
    while (trial := climb.next) is not None:
        tried.append((trial.level, trial.pace))
        climb.came(target(trial))
        assert len(tried) < 1_000
    return climb, tried


@given(limit=st.integers(1, 100_000), first=st.integers(1, 100), step=st.none() | st.integers(1_000, 5_000))
def test_a_sharp_limit_is_found_to_the_unit(limit: int, first: int, step: int | None) -> None:
    climb, tried = climbed(limited(limit), most=200_000, first=first, **({} if step is None else {"step": step}))
    assert (climb.good, climb.bad, climb.is_exact, climb.burst) == (limit, limit + 1, True, None)
    assert max(level for level, _ in tried) <= 2 * limit + first


def test_it_doubles_then_tries_more_slowly_then_who_is_left_and_one_more() -> None:
    _, tried = climbed(limited(13))
    brisk, steady = Pace.BRISK, Pace.STEADY
    assert tried == [
        (1, brisk),
        (2, brisk),
        (4, brisk),
        (8, brisk),
        (16, brisk),
        (16, steady),
        (13, brisk),
        (14, brisk),
    ]


def test_a_target_that_carries_all_is_tried_up_to_the_most() -> None:
    climb, tried = climbed(limited(10_000), most=1_000, first=600)
    assert [level for level, _ in tried] == [600, 1_000]
    assert (climb.good, climb.bad, climb.is_exact) == (1_000, None, False)


def test_it_grows_by_no_more_than_the_step() -> None:
    _, tried = climbed(limited(10_000), most=50, first=10, step=15)
    assert [level for level, _ in tried] == [10, 20, 35, 50]


def test_nothing_is_carried() -> None:
    climb, tried = climbed(limited(0))
    assert ([level for level, _ in tried], climb.good, climb.bad) == ([1], 0, 1)


@given(limit=st.integers(1, 5_000))
def test_where_nobody_is_left_the_interval_is_halved_to_the_precision(limit: int) -> None:
    climb, _ = climbed(lambda trial: Came(trial.level <= limit, trial.level if trial.level <= limit else 0))
    assert climb.bad is not None
    assert climb.good <= limit < climb.bad
    assert climb.bad - climb.good <= max(1, climb.good // 100)


def test_where_a_slower_pace_brings_more_the_burst_is_said() -> None:
    backlog = {Pace.BRISK: 52, Pace.STEADY: 300, Pace.GENTLE: 2_000}
    climb, tried = climbed(lambda trial: limited(backlog[trial.pace])(trial), most=5_000)
    assert (climb.good, climb.bad, climb.burst, climb.pace) == (2_000, 2_001, 52, Pace.GENTLE)
    assert (64, Pace.STEADY) in tried
    assert (512, Pace.GENTLE) in tried


def test_each_slower_look_may_go_further_at_the_same_number() -> None:
    backlog = {Pace.BRISK: 52, Pace.STEADY: 300, Pace.GENTLE: 900}
    climb, tried = climbed(lambda trial: limited(backlog[trial.pace])(trial), most=1_000, first=1_000)
    assert tried[:3] == [(1_000, Pace.BRISK), (1_000, Pace.STEADY), (1_000, Pace.GENTLE)]
    assert (climb.good, climb.bad, climb.burst, climb.pace) == (900, 901, 52, Pace.GENTLE)


def test_repeated_syns_slow_it_down_whatever_seemed_to_hold() -> None:
    def queue(trial: Trial) -> Came:
        return Came(
            True, 32 if trial.pace is Pace.BRISK else trial.level, trial.pace is Pace.BRISK and trial.level > 32
        )

    climb, tried = climbed(queue, most=1_000)
    assert (climb.good, climb.bad, climb.burst, climb.pace) == (1_000, None, 32, Pace.STEADY)
    assert tried[5:8] == [(32, Pace.BRISK), (64, Pace.BRISK), (64, Pace.STEADY)]


def test_at_the_gentlest_pace_repeated_syns_are_the_path_s() -> None:
    climb, _ = climbed(lambda trial: Came(True, trial.level, True), most=100)
    assert (climb.good, climb.pace) == (100, Pace.GENTLE)


def test_an_answer_that_does_not_hold_is_looked_for_below_it_and_more_slowly() -> None:
    climb, _ = climbed(limited(100), most=100)
    climb.unconfirmed(60)
    assert (climb.good, climb.bad, climb.next) == (0, 100, Trial(60, Pace.STEADY))
    climb.came(Came(True, 60))
    assert climb.next == Trial(61, Pace.STEADY)
    climb.came(Came(False, 60))
    assert (climb.good, climb.bad, climb.is_exact) == (60, 61, True)


@pytest.mark.parametrize("left", [0, 100])
def test_where_nobody_or_everybody_is_left_the_middle_comes_next(left: int) -> None:
    climb, _ = climbed(limited(100), most=100)
    climb.unconfirmed(left)
    assert climb.next == Trial(50, Pace.STEADY)


def test_an_answer_that_is_exceeded_is_climbed_on_from() -> None:
    climb, _ = climbed(limited(100), most=1_000)
    climb.exceeded()
    assert (climb.good, climb.bad, climb.next) == (101, None, Trial(202, Pace.BRISK))


def test_what_comes_after_the_end_changes_nothing() -> None:
    climb, _ = climbed(limited(7))
    climb.came(Came(True, 1_000))
    assert (climb.good, climb.bad, climb.next) == (7, 8, None)


def test_a_queue_that_nobody_empties_is_no_matter_of_pace() -> None:
    def target(trial: Trial) -> Came:
        return Came(trial.level <= 13, min(trial.level, 13), unemptied=trial.level > 13)

    climb, tried = climbed(target)
    assert (climb.good, climb.bad, climb.burst) == (13, 14, None)
    assert tried[-4:] == [(8, Pace.BRISK), (16, Pace.BRISK), (13, Pace.BRISK), (14, Pace.BRISK)]
