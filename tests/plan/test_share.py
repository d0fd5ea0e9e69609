import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.errors import Bug
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate, Dealt
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import Share, cut, shares

TARGET = Target("192.0.2.1", 80)


def plan(connections: int, **fields: object) -> Plan:
    return Plan(target=TARGET, connections=connections, **fields)  # type: ignore[arg-type]


def test_one_worker_does_it_all() -> None:
    whole = Share(first=0, stop=7, pacing=ConstantRate(0.01), max_dialing=512, confirm_rate=20_000.0)
    assert shares(plan(7), 1) == (whole,)
    assert Share.whole(plan(7)) == whole
    assert whole.rows == range(7)


def test_three_workers() -> None:
    asked = plan(8, pacing=ConstantRate(0.5), max_dialing=10, confirm_rate=30.0)
    assert shares(asked, 3) == (
        Share(first=0, stop=3, pacing=dealt(0), max_dialing=4, confirm_rate=10.0),
        Share(first=3, stop=6, pacing=dealt(1), max_dialing=3, confirm_rate=10.0),
        Share(first=6, stop=8, pacing=dealt(2), max_dialing=3, confirm_rate=10.0),
    )


def dealt(first: int, every: int = 3) -> Dealt:
    return Dealt(pacing=ConstantRate(0.5), first=first, every=every)


def test_who_may_not_dial_at_once_takes_turns() -> None:
    asked = plan(8, pacing=ConstantRate(0.5), max_dialing=2, confirm_rate=30.0)
    assert shares(asked, 3) == (
        Share(first=0, stop=3, pacing=dealt(0, 2), max_dialing=1, confirm_rate=10.0),
        Share(first=3, stop=6, pacing=dealt(1, 2), max_dialing=1, confirm_rate=10.0),
        Share(first=6, stop=8, pacing=dealt(6, 1), max_dialing=2, confirm_rate=10.0, turn=1),
    )


def test_all_at_once_is_all_at_once_for_each() -> None:
    assert [share.pacing for share in shares(plan(8, pacing=AllAtOnce()), 3)] == [AllAtOnce()] * 3


@pytest.mark.parametrize("workers", [0, 9])
def test_each_worker_has_a_connection(workers: int) -> None:
    with pytest.raises(Bug, match=f"^8 connections cannot be shared by {workers} workers$"):
        shares(plan(8), workers)


@given(st.integers(0, 1_000), st.integers(1, 100))
def test_what_is_cut_is_whole(count: int, parts: int) -> None:
    found = cut(count, parts)
    assert [number for part in found for number in part] == list(range(count))
    sizes = [len(part) for part in found]
    assert len(sizes) == parts
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1


@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))),
    st.integers(1, 400),
    st.sampled_from([1.0, 0.1, 1 / 3, 0.007]),
    st.floats(1, 50_000),
)
def test_the_shares_are_the_plan(
    size: tuple[int, int], max_dialing: int, interval_s: float, confirm_rate: float
) -> None:
    connections, workers = size
    asked = plan(connections, pacing=ConstantRate(interval_s), max_dialing=max_dialing, confirm_rate=confirm_rate)
    found = shares(asked, workers)
    assert [row for share in found for row in share.rows] == list(range(connections))
    starts = sorted(share.pacing.start_s(k) for share in found for k in range(len(share.rows)))
    assert starts == [asked.pacing.start_s(k) for k in range(connections)]
    assert sum(share.confirm_rate for share in found) == pytest.approx(confirm_rate)
    for turn in range(found[-1].turn + 1):
        together = [share for share in found if share.turn == turn]
        assert together
        assert sum(share.max_dialing for share in together) == max_dialing
        assert all(share.max_dialing >= 1 for share in together)
    assert [share.turn for share in found] == sorted(share.turn for share in found)
