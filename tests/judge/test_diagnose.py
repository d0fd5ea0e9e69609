import errno

from tcpgoon.judge import client
from tcpgoon.judge.diagnose import RULES, diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import Phase
from tcpgoon.record.table import Table

LIMITS = ClientLimits(descriptors_soft=10, descriptors_hard=10, descriptors_in_use=2, ports=5)


def facts(table: Table, *, started: bool = True) -> Facts:
    plan = Plan(target=Target("example.org", 80), connections=table.rows)
    return Facts(plan=plan, limits=LIMITS, metrics=measure(table, plan.level), started=started)


def test_nothing_is_found_where_nothing_happened() -> None:
    assert diagnose(facts(Table(9))) == ()


def test_what_is_found_comes_in_the_order_of_the_rules() -> None:
    table = Table(3)
    for row, (error, phase) in enumerate(
        [(errno.EPERM, Phase.CONNECT), (errno.EADDRNOTAVAIL, Phase.CONNECT), (errno.EMFILE, Phase.SOCKET)]
    ):
        table.dial(row, 0.0)
        table.fail(row, 0.0, error, phase)
    seen = facts(table)

    found = diagnose(seen)

    assert [finding.code for finding in found] == ["TG101", "TG102", "TG100"]
    assert found == tuple(finding for rule in client.RULES for finding in rule(seen))


def test_all_that_forbids_the_run_is_said() -> None:
    assert [finding.code for finding in diagnose(facts(Table(9), started=False))] == ["TG101", "TG102"]


def test_ours_come_first() -> None:
    assert RULES[: len(client.RULES)] == client.RULES
