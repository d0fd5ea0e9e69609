"""What a repeated SYN-ACK means, as a table of ages and counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.engine.half_open import EARLIEST_S, FORGOTTEN_S, LATEST_S, SETTLED_BY, Doubt, first_look_s, opinion

NONE, QUIET, WAIT, HALF_OPEN = Doubt.NONE, Doubt.QUIET, Doubt.WAIT, Doubt.HALF_OPEN
MEASURED_S = (1.07, 3.1, 7.3, 15.5, 31.6)


@pytest.mark.parametrize(
    ("repeats", "age_s", "expected", "until_s"),
    [
        (0, 0.0, NONE, 0.0),
        (-1, 99.0, NONE, 0.0),
        (1, 1.1, WAIT, 3.3),
        (1, 1.2, WAIT, 3.3),
        (1, 3.29, WAIT, 3.3),
        (1, 3.3, QUIET, 0.0),
        (2, 3.1, HALF_OPEN, 0.0),
        (2, 3.4, HALF_OPEN, 0.0),
        (2, 7.8, QUIET, 0.0),
        (3, 7.3, HALF_OPEN, 0.0),
        (3, 7.8, HALF_OPEN, 0.0),
        (3, 16.0, QUIET, 0.0),
        (4, 16.0, HALF_OPEN, 0.0),
        (5, 40.0, HALF_OPEN, 0.0),
        (5, FORGOTTEN_S, HALF_OPEN, 0.0),
        (5, FORGOTTEN_S + 0.1, QUIET, 0.0),
    ],
)
def test_what_it_means(repeats: int, age_s: float, expected: Doubt, until_s: float) -> None:
    assert opinion(repeats, age_s, 0.0) == (expected, until_s)


@pytest.mark.parametrize(
    ("repeats", "age_s", "expected"), [(1, 1.2, (WAIT, 3.3)), (2, 3.4, (WAIT, 7.7)), (3, 7.8, (HALF_OPEN, 0.0))]
)
def test_where_the_path_loses_packets_it_takes_one_more(
    repeats: int, age_s: float, expected: tuple[Doubt, float]
) -> None:
    assert opinion(repeats, age_s, 0.0, lossy=True) == expected


@pytest.mark.parametrize(
    ("repeats", "age_s", "rtt_s", "expected"),
    [(1, 3.4, 0.2, (WAIT, 3.5)), (1, 3.5, 0.2, (QUIET, 0.0)), (5, FORGOTTEN_S + 0.1, 0.2, (HALF_OPEN, 0.0))],
)
def test_it_takes_a_round_trip_longer(repeats: int, age_s: float, rtt_s: float, expected: tuple[Doubt, float]) -> None:
    assert opinion(repeats, age_s, rtt_s) == expected


@pytest.mark.parametrize(("repeats", "age_s"), [(1, 0.5), (2, 2.0), (3, 3.3), (4, 12.0), (5, 25.0), (6, 60.0)])
def test_what_comes_more_often_is_none(repeats: int, age_s: float) -> None:
    assert opinion(repeats, age_s, 0.0).doubt is QUIET


def test_who_saw_late_that_it_was_established_may_have_seen_more_of_them() -> None:
    assert opinion(3, 5.5, 0.0, late_s=2.0).doubt is HALF_OPEN
    assert opinion(3, 5.5, 0.0, late_s=1.0).doubt is QUIET


@pytest.mark.parametrize("every_s", [0.5, 1.0, 15.0, 30.0])
@given(looked_s=st.floats(3.0, 600.0))
def test_keepalives_of_the_peer_are_never_taken_for_a_half_open_connection(every_s: float, looked_s: float) -> None:
    """Go sends them every 15 s. What waits is looked at again when it has to be settled."""
    doubt, until_s = opinion(int(looked_s / every_s), looked_s, 0.0)
    if doubt is WAIT:
        doubt, _ = opinion(int(until_s / every_s), until_s, 0.0)
    assert doubt in (NONE, QUIET, WAIT)


@pytest.mark.parametrize("rtt_s", [0.0, 0.05, 0.2])
@given(looked_s=st.floats(1.3, 62.0))
def test_who_is_half_open_is_never_called_quiet(rtt_s: float, looked_s: float) -> None:
    shown = sum(at_s + rtt_s <= looked_s for at_s in MEASURED_S)
    doubt, _ = opinion(shown, looked_s, rtt_s)
    assert doubt in ((WAIT, HALF_OPEN) if shown else (NONE,))
    assert (doubt is HALF_OPEN) == (shown >= SETTLED_BY)


def test_the_measured_ages_lie_between_the_bounds() -> None:
    bounds = zip(EARLIEST_S, MEASURED_S, LATEST_S, strict=True)
    assert all(earliest < at_s < latest for earliest, at_s, latest in bounds)


@pytest.mark.parametrize(("lossy", "rtt_s", "expected"), [(False, 0.0, 1.15), (False, 0.05, 1.2), (True, 0.05, 3.35)])
def test_when_to_look_first(lossy: bool, rtt_s: float, expected: float) -> None:
    assert first_look_s(lossy, rtt_s) == pytest.approx(expected)
