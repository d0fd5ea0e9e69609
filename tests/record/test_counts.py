import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.live import Course, Live, Stage


def test_connections_by_state() -> None:
    states = bytes([0] + [1] * 2 + [2] * 3 + [3] * 4 + [4] * 5 + [5] * 6 + [6] * 7)

    assert Counts.of(states) == Counts(planned=1, opening=2, established=3, closed=4, lost=5, failed=6, abandoned=7)


def test_of_no_rows_at_all() -> None:
    assert Counts.of(b"") == Counts()
    assert Counts().total == 0


@pytest.mark.parametrize(
    ("counts", "total", "held", "undecided"),
    [
        (Counts(planned=1), 1, 0, 0),
        (Counts(opening=1), 1, 0, 1),
        (Counts(established=1), 1, 1, 0),
        (Counts(closed=1), 1, 1, 0),
        (Counts(lost=1), 1, 0, 0),
        (Counts(failed=1), 1, 0, 0),
        (Counts(abandoned=1), 1, 0, 1),
        (Counts(planned=1, opening=2, established=4, closed=8, lost=16, failed=32, abandoned=64), 127, 12, 66),
    ],
)
def test_what_the_counts_add_up_to(counts: Counts, total: int, held: int, undecided: int) -> None:
    assert (counts.total, counts.held, counts.undecided) == (total, held, undecided)


@given(st.lists(st.sampled_from(State), max_size=200))
def test_the_counts_add_up(states: list[State]) -> None:
    counts = Counts.of(bytes(states))

    assert counts.total == len(states)
    assert counts.planned + counts.undecided + counts.held + counts.lost + counts.failed == len(states)
    assert {state: getattr(counts, state.name.lower()) for state in State} == {
        state: states.count(state) for state in State
    }


@pytest.mark.parametrize(
    ("counts", "decided"),
    [(Counts(planned=1, opening=2, abandoned=4), 0), (Counts(established=1, closed=2, lost=4, failed=8), 15)],
)
def test_what_has_been_decided(counts: Counts, decided: int) -> None:
    assert counts.decided == decided


HALF = Counts(planned=1, opening=1, established=1, failed=1)


@pytest.mark.parametrize(
    ("counts", "course", "progress", "left_s"),
    [
        (HALF, Course(), None, None),
        (HALF, Course(stage=Stage.ESTABLISHMENT), 0.5, None),
        (HALF, Course(stage=Stage.ASKING), None, None),
        (HALF, Course(stage=Stage.HOLD, since_s=1.0, until_s=5.0), 0.25, 3.0),
        (HALF, Course(stage=Stage.HOLD, since_s=0.5, until_s=1.5), 1.0, 0.0),
        (HALF, Course(stage=Stage.HOLD, since_s=2.0, until_s=2.0), None, 0.0),
        (Counts(established=3, closed=1), Course(stage=Stage.TEAR_DOWN), 0.25, None),
        (Counts(lost=3), Course(stage=Stage.TEAR_DOWN), None, None),
    ],
)
def test_how_far_a_stage_is(counts: Counts, course: Course, progress: float | None, left_s: float | None) -> None:
    snapshot = Snapshot(2.0, counts, Live(course=course))
    assert (snapshot.progress, snapshot.left_s) == (progress, left_s)


def test_nobody_knows_where_nobody_asked() -> None:
    assert (Snapshot(2.0, HALF).progress, Snapshot(2.0, HALF).left_s) == (None, None)


def test_a_snapshot() -> None:
    snapshot = Snapshot(1.5, Counts(planned=1))

    assert (snapshot.elapsed_s, snapshot.counts) == (1.5, Counts(planned=1))
