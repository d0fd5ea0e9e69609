import errno
from typing import Any

import pytest

from tcpgoon.judge.client import RULES, descriptors, ephemeral_ports, other_errors
from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.judge.limits import ClientLimits
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
REFUSED = (errno.ECONNREFUSED, Phase.HANDSHAKE)

RAISE = "raise the hard limit of descriptors (ulimit -Hn 10024, as root), or ask for at most 1,000 connections"
DIAL_FROM_MORE = (
    "dial from more local addresses (--source, once for each), widen net.ipv4.ip_local_port_range, "
    "or wait a minute for TIME_WAIT to end (--close reset leaves none)"
)
LOOK_HERE = "look at this host's routes, firewall and memory; the target has no part in it"


def tg101(what: str, errors: list[str]) -> Finding:
    return Finding(
        code="TG101",
        side=Side.CLIENT,
        sentence=f"{what}: the limit is 1,024 (hard limit 4,096), enough for 1,000 connections",
        remedy=RAISE,
        evidence={
            "descriptors_soft": 1_024,
            "descriptors_hard": 4_096,
            "descriptors_in_use": 24,
            "errors": errors,
        },
    )


def tg102(sentence: str, ports: int | str, errors: list[str]) -> Finding:
    return Finding(
        code="TG102",
        side=Side.CLIENT,
        sentence=sentence,
        remedy=DIAL_FROM_MORE,
        evidence={"ports": ports, "errors": errors},
    )


def tg100(what: str, errors: list[str]) -> Finding:
    return Finding(
        code="TG100",
        side=Side.CLIENT,
        sentence=f"{what}: this host's own kernel refused them",
        remedy=LOOK_HERE,
        evidence={"errors": errors},
    )


@pytest.mark.parametrize(
    ("seen", "findings"),
    [
        pytest.param(facts(), [], id="none failed"),
        pytest.param(facts(REFUSED, NO_PORT), [], id="others failed"),
        pytest.param(
            facts((errno.EMFILE, Phase.HANDSHAKE)), [tg101("1 dial ended with EMFILE", ["EMFILE × 1"])], id="late"
        ),
        pytest.param(facts(NO_DESCRIPTOR), [tg101("1 dial ended with EMFILE", ["EMFILE × 1"])], id="one"),
        pytest.param(
            facts(*[NO_DESCRIPTOR] * 1_200, NONE_ON_THE_HOST, REFUSED),
            [tg101("1,201 dials ended with EMFILE, ENFILE", ["EMFILE × 1200", "ENFILE × 1"])],
            id="many",
        ),
        pytest.param(
            facts(started=False),
            [tg101("10,000 connections need more descriptors than this process may have", [])],
            id="not even started",
        ),
        pytest.param(facts(connections=1_000, started=False), [], id="enough"),
        pytest.param(facts(connections=10_000), [], id="started although there are too few, and none failed"),
    ],
)
def test_descriptors(seen: Facts, findings: list[Finding]) -> None:
    assert list(descriptors(seen)) == findings


def test_a_host_without_descriptors_is_no_limit_of_this_process() -> None:
    (finding,) = descriptors(facts(NONE_ON_THE_HOST, NONE_ON_THE_HOST))
    assert finding.sentence == "2 dials ended with ENFILE: this whole host has no descriptor left"
    assert finding.remedy == "raise fs.file-max, or close what else is open here"


def test_nobody_is_advised_to_ask_for_nothing() -> None:
    none_left = ClientLimits(descriptors_soft=10, descriptors_hard=10, descriptors_in_use=12, ports=None)
    (finding,) = descriptors(facts(connections=5, started=False, limits=none_left))
    assert finding.remedy == "raise the hard limit of descriptors (ulimit -Hn 17, as root)"


def with_ports(ports: int | None, sources: int = 1) -> ClientLimits:
    return ClientLimits(
        descriptors_soft=10**6, descriptors_hard=10**6, descriptors_in_use=0, ports=ports, sources=sources
    )


@pytest.mark.parametrize(
    ("seen", "findings"),
    [
        pytest.param(facts(), [], id="none failed"),
        pytest.param(facts(NO_DESCRIPTOR, REFUSED), [], id="others failed"),
        pytest.param(
            facts(NO_PORT),
            [
                tg102(
                    "1 dial ended with EADDRNOTAVAIL: it has 28,232 towards one destination, less those in use",
                    28_232,
                    ["EADDRNOTAVAIL × 1"],
                )
            ],
            id="one",
        ),
        pytest.param(
            facts(NO_PORT, (errno.EADDRINUSE, Phase.BIND), NO_PORT, limits=with_ports(2, sources=3)),
            [
                tg102(
                    "3 dials ended with EADDRNOTAVAIL, EADDRINUSE: it has 6 towards one destination, less those in use",
                    6,
                    ["EADDRNOTAVAIL × 2", "EADDRINUSE × 1"],
                )
            ],
            id="several sources",
        ),
        pytest.param(
            facts(NO_PORT, limits=with_ports(None)),
            [tg102("1 dial ended with EADDRNOTAVAIL", "unknown", ["EADDRNOTAVAIL × 1"])],
            id="the range is not known",
        ),
        pytest.param(
            facts(limits=with_ports(9_999), started=False),
            [
                tg102(
                    "10,000 connections need more local ports than this client has: "
                    "it has 9,999 towards one destination, less those in use",
                    9_999,
                    [],
                )
            ],
            id="not even started",
        ),
        pytest.param(facts(limits=with_ports(10_000), started=False), [], id="enough"),
        pytest.param(facts(limits=with_ports(None), started=False), [], id="not known to be too few"),
        pytest.param(facts(limits=with_ports(9_999)), [], id="started although there are too few, and none failed"),
    ],
)
def test_ephemeral_ports(seen: Facts, findings: list[Finding]) -> None:
    assert list(ephemeral_ports(seen)) == findings


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
            facts((errno.EPERM, Phase.CONNECT), (errno.ENOBUFS, Phase.SOCKET), (errno.EPERM, Phase.CONNECT), NO_PORT),
            [tg100("3 dials ended with EPERM, ENOBUFS", ["EPERM × 2", "ENOBUFS × 1"])],
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
            "2 dials ended with EADDRNOTAVAIL: it has 28,232 towards one destination, less those in use",
        ),
        (
            facts((errno.EADDRINUSE, Phase.BIND), (errno.EADDRINUSE, Phase.CONNECT)),
            "2 dials ended with EADDRINUSE: it has 28,232 towards one destination, less those in use",
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
    assert [finding.sentence for rule in RULES for finding in rule(seen)] == [sentence]


def test_what_was_established_is_called_a_connection() -> None:
    table = Table(2)
    for row in range(2):
        table.dial(row, 0.0)
        table.establish(row, 1.0, 100, 0)
    table.lose(0, 2.0, errno.ENOMEM)
    table.vanish(1, 2.0, errno.ENOBUFS, ClosedBy.US)
    plan = Plan(target=Target("example.org", 80), connections=2)
    (finding,) = other_errors(Facts(plan=plan, limits=LIMITS, metrics=measure(table, plan.level)))

    assert finding == tg100("2 connections ended with ENOMEM, ENOBUFS", ["ENOMEM × 1", "ENOBUFS × 1"])


def test_the_rules_and_their_order() -> None:
    assert (descriptors, ephemeral_ports, other_errors) == RULES


@pytest.mark.parametrize("phase", [Phase.SOCKET, Phase.BIND, Phase.CONNECT, Phase.HANDSHAKE], ids=lambda one: one.name)
def test_each_ending_on_our_side_has_exactly_one_finding(phase: Phase) -> None:
    for error, name in errno.errorcode.items():
        seen = facts((error, phase))
        found = [finding.evidence["errors"] for rule in RULES for finding in rule(seen)]

        assert found == [[f"{name} × 1"]] * len(seen.endings(Side.CLIENT))
