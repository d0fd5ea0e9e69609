import pytest

from tcpgoon.judge.knee import knee

FLAT = [(1, 0.001), (2, 0.001), (4, 0.0012), (8, 0.0009)]


@pytest.mark.parametrize(
    ("further", "found"),
    [
        ([], None),
        ([(16, 0.0011), (32, 0.001)], None),
        ([(16, 0.0029), (32, 0.0031), (64, 0.1)], 16),
        ([(16, 0.5), (32, 0.001), (64, 0.001)], None),
        ([(16, 0.5), (32, 0.001), (64, 0.5), (128, 0.9)], 32),
        ([(16, 0.001), (32, 0.5)], None),
        ([(16, 0.01), (32, 0.1)], 8),
    ],
)
def test_times_that_stay_high_make_a_knee(further: list[tuple[int, float]], found: int | None) -> None:
    assert knee([*FLAT, *further]) == found


def test_a_few_trials_make_no_curve() -> None:
    assert knee([(1, 0.001), (2, 0.001), (4, 1.0), (8, 1.0)]) is None


def test_less_than_a_millisecond_is_noise() -> None:
    assert knee([(1, 1e-5), (2, 1e-5), (4, 1e-5), (8, 9e-4), (16, 9e-4)]) is None
