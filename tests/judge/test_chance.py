from fractions import Fraction
from math import comb

import pytest

from tcpgoon.judge.chance import at_most


def exactly(found: int, chosen: int, part: int, whole: int) -> float:
    """The same, by counting."""
    ways = sum(comb(part, number) * comb(whole - part, chosen - number) for number in range(found + 1))
    return float(Fraction(ways, comb(whole, chosen)))


@pytest.mark.parametrize(
    ("found", "chosen", "part", "whole"),
    [(0, 13, 125, 500), (2, 40, 125, 500), (4, 49, 15, 60), (100, 1_000, 2_500, 10_000), (0, 20, 150, 200)],
)
def test_how_probable_so_few_are(found: int, chosen: int, part: int, whole: int) -> None:
    assert at_most(found, chosen, part, whole) == pytest.approx(exactly(found, chosen, part, whole), rel=1e-6)


@pytest.mark.parametrize(("found", "chosen"), [(0, 0), (10, 40), (11, 40), (25, 100)])
def test_as_many_as_are_to_be_expected_are_no_surprise(found: int, chosen: int) -> None:
    assert at_most(found, chosen, 25, 100) == 1.0


def test_fewer_than_there_must_be_are_impossible() -> None:
    assert at_most(3, 49, 15, 60) == 0.0


def test_of_a_million() -> None:
    assert at_most(0, 100_000, 250_000, 1_000_000) == 0.0  # no float is that small
    assert at_most(24_900, 100_000, 250_000, 1_000_000) == pytest.approx(0.22, rel=0.05)
