import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.record.distribution import Distribution


def distribution(*samples: float) -> Distribution:
    found = Distribution.of(np.array(samples))
    assert found is not None
    return found


def test_of_nothing_there_is_none() -> None:
    assert Distribution.of(np.array([])) is None


def test_of_one() -> None:
    assert distribution(0.5) == Distribution(
        count=1, min_s=0.5, mean_s=0.5, max_s=0.5, deviation_s=0.0, p50_s=0.5, p90_s=0.5, p99_s=0.5
    )


times = st.lists(st.integers(0, 10**15).map(lambda nanoseconds: nanoseconds / 1e9), min_size=1, max_size=60)


@given(times)
@example([0.1, 0.1, 0.1])
@example([0.0])
@example([float(k) for k in range(100)])
def test_it_is_that_of_the_standard_library(samples: list[float]) -> None:
    times = distribution(*samples)
    ranked = sorted(samples)

    assert (times.count, times.min_s, times.max_s) == (len(samples), ranked[0], ranked[-1])
    assert times.mean_s == pytest.approx(statistics.fmean(samples), rel=1e-12)
    # The reference is exact; numpy subtracts a mean that was rounded.
    assert times.deviation_s == pytest.approx(statistics.pstdev(samples), rel=1e-9, abs=ranked[-1] * 1e-14)
    nearest = [ranked[math.ceil(Fraction(p * len(samples), 100)) - 1] for p in (50, 90, 99)]
    assert [times.p50_s, times.p90_s, times.p99_s] == nearest


@given(st.integers(1, 3_000))
@example(100)
@example(1_000)
def test_a_percentile_is_the_nearest_rank(count: int) -> None:
    times = distribution(*(row + 1.0 for row in range(count)))

    assert [times.p50_s, times.p90_s, times.p99_s] == [-(-p * count // 100) for p in (50, 90, 99)]


def test_each_number_has_a_short_name() -> None:
    times = Distribution(count=7, min_s=1, mean_s=2, max_s=3, deviation_s=4, p50_s=5, p90_s=6, p99_s=7)
    short = {name: getattr(times, name.removesuffix("_s")) for name in times.__struct_fields__}
    assert short == {name: getattr(times, name) for name in times.__struct_fields__}
