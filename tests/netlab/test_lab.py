"""The path between the hosts, what runs on them, and that nothing stays behind: as the two kernels see it."""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tcpgoon.engine.tcp_info import SIZE, TCP_INFO, decode
from tests.netlab.lab import NEEDS, Lab, Toward
from tests.netlab.path import Direction

from .conftest import LIMIT_S, PORT, MakeLab, datagrams, listen, until


@pytest.mark.parametrize("address", ["ipv4", "ipv6"])
@pytest.mark.parametrize(("delay", "delay_us"), [("0ms", 0), ("50ms", 50_000), ("200ms", 200_000)])
def test_the_kernel_measures_the_delay_that_was_asked_for(
    lab: MakeLab, delay: str, delay_us: int, address: str
) -> None:
    net = lab(delay=delay)
    server = net.serve("--host", getattr(net.server, address))
    family = socket.AF_INET6 if address == "ipv6" else socket.AF_INET
    with net.client.socket(family) as client:
        client.settimeout(LIMIT_S)
        client.connect((server.host, server.port))
        rtt_us, retransmits = decode(client.getsockopt(socket.IPPROTO_TCP, TCP_INFO, SIZE))
    assert retransmits == 0
    assert delay_us <= rtt_us < delay_us + 100_000


def test_the_installed_command_from_end_to_end(lab: MakeLab) -> None:
    net = lab(delay="50ms")
    server = net.serve()
    said = net.tcpgoon("-c", 40, "-s", 0, "--hold", "100ms", server.host, server.port)
    assert said.final == {"total": 40, "established": 40}
    fastest = said.line("Response time stats for 40 established connections min/avg/max/dev = ").split("/")[0]
    assert 50 <= float(fastest.removesuffix("ms")) < 150
    assert (said.verdict, said.exit_status) == ("PASS", 0)
    server.end()
    assert server.counts
    assert server.counts.peak == 40


def test_a_burst_of_two_thousand_loses_nothing(lab: MakeLab) -> None:
    """Neither the devices nor the relay drop what nobody asked them to."""
    net = lab(delay="50ms")
    server = net.serve()
    said = net.tcpgoon("-c", 2_000, "-s", 0, "--close", "reset", server.host, server.port)
    assert said.final == {"total": 2_000, "established": 2_000}
    assert said.exit_status == 0
    assert net.client.counter("TCPSynRetrans") + net.client.counter("TCPTimeouts") == 0
    for counts in net.counts().values():
        assert counts["taken"] >= 2_000
        assert (counts["lost"], counts["cut"], counts["overflowed"]) == (0, 0, 0)


def test_the_packets_that_are_lost_are_those_of_the_seed(lab: MakeLab) -> None:
    """3,000 datagrams, numbered: exactly those arrive that the seed lets through."""
    numbers = range(3_000)
    expected = Direction(0, 0.05, "7 to-server")
    for number in numbers:
        expected.take(struct.pack("I", number), now=0)
    net = lab(loss=0.05, seed=7)
    arrived = datagrams(net, [struct.pack("I", number) for number in numbers])
    assert arrived == list(expected.due(0))
    assert net.counts()["to-server"] == expected.counts()
    assert 0.04 < 1 - len(arrived) / len(numbers) < 0.06
    assert net.counts()["to-client"]["taken"] == 0


def test_a_cut_silences_a_connection_and_mending_brings_it_back(lab: MakeLab) -> None:
    net = lab(delay="10ms")
    with listen(net.server, 5) as listener, net.client.socket() as client:
        client.settimeout(LIMIT_S)
        client.connect((net.server.ipv4, PORT))
        until(lambda: net.server.connections(PORT) == 1)
        server, _ = listener.accept()
        with server:
            server.settimeout(LIMIT_S)
            net.cut()
            client.send(b"lost")
            until(lambda: net.counts()["to-server"]["cut"] >= 2)  # it, and its first repetition
            server.setblocking(False)
            with pytest.raises(BlockingIOError):
                server.recv(100)
            net.mend()
            server.settimeout(LIMIT_S)
            assert server.recv(100) == b"lost"
            until(lambda: unacked(client) == 0)


@pytest.mark.parametrize(("direction", "arrives"), [("to-server", False), ("to-client", True)])
def test_one_direction_is_cut(lab: MakeLab, direction: Toward, arrives: bool) -> None:
    net = lab()
    with listen(net.server, 5) as listener, net.client.socket() as client:
        client.settimeout(LIMIT_S)
        client.connect((net.server.ipv4, PORT))
        until(lambda: net.server.connections(PORT) == 1)
        server, _ = listener.accept()
        with server:
            net.cut(direction)
            client.send(b"x")
            until(lambda: net.counts()[direction]["cut"] >= 1)
            assert unacked(client) == 1
            server.setblocking(False)
            assert readable(server) == arrives


def unacked(client: socket.socket) -> int:
    """tcpi_unacked."""
    (packets,) = struct.unpack_from("I", client.getsockopt(socket.IPPROTO_TCP, TCP_INFO, SIZE), 24)
    return int(packets)


def readable(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(100))
    except BlockingIOError:
        return False


def test_two_labs_at_once_know_nothing_of_each_other(lab: MakeLab) -> None:
    near, far = lab(delay="1ms"), lab(delay="200ms")
    servers = [net.serve("--port", PORT) for net in (near, far)]
    assert servers[0].host == servers[1].host
    for net, least_us in ((far, 200_000), (near, 1_000)):
        with net.client.socket() as client:
            client.connect((net.server.ipv4, PORT))
            rtt_us, _ = decode(client.getsockopt(socket.IPPROTO_TCP, TCP_INFO, SIZE))
        assert least_us <= rtt_us < least_us + 100_000


def test_any_server_is_started_and_waited_for(lab: MakeLab) -> None:
    net = lab()
    net.start(sys.executable, "-m", "http.server", "--bind", net.server.ipv4, PORT, port=PORT)
    with net.client.socket() as client:
        client.connect((net.server.ipv4, PORT))


def test_a_server_that_ends_instead_of_listening(lab: MakeLab) -> None:
    with pytest.raises(AssertionError, match="ended with status 7"):
        lab().start("sh", "-c", "exit 7", port=PORT)


# Nothing stays behind.


def test_all_that_was_inside_ends_with_the_lab(lab: MakeLab) -> None:
    with Lab() as net:
        inodes = inodes_of(net)
        started = net.start("sh", "-c", "sleep 600 & sleep 600")
        until(lambda: len(processes_in(inodes)) == 3)
    assert processes_in(inodes) == []
    assert started.returncode == -signal.SIGKILL


def test_all_that_was_inside_ends_with_a_test_that_fails(lab: MakeLab) -> None:
    inodes = set[int]()

    def fail() -> None:
        with Lab() as net:
            inodes.update(inodes_of(net))
            net.serve()
            net.start("sleep", 600)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert processes_in(inodes) == []


KILLED = """
import os, sys
from tests.netlab.lab import Lab

with Lab() as net:
    server = net.serve()
    sleeping = net.start("sh", "-c", "sleep 600 & sleep 600")
    relay = net._relay.pid
    print(os.fstat(net.client.fd).st_ino, os.fstat(net.server.fd).st_ino, relay, server.pid, sleeping.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.requires(*NEEDS)
def test_all_that_was_inside_ends_with_a_test_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as test:
        assert test.stdout
        client, server, *pids = map(int, test.stdout.readline().split())
        until(lambda: len(processes_in({client, server})) == 4)
        ends = [os.pidfd_open(pid) for pid in pids]
        test.kill()
        for end in ends:
            assert select.select([end], [], [], LIMIT_S)[0]
            os.close(end)
    until(lambda: processes_in({client, server}) == [])


def inodes_of(net: Lab) -> set[int]:
    return {os.fstat(host.fd).st_ino for host in (net.client, net.server)}


def processes_in(inodes: set[int]) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "ns/net").stat().st_ino in inodes:
                found.append(entry.name)
    return found
