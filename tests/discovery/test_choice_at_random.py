"""The weighted choice of RFC 2782, counted: the same seeds each time, so that nothing here is left to luck."""

from collections import Counter
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpgoon.discovery.choice import chosen
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.plan.choice import RANDOM, Choice

DRAWS = 1_000


def listing(*instances: Instance) -> Listing:
    return Listing(service="checkout", registry="192.0.2.53:53", instances=instances)


def weighted(number: int, weight: int, priority: int = 0, status: Status = Status.UP) -> Instance:
    return Instance(id=f"i{number}", host="h", port=number + 1, weight=weight, priority=priority, status=status)


def picked(instances: Listing, seed: int) -> Instance:
    (one,) = chosen(instances, Choice(pick=RANDOM, seed=seed))
    return one


def counts(instances: Listing, draws: int = DRAWS) -> Counter[str]:
    return Counter(picked(instances, seed).id for seed in range(draws))


def share(weight: int, weights: list[int]) -> float:
    """How often a number from 0 to the sum of all weights falls to an instance of ``weight``.

    0 falls to whoever comes first: one of those with weight 0, or else any.
    """
    first = weights.count(0) or len(weights)
    gain = 1 / first if weight == 0 or 0 not in weights else 0
    return (weight + gain) / (sum(weights) + 1)


@given(st.lists(st.integers(0, 9) | st.integers(0, 65_535), min_size=1, max_size=5))
@settings(max_examples=30, derandomize=True)
def test_each_is_picked_as_often_as_its_weight_says(weights: list[int]) -> None:
    seen = counts(listing(*[weighted(number, weight) for number, weight in enumerate(weights)]))
    for number, weight in enumerate(weights):
        expected = share(weight, weights)
        assert seen[f"i{number}"] / DRAWS == pytest.approx(expected, abs=5 * sqrt(expected / DRAWS) + 1 / DRAWS)


@pytest.mark.parametrize("weight", [0, 1, 7, 65_535])
def test_of_equal_weights_all_are_alike(weight: int) -> None:
    seen = counts(listing(*[weighted(number, weight) for number in range(4)]), 4_000)
    assert all(850 < seen[f"i{number}"] < 1_150 for number in range(4))


def test_weight_0_has_a_very_small_chance_but_a_chance() -> None:
    seen = counts(listing(weighted(0, 0), weighted(1, 100)), 10_000)
    assert 50 < seen["i0"] < 150
    assert seen.total() == seen["i0"] + seen["i1"]


def test_only_the_lowest_priority_that_is_up_is_drawn_from() -> None:
    instances = listing(
        weighted(0, 60_000, priority=1, status=Status.DOWN), weighted(1, 0, priority=2), weighted(2, 60_000, priority=3)
    )
    assert counts(instances) == {"i1": DRAWS}


@given(st.permutations([weighted(number, number) for number in range(4)]), st.integers(0, 2**63 - 1))
def test_a_seed_means_the_same_instance_in_whatever_order_they_are_listed(instances: list[Instance], seed: int) -> None:
    in_order = listing(*sorted(instances, key=lambda one: one.id))
    assert picked(listing(*instances), seed) == picked(in_order, seed)
