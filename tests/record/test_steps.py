import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.steps import parts_of, round_step


@pytest.mark.parametrize(
    ("span", "most", "expected"),
    [
        (120.0, 120, 1.0),
        (120.1, 120, 2.0),
        (240.1, 120, 5.0),
        (601.0, 120, 10.0),
        (3.0, 60, 0.05),
        (1e-6, 120, 1e-8),
        (86_400.0, 120, 1000.0),
        (5e-324, 100, 1e-8),
    ],
)
def test_a_step_is_round(span: float, most: int, expected: float) -> None:
    assert round_step(span, most) == expected


@given(st.floats(1e-6, 1e9), st.integers(1, 500))
def test_steps_reach_the_end_and_are_no_more_than_that(span: float, most: int) -> None:
    step = round_step(span, most)

    assert parts_of(span, step) <= most
    assert parts_of(span, step) * step >= span * (1 - 1e-9)
    assert f"{step:.0e}"[0] in "125"


def test_what_takes_no_time_is_one_part() -> None:
    assert parts_of(0.0, 1.0) == 1
