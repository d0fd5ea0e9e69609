"""The local ports that the kernel may choose from: read from the real /proc, and from files that say what we choose."""

import sys
from pathlib import Path

import pytest

from tcpgoon.engine.machine.port_range import PortRange, port_range, sockets_in_use
from tcpgoon.plan.endpoint import Endpoint, Family

ENDPOINT = Endpoint("192.0.2.1", 80)
RESERVED = frozenset({*range(40_000, 40_010), 40_050, 40_099})


def test_the_range_and_its_reserved_ports(proc: Path) -> None:
    found = port_range(ENDPOINT)
    assert found == PortRange(40_000, 40_099, RESERVED)
    assert found.usable == 88


def test_no_port_is_reserved(proc: Path) -> None:
    (proc / "ip_local_reserved_ports").write_text("\n")
    assert port_range(ENDPOINT) == PortRange(40_000, 40_099, frozenset())


@pytest.mark.parametrize("content", ["", "40000", "a b", "1 2 3"])
def test_a_range_that_cannot_be_read_is_not_known(proc: Path, content: str) -> None:
    (proc / "ip_local_port_range").write_text(content)
    assert port_range(ENDPOINT) is None


@pytest.mark.skipif(sys.platform != "linux", reason="read in /proc")
def test_the_real_range() -> None:
    found = port_range(ENDPOINT)
    assert found is not None
    assert 0 < found.low < found.high <= 65_535
    assert 0 < found.usable <= found.high - found.low + 1


def test_towards_this_machine_its_own_port_is_no_port_for_us(proc: Path) -> None:
    """A socket that dials itself finds itself: ESTABLISHED, where nobody listens."""
    here = Endpoint("127.0.0.1", 40_020)
    assert port_range(here) == PortRange(40_000, 40_099, RESERVED | {40_020}, name_all=True)
    assert port_range(Endpoint("192.0.2.1", 40_020)) == PortRange(40_000, 40_099, RESERVED)


def test_sockets_in_use(proc: Path) -> None:
    """Those of IPv4 too, for IPv6: TIME_WAIT is counted there."""
    assert (sockets_in_use(Family.IPV4), sockets_in_use(Family.IPV6)) == (10, 15)
    (proc / "sockstat").unlink()
    assert (sockets_in_use(Family.IPV4), sockets_in_use(Family.IPV6)) == (0, 5)
