"""Which addresses of this host a run dials from."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tcpgoon.engine.machine.sources import addresses_of, addresses_used, chosen, sources_for
from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Endpoint
from tests.netlab.namespace import Namespace

HERE = Endpoint("127.0.0.1", 8080)
HERE_6 = Endpoint("::1", 8080)
ELSEWHERE = Endpoint("192.0.2.1", 80)
THERE, THERE_TOO = Endpoint("10.9.0.77", 80), Endpoint("10.8.0.77", 80)
THERE_6 = Endpoint("2001:db8:9::77", 80)

SIX = {"2001:db8:9::1", "2001:db8:9::2"}
NOT_OURS = "one of this host: 'ip -brief address' shows those that are"

ADDRESSES = """
ip link set lo up
ip link add out type veth peer name far
ip link add other type veth peer name farther
ip address add 10.9.0.1/24 dev out
ip address add 10.9.0.2/24 dev out
ip address add 10.9.0.5/24 dev out
ip address add 11.0.0.1/24 dev out
ip address add 10.8.0.1/24 dev other
ip -6 address add 2001:db8:9::1/64 dev out nodad
ip -6 address add 2001:db8:9::2/64 dev out nodad
for name in out far other farther; do ip link set $name up; done
echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range
"""


@pytest.fixture
def network() -> Iterator[None]:
    """Interfaces of our own with several addresses each, and 100 ports."""
    ours = Namespace()
    try:
        with ours.entered():
            subprocess.run(["sh", "-ec", ADDRESSES], check=True, timeout=60)
            yield
    finally:
        ours.close()


in_a_network = pytest.mark.requires("root", "ip")
with_a_network = pytest.mark.usefixtures("network")


def loopback(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"127.0.{number >> 8}.{number & 255}" for number in range(first, last + 1))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("127.0.0.1", "127.0.0.9"), ("127.0.0.1", "127.0.0.9")),
        (("127.0.0.3-5",), loopback(3, 5)),
        (("127.0.0.0/30",), loopback(1, 2)),
        (("127.0.0.2", "127.0.0.1-3", "127.0.0.0/29"), ("127.0.0.2", "127.0.0.1", *loopback(3, 6))),
        (("127.0.0.0/8",), loopback(1, 1_024)),
        (("127.0.0.0/16",), loopback(1, 1_024)),
        (("0.0.0.0/0",), ("10.8.0.1", "10.9.0.1", "10.9.0.2", "10.9.0.5", "11.0.0.1", *loopback(1, 1_019))),
        (("127.0.0.1/32", "127.0.0.1"), ("127.0.0.1",)),
        (("127.255.255.253-255",), ("127.255.255.253", "127.255.255.254")),
        (("10.9.0.1-255",), ("10.9.0.1", "10.9.0.2", "10.9.0.5")),
        (("lo",), ("127.0.0.1",)),
        (("lo", "127.0.0.1-2"), ("127.0.0.1", "127.0.0.2")),
    ],
)
@in_a_network
@with_a_network
def test_what_expressions_stand_for(asked: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert sources_for(asked, [HERE], 1) == found
    assert sources_for(asked, [], 1) == found


@in_a_network
@with_a_network
@pytest.mark.parametrize(
    ("asked", "endpoint", "found"),
    [
        ("10.9.0.0/24", THERE, ("10.9.0.1", "10.9.0.2", "10.9.0.5")),
        ("10.9.0.2-200", THERE, ("10.9.0.2", "10.9.0.5")),
        ("10.0.0.0/8", THERE, ("10.8.0.1", "10.9.0.1", "10.9.0.2", "10.9.0.5")),
        ("out", THERE, ("10.9.0.1", "11.0.0.1", "10.9.0.2", "10.9.0.5")),
        ("other", THERE, ("10.8.0.1",)),
        ("2001:db8:9::/64", THERE_6, ("2001:db8:9::1", "2001:db8:9::2")),
        ("2001:db8::/32", THERE_6, ("2001:db8:9::1", "2001:db8:9::2")),
        ("2001:db8:9::2-2001:db8:9::9", THERE_6, ("2001:db8:9::2",)),
        ("::1", HERE_6, ("::1",)),
    ],
)
def test_of_a_range_a_network_or_an_interface_those_that_are_ours(
    asked: str, endpoint: Endpoint, found: tuple[str, ...]
) -> None:
    assert sources_for((asked,), [endpoint], 1) == found


@in_a_network
@with_a_network
def test_an_address_that_is_spelt_in_several_ways_is_one() -> None:
    assert sources_for(("::1", "0::1", "::1/128"), [HERE_6], 1) == ("::1",)
    subprocess.run(["ip", "address", "add", "fe80::9:1/64", "dev", "out", "nodad"], check=True, timeout=60)
    asked = ("fe80::9:1%out", f"fe80::9:1%{socket.if_nametoindex('out')}", "fe80:0::9:1%out")
    assert sources_for(asked, [Endpoint("fe80::9:77%out", 80)], 1) == ("fe80::9:1%out",)


@in_a_network
@with_a_network
def test_an_interface_has_those_of_the_family_that_is_dialled() -> None:
    """Without those that are link-local; of any one where no target is named."""
    assert set(sources_for(("out",), [THERE_6], 1)) == SIX
    assert sources_for(("other",), [], 1) == ("10.8.0.1",)
    subprocess.run(["ip", "-4", "address", "flush", "dev", "out"], check=True, timeout=60)
    assert set(sources_for(("out",), [], 1)) == SIX


@in_a_network
@with_a_network
def test_to_what_is_link_local_an_interface_has_its_link_local_address() -> None:
    own = "fe80::9:1%out"
    subprocess.run(["ip", "address", "add", "fe80::9:1/64", "dev", "out", "nodad"], check=True, timeout=60)
    assert own in sources_for(("out",), [Endpoint("fe80::9:77%out", 80)], 1)
    assert own not in sources_for(("out",), [THERE_6], 1)


@in_a_network
@with_a_network
@pytest.mark.parametrize(
    ("asked", "endpoint", "line"),
    [
        ("192.0.2.1", HERE, "the source 192.0.2.1 cannot be dialled from: Cannot assign requested address"),
        ("192.0.2.0/28", HERE, f"no address of 192.0.2.0/28 is {NOT_OURS}"),
        ("2001:dead::/32", HERE_6, f"no address of 2001:dead::/32 is {NOT_OURS}"),
        ("0.0.0.0", HERE, "the source 0.0.0.0 cannot be dialled from: Cannot assign requested address"),
        ("10.9.0.255", THERE, "the source 10.9.0.255 cannot be dialled from: Cannot assign requested address"),
        ("fe80::1%²", HERE_6, "the source fe80::1%² cannot be dialled from: no interface with this name"),
        ("lo", HERE_6, "the source ::1 cannot reach 127.0.0.1, of the other family: give -4 or -6"),
        ("eth9", HERE, "this host has no interface 'eth9': it has far, farther, lo, other, out"),
        ("lo", THERE, "the source 127.0.0.1 reaches this machine alone, and 10.9.0.77 is elsewhere"),
        ("::1", THERE_6, "the source ::1 reaches this machine alone, and 2001:db8:9::77 is elsewhere"),
    ],
)
def test_what_cannot_be_dialled_from(asked: str, endpoint: Endpoint, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        sources_for((asked,), [endpoint, HERE] if endpoint is HERE_6 and asked == "lo" else [endpoint], 1)


@in_a_network
@with_a_network
def test_no_address_reaches_those_of_both_families() -> None:
    assert sources_for((), [THERE_6, THERE], 10_000) == ()


@in_a_network
@with_a_network
def test_an_interface_without_an_address() -> None:
    subprocess.run(["ip", "link", "add", "bare", "type", "veth"], check=True, timeout=60)
    with pytest.raises(PlanError, match=r"^the interface 'bare' has no IPv4 address to dial from$"):
        sources_for(("bare",), [HERE], 1)
    with pytest.raises(PlanError, match=r"^the interface 'bare' has no IP address to dial from$"):
        sources_for(("bare",), [], 1)


def test_more_addresses_than_can_be_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcpgoon.engine.machine.sources.MOST_SOURCES", 3)
    line = "the sources are 4 addresses: 3 at the most can be dialled from"
    with pytest.raises(PlanError, match=f"^{line}$"):
        sources_for(("127.0.0.1-4",), [HERE], 1)


@in_a_network
@with_a_network
@pytest.mark.parametrize("asked", [(), ("auto",)])
@pytest.mark.parametrize(
    ("connections", "found"),
    [
        pytest.param(1, (), id="few"),
        pytest.param(100, (), id="all ports of one address"),
        pytest.param(101, ("", "127.0.0.2"), id="one more"),
        pytest.param(152, ("", "127.0.0.2"), id="two, at ease"),
        pytest.param(153, ("", "127.0.0.2", "127.0.0.3"), id="two would be tight"),
        pytest.param(30_000, ("", *loopback(2, 376)), id="very many"),
    ],
)
def test_as_many_as_are_needed(asked: tuple[str, ...], connections: int, found: tuple[str, ...]) -> None:
    assert sources_for(asked, [HERE], connections) == found


@in_a_network
@with_a_network
@pytest.mark.parametrize(
    ("connections", "found"),
    [
        (100, ()),
        (101, ("", "10.9.0.2")),
        (232, ("", "10.9.0.2", "10.9.0.5")),
        pytest.param(300, ("", "10.9.0.2", "10.9.0.5"), id="all there are"),
        pytest.param(301, ("", "10.9.0.2", "10.9.0.5"), id="too many for all there are"),
    ],
)
def test_elsewhere_those_of_the_interface_and_of_the_scope(connections: int, found: tuple[str, ...]) -> None:
    assert sources_for((), [THERE], connections) == found


@in_a_network
@with_a_network
def test_to_an_address_of_this_machine_that_is_not_loopback_none_that_is() -> None:
    """A rule may pass the port on, to a container for instance: packets from 127.0.0.0/8 are dropped then."""
    assert sources_for((), [Endpoint("10.9.0.1", 80)], 101) == ("", "10.9.0.2")
    assert sources_for((), [Endpoint("10.8.0.1", 80)], 101) == ()
    assert sources_for((), [HERE, Endpoint("10.8.0.1", 8080)], 201) == ()


@in_a_network
@with_a_network
def test_over_ipv6() -> None:
    (other,) = SIX - {chosen(THERE_6)}
    assert sources_for((), [THERE_6], 150) == ("", other)
    assert sources_for((), [HERE_6], 150) == ()


@in_a_network
@with_a_network
def test_destinations_have_ports_of_their_own() -> None:
    two = [THERE, Endpoint("10.9.0.78", 80)]
    assert sources_for((), two, 200) == ()
    assert sources_for((), two, 201) == ("", "10.9.0.2")


@in_a_network
@with_a_network
def test_what_the_kernel_chooses_for_any_of_them_is_not_taken_twice() -> None:
    assert sources_for((), [THERE_TOO, THERE], 500) == ()
    assert sources_for((), [THERE, THERE_TOO], 201) == ("", "10.9.0.2")
    assert addresses_used(("", "10.9.0.2"), [THERE, THERE_TOO]) == ("10.9.0.1", "10.9.0.2", "10.8.0.1")
    assert addresses_used((), [THERE, THERE_TOO]) == ()


@in_a_network
@with_a_network
def test_of_whose_ports_others_have_much_is_left_for_last() -> None:
    """Each source has as many to carry: what has few ports free would bound them all."""
    with socket.create_server(("127.0.0.1", 7000), backlog=200) as listener, ExitStack() as others:
        there = Endpoint(*listener.getsockname())
        for source in ["127.0.0.1"] * 30 + ["127.0.0.3"] * 21 + ["127.0.0.4"] * 20:
            other = others.enter_context(socket.socket())
            other.setsockopt(socket.IPPROTO_IP, 24, 1)
            other.bind((source, 0))
            other.connect(("127.0.0.1", 7000))
        assert sources_for((), [there], 70) == ()
        assert sources_for((), [there], 71) == ("127.0.0.2",)
        assert sources_for((), [there], 73) == ("127.0.0.2", "127.0.0.4")
        assert sources_for((), [there], 150) == ("127.0.0.2", "127.0.0.4", "127.0.0.5")


@in_a_network
@with_a_network
def test_where_nothing_else_is_left_what_others_have_much_of_is_taken_too() -> None:
    subprocess.run(["ip", "address", "add", "10.9.0.77/24", "dev", "out"], check=True, timeout=60)
    with socket.create_server(("2001:db8:9::1", 7000), family=socket.AF_INET6, backlog=99) as listener:
        there = Endpoint(*listener.getsockname()[:2])
        clients = [socket.create_connection(("2001:db8:9::1", 7000)) for _ in range(30)]
        assert sources_for((), [there], 80) == ("2001:db8:9::2",)
        assert sources_for((), [there], 101) == ("2001:db8:9::2", "")
        for client in clients:
            client.close()


def test_any_target_elsewhere() -> None:
    assert sources_for((), [], 100_000_000) == ()


def test_a_range_that_is_not_known(proc: Path) -> None:
    (proc / "ip_local_port_range").write_text("")
    assert sources_for((), [HERE], 100_000_000) == ()


@in_a_network
@with_a_network
def test_what_the_kernel_chooses() -> None:
    assert [chosen(there) for there in (HERE, HERE_6, THERE, THERE_TOO)] == [
        "127.0.0.1",
        "::1",
        "10.9.0.1",
        "10.8.0.1",
    ]
    assert chosen(ELSEWHERE) == ""
    assert addresses_of((), ELSEWHERE) == ()
    assert addresses_of(("", "127.0.0.2"), HERE) == ("127.0.0.1", "127.0.0.2")
