"""Outcomes before and now → a comparison."""

from typing import Any

import msgspec
import pytest

from tcpgoon.capacity import Capacity
from tcpgoon.comparison.compare import compare
from tcpgoon.comparison.compared import Compared, Comparison, Judged, Tolerance
from tcpgoon.errors import UsageError
from tcpgoon.judge.carried import Bound
from tcpgoon.judge.strain import Strain
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.probe import Exchange
from tcpgoon.record.table import Table
from tcpgoon.result import Result
from tcpgoon.results import EachResult
from tests.comparison.runs import PLAN, finding, ran, suite
from tests.example import suite_of
from tests.report.searches import ANSWER, found, part_of

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def said(comparison: Comparison) -> tuple[Verdict, str]:
    return comparison.verdict, comparison.reason


def only(comparison: Comparison) -> Compared:
    (part,) = comparison.parts
    return part


def test_the_same_run_is_no_worse() -> None:
    found = compare([ran()], ran())
    assert said(found) == (PASS, "nothing got worse beyond noise")
    assert (found.runs, found.tolerance, found.problems, found.notes) == (1, Tolerance(), (), ())
    assert {change.judged for change in only(found).changes} == {Judged.SAME}
    assert (only(found).old, only(found).new, only(found).name) == ((PASS,), PASS, "localhost:80")


def test_what_got_worse() -> None:
    new = ran(lost=20, verdict=FAIL, findings=[finding("TG405"), finding("TG301")])
    found = compare([ran(findings=[finding("TG301"), finding("TG204")])], new)
    assert said(found) == (FAIL, "worse: the verdict (PASS before, FAIL now), established, lost, TG405")
    assert [one.code for one in only(found).findings_new] == ["TG405"]
    assert [one.code for one in only(found).findings_gone] == ["TG204"]


def test_what_failed_before_may_fail_again() -> None:
    assert said(compare([ran(lost=20, verdict=FAIL)], ran(lost=22, verdict=FAIL))) == (
        PASS,
        "nothing got worse beyond noise",
    )
    assert said(compare([ran(lost=20, verdict=FAIL)], ran(lost=60, verdict=FAIL))) == (FAIL, "worse: established, lost")


def test_the_tolerance_is_the_one_that_was_asked_for() -> None:
    tolerance = Tolerance(times=3.0)
    found = compare([ran(took_s=0.010)], ran(took_s=0.040), tolerance)
    assert (found.verdict, found.tolerance) == (PASS, tolerance)
    assert compare([ran(took_s=0.010)], ran(took_s=0.041), tolerance).verdict is FAIL


def test_a_target_of_another_name_is_the_same() -> None:
    elsewhere = ran(plan=msgspec.structs.replace(PLAN, target=Target("elsewhere", 81)))
    assert compare([ran()], elsewhere).verdict is PASS


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (ran(), ran(verdict=INCONCLUSIVE), "the new run is INCONCLUSIVE (so it was)"),
        (ran(verdict=Verdict.INTERRUPTED), ran(), "the old run is INTERRUPTED (so it was)"),
        (ran(), ran(plan=msgspec.structs.replace(PLAN, connections=90)),
         "they were asked different questions: connections (100, now 90)"),
        (msgspec.structs.replace(ran(), table=Table(0)), ran(), "the rows of a run were not kept"),
        (ran(), msgspec.structs.replace(ran(), table=Table(0)), "the rows of a run were not kept"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared(old: Result, new: Result, reason: str) -> None:
    assert said(compare([old], new)) == (INCONCLUSIVE, f"cannot be compared: {reason}")


def test_several_old_runs() -> None:
    """What says nothing is left out; what each of the others had is gone, what none had is new."""
    both = [finding("TG204"), finding("TG301")]
    olds = [ran(took_s=0.03, findings=both), ran(verdict=INCONCLUSIVE), ran(took_s=0.01, findings=both[:1])]
    found = compare(olds, ran(took_s=0.02, findings=[finding("TG301")]))

    assert said(found) == (PASS, "nothing got worse beyond noise")
    assert (found.runs, only(found).old) == (3, (PASS, PASS))
    assert only(found).notes == ("old run 2 is left out: it is INCONCLUSIVE (so it was)",)
    assert [one.code for one in only(found).findings_gone] == ["TG204"]
    assert only(found).findings_new == ()
    assert compare(olds[2:], ran(took_s=0.02)).verdict is FAIL


def test_what_may_be_worse_or_this_client_is_in_doubt() -> None:
    """It is not said that nothing got worse, nor that something did; but where something else did, it did."""
    plan = msgspec.structs.replace(PLAN, probe=Exchange(name="echo", send="x", expect="x"))
    old = ran(plan=plan, answered_s=0.01)
    lagged = ran(plan=plan, answered_s=0.05, strain=Strain(lag_s=0.02))
    assert said(compare([old], lagged)) == (
        INCONCLUSIVE,
        "in doubt: p50 answer, p90 answer: it may be worse, or it is this client, whose loop lagged by up to 20ms",
    )
    lost = ran(lost=20, plan=plan, answered_s=0.05, strain=Strain(lag_s=0.02))
    assert said(compare([old], lost)) == (FAIL, "worse: established, lost")
    assert said(compare([old, lagged], lagged)) == (PASS, "nothing got worse beyond noise")


def test_parts_are_compared_by_name() -> None:
    old = suite(db=ran(), web=ran(), gone=ran())
    found = compare([old], suite(web=ran(lost=20), db=ran(), fresh=ran()))

    assert said(found) == (FAIL, "web: worse: established, lost; gone is not there any more")
    assert [part.name for part in found.parts] == ["web", "db"]
    assert found.notes == ("fresh is new: there is nothing to compare it with",)
    assert said(compare([old], suite(db=ran(), web=ran(), gone=None))) == (
        INCONCLUSIVE,
        "gone: cannot be compared: the new run is INCONCLUSIVE (r)",
    )
    assert said(compare([old], suite(db=ran(), web=ran()))) == (INCONCLUSIVE, "gone is not there any more")
    assert said(compare([suite()], suite(db=ran()))) == (INCONCLUSIVE, "there is nothing to compare")


def test_a_part_that_some_old_runs_lack() -> None:
    found = compare([suite(db=ran(lost=20, verdict=FAIL)), suite(web=ran(), db=ran())], suite(web=ran(), db=ran()))
    assert [(part.name, part.old) for part in found.parts] == [("web", (PASS,)), ("db", (FAIL, PASS))]
    assert found.verdict is PASS


def test_what_is_no_pair() -> None:
    with pytest.raises(UsageError, match=r"^there is no run to compare with$"):
        compare([], ran())
    with pytest.raises(UsageError) as caught:
        compare([ran(), suite()], ran())
    assert str(caught.value) == ("what is to be compared is a run, and what it is to be compared with is of a suite")
    each = EachResult(lookup="l", service="s", registry="r", results=())
    with pytest.raises(UsageError) as caught:
        compare([each], suite())
    assert str(caught.value) == (
        "what is to be compared is of a suite, and what it is to be compared with is of each instance"
    )


def carrying(number: int, bound: Bound = Bound.TARGET, **changes: Any) -> Capacity:
    """A search that found ``number``."""
    return found(**{"answer": msgspec.structs.replace(ANSWER, carries=number, bound=bound), **changes})


def test_what_came_to_no_answer_is_not_compared() -> None:
    unknown = carrying(500, Bound.CLIENT, verdict=INCONCLUSIVE, reason="ours")
    assert said(compare([carrying(1_000)], unknown)) == (
        INCONCLUSIVE,
        "cannot be compared: the new run is INCONCLUSIVE (ours)",
    )
    assert said(compare([unknown], carrying(1_000))) == (
        INCONCLUSIVE,
        "cannot be compared: the old run is INCONCLUSIVE (ours)",
    )
    part = only(compare([unknown, carrying(1_000)], carrying(1_000)))
    assert part.notes[0] == "old run 1 is left out: it is INCONCLUSIVE (ours)"


def test_a_search_and_a_run_are_no_pair() -> None:
    with pytest.raises(UsageError) as caught:
        compare([ran()], found())
    assert str(caught.value) == "what is to be compared is a search, and what it is to be compared with is a run"
    run = ran().parts[0]
    db = msgspec.structs.replace(run, name="db")
    assert said(compare([suite_of(db)], suite_of(part_of(found(), "db")))) == (
        INCONCLUSIVE,
        "cannot be compared: it is a search, and was a run",
    )
    assert said(compare([suite_of(part_of(found(), "db"))], suite_of(db))) == (
        INCONCLUSIVE,
        "cannot be compared: it is a run, and was a search",
    )


def test_searches_in_suites_are_compared_by_name() -> None:
    old, new = (suite_of(part_of(one, "db"), ran().parts[0]) for one in (carrying(1_000), carrying(500)))
    assert said(compare([old], new)) == (FAIL, "db: worse: carries")
