import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.course import MOST_PARTS, Course, course


def test_no_times() -> None:
    assert course(np.array([]), np.array([])) is None


def test_percentiles_by_when_it_began() -> None:
    begun_s = np.array([*[0.0] * 200, *[45.0] * 3, 60.0])
    took_s = np.array([*(number / 1000 for number in range(200, 0, -1)), 0.3, 0.1, 0.2, 9.0])
    found = course(begun_s, took_s)

    assert found is not None
    assert (found.step_s, len(found.counts), found.from_s[1], found.from_s[45]) == (1.0, 60, 1.0, 45.0)
    assert [(found.counts[at], found.p50_s[at], found.p99_s[at], found.max_s[at]) for at in (0, 1, 45, 59)] == [
        (200, 0.1, 0.198, 0.2),
        (0, None, None, None),
        (3, 0.2, 0.3, 0.3),
        (1, 9.0, 9.0, 9.0),  # what began at the very end
    ]


def test_all_began_at_once() -> None:
    assert course(np.array([0.0, 0.0]), np.array([2.0, 1.0])) == Course(
        step_s=1.0, counts=(2,), p50_s=(1.0,), p99_s=(2.0,), max_s=(2.0,)
    )


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1))
def test_all_are_counted(times: list[tuple[float, float]]) -> None:
    begun_s, took_s = (np.array(column) for column in zip(*times, strict=True))
    found = course(begun_s, took_s)

    assert found is not None
    assert sum(found.counts) == len(times)
    assert len(found.counts) <= MOST_PARTS
    assert max(one for one in found.max_s if one is not None) == took_s.max()
    assert set(found.p50_s) - {None} <= set(took_s.tolist())
