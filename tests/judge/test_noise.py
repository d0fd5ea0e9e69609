import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.judge.noise import UNLIKELY_BOUND, Ranks, is_fewer, ranks


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [
        (1, 0.50, Ranks(None, 0, None)),
        (6, 0.50, Ranks(None, 2, None)),
        (7, 0.50, Ranks(0, 3, 6)),  # that all seven are on one side of the median has the probability 1/128
        (100, 0.50, Ranks(37, 49, 62)),
        (1, 0.99, Ranks(None, 0, None)),
        (2, 0.99, Ranks(0, 1, None)),  # 0.01²: the smaller of two is below the 99th percentile
        (43, 0.90, Ranks(33, 38, None)),
        (44, 0.90, Ranks(33, 39, 43)),
        (100, 0.99, Ranks(95, 98, None)),
        (458, 0.99, Ranks(447, 453, None)),
        (459, 0.99, Ranks(448, 454, 458)),  # 0.99⁴⁵⁹ = 0.0099
        (1_000_000, 0.99, Ranks(989_767, 989_999, 990_231)),
    ],
)
def test_where_a_percentile_may_be(count: int, share: float, expected: Ranks) -> None:
    assert ranks(count, share) == expected


def below(rank: int, count: int, share: float) -> float:
    """The probability that fewer than ``rank`` of ``count`` samples are below the percentile, term by term."""
    return math.fsum(math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(rank))


@given(st.integers(1, 600), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_bound_is_wrong_as_seldom_as_it_says_and_no_nearer_one_is(count: int, share: float) -> None:
    low, measured, high = ranks(count, share)

    for at, is_right in ((low, True), (-1 if low is None else low + 1, low is None)):
        if at is not None and at >= 0 and at < count:
            assert (below(at + 1, count, share) <= UNLIKELY_BOUND) is is_right
    if low is None:
        assert below(1, count, share) > UNLIKELY_BOUND
    if high is not None:
        assert 1 - below(high + 1, count, share) <= UNLIKELY_BOUND < 1 - below(high, count, share)
    else:
        assert 1 - below(count, count, share) > UNLIKELY_BOUND
    assert (-1 if low is None else low) <= measured <= (count if high is None else high)


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ((992, 1_000), (1_000, 1_000), True),
        ((993, 1_000), (1_000, 1_000), False),  # that all seven of two thousand are among these thousand: 2⁻⁷
        ((1_000, 1_000), (1_000, 1_000), False),
        ((1_000, 1_000), (900, 1_000), False),
        ((850, 1_000), (900, 1_000), True),
        ((880, 1_000), (900, 1_000), False),
        ((5, 10), (10, 10), False),
        ((0, 5), (5, 5), True),
        ((0, 4), (4, 4), False),
        ((0, 5), (10, 10), True),
        ((999_000, 1_000_000), (999_900, 1_000_000), True),
    ],
)
def test_fewer_beyond_chance(new: tuple[int, int], old: tuple[int, int], expected: bool) -> None:
    assert is_fewer(*new, *old) is expected
