"""Two searches: the number decides, where it is the target's; times beside the same number held."""

from typing import Any

import msgspec
import pytest

from tcpgoon.capacity import Capacity
from tcpgoon.comparison.compare import compare
from tcpgoon.comparison.compared import Comparison, Judged, Tolerance
from tcpgoon.comparison.searches import lag_of, search_changes, search_notes, search_problem
from tcpgoon.judge.carried import Bound
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.strain import Strain
from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.outcome import Side
from tests.comparison.runs import ran
from tests.report.searches import ANSWER, STEPS, found, step

TARGET, CLIENT, MOST = Bound.TARGET, Bound.CLIENT, Bound.MOST


def carrying(number: int, bound: Bound = TARGET, **changes: Any) -> Capacity:
    answer = msgspec.structs.replace(ANSWER, carries=number, bound=bound)
    return found(**{"answer": answer, "findings": (), **changes})


def said(comparison: Comparison) -> tuple[Verdict, str]:
    return comparison.verdict, comparison.reason


NOTHING = (Verdict.PASS, "nothing got worse beyond noise")


@pytest.mark.parametrize(
    ("old", "new", "judged"),
    [
        (carrying(1_000), carrying(1_000), Judged.SAME),
        (carrying(1_000), carrying(990), Judged.SAME),
        (carrying(1_000), carrying(989), Judged.WORSE),
        (carrying(1_000), carrying(1_011), Judged.BETTER),
        (carrying(1_000, CLIENT), carrying(989), Judged.WORSE),
        (carrying(1_000, CLIENT), carrying(1_100), Judged.UNKNOWN),
        (carrying(1_000), carrying(1_100, CLIENT), Judged.BETTER),
        (carrying(1_000), carrying(900, MOST), Judged.UNKNOWN),
        (carrying(1_000), carrying(0), Judged.WORSE),
    ],
)
def test_the_number_is_worse_beyond_the_precision(old: Capacity, new: Capacity, judged: Judged) -> None:
    number, *_ = search_changes([old], new, Tolerance())
    assert (number.name, number.old, number.new, number.judged) == ("carries", old.carries, new.carries, judged)


def test_the_larger_of_both_precisions_counts() -> None:
    coarse = msgspec.structs.replace(found().search, precision=0.1)
    for old, new in (
        (carrying(1_000, search=coarse), carrying(900)),
        (carrying(1_000), carrying(900, search=coarse)),
    ):
        assert said(compare([old], new)) == NOTHING
    assert compare([carrying(1_000, search=coarse)], carrying(899)).verdict is Verdict.FAIL


@pytest.mark.parametrize("bound", [CLIENT, MOST, Bound.TIME])
def test_a_number_that_is_not_the_targets_is_no_regression_and_no_pass(bound: Bound) -> None:
    fewer = carrying(500, bound)
    assert said(compare([carrying(1_000)], fewer)) == (
        Verdict.INCONCLUSIVE,
        f"cannot be compared: the new search was ended by {bound} at 500: whether the target carries more is unknown",
    )
    assert search_problem([carrying(500)], fewer) == ""


def test_none_at_all_is_an_answer() -> None:
    none = carrying(0, verdict=Verdict.FAIL, reason="carries 0", confirmed=None, steps=())
    assert said(compare([carrying(1_000)], none)) == (
        Verdict.FAIL,
        "worse: the verdict (PASS before, FAIL now), carries",
    )


def test_questions_that_differ() -> None:
    longer = msgspec.structs.replace(found().search, confirm_hold_s=60.0)
    assert search_problem([found(search=longer)], found()) == (
        "they were asked different questions: confirm_hold_s (60.0, now 10.0)"
    )
    probed = msgspec.structs.replace(found().plan, dial_timeout_s=1.0)
    assert search_problem([found(plan=probed)], found()) == (
        "they were asked different questions: dial_timeout_s (1.0, now 5.0)"
    )
    further = msgspec.structs.replace(found().search, most=20_000, precision=0.02, step=7)
    elsewhere = msgspec.structs.replace(found().plan, connections=20_000)
    assert search_problem([found(search=further, plan=elsewhere)], found()) == ""


def test_times_beside_the_largest_number_that_was_held_in_all() -> None:
    slow = (*STEPS[:9], step(512, 0.02))
    changes = search_changes([found()], found(steps=slow), Tolerance())
    assert [(one.name, one.old, one.new, one.judged) for one in changes[1:]] == [
        ("newcomer, 512 held", 0.01, 0.02, Judged.WORSE),
        ("p50 establishment, 512 held", 0.001, 0.001, Judged.SAME),
        ("p99 establishment, 512 held", 0.002, 0.002, Judged.SAME),
    ]
    (_, newcomer, *_) = search_changes([found(steps=slow)], found(), Tolerance())
    assert newcomer.judged is Judged.BETTER
    (_, newcomer, *_) = search_changes([found()], found(steps=slow), Tolerance(times=2.0))
    assert newcomer.judged is Judged.SAME
    assert len(search_changes([found()], found(steps=(step(3, 0.01),)), Tolerance())) == 1


def test_what_this_client_may_have_added_is_in_doubt() -> None:
    confirmed = msgspec.structs.replace(ran(), strain=Strain(lag_s=0.003))
    slow = found(steps=(*STEPS[:9], step(512, 0.02)), confirmed=confirmed)
    assert lag_of(slow) == 0.003
    assert lag_of(found(confirmed=None)) == 0.0
    comparison = compare([found()], slow)
    assert said(comparison) == (
        Verdict.INCONCLUSIVE,
        "in doubt: newcomer, 512 held: it may be worse, or it is this client, whose loop lagged by up to 3ms",
    )


def test_a_time_that_was_not_measured_is_unknown() -> None:
    untold = (*STEPS[:9], msgspec.structs.replace(step(512, 0.01), establishment_p50_s=None))
    by_name = {one.name: one for one in search_changes([found(steps=untold)], found(), Tolerance())}
    assert by_name["p50 establishment, 512 held"].judged is Judged.UNKNOWN


def test_another_end_and_another_cause_are_told_and_do_not_decide() -> None:
    other = Finding(code="TG403", side=Side.TARGET_APPLICATION, sentence="s", remedy="r", evidence={})
    old, new = found(), carrying(5_000, findings=(other,))
    assert list(search_notes(old, new)) == ["the cause was TG402, and is TG403"]
    assert said(compare([old], new)) == NOTHING
    assert list(search_notes(carrying(700, MOST), found())) == [
        "what ended the search was the largest number asked for, and is the target",
        "the cause was none that was found, and is TG402",
    ]
