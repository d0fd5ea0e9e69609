import errno

import pytest

from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, Phase, Side
from tcpgoon.record.table import Table


@pytest.fixture
def facts() -> Facts:
    table = Table(7)
    for row in range(6):
        table.dial(row, 0.0)
    table.fail(0, 1.0, errno.EMFILE, Phase.SOCKET)
    table.fail(1, 1.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    table.time_out(2, 5.0, errno.ETIMEDOUT)
    for row in (3, 4, 5):
        table.establish(row, 1.0, 100, 0)
    table.lose(3, 2.0, FIN)
    table.lose(4, 2.0, errno.EHOSTUNREACH)
    table.close(5, 3.0)
    return Facts(
        plan=Plan(target=Target("example.org", 80)),
        limits=ClientLimits(descriptors_soft=9, descriptors_hard=9, descriptors_in_use=0, ports=None),
        metrics=measure(table),
    )


@pytest.mark.parametrize(
    ("sides", "errors"),
    [
        ((), []),
        ((Side.CLIENT,), [errno.EMFILE]),
        ((Side.PATH,), [errno.ETIMEDOUT, errno.EHOSTUNREACH]),
        ((Side.TARGET_KERNEL,), [errno.ECONNREFUSED]),
        ((Side.TARGET_APPLICATION,), [FIN]),
        ((Side.TARGET_APPLICATION, Side.TARGET_KERNEL), [errno.ECONNREFUSED, FIN]),
        (tuple(Side), [errno.EMFILE, errno.ETIMEDOUT, errno.ECONNREFUSED, FIN, errno.EHOSTUNREACH]),
    ],
)
def test_the_failed_and_the_lost_ones_by_side(facts: Facts, sides: tuple[Side, ...], errors: list[int]) -> None:
    assert sorted(ending.error for ending in facts.endings(*sides)) == sorted(errors)


def test_the_failed_ones_come_before_the_lost_ones(facts: Facts) -> None:
    assert facts.endings(*Side) == [*facts.metrics.errors, *facts.metrics.losses]


def test_a_run_was_started_and_not_interrupted_where_nothing_is_said(facts: Facts) -> None:
    assert (facts.started, facts.interrupted) == (True, False)


def test_a_finding() -> None:
    finding = Finding(code="TG999", side=Side.PATH, sentence="s", remedy="r", evidence={"n": 1, "l": ["a"]})

    assert (finding.code, finding.side, finding.sentence, finding.remedy, finding.evidence) == (
        "TG999",
        "path",
        "s",
        "r",
        {"n": 1, "l": ["a"]},
    )
