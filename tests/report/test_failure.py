import msgspec
import pytest

from tcpgoon.discovery.instance import Instance
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.outcome import Side
from tcpgoon.report.failure import MOST_PARTS, NOBODYS, OURS, failure
from tcpgoon.result import Result
from tcpgoon.results import EachResult, InstanceResult
from tests.report.results import metrics, result


def finding(code: str, side: Side = Side.TARGET_APPLICATION) -> Finding:
    return Finding(
        code=code, side=side, sentence=f"{code} was seen", remedy="lift it", commands=("ulimit -n 9",), evidence={}
    )


def ended(verdict: Verdict, *findings: Finding) -> Result:
    return result(metrics(), verdict=verdict, reason="said \x1b[2J", findings=findings)


def of_each(*results: Result | None) -> EachResult:
    return EachResult(
        lookup="x://y",
        service="y",
        registry="x",
        results=tuple(
            InstanceResult(
                instance=Instance(id=f"y-{number}\n", host="h", port=1),
                verdict=one.verdict if one else Verdict.INCONCLUSIVE,
                reason=one.reason if one else "its name is private",
                result=one,
            )
            for number, one in enumerate(results, 1)
        ),
    )


SEEN = """\
TG402 (target application, certain): TG402 was seen
      what to do: lift it
        ulimit -n 9
      more: tcpgoon explain TG402"""


def test_the_first_finding_and_its_remedy() -> None:
    assert failure(ended(Verdict.FAIL, finding("TG402"))) == f"FAIL: said \\x1b[2J\n{SEEN}"


def test_other_findings_are_named() -> None:
    several = (finding("TG402"), finding("TG501"), finding("TG501"), finding("TG403"))
    assert failure(ended(Verdict.FAIL, *several)) == f"FAIL: said \\x1b[2J\n{SEEN}\nalso found: TG501, TG403"


def test_nothing_need_have_been_found() -> None:
    assert failure(ended(Verdict.FAIL)) == "FAIL: said \\x1b[2J"
    assert failure(ended(Verdict.INTERRUPTED)) == "INTERRUPTED: said \\x1b[2J"


@pytest.mark.parametrize(
    ("findings", "said"),
    [((), [NOBODYS]), ((finding("TG402"),), [SEEN, NOBODYS])],
)
def test_an_open_question_is_no_failure_of_the_target(findings: tuple[Finding, ...], said: list[str]) -> None:
    assert failure(ended(Verdict.INCONCLUSIVE, *findings)) == "\n".join(["INCONCLUSIVE: said \\x1b[2J", *said])


def test_our_own_limit_is_called_ours() -> None:
    ours = failure(ended(Verdict.INCONCLUSIVE, finding("TG101", Side.CLIENT)))
    assert ours.splitlines()[1] == "TG101 (client, certain): TG101 was seen"
    assert ours.splitlines()[-1] == OURS


def test_of_several_those_that_did_not_pass() -> None:
    """And what was found of one with the verdict over all, not of the first that did not pass."""
    unsure = ended(Verdict.INCONCLUSIVE, finding("TG101", Side.CLIENT))
    assert failure(of_each(ended(Verdict.PASS), unsure, ended(Verdict.FAIL, finding("TG402")))) == (
        "FAIL: of 3 instances 1 failed, 1 passed, 1 could not be judged\n"
        "y-2\\n: INCONCLUSIVE: said \\x1b[2J\n"
        "y-3\\n: FAIL: said \\x1b[2J\n"
        f"{SEEN}"
    )


def test_of_one_that_could_not_be_dialled() -> None:
    assert failure(of_each(ended(Verdict.PASS), None)) == (
        "INCONCLUSIVE: of 2 instances 1 could not be judged, 1 passed\n"
        f"y-2\\n: INCONCLUSIVE: its name is private\n{NOBODYS}"
    )


def test_of_many_the_first() -> None:
    lines = failure(of_each(*[ended(Verdict.FAIL)] * (MOST_PARTS + 1_000))).splitlines()
    assert len(lines) == MOST_PARTS + 2
    assert lines[-1] == "… and 1,000 more"


def test_one_instance_needs_no_name() -> None:
    one = of_each(msgspec.structs.replace(ended(Verdict.FAIL), reason="lost"))
    assert failure(one) == "FAIL: of 1 instance 1 failed"
