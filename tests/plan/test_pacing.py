import math
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate, Dealt, Pacing, from_interval, from_ramp, from_rate
from tcpgoon.plan.plan import MOST_CONNECTIONS

intervals = st.floats(1e-7, 1e5)
elapsed = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("pacing", "elapsed_s", "due"),
    [
        (ConstantRate(0.5), -1e-9, 0),
        (ConstantRate(0.5), -math.inf, 0),
        (ConstantRate(0.5), 0.0, 1),
        (ConstantRate(0.5), -0.0, 1),
        (ConstantRate(0.5), 0.4999, 1),
        (ConstantRate(0.5), 0.5, 2),
        (ConstantRate(0.5), 1.75, 4),
        (ConstantRate(0.01), 0.99, 100),
        (ConstantRate(0.01), 1.0, 101),
        # 3 * 0.1 is a little more than 0.3, and 0.3 / 0.1 a little less than 3: start_s() decides.
        (ConstantRate(0.1), 0.3, 3),
        (ConstantRate(0.1), 3 * 0.1, 4),
        # The quotient is rounded up to 6, although start 6 is later than 0.6.
        (ConstantRate(0.1), math.nextafter(6 * 0.1, 0), 6),
        (ConstantRate(3600.0), 3599.9, 1),
        (AllAtOnce(), -1e-9, 0),
        (AllAtOnce(), 0.0, sys.maxsize),
        (AllAtOnce(), 1e9, sys.maxsize),
    ],
)
def test_how_many_are_due(pacing: Pacing, elapsed_s: float, due: int) -> None:
    assert pacing.due(elapsed_s) == due


@pytest.mark.parametrize(
    ("pacing", "k", "start_s"),
    [
        (ConstantRate(0.25), 0, 0.0),
        (ConstantRate(0.25), 1, 0.25),
        (ConstantRate(0.25), 1_000_000, 250_000.0),
        (AllAtOnce(), 0, 0.0),
        (AllAtOnce(), 1_000_000, 0.0),
    ],
)
def test_when_a_start_is_due(pacing: Pacing, k: int, start_s: float) -> None:
    assert pacing.start_s(k) == start_s


@pytest.mark.parametrize(
    ("made", "pacing"),
    [
        (from_interval(0), AllAtOnce()),
        (from_interval(0.25), ConstantRate(0.25)),
        (from_rate(4), ConstantRate(0.25)),
        (from_rate(0.5), ConstantRate(2.0)),
        (from_ramp(0, 100), AllAtOnce()),
        (from_ramp(25, 100), ConstantRate(0.25)),
    ],
)
def test_pacings_are_made_from_what_people_give(made: Pacing, pacing: Pacing) -> None:
    assert made == pacing


@pytest.mark.parametrize(("interval_s", "shown"), [(0, "0"), (-1.5, "-1.5"), (math.nan, "nan"), (math.inf, "inf")])
def test_an_interval_is_above_0(interval_s: float, shown: str) -> None:
    with pytest.raises(PlanError, match=f"^the time between two dials is {shown} s: it must be above 0$"):
        ConstantRate(interval_s)


@pytest.mark.parametrize(("per_second", "shown"), [(0.0, "0"), (-2.5, "-2.5"), (math.nan, "nan"), (-math.inf, "-inf")])
def test_a_rate_is_above_0(per_second: float, shown: str) -> None:
    with pytest.raises(PlanError, match=f"^a rate of {shown}/s starts nothing: it must be above 0$"):
        from_rate(per_second)


@pytest.mark.parametrize("per_second", [math.inf, 1e-320])
def test_a_rate_has_an_interval(per_second: float) -> None:
    with pytest.raises(PlanError, match=r"^the time between two dials is (0\.0|inf) s: it must be above 0$"):
        from_rate(per_second)


def test_a_ramp_is_not_negative() -> None:
    with pytest.raises(PlanError, match=r"^the time between two dials is -0\.01 s: it must be above 0$"):
        from_ramp(-1, 100)


@given(interval_s=intervals, elapsed_s=elapsed)
@example(interval_s=0.1, elapsed_s=0.3)
@example(interval_s=0.1, elapsed_s=math.nextafter(0.6, 1))
def test_what_is_due_and_when_agree_exactly(interval_s: float, elapsed_s: float) -> None:
    pacing = ConstantRate(interval_s)
    due = pacing.due(elapsed_s)

    assert pacing.start_s(due - 1) <= elapsed_s < pacing.start_s(due)


@given(interval_s=intervals, k=st.integers(0, MOST_CONNECTIONS))
def test_a_start_is_due_from_its_own_instant_on(interval_s: float, k: int) -> None:
    pacing = ConstantRate(interval_s)
    start_s = pacing.start_s(k)

    assert (pacing.due(math.nextafter(start_s, -1)), pacing.due(start_s)) == (k, k + 1)


@given(interval_s=intervals, one_s=elapsed, other_s=elapsed)
def test_what_is_due_stays_due(interval_s: float, one_s: float, other_s: float) -> None:
    pacing = ConstantRate(interval_s)

    assert pacing.due(min(one_s, other_s)) <= pacing.due(max(one_s, other_s))


@given(rate=st.floats(100, 10_000))
@example(rate=100.0)
@example(rate=3_000.0)
@example(rate=10_000.0)
def test_the_mean_rate_is_the_one_that_was_asked_for(rate: float) -> None:
    assert abs(from_rate(rate).due(10.0) - 10 * rate) <= 1


@given(ramp_s=st.floats(0.001, 1e4), connections=st.integers(1, MOST_CONNECTIONS))
def test_a_ramp_starts_all_within_its_time(ramp_s: float, connections: int) -> None:
    last_s = from_ramp(ramp_s, connections).start_s(connections - 1)

    assert last_s == pytest.approx(ramp_s * (connections - 1) / connections, rel=1e-12)


@pytest.mark.parametrize(
    ("interval_s", "elapsed_s"), [(5e-324, 1.0), (1e-300, 1e300)], ids=["smallest float", "quotient overflows"]
)
def test_a_rate_beyond_all_numbers_is_as_fast_as_possible(interval_s: float, elapsed_s: float) -> None:
    assert ConstantRate(interval_s).due(elapsed_s) >= MOST_CONNECTIONS


@given(intervals, st.integers(1, 60), elapsed)
@example(0.1, 3, 0.3)
def test_what_is_dealt_is_the_whole_at_every_moment(interval_s: float, parts: int, elapsed_s: float) -> None:
    whole = ConstantRate(interval_s)
    due = whole.due(elapsed_s)
    dealt = [Dealt(pacing=whole, first=part, every=parts) for part in range(parts)]
    assert sum(part.due(elapsed_s) for part in dealt) == due
    assert max(part.due(elapsed_s) for part in dealt) - min(part.due(elapsed_s) for part in dealt) <= 1


@given(intervals, st.integers(0, 1_000), st.integers(1, 60), st.integers(0, 100_000))
def test_a_dealt_start_is_due_from_its_time_on(interval_s: float, first: int, every: int, k: int) -> None:
    dealt = Dealt(pacing=ConstantRate(interval_s), first=first, every=every)
    start_s = dealt.start_s(k)
    assert start_s == (first + k * every) * interval_s
    assert dealt.due(start_s) == k + 1
    assert dealt.due(math.nextafter(start_s, -1)) == k


def test_before_the_first_start_nothing_of_it_is_due() -> None:
    assert [Dealt(pacing=ConstantRate(1.0), first=5, every=2).due(at_s) for at_s in (-1.0, 0.0, 4.9, 5.0)] == [
        0,
        0,
        0,
        1,
    ]
