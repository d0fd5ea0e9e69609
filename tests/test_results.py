import pytest

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.judge.verdict import Verdict
from tcpgoon.result import Part, Result
from tcpgoon.results import EachResult, InstanceResult, SuiteResult
from tests.example import PLAIN, example, suite_of


@pytest.fixture
def result() -> Result:
    return example()


CHECKOUT = [
    Instance(id=f"checkout-{number}", host="10.0.0.5", port=8080 + number, status=status)
    for number, status in enumerate((Status.UP, Status.UP, Status.UP, Status.DOWN), 1)
]


def of_each(*verdicts: Verdict, result: Result | None = None) -> EachResult:
    return EachResult(
        lookup="eureka://r/CHECKOUT",
        service="CHECKOUT",
        registry="http://r:8761/eureka",
        results=tuple(
            InstanceResult(instance=instance, verdict=verdict, reason=f"because {verdict}", result=result)
            for instance, verdict in zip(CHECKOUT, verdicts, strict=False)
        ),
        others=(CHECKOUT[3],),
    )


@pytest.mark.parametrize(
    ("verdicts", "verdict", "reason"),
    [
        ((Verdict.PASS,), Verdict.PASS, "of 1 instance 1 passed"),
        ((Verdict.PASS,) * 3, Verdict.PASS, "of 3 instances 3 passed"),
        ((Verdict.PASS, Verdict.FAIL, Verdict.PASS), Verdict.FAIL, "of 3 instances 1 failed, 2 passed"),
        (
            (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INTERRUPTED),
            Verdict.FAIL,
            "of 3 instances 1 failed, 1 could not be judged, 1 stopped by the user",
        ),
        (
            (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.PASS),
            Verdict.INCONCLUSIVE,
            "of 3 instances 1 could not be judged, 2 passed",
        ),
        ((Verdict.PASS, Verdict.INTERRUPTED), Verdict.INTERRUPTED, "of 2 instances 1 stopped by the user, 1 passed"),
    ],
)
def test_the_verdict_over_several_instances_is_the_worst(
    verdicts: tuple[Verdict, ...], verdict: Verdict, reason: str
) -> None:
    each = of_each(*verdicts)
    assert (each.verdict, each.reason) == (verdict, reason)


def test_the_results_of_several_instances_as_plain_data(result: Result) -> None:
    asked = {
        "id": "checkout-1", "host": "10.0.0.5", "port": 8081, "status": "UP", "said": "", "zone": "", "metadata": {},
        "priority": 0, "weight": 1, "addresses": [], "others": [],
    }  # fmt: skip
    found = of_each(Verdict.FAIL, result=result).to_dict()
    assert found == {
        "format": 1,
        "kind": "each",
        "lookup": "eureka://r/CHECKOUT",
        "service": "CHECKOUT",
        "registry": "http://r:8761/eureka",
        "verdict": "FAIL",
        "reason": "of 1 instance 1 failed",
        "results": [{"instance": asked, "verdict": "FAIL", "reason": "because FAIL", "result": PLAIN}],
        "others": [asked | {"id": "checkout-4", "port": 8084, "status": "DOWN"}],
    }
    (unasked,) = of_each(Verdict.INCONCLUSIVE).to_dict()["results"]
    assert unasked["result"] is None


def test_the_instances_are_parts(result: Result) -> None:
    one = of_each(Verdict.FAIL, result=result)
    assert one.parts == (Part(name="checkout-1", verdict=Verdict.FAIL, reason="because FAIL", result=result),)


SUITE = SuiteResult(
    suite="tcpgoon.toml",
    checks=(
        Part(name="db", verdict=Verdict.PASS, reason="carried all"),
        Part(name="web", verdict=Verdict.FAIL, reason="lost some"),
    ),
    begun_at="2026-01-02T03:04:05.678+00:00",
    duration_s=1.5,
)


def test_the_verdict_over_several_checks_is_the_worst() -> None:
    assert (SUITE.verdict, SUITE.reason, SUITE.parts) == (Verdict.FAIL, "of 2 checks 1 failed, 1 passed", SUITE.checks)


def test_a_suite_as_plain_data(result: Result) -> None:
    whole = suite_of(Part(name="a", verdict=Verdict.PASS, reason="r", result=result))
    assert whole.to_dict() == {
        "format": 1,
        "kind": "suite",
        "suite": "s",
        "verdict": "PASS",
        "reason": "of 1 check 1 passed",
        "begun_at": "t",
        "duration_s": 1,
        "checks": [{"name": "a", "verdict": "PASS", "reason": "r", "result": PLAIN, "capacity": None}],
    }
    assert [check["result"] for check in SUITE.to_dict()["checks"]] == [None, None]


@pytest.mark.parametrize("verdict", Verdict)
def test_only_a_pass_passed(verdict: Verdict) -> None:
    checks = (Part(name="db", verdict=verdict, reason="r"),)
    suite = suite_of(*checks)
    assert of_each(verdict).passed is suite.passed is (verdict is Verdict.PASS)


def test_several_are_printed_in_a_line(result: Result) -> None:
    each = of_each(Verdict.FAIL, result=result)
    assert str(each) == "FAIL: of 1 instance 1 failed"
    assert repr(each) == "<EachResult FAIL: eureka://r/CHECKOUT: of 1 instance 1 failed>"
    assert str(SUITE) == "FAIL: of 2 checks 1 failed, 1 passed"
    assert repr(SUITE) == "<SuiteResult FAIL: tcpgoon.toml: of 2 checks 1 failed, 1 passed>"
