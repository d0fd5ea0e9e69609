"""A host's firewall, its settings, and what its kernel says."""

import errno
import struct
import subprocess

import pytest

from tests.netlab.host import How

from .conftest import LIMIT_S, Clients, MakeLab, datagrams, errors


def test_silent_above_a_number_of_connections(lab: MakeLab) -> None:
    net = lab()
    net.server.drop_above(7)
    server = net.serve()
    said = net.tcpgoon("-c", 10, "-s", 0, "-d", 300, server.host, server.port)
    assert said.final == {"total": 10, "established": 7, "error": 3}
    assert said.line("Errors: ") == "dial timeout × 3"


@pytest.mark.parametrize("how", ["tcp reset", "icmp"])
@pytest.mark.parametrize("address", ["ipv4", "ipv6"])
def test_refused_above_a_number_of_connections(lab: MakeLab, how: How, address: str) -> None:
    net = lab(delay="10ms")
    net.server.reject_above(7, how)
    server = net.serve("--host", getattr(net.server, address))
    said = net.tcpgoon("-c", 10, "-s", 0, server.host, server.port)
    assert said.final == {"total": 10, "established": 7, "error": 3}
    assert said.line("Errors: ") == "ECONNREFUSED × 3"


def test_some_packets_are_dropped_and_the_firewall_is_opened_again(lab: MakeLab) -> None:
    net = lab()
    net.server.drop_some(0.5)
    packets = [struct.pack("I", number) for number in range(1_000)]
    assert 400 < len(datagrams(net, packets)) < 600
    net.server.open_firewall()
    assert datagrams(net, packets) == packets


def test_rules_in_the_words_of_nft(lab: MakeLab, clients: Clients) -> None:
    net = lab()
    net.client.nft(
        "table ip mine { chain outgoing { type filter hook output priority filter; tcp dport 7000 reject; }; }"
    )
    dialled = clients.dial(net, 1)
    assert errors(dialled) == {errno.ECONNREFUSED: 1}
    with pytest.raises(AssertionError, match="syntax error"):
        net.client.nft("table ip mine {")


# Settings and counters.


def test_a_counter_that_there_is_not(lab: MakeLab) -> None:
    net = lab()
    with pytest.raises(KeyError, match="ListenDropped"):
        net.server.counter("ListenDropped")


def test_settings_are_of_one_host_alone(lab: MakeLab) -> None:
    net = lab()
    before = net.client.sysctl("net.core.somaxconn")
    assert net.server.sysctl("net.core.somaxconn", 17) == "17"
    assert net.client.sysctl("net.core.somaxconn") == before


def test_a_command_is_run_on_one_host(lab: MakeLab) -> None:
    show = ["ip", "-brief", "address", "show", "dev", "netlab"]
    net = lab()
    assert net.client.run(*show).split()[2:] == ["198.51.100.1/24", "2001:db8::1/64"]
    assert net.server.run(*show).split()[2:] == ["198.51.100.2/24", "2001:db8::2/64"]
    assert subprocess.run(show, capture_output=True, timeout=LIMIT_S).returncode != 0
