"""Whether two runs asked the same question."""

from typing import Any

import msgspec
import pytest

from tcpgoon.comparison.comparable import OWN, differences, notes, unanswered
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.pacing import AllAtOnce
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.requirements import parse_requirement
from tcpgoon.result import Part
from tests.comparison.runs import ran
from tests.report.searches import found, part_of

PLAN = Plan(target=Target("localhost", 80))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"connections": 50}, "connections (100, now 50)"),
        ({"hold_s": 2.0, "canary": False}, "hold_s (1.0, now 2.0)"),
        ({"assurance": Assurance.ACKNOWLEDGED, "canary": False}, ""),
        ({"assurance": Assurance.HANDSHAKE}, "assurance (ACKNOWLEDGED, now HANDSHAKE)"),
        ({"hold_s": 2.0}, "hold_s (1.0, now 2.0), canary (False, now True)"),
        ({"pacing": AllAtOnce()}, "pacing (ConstantRate(interval_s=0.01), now AllAtOnce())"),
        ({"requirements": (parse_requirement("established >= 99%"),)},
         "requirements (none, now established >= 99%)"),
        ({"target": Target("elsewhere", 81), "workers": 2, "force": True, "target_pid": 1}, ""),
    ],
)  # fmt: skip
def test_in_what_questions_differ(change: dict[str, Any], said: str) -> None:
    assert differences(PLAN, msgspec.structs.replace(PLAN, **change)) == said


def test_the_order_of_requirements_does_not_matter() -> None:
    one, other = parse_requirement("lost = 0"), parse_requirement("peak > 5")
    plans = [msgspec.structs.replace(PLAN, requirements=both) for both in ((one, other), (other, one))]
    assert differences(*plans) == ""
    assert differences(PLAN, plans[0]) == "requirements (none, now lost = 0, peak > 5)"


def test_what_is_secret_is_not_looked_at() -> None:
    """A saved run has lost it."""
    probe = Exchange(name="x", send="password", secret=True)
    plan = msgspec.structs.replace(PLAN, probe=probe)
    assert differences(plan, plan.as_told) == ""
    assert differences(plan.as_told, plan) == ""
    other = msgspec.structs.replace(PLAN, probe=msgspec.structs.replace(probe, expect="other"))
    assert "password" not in differences(PLAN, other)


def test_a_long_value_is_cut() -> None:
    probe = Exchange(name="x" * 100, send="x")
    said = differences(PLAN, msgspec.structs.replace(PLAN, probe=probe, assurance=Assurance.ACKNOWLEDGED))
    assert said == f"probe (None, now Exchange(name='{'x' * 44}…)"


def test_what_may_differ_is_a_field_of_a_plan() -> None:
    assert set(Plan.__struct_fields__) >= OWN


def test_what_has_no_answer() -> None:
    result = ran()
    part = Part(name="a", verdict=Verdict.PASS, reason="r", result=result)
    assert unanswered(part) == ""
    assert unanswered(msgspec.structs.replace(part, verdict=Verdict.FAIL)) == ""
    assert unanswered(msgspec.structs.replace(part, verdict=Verdict.INTERRUPTED)) == "INTERRUPTED (r)"
    assert unanswered(msgspec.structs.replace(part, result=None, verdict=Verdict.INCONCLUSIVE, reason="\x1b")) == (
        r"INCONCLUSIVE (\x1b)"
    )


def test_what_was_not_the_same_about_the_client() -> None:
    old = ran()
    assert list(notes(old, old)) == []
    environment = msgspec.structs.replace(old.environment, tcpgoon="9\x1b", system="Linux 7", cpus=64)
    worker = Worker(number=0, pid=1, connections=50)
    new = msgspec.structs.replace(old, environment=environment, strain=Strain(workers=(worker, worker)))
    assert list(notes(old, new)) == [
        r"the tcpgoon of this client was 0.1.0, and is 9\x1b",
        "the system of this client was Linux 6.1, and is Linux 7",
        "the number of CPUs of this client was 2, and is 64",
        "the number of processes was 1, and is 2",
    ]


def test_what_was_not_the_same_about_two_searches() -> None:
    old = found()
    environment = msgspec.structs.replace(old.environment, cpus=old.environment.cpus + 1)
    assert list(notes(old, old)) == []
    assert list(notes(old, found(environment=environment))) == ["the number of CPUs of this client was 2, and is 3"]
    assert unanswered(part_of(found(confirmed=None))) == ""
