"""What is found of whole situations: code, side and confidence of each finding, the first cause first."""

import errno

import pytest

from tcpgoon.judge import client
from tcpgoon.judge.codes import TITLES
from tcpgoon.judge.diagnose import RULES, diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import Phase, Side
from tcpgoon.record.shape import shape
from tcpgoon.record.table import Table

from .situations import SITUATIONS, Situation

LIMITS = ClientLimits(descriptors_soft=10, descriptors_hard=10, descriptors_in_use=2, ports=5)


def facts(table: Table, *, started: bool = True, interrupted: bool = False) -> Facts:
    plan = Plan(target=Target("example.org", 80), connections=table.rows)
    metrics = measure(table, plan.level)
    return Facts(
        plan=plan, limits=LIMITS, metrics=metrics, shape=shape(table), started=started, interrupted=interrupted
    )


def failed(*ends: tuple[int, Phase]) -> Table:
    table = Table(len(ends))
    for row, (error, phase) in enumerate(ends):
        table.dial(row, 0.0)
        table.fail(row, 0.0, error, phase)
    return table


@pytest.mark.parametrize("situation", [pytest.param(one, id=one.name) for one in SITUATIONS])
def test_a_situation(situation: Situation) -> None:
    found = [(finding.code, finding.side, finding.confidence) for finding in diagnose(situation.facts)]
    assert found == list(situation.expected)


def test_the_situations_are_many_and_different() -> None:
    names = [situation.name for situation in SITUATIONS]
    assert len(names) >= 60
    assert len(set(names)) == len(names)
    ours_and_theirs = {expected.code for situation in SITUATIONS for expected in situation.expected}
    assert {code for code in TITLES if code >= "TG2"} <= ours_and_theirs
    assert sum(not situation.expected for situation in SITUATIONS) >= 10


def test_nothing_is_found_where_nothing_happened() -> None:
    assert diagnose(facts(Table(9))) == ()


def test_ours_come_first_in_the_order_of_their_rules() -> None:
    seen = facts(
        failed(
            *[(errno.ECONNREFUSED, Phase.HANDSHAKE)] * 9,
            (errno.EPERM, Phase.CONNECT),
            (errno.EADDRNOTAVAIL, Phase.CONNECT),
            (errno.EMFILE, Phase.SOCKET),
        )
    )
    found = diagnose(seen)
    assert [finding.code for finding in found] == ["TG101", "TG102", "TG100", "TG302"]
    assert found[:3] == tuple(finding for rule in client.RULES for finding in rule(seen))


def test_of_theirs_the_one_that_accounts_for_most_is_first() -> None:
    many = [(errno.ECONNREFUSED, Phase.HANDSHAKE)] * 9
    few = [(errno.EHOSTUNREACH, Phase.HANDSHAKE)] * 8
    assert [finding.code for finding in diagnose(facts(failed(*few, *many)))] == ["TG302", "TG203"]
    assert [finding.code for finding in diagnose(facts(failed(*few, *many[:7])))] == ["TG203", "TG302"]


def test_of_those_that_account_for_as_many_the_one_with_less_doubt_is_first() -> None:
    refused, unreachable = (errno.ECONNREFUSED, Phase.HANDSHAKE), (errno.EHOSTUNREACH, Phase.HANDSHAKE)
    found = diagnose(facts(failed(refused, unreachable)))
    assert [(finding.code, finding.confidence) for finding in found] == [("TG203", "certain"), ("TG302", "likely")]


def test_all_that_forbids_the_run_is_said_and_nothing_else() -> None:
    assert [finding.code for finding in diagnose(facts(Table(9), started=False))] == ["TG101", "TG102"]


def test_of_a_run_that_was_stopped_only_ours_is_said() -> None:
    refused, ours = (errno.ECONNREFUSED, Phase.HANDSHAKE), (errno.EMFILE, Phase.SOCKET)
    assert [finding.code for finding in diagnose(facts(failed(refused, ours), interrupted=True))] == ["TG101"]


def test_no_rule_about_another_is_about_us() -> None:
    found = [finding for situation in SITUATIONS for finding in diagnose(situation.facts)]
    assert {finding.side is Side.CLIENT for finding in found if finding.code < "TG2"} == {True}
    assert {finding.side is Side.CLIENT for finding in found if finding.code >= "TG2"} == {False}
    assert len(RULES) == len(set(RULES))
