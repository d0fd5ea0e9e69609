"""Names that come near, however many there are and whoever has thought them up."""

from itertools import cycle, islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.discovery.near import LONGEST, clipped, did_you_mean, near_names

KNOWN = ["CHECKOUT-SERVICE", "CART", "BILLING", "BILLING-V2"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("checkout", ["CHECKOUT-SERVICE"]),
        ("CHEKOUT-SERVICE", ["CHECKOUT-SERVICE"]),
        ("cart", ["CART"]),
        ("my-cart-service", ["CHECKOUT-SERVICE", "CART"]),
        ("biling", ["BILLING", "BILLING-V2"]),
        ("zzz", []),
        ("", []),
    ],
)
def test_near_names(name: str, near: list[str]) -> None:
    assert near_names(name, KNOWN) == near


def test_what_is_said() -> None:
    assert did_you_mean("biling", KNOWN) == "; did you mean BILLING or BILLING-V2?"
    assert did_you_mean("zzz", KNOWN) == ""
    assert did_you_mean("a\x1b[31m", ["a\x1b[31mb\n"]) == r"; did you mean a\x1b[31mb\n?"
    assert did_you_mean("x" * 10_000, ["x" * 10_000_000]) == f"; did you mean {'x' * 99}…?"


def test_names_that_are_made_to_be_slow() -> None:
    """All of the same letters, as long as can be: the test's own time limit is the measure."""
    name = "ab" * (LONGEST // 2)
    known = (
        "".join(one) * 12 + str(number) for number, one in enumerate(islice(cycle(permutations("abababab")), 10_000))
    )
    assert len(near_names(name, known)) <= 3


def test_names_without_end() -> None:
    assert near_names("a1", (f"a{number}" for number in cycle(range(10)))) == ["a1"]


@given(st.text(max_size=300), st.lists(st.text(max_size=300), max_size=20))
def test_any_names(name: str, known: list[str]) -> None:
    near = near_names(name, known)
    assert len(near) <= 3
    assert set(near) <= set(known)
    assert did_you_mean(name, known).isprintable()


@given(st.text())
def test_what_is_clipped_is_a_line(text: str) -> None:
    assert clipped(text).isprintable()
    assert clipped(text, 1_000_000) == clipped(text, 1_000_001)
