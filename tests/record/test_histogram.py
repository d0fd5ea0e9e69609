from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.histogram import Group, Histogram, histogram


def of(*seconds: float) -> Histogram | None:
    return histogram({"times": np.array(seconds)})


def test_no_times() -> None:
    assert histogram({}) is None
    assert of() is None


def test_times_that_are_close_together_are_in_forty_bins_to_a_decade() -> None:
    assert of(0.01, 0.0105, 0.0106, 0.0117) == Histogram(
        edges_s=(0.01, 0.0106, 0.0112, 0.0118), groups=(Group("times", (2, 1, 1)),)
    )


def test_times_that_are_not_are_in_ten() -> None:
    assert of(0.001, 0.0011, 0.0315, 0.12) == Histogram(
        edges_s=(
            0.001, 0.00125, 0.0016, 0.002, 0.0025, 0.00315, 0.004, 0.005, 0.0063, 0.008,
            0.01, 0.0125, 0.016, 0.02, 0.025, 0.0315, 0.04, 0.05, 0.063, 0.08, 0.1, 0.125,
        ),
        groups=(Group("times", (2, *(0 for _ in range(14)), 1, 0, 0, 0, 0, 1)),),
    )  # fmt: skip


def test_one_time() -> None:
    assert of(1.0) == Histogram(edges_s=(1.0, 1.06), groups=(Group("times", (1,)),))


def test_no_time_at_all_is_a_time() -> None:
    assert of(0.0, 1e-9) == Histogram(edges_s=(0.0, 1e-6), groups=(Group("times", (2,)),))
    assert of(-1e-9) == Histogram(edges_s=(0.0,  1e-6), groups=(Group("times", (1,)),))  # fmt: skip


def test_kinds_share_their_bins_and_an_empty_one_is_left_out() -> None:
    found = histogram({"a": np.array([1.0]), "b": np.array([]), "c": np.array([1.07, 1.08])})

    assert found == Histogram(edges_s=(1.0, 1.06, 1.12), groups=(Group("a", (1, 0)), Group("c", (0, 2))))
    assert found is not None
    assert found.count == 3


@pytest.mark.parametrize("seconds", [1e-9, 86_400.0 * 366])
def test_the_longest_and_the_shortest_fit(seconds: float) -> None:
    found = of(seconds, 1.0)

    assert found is not None
    assert found.count == 2
    assert len(found.edges_s) < 150


@given(st.lists(st.floats(0, 3e7), min_size=1))
def test_each_time_is_in_its_bin(seconds: list[float]) -> None:
    found = of(*seconds)

    assert found is not None
    (group,) = found.groups
    edges = found.edges_s
    assert group.counts == tuple(sum(low <= one < high for one in seconds) for low, high in pairwise(edges))
    assert group.counts[0]
    assert group.counts[-1]
