"""What this client lacked, and what its kernel refused: certain, with its numbers and its commands."""

import errno
from typing import Any

import msgspec
import pytest

from tcpgoon.judge import lift
from tcpgoon.judge.client_limits import RULES, descriptors, ephemeral_ports, impossible_run, memory, other_errors
from tcpgoon.judge.facts import Confidence, Facts, Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.preflight import checks
from tcpgoon.judge.strain import Strain
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.table import Table

LIMITS = ClientLimits(descriptors_soft=1_024, descriptors_hard=4_096, descriptors_in_use=24, ports=28_232)


def facts(*failed: tuple[int, Phase], connections: int = 10_000, limits: ClientLimits = LIMITS, **knobs: Any) -> Facts:
    """What is known when the dials ``failed``, and one more was closed by the peer."""
    table = Table(len(failed) + 1)
    for row, (error, phase) in enumerate(failed):
        table.dial(row, 0.0)
        table.fail(row, 1.0, error, phase)
    table.dial(len(failed), 0.0)
    table.establish(len(failed), 1.0, 100, 0)
    table.lose(len(failed), 2.0, FIN)
    plan = Plan(target=Target("example.org", 80), connections=connections)
    return Facts(plan=plan, limits=limits, metrics=measure(table, plan.level), **knobs)


NO_DESCRIPTOR = (errno.EMFILE, Phase.SOCKET)
NONE_ON_THE_HOST = (errno.ENFILE, Phase.SOCKET)
NO_PORT = (errno.EADDRNOTAVAIL, Phase.CONNECT)
NO_MEMORY = (errno.ENOMEM, Phase.SOCKET)
REFUSED = (errno.ECONNREFUSED, Phase.HANDSHAKE)


def lines(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.sentence) for finding in found]


# Before the first dial.


def limits(**changes: Any) -> ClientLimits:
    return msgspec.structs.replace(LIMITS, **{"descriptors_soft": 10**6, "descriptors_hard": 10**6, **changes})


@pytest.mark.parametrize(
    ("limits", "connections", "code", "sentence"),
    [
        (
            LIMITS,
            1_001,
            "TG101",
            "this client cannot hold 1,001 connections, at most 1,000 (descriptors): "
            "1,024 (hard limit 4,096), 24 for us",
        ),
        (
            limits(ports=100, ports_in_use=7, port_range=(40_000, 40_099)),
            94,
            "TG102",
            "this client cannot hold 94 connections, at most 93 (local ports): "
            "100 (40000-40099); 7 in use, 0 in TIME_WAIT",
        ),
        (
            limits(ports=100, ports_waiting=60),
            41,
            "TG103",
            "this client cannot hold 41 connections, at most 40 (local ports): 100; 0 in use, 60 in TIME_WAIT",
        ),
        (
            limits(conntrack=1_000, conntrack_in_use=990),
            11,
            "TG104",
            "this client cannot hold 11 connections, at most 10 (connection tracking): 1,000 flows, 990 in use",
        ),
        (
            limits(memory_limit=1_000_000, memory_in_use=580_000),
            101,
            "TG106",
            "this client cannot hold 101 connections, at most 100 (memory of the cgroup): 1.0 MB, 580.0 KB in use",
        ),
    ],
)
def test_what_forbids_a_run(limits: ClientLimits, connections: int, code: str, sentence: str) -> None:
    (finding,) = impossible_run(facts(connections=connections, limits=limits, started=False))
    (check,) = [check for check in checks(limits, connections) if check.grade == "impossible"]
    assert (finding.code, finding.sentence) == (code, sentence)
    assert (finding.side, finding.confidence) == (Side.CLIENT, Confidence.CERTAIN)
    assert finding.commands == check.lift != ()
    assert finding.accounts_for == finding.evidence["asked"] == connections
    assert finding.evidence["allows"] == check.allows


def test_one_finding_for_each_limit_that_forbids_it() -> None:
    few = limits(descriptors_soft=30, ports=5)
    assert [finding.code for finding in impossible_run(facts(limits=few, started=False))] == ["TG101", "TG102"]


def test_a_run_that_was_started_was_not_forbidden() -> None:
    assert list(impossible_run(facts(limits=limits(ports=5)))) == []


def test_nobody_is_advised_to_ask_for_nothing() -> None:
    some, none = (limits(ports=5, ports_in_use=taken) for taken in (1, 5))
    remedies = [
        finding.remedy for each in (some, none) for finding in impossible_run(facts(limits=each, started=False))
    ]
    more = "dial from more local addresses (--source), or let the kernel choose from more ports"
    assert remedies == [f"{more}, or ask for at most 4 connections", more]


# What our kernel refused.


def test_descriptors_of_this_process() -> None:
    assert list(descriptors(facts(*[NO_DESCRIPTOR] * 1_200, NONE_ON_THE_HOST, REFUSED))) == [
        Finding(
            code="TG101",
            side=Side.CLIENT,
            sentence="1,201 dials ended with EMFILE, ENFILE: "
            "the limit is 1,024 (hard limit 4,096), enough for 1,000 connections",
            remedy="raise the limit of descriptors, or ask for at most 1,000 connections",
            commands=lift.descriptors(LIMITS, 10_000),
            evidence={
                "errors": ["EMFILE × 1200", "ENFILE × 1"],
                "descriptors_soft": 1_024,
                "descriptors_hard": 4_096,
                "descriptors_in_use": 24,
                "descriptors_most": None,
                "host_files": None,
            },
            accounts_for=1_201,
        )
    ]


def test_descriptors_of_which_none_suffices() -> None:
    (finding,) = descriptors(facts(NO_DESCRIPTOR, limits=limits(descriptors_soft=10, descriptors_in_use=12)))
    assert finding.remedy == "raise the limit of descriptors"


def test_a_host_without_descriptors_is_no_limit_of_this_process() -> None:
    (finding,) = descriptors(facts(NONE_ON_THE_HOST, NONE_ON_THE_HOST))
    assert finding.sentence == "2 dials ended with ENFILE: this whole host has no descriptor left"
    assert finding.remedy == "raise fs.file-max, or close what else is open here"
    assert finding.commands == lift.host_files(LIMITS, 10_000)


@pytest.mark.parametrize(
    ("failed", "limits", "connections", "found"),
    [
        pytest.param(
            [NO_PORT, (errno.EADDRINUSE, Phase.BIND), NO_PORT],
            limits(ports=2, sources=3, ports_in_use=1),
            8,
            ("TG102", "this client has 6 local ports towards one destination, 1 in use and 0 in TIME_WAIT before the "
             "first dial"),
            id="several sources",
        ),
        pytest.param(
            [NO_PORT] * 3,
            limits(ports=2, sources=3, destinations=2),
            20,
            ("TG102", "this client has 12 local ports towards these 2 destinations, 0 in use and 0 in TIME_WAIT before "
             "the first dial"),
            id="several destinations",
        ),
        pytest.param(
            [NO_PORT] * 3,
            limits(ports=10, destinations=2, ports_waiting=16),
            8,
            ("TG103", "16 of its local ports are in TIME_WAIT towards these 2 destinations"),
            id="in TIME_WAIT towards several",
        ),
        pytest.param(
            [NO_PORT] * 3,
            limits(ports=None),
            8,
            ("TG102", "no local port is left towards this destination"),
            id="the range is not known",
        ),
        pytest.param(
            [NO_PORT] * 3,
            limits(ports=100, ports_waiting=60),
            43,
            ("TG103", "60 of its local ports are in TIME_WAIT towards this destination"),
            id="enough but for TIME_WAIT",
        ),
        pytest.param(
            [NO_PORT] * 3,
            limits(ports=100, ports_waiting=60, ports_waiting_usable=True),
            43,
            ("TG103", "60 of its local ports are in TIME_WAIT towards this destination"),
            id="a port that is to be had may be had only later",
        ),
        pytest.param(
            [NO_PORT] * 3,
            limits(ports=100, ports_waiting=60),
            101,
            ("TG102", "this client has 100 local ports towards one destination, 0 in use and 60 in TIME_WAIT before "
             "the first dial"),
            id="too few even without TIME_WAIT",
        ),
        pytest.param(
            [NO_PORT] * 3,
            limits(ports=100, ports_waiting=60),
            40,
            ("TG102", "this client has 100 local ports towards one destination, 0 in use and 60 in TIME_WAIT before "
             "the first dial"),
            id="enough in spite of TIME_WAIT",
        ),
    ],
)  # fmt: skip
def test_ports(failed: list[tuple[int, Phase]], limits: ClientLimits, connections: int, found: tuple[str, str]) -> None:
    (finding,) = ephemeral_ports(facts(*failed, connections=connections, limits=limits))
    code, limit = found
    assert (finding.code, finding.sentence.partition(": ")[2]) == (code, limit)
    assert finding.commands == lift.local_ports(limits, connections)
    assert (finding.evidence["ports"], finding.evidence["ports_waiting"]) == (limits.ports, limits.ports_waiting)
    assert finding.accounts_for == 3


@pytest.mark.parametrize(
    ("seen", "sentence", "commands"),
    [
        (
            facts(NO_MEMORY, (errno.ENOBUFS, Phase.CONNECT)),
            "2 dials ended with ENOMEM, ENOBUFS: this host has no memory left for them",
            lift.memory(LIMITS, 10_000),
        ),
        (
            facts(NO_MEMORY, NONE_ON_THE_HOST, NO_DESCRIPTOR, strain=Strain(memory_refused=1_234)),
            "2 dials ended with ENOMEM, ENFILE: the memory limit of its cgroup was hit 1,234 times",
            lift.group_memory(LIMITS, 10_000),
        ),
    ],
)
def test_memory(seen: Facts, sentence: str, commands: tuple[str, ...]) -> None:
    (finding,) = memory(seen)
    assert (finding.code, finding.sentence, finding.commands) == ("TG106", sentence, commands)
    assert finding.remedy == "give this client more room, or run it elsewhere"


def tg100(what: str, errors: list[str]) -> Finding:
    return Finding(
        code="TG100",
        side=Side.CLIENT,
        sentence=f"{what}: this host's own kernel refused them",
        remedy="look at this host's routes and firewall; the target has no part in it",
        commands=("ip route", "nft list ruleset  # as root"),
        evidence={"errors": errors},
        accounts_for=sum(int(error.rpartition(" ")[2]) for error in errors),
    )


@pytest.mark.parametrize(
    ("seen", "findings"),
    [
        pytest.param(facts(), [], id="none failed"),
        pytest.param(facts(NO_DESCRIPTOR, NO_PORT, REFUSED, started=False), [], id="others failed"),
        pytest.param(
            facts((errno.ENETUNREACH, Phase.CONNECT)),
            [tg100("1 dial ended with ENETUNREACH", ["ENETUNREACH × 1"])],
            id="no route",
        ),
        pytest.param(
            facts((errno.EPERM, Phase.CONNECT), (errno.EINVAL, Phase.SOCKET), (errno.EPERM, Phase.CONNECT), NO_PORT),
            [tg100("3 dials ended with EPERM, EINVAL", ["EPERM × 2", "EINVAL × 1"])],
            id="several",
        ),
        pytest.param(
            facts((4_711, Phase.HANDSHAKE)),
            [tg100("1 dial ended with errno 4711", ["errno 4711 × 1"])],
            id="what we do not understand",
        ),
        pytest.param(facts((errno.ETIMEDOUT, Phase.HANDSHAKE)), [], id="the path is not ours"),
    ],
)
def test_other_errors(seen: Facts, findings: list[Finding]) -> None:
    assert list(other_errors(seen)) == findings


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (
            facts(NO_PORT, NO_PORT),
            "2 dials ended with EADDRNOTAVAIL: this client has 28,232 local ports towards one destination, "
            "0 in use and 0 in TIME_WAIT before the first dial",
        ),
        (
            facts((errno.EADDRINUSE, Phase.BIND), (errno.EADDRINUSE, Phase.CONNECT)),
            "2 dials ended with EADDRINUSE: this client has 28,232 local ports towards one destination, "
            "0 in use and 0 in TIME_WAIT before the first dial",
        ),
        (
            facts((errno.EADDRNOTAVAIL, Phase.BIND)),
            "1 dial ended with EADDRNOTAVAIL: a source address is not this host's any more",
        ),
        (
            facts((errno.EACCES, Phase.BIND), (errno.EACCES, Phase.CONNECT)),
            "2 dials ended with EACCES: this host's own kernel refused them",
        ),
    ],
)
def test_an_error_is_named_once_however_many_phases_it_came_in(seen: Facts, sentence: str) -> None:
    assert [finding.sentence for rule in (*RULES, other_errors) for finding in rule(seen)] == [sentence]


def test_what_was_established_is_called_a_connection() -> None:
    table = Table(2)
    for row in range(2):
        table.dial(row, 0.0)
        table.establish(row, 1.0, 100, 0)
    table.lose(0, 2.0, errno.EPERM)
    table.vanish(1, 2.0, errno.EINVAL, ClosedBy.US)
    plan = Plan(target=Target("example.org", 80), connections=2)
    (finding,) = other_errors(Facts(plan=plan, limits=LIMITS, metrics=measure(table, plan.level)))

    assert finding == tg100("2 connections ended with EPERM, EINVAL", ["EPERM × 1", "EINVAL × 1"])
