"""JUnit's XML, as Jenkins, GitLab and GitHub show it: what came of each requirement and level is a test case.

A suite of test cases for each part. Its first case is the verdict, so that no reader counts a part as passed that did
not. What the target did not carry is a *failure*; what could not be found out, or was stopped, an *error*; a level of
assurance that was not asked for is *skipped*. The attributes are those that Jenkins' schema knows (junit-10.xsd of its
xunit plugin): ``testsuites`` has no ``skipped`` there, and times are plain decimals.
"""

from collections.abc import Iterator

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from tcpgoon.capacity import searched
from tcpgoon.judge.recovery import recovered
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.report.findings import findings_of, said
from tcpgoon.report.properties import of_part
from tcpgoon.report.whole import part_report
from tcpgoon.result import Part
from tcpgoon.results import Outcome, SuiteResult

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def junit(outcome: Outcome) -> str:
    """``outcome`` as the XML of a file."""
    whole = JUnitXml(printable(outcome.suite) if isinstance(outcome, SuiteResult) else "tcpgoon")
    # Without any part nothing passed: a file without test cases would look as if.
    for part in outcome.parts or (Part(name="tcpgoon", verdict=outcome.verdict, reason=outcome.reason),):
        whole.append(_suite(part))  # add_testsuite would make one of two of the same name
    whole.update_statistics()
    del whole._elem.attrib["skipped"]  # noqa: SLF001 - Jenkins' schema does not know it here
    whole._elem.tail = "\n"  # noqa: SLF001
    text: bytes = whole.tostring()
    return _DECLARATION + text.decode()


_HOLDS = {Verdict.PASS: True, Verdict.FAIL: False}


def _suite(part: Part) -> TestSuite:
    suite = TestSuite(printable(part.name))
    if asked := searched(part) or part.result:
        suite.timestamp = asked.environment.begun_at
    for name, value in of_part(part):
        suite.add_property(name, str(value))
    for case in {case.name: case for case in _cases(part)}.values():  # what is required twice is one
        case.classname = printable(part.name)
        suite.add_testcase(case)
    return suite


def _cases(part: Part) -> Iterator[TestCase]:
    yield _verdict(part)
    search = searched(part)
    if search and search.search.at_least is not None:
        yield _case(f"at least {search.search.at_least:,} connections", search.is_enough, part.reason, part)
    if search and search.recovery:
        after = recovered(search.search, search.answer, search.recovery)
        yield _case("recovery", _HOLDS.get(after.verdict), after.reason, part)
    if part.result:
        for came in part.result.checked:
            yield _case(f"requirement: {came.text}", came.holds, came.said, part)
        for proof in part.result.proofs:
            case = _case(f"level: {proof.level}", proof.holds, proof.said, part)
            if not proof.is_asked:
                case.result = Skipped("not asked for")
            yield case


def _verdict(part: Part) -> TestCase:
    asked = searched(part) or part.result
    case = TestCase("verdict", time=round(asked.duration_s, 3) if asked else 0)
    if part.verdict is not Verdict.PASS:
        kind = Failure if part.verdict is Verdict.FAIL else Error
        case.result = _why(kind, part.reason, str(part.verdict), part)
    if asked:
        case.system_out = _lines(part_report(part))
    return case


def _case(name: str, holds: bool | None, said_of_it: str, part: Part) -> TestCase:
    case = TestCase(printable(name), time=0)
    if not holds:
        kind, verdict = (Error, Verdict.INCONCLUSIVE) if holds is None else (Failure, Verdict.FAIL)
        case.result = _why(kind, said_of_it, str(verdict), part)
    return case


def _why(kind: type[Failure | Error], message: str, verdict: str, part: Part) -> Failure | Error:
    """With the findings and their remedies, which is what there is to do about it."""
    why = kind(printable(message), verdict)
    found = [line for finding in findings_of(part) for line in said(finding)]
    why.text = _lines("\n".join([message, *found]))
    return why


def _lines(text: str) -> str:
    """``text`` without what XML cannot have: all of that is not printable."""
    return "\n".join(map(printable, text.splitlines()))
