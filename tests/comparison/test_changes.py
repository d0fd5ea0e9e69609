"""Numbers side by side: which of them differ by more than noise."""

import msgspec
import pytest

from tcpgoon.comparison.changes import Measured, changes
from tcpgoon.comparison.compared import Change, Judged, Tolerance, Unit
from tcpgoon.judge.strain import Strain
from tcpgoon.record.knock import Fared
from tcpgoon.result import Result
from tests.comparison.runs import PLAN, knocked, ran

EXACT = Tolerance(times=0, time_s=0, share=0)


def compared(old: Result | list[Result], new: Result, tolerance: Tolerance = EXACT) -> dict[str, Change]:
    olds = old if isinstance(old, list) else [old]
    found = changes([Measured(one) for one in olds], Measured(new), tolerance)
    return {change.name: change for change in found}


def judged(old: Result | list[Result], new: Result, tolerance: Tolerance = EXACT) -> dict[str, str]:
    """What is not the same."""
    found = compared(old, new, tolerance).values()
    return {change.name: str(change.judged) for change in found if change.judged is not Judged.SAME}


def test_the_same_run_is_the_same() -> None:
    found = compared(ran(), ran())

    assert list(found) == [
        "established", "peak", "failed", "lost", "phantoms", "not served", "retransmitted",
        "p50 establishment", "p90 establishment",
    ]  # fmt: skip
    assert {change.judged for change in found.values()} == {Judged.SAME}
    assert found["established"] == Change(
        name="established",
        unit=Unit.CONNECTIONS,
        old=100,
        new=100,
        old_of=100,
        new_of=100,
        judged=Judged.SAME,
    )
    assert found["p90 establishment"] == Change(
        name="p90 establishment",
        unit=Unit.SECONDS,
        old=0.010,
        new=0.010,
        old_of=100,
        new_of=100,
        old_most=0.010,
        new_least=0.010,
        judged=Judged.SAME,
    )


def test_what_is_lost_beyond_chance() -> None:
    """Eight of a hundred; seven may be chance."""
    assert judged(ran(), ran(lost=8)) == {"established": "worse", "lost": "worse"}
    assert judged(ran(), ran(lost=7)) == {}
    assert judged(ran(lost=10), ran()) == {"established": "better", "lost": "better"}
    lost = compared(ran(lost=3), ran(lost=10))["lost"]
    assert (lost.old, lost.new, lost.old_of, lost.new_of) == (3, 10, 100, 100)


def test_what_is_lost_beyond_what_is_tolerated() -> None:
    assert judged(ran(), ran(lost=10), Tolerance(share=0.1)) == {}
    assert judged(ran(), ran(lost=11), Tolerance(share=0.1)) == {"established": "worse", "lost": "worse"}
    assert judged(ran(lost=11), ran(), Tolerance(share=0.1)) == {"established": "better", "lost": "better"}
    assert judged(ran(lost=10), ran(), Tolerance(share=0.1)) == {}


def test_retransmits_without_those_that_were_ours() -> None:
    many = [1] * 10
    assert judged(ran(), ran(retransmits=many)) == {"retransmitted": "worse"}
    assert judged(ran(), ran(retransmits=many, strain=Strain(softnet_dropped=2, conntrack_dropped=1))) == {}
    assert judged(ran(), ran(retransmits=many, strain=Strain(softnet_dropped=20))) == {}


def test_times_that_are_longer() -> None:
    assert judged(ran(took_s=0.010), ran(took_s=0.011)) == {
        "p50 establishment": "worse",
        "p90 establishment": "worse",
    }
    assert judged(ran(took_s=0.011), ran(took_s=0.010)) == {
        "p50 establishment": "better",
        "p90 establishment": "better",
    }


def test_times_that_are_longer_than_is_tolerated() -> None:
    """By a share of themselves, and by so much in any case."""
    by_half = Tolerance(times=0.5, time_s=0)
    assert judged(ran(took_s=0.010), ran(took_s=0.015), by_half) == {}
    assert len(judged(ran(took_s=0.010), ran(took_s=0.0151), by_half)) == 2
    by_so_much = Tolerance(times=0, time_s=0.005)
    assert judged(ran(took_s=0.010), ran(took_s=0.0149), by_so_much) == {}
    assert len(judged(ran(took_s=0.010), ran(took_s=0.0151), by_so_much)) == 2


def test_times_that_differ_by_chance() -> None:
    """The bounds of the medians of the same times, otherwise mixed, overlap; shifted by enough, they do not."""
    times = [0.010 + number / 10_000 for number in range(100)]
    found = compared(ran(took_s=times), ran(took_s=[time_s + 0.002 for time_s in times]))["p50 establishment"]

    assert found.old_most == pytest.approx(0.0162)
    assert found.new_least == pytest.approx(0.0157)
    assert found.judged is Judged.SAME
    assert "p50 establishment" in judged(ran(took_s=times), ran(took_s=[time_s + 0.003 for time_s in times]))


def test_what_this_client_added_is_not_the_targets() -> None:
    """What the kernel saw is what counts of the establishment now; before, what user space saw."""
    assert judged(ran(took_s=0.010, rtt_s=0.001), ran(took_s=0.050, rtt_s=0.001)) == {}
    assert judged(ran(took_s=0.010, rtt_s=0.001), ran(took_s=0.050, rtt_s=0.020)) == {
        "p50 establishment": "worse",
        "p90 establishment": "worse",
        "p50 handshake": "worse",
        "p90 handshake": "worse",
    }


def test_an_answer_may_come_late_by_our_lag() -> None:
    before, slow = ran(answered_s=0.010), ran(answered_s=0.100)
    assert judged(before, slow) == {"p50 answer": "worse", "p90 answer": "worse"}
    late = ran(answered_s=0.100, strain=Strain(lag_s=0.045))
    assert judged(before, late) == {"p50 answer": "doubtful", "p90 answer": "doubtful"}
    assert judged([before, before], late)["p50 answer"] == "doubtful"
    assert judged([before, late], late) == {}
    assert judged([before, ran(answered_s=0.005)], ran(answered_s=0.1, strain=Strain(lag_s=0.04625))) == {
        "p50 answer": "doubtful",  # it is worse than the second, for sure
        "p90 answer": "doubtful",
    }
    found = compared(before, ran(answered_s=0.100, strain=Strain(lag_s=0.040)))["p50 answer"]
    assert [found.new, found.new_least] == [pytest.approx(0.100), pytest.approx(0.020)]


def test_tls_handshakes() -> None:
    before, slow = ran(answered_s=0.010, tls_s=0.25), ran(answered_s=0.010, tls_s=0.5)
    assert judged(before, slow) == {"p50 tls": "worse", "p90 tls": "worse"}
    lagged = ran(answered_s=0.010, tls_s=0.5, strain=Strain(lag_s=0.0625))  # at each of four steps
    assert judged(before, lagged) == {"p50 tls": "doubtful", "p90 tls": "doubtful"}


def test_the_99th_percentile_needs_enough_of_them() -> None:
    plan = msgspec.structs.replace(PLAN, connections=459)
    names = list(compared(ran(plan=plan), ran(plan=plan)))
    assert names[-2:] == ["p50 establishment", "p99 establishment"]
    assert list(compared(ran(plan=plan), ran()))[-2:] == ["p50 establishment", "p90 establishment"]


def test_few_times_tell_nothing() -> None:
    few = msgspec.structs.replace(PLAN, connections=6)
    found = compared(ran(plan=few), ran(took_s=1.0))
    assert found["p50 establishment"] == Change(
        name="p50 establishment",
        unit=Unit.SECONDS,
        old=None,
        new=1.0,
        old_of=0,
        new_of=100,
        new_least=1.0,
        judged=Judged.UNKNOWN,
    )
    assert compared(ran(took_s=1.0), ran(plan=few))["p50 establishment"].new is None


def test_newcomers() -> None:
    before = ran(knocks=knocked(*[0.010] * 10))
    assert judged(before, ran(knocks=knocked(*[0.020] * 10))) == {"p50 newcomer": "worse"}
    turned_away = ran(knocks=knocked(*[0.010] * 10, fared=Fared.REFUSED))
    assert judged(before, turned_away) == {"newcomers that were welcome": "worse", "p50 newcomer": "unknown"}
    unasked = ran(knocks=knocked(*[0.010] * 10, fared=Fared.UNASKED))
    assert judged(before, unasked) == {"newcomers that were welcome": "unknown", "p50 newcomer": "unknown"}
    assert compared(before, unasked)["newcomers that were welcome"].new_of == 0
    assert compared(unasked, before)["newcomers that were welcome"].old_of == 0


def test_each_of_several_old_runs_has_to_have_been_better() -> None:
    fast, slow = ran(took_s=0.010), ran(took_s=0.030)
    now = ran(took_s=0.020)
    assert judged([fast, fast], now) == {"p50 establishment": "worse", "p90 establishment": "worse"}
    assert judged([fast, slow], now) == {}
    found = compared([fast, slow, fast], now)["p50 establishment"]
    assert (found.old, found.old_most) == (0.030, 0.030)
    assert judged([ran(), ran(lost=15)], ran(lost=20)) == {}
    assert compared([ran(), ran(lost=15), ran()], ran(lost=20))["lost"].old == 15
