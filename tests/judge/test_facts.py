import errno

import msgspec
import pytest

from tcpgoon.judge.facts import Evidence, Facts, Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.table import Table


@pytest.fixture
def facts() -> Facts:
    table = Table(8)
    for row in range(7):
        table.dial(row, 0.0)
    table.fail(0, 1.0, errno.EMFILE, Phase.SOCKET)
    table.fail(1, 1.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    table.time_out(2, 5.0, errno.ETIMEDOUT)
    for row in (3, 4, 5, 6):
        table.establish(row, 1.0, 100, 0)
    table.lose(3, 2.0, FIN)
    table.lose(4, 2.0, errno.EHOSTUNREACH)
    table.close(5, 3.0)
    table.vanish(6, 3.0, errno.ECONNRESET, ClosedBy.PEER)
    return Facts(
        plan=Plan(target=Target("example.org", 80)),
        limits=ClientLimits(descriptors_soft=9, descriptors_hard=9, descriptors_in_use=0, ports=None),
        metrics=measure(table, Assurance.HANDSHAKE),
    )


@pytest.mark.parametrize(
    ("sides", "errors"),
    [
        ((), []),
        ((Side.CLIENT,), [errno.EMFILE]),
        ((Side.PATH,), [errno.ETIMEDOUT, errno.EHOSTUNREACH]),
        ((Side.TARGET_KERNEL,), [errno.ECONNREFUSED, errno.ECONNRESET]),
        ((Side.TARGET_APPLICATION,), [FIN]),
        ((Side.TARGET_APPLICATION, Side.TARGET_KERNEL), [errno.ECONNREFUSED, errno.ECONNRESET, FIN]),
        (
            tuple(Side),
            [errno.EMFILE, errno.ETIMEDOUT, errno.ECONNREFUSED, FIN, errno.EHOSTUNREACH, errno.ECONNRESET],
        ),
    ],
)
def test_the_failed_and_the_lost_ones_by_side(facts: Facts, sides: tuple[Side, ...], errors: list[int]) -> None:
    assert sorted(ending.error for ending in facts.endings(*sides)) == sorted(errors)


def test_the_failed_ones_come_before_the_lost_ones_and_phantoms_last(facts: Facts) -> None:
    metrics = facts.metrics

    assert facts.endings(*Side) == [*metrics.errors, *metrics.losses, *metrics.phantom_endings]


def test_a_run_was_started_and_not_interrupted_where_nothing_is_said(facts: Facts) -> None:
    assert (facts.started, facts.interrupted) == (True, False)
    assert (facts.sayings, facts.newcomers) == ((), ())


def knock(held: int, fared: Fared) -> Knock:
    return Knock(at_s=0.0, held=held, fared=fared, time_s=1.0, gone_s=1.0)


@pytest.mark.parametrize(
    ("answered", "newcomers", "nobody"),
    [
        (0, (), True),
        (1, (), False),
        (0, (knock(0, Fared.WAITING), knock(3, Fared.TURNED_AWAY)), True),
        (0, (knock(0, Fared.WAITING), knock(3, Fared.WELCOME)), False),
    ],
)
def test_whether_anybody_was_served(facts: Facts, answered: int, newcomers: tuple[Knock, ...], nobody: bool) -> None:
    metrics = msgspec.structs.replace(facts.metrics, answered=answered)

    assert msgspec.structs.replace(facts, metrics=metrics, newcomers=newcomers).nobody_was_served is nobody


@pytest.mark.parametrize(
    ("newcomers", "before"),
    [
        ((), False),
        ((knock(3, Fared.WELCOME), knock(0, Fared.UNASKED)), False),
        ((knock(0, Fared.REFUSED),), True),
    ],
)
def test_whether_one_knocked_before_all(facts: Facts, newcomers: tuple[Knock, ...], before: bool) -> None:
    assert msgspec.structs.replace(facts, newcomers=newcomers).knocked_before_all is before


def test_a_finding() -> None:
    finding = Finding(code="TG999", side=Side.PATH, sentence="s", remedy="r", evidence={"n": 1, "l": ["a"]})

    assert (finding.code, finding.side, finding.sentence, finding.remedy, finding.evidence) == (
        "TG999",
        "path",
        "s",
        "r",
        {"n": 1, "l": ["a"]},
    )


def test_a_finding_is_read_back_as_it_was_written() -> None:
    evidence: dict[str, Evidence] = {"n": 1, "s": 0.5, "why": "w", "none": None, "counts": [1, 2], "names": ["a", "b"]}
    finding = Finding(code="TG999", side=Side.PATH, sentence="s", remedy="r", commands=("c",), evidence=evidence)

    assert msgspec.json.decode(msgspec.json.encode(finding), type=Finding) == finding
