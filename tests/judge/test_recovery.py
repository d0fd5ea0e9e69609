import pytest

from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.recovery import Recovery, is_as_before, with_recovery
from tcpgoon.judge.verdict import Judgement, Verdict
from tcpgoon.plan.search import Search

SERVED = "after the release a newcomer is served as before within 40ms"


def again(carries: int, bound: Bound = Bound.TARGET) -> Recovery:
    return Recovery(waited_s=0.1, served_s=0.02, as_before_s=0.04, again=Answer(bound=bound, carries=carries))


@pytest.mark.parametrize(
    ("recovery", "verdict", "said"),
    [
        (again(1_000), Verdict.PASS, f"{SERVED}, and a second search finds 1,000"),
        (again(990), Verdict.PASS, f"{SERVED}, and a second search finds 990"),
        (again(989), Verdict.FAIL, "a second search finds 989: 11 of those released are not free again"),
        (again(0), Verdict.FAIL, "a second search finds 0: 1,000 of those released are not free again"),
        (again(1_000, Bound.TIME), Verdict.PASS, f"{SERVED}, and a second search finds 1,000"),
        (
            again(500, Bound.TIME),
            Verdict.INCONCLUSIVE,
            f"{SERVED}; the second search came to no answer (the time limit)",
        ),
        (
            again(500, Bound.STOPPED),
            Verdict.INTERRUPTED,
            "stopped by the user before it was known whether it recovers",
        ),
        (Recovery(waited_s=30.0), Verdict.FAIL, "after the release no newcomer was served for 30s"),
        (
            Recovery(waited_s=30.0, served_s=1.0),
            Verdict.FAIL,
            "a newcomer still takes longer than before, 30s after the release",
        ),
        (
            Recovery(waited_s=0.1, served_s=0.02, as_before_s=0.04),
            Verdict.INTERRUPTED,
            f"{SERVED}; there was no second search",
        ),
    ],
)
def test_what_came_after_the_release_is_part_of_the_verdict(recovery: Recovery, verdict: Verdict, said: str) -> None:
    first, answer = Judgement(Verdict.PASS, "carries 1,000"), Answer(bound=Bound.TARGET, carries=1_000, bad=1_001)
    assert with_recovery(Search(), answer, first, recovery) == Judgement(verdict, f"carries 1,000; {said}")


def test_a_verdict_that_is_no_pass_stays() -> None:
    first, answer = Judgement(Verdict.FAIL, "too few"), Answer(bound=Bound.TARGET, carries=1_000)
    assert with_recovery(Search(), answer, first, again(1_000)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("time_s", "before_s", "so"),
    [(9.0, None, True), (0.03, 0.01, True), (0.031, 0.01, False), (0.02, 0.0, True), (0.3, 0.1, True)],
)
def test_as_quickly_as_before_is_three_times_as_long_at_the_most(
    time_s: float, before_s: float | None, so: bool
) -> None:
    assert is_as_before(time_s, before_s) is so


def test_a_leak_is_the_target_s_whoever_ended_the_search() -> None:
    answer = Answer(bound=Bound.CLIENT, carries=1_000)
    first = Judgement(Verdict.INCONCLUSIVE, "at least 1,000")
    assert with_recovery(Search(), answer, first, again(600)).verdict is Verdict.FAIL
    assert with_recovery(Search(), answer, first, again(1_000)).verdict is Verdict.INCONCLUSIVE
