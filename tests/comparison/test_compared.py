"""What a comparison comes to: its verdict, its reason, its plain data."""

import pytest

from tcpgoon.comparison.compared import Change, Compared, Comparison, Judged, Tolerance, Unit
from tcpgoon.errors import PlanError
from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.outcome import Side
from tests.comparison.runs import finding

PASS, FAIL = Verdict.PASS, Verdict.FAIL


def change(judged: Judged, name: str = "lost") -> Change:
    return Change(name=name, unit=Unit.CONNECTIONS, old=0, new=10, old_of=100, new_of=100, judged=judged)


def part(
    *judged: Judged, old: Verdict = PASS, new: Verdict = PASS, problem: str = "", found: tuple[Finding, ...] = ()
) -> Compared:
    changes = tuple(change(one, f"number {number}") for number, one in enumerate(judged, 1))
    return Compared(name="a", old=(old,), new=new, problem=problem, changes=changes, findings_new=found)


POSSIBLE = finding("TG402", Side.TARGET_APPLICATION, Confidence.POSSIBLE)


@pytest.mark.parametrize(
    ("compared", "verdict", "reason"),
    [
        (part(), PASS, "nothing got worse beyond noise"),
        (part(Judged.SAME, Judged.BETTER, Judged.UNKNOWN), PASS, "nothing got worse beyond noise"),
        (part(Judged.WORSE, Judged.SAME, Judged.WORSE), FAIL, "worse: number 1, number 3"),
        (part(Judged.SAME, Judged.DOUBTFUL), Verdict.INCONCLUSIVE,
         "in doubt: number 2: it may be worse, or it is this client, whose loop lagged by up to 0s"),
        (part(Judged.WORSE, Judged.DOUBTFUL), FAIL, "worse: number 1"),
        (part(new=FAIL), FAIL, "worse: the verdict (PASS before, FAIL now)"),
        (part(old=FAIL, new=FAIL), PASS, "nothing got worse beyond noise"),
        (part(Judged.WORSE, new=FAIL, found=(finding("TG301"),)), FAIL,
         "worse: the verdict (PASS before, FAIL now), number 1, TG301"),
        (part(found=(finding("TG105", Side.CLIENT), POSSIBLE)), PASS, "nothing got worse beyond noise"),
        (part(Judged.WORSE, new=FAIL, problem="they differ"), Verdict.INCONCLUSIVE, "cannot be compared: they differ"),
    ],
)  # fmt: skip
def test_what_became_of_a_part(compared: Compared, verdict: Verdict, reason: str) -> None:
    assert (compared.verdict, compared.reason) == (verdict, reason)


def comparison(*parts: Compared, problems: tuple[str, ...] = ()) -> Comparison:
    return Comparison(runs=1, tolerance=Tolerance(), parts=parts, problems=problems)


@pytest.mark.parametrize(
    ("compared", "verdict", "reason"),
    [
        (comparison(), Verdict.INCONCLUSIVE, "there is nothing to compare"),
        (comparison(part()), PASS, "nothing got worse beyond noise"),
        (comparison(part(), part()), PASS, "nothing got worse beyond noise"),
        (comparison(part(Judged.WORSE)), FAIL, "worse: number 1"),
        (comparison(part(), part(Judged.WORSE), part(problem="x")), FAIL,
         "a: worse: number 1; a: cannot be compared: x"),
        (comparison(part(), problems=("b is not there any more",)), Verdict.INCONCLUSIVE, "b is not there any more"),
        (comparison(part(Judged.WORSE), problems=("b is gone",)), FAIL, "worse: number 1; b is gone"),
    ],
)  # fmt: skip
def test_the_verdict_is_the_worst(compared: Comparison, verdict: Verdict, reason: str) -> None:
    assert (compared.verdict, compared.reason) == (verdict, reason)


def test_plain_data() -> None:
    assert comparison(part(Judged.WORSE, found=(finding("TG301"),)), problems=("p",)).to_dict() == {
        "format": 1,
        "kind": "comparison",
        "verdict": "FAIL",
        "reason": "worse: number 1, TG301; p",
        "runs": 1,
        "tolerance": {"times": 0.25, "time_s": 0.005, "share": 0.001},
        "parts": [
            {
                "verdict": "FAIL",
                "reason": "worse: number 1, TG301",
                "name": "a",
                "old": ["PASS"],
                "new": "PASS",
                "lag_s": 0.0,
                "problem": "",
                "notes": [],
                "changes": [
                    {
                        "name": "number 1",
                        "unit": "connections",
                        "old": 0,
                        "new": 10,
                        "old_of": 100,
                        "new_of": 100,
                        "old_most": None,
                        "new_least": None,
                        "judged": "worse",
                    }
                ],
                "findings_new": [
                    {
                        "code": "TG301",
                        "side": "target kernel",
                        "confidence": "likely",
                        "sentence": "about TG301",
                        "remedy": "mend it",
                        "commands": [],
                        "evidence": {},
                        "accounts_for": 0,
                    }
                ],
                "findings_gone": [],
            }
        ],
        "problems": ["p"],
        "notes": [],
    }


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["times", "time_s", "share"])
def test_tolerances_that_are_none(name: str, value: float) -> None:
    with pytest.raises(PlanError) as caught:
        Tolerance(**{name: value})
    assert str(caught.value) == f"a tolerance ({name}) of {value}: it must be 0 or above"
