"""What follows from the looks at a target on this machine."""

import pytest

from tcpgoon.judge.on_site import Look, OnSite, Process

HEALTHY = Look(at_s=1.0, held=100, listening=True, listeners=1, queued=0, backlog=128)
GONE = Look(at_s=2.0, held=0, listening=False)


def process(descriptors: int | None, limit: int | None, pid: int = 7) -> Process:
    return Process(pid=pid, name="server", descriptors=descriptors, descriptors_limit=limit)


def look(*processes: Process, queued: int = 0, backlog: int | None = 128, full: int = 0) -> Look:
    return Look(
        at_s=1.0, held=100, listening=True, queued=queued, backlog=backlog, full=full, processes=processes,
        processes_count=len(processes),
    )  # fmt: skip


def seen(before: Look = HEALTHY, peak: Look = HEALTHY, after: Look = HEALTHY) -> OnSite:
    return OnSite(before=before, peak=peak, after=after)


@pytest.mark.parametrize(
    ("queued", "backlog", "full", "is_full"),
    [(10, 10, 0, False), (11, 10, 1, True), (11, 10, 0, True), (11, None, 0, False), (12, 30, 1, True)],
)
def test_a_full_accept_queue(queued: int, backlog: int | None, full: int, is_full: bool) -> None:
    """With several listeners one may be full, and the sum of them not."""
    assert seen(peak=look(queued=queued, backlog=backlog, full=full)).queue_is_full is is_full


@pytest.mark.parametrize(
    ("processes", "full"),
    [
        ([], False),
        ([process(1_022, 1_024)], False),
        ([process(1_023, 1_024)], True),
        ([process(1_024, 1_024)], True),
        ([process(1_025, 1_024)], True),
        ([process(1_024, None)], False),
        ([process(None, 1_024)], False),
        ([process(2_000, 20_000, pid=1), process(64, 64, pid=2)], True),
        ([process(2_000, 20_000, pid=1), process(None, 64, pid=2)], False),
    ],
)
def test_full_descriptors(processes: list[Process], full: bool) -> None:
    assert seen(peak=look(*processes)).descriptors_are_full is full


@pytest.mark.parametrize(
    ("processes", "hidden", "to_spare"),
    [
        ([], "", False),
        ([process(9, 64)], "", True),
        ([process(9, 64)], "it is dark", False),
        ([process(63, 64)], "", False),
        ([process(9, 64, pid=1), process(None, 64, pid=2)], "", False),
    ],
)
def test_descriptors_to_spare(processes: list[Process], hidden: str, to_spare: bool) -> None:
    """That none is at its limit is known only where all are seen."""
    found = OnSite(before=HEALTHY, peak=look(*processes), after=HEALTHY, hidden=hidden)
    assert found.descriptors_are_to_spare is to_spare


def test_the_fullest_process_is_the_one_nearest_to_its_limit() -> None:
    """Not the one that has the most."""
    big, small, hidden = process(2_000, 20_000, pid=1), process(60, 64, pid=2), process(None, 8, pid=3)
    assert look(big, small, hidden).fullest == small
    assert look(hidden).fullest is None
    assert [each.descriptors_left for each in (big, small, hidden)] == [18_000, 4, None]


@pytest.mark.parametrize(
    ("before", "after", "gone"), [(HEALTHY, HEALTHY, False), (HEALTHY, GONE, True), (GONE, GONE, False)]
)
def test_a_target_that_is_gone(before: Look, after: Look, gone: bool) -> None:
    assert seen(before=before, after=after).is_gone is gone


@pytest.mark.parametrize(
    ("before", "after", "replaced"),
    [((1, 2), (2, 3), False), ((1, 2), (3, 4), True), ((), (3,), False), ((1,), (), False)],
)
def test_a_target_that_was_started_again(before: tuple[int, ...], after: tuple[int, ...], replaced: bool) -> None:
    looks = [look(*(process(1, 2, pid=pid) for pid in pids)) for pids in (before, after)]
    assert seen(before=looks[0], after=looks[1]).was_replaced is replaced
    assert looks[0].pids == set(before)
