"""Our own limits against a healthy server: never the target's failure, and the line says which limit it was."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tcpgoon.server import ServerProcess

from .confined import few_descriptors, isolated
from .conftest import INSTALLED, LIMIT_S, Said, Tcpgoon

Start = Callable[..., ServerProcess]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="network namespaces and /proc are Linux's")


def test_the_soft_limit_of_descriptors_is_raised_by_itself(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server()
    said = tcpgoon(
        "-c", 100, "-s", 0, target.host, target.port, before=["sh", "-c", 'ulimit -Sn 32 && exec "$@"', "sh"]
    )
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_too_few_descriptors_are_seen_before_the_first_dial(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server()
    said = tcpgoon("--workers", 1, "-c", 100, "-s", 0, target.host, target.port, before=few_descriptors(64))
    assert said.final == {"total": 100, "not_initiated": 100}
    found = said.line("TG101 (client, certain): ")
    assert re.fullmatch(
        r"this client cannot hold 100 connections, at most \d+ \(descriptors\): "
        r"64 \(the hard limit, the soft one is raised to it\), \d+ for us",
        found,
    )
    assert said.lines[-1] == f"INCONCLUSIVE: a limit of this client, not of the target: {found}"
    assert said.exit_status == 3
    target.end()
    assert target.counts is not None
    assert target.counts.accepted == 0


def test_what_is_said_to_be_possible_is_possible_and_one_more_is_not(tcpgoon: Tcpgoon, server: Start) -> None:
    """The number in the finding is exact enough to be used."""
    target = server()

    def asked(connections: int) -> Said:
        words = ("--workers", 1, "-c", connections, "-s", 0, target.host, target.port)
        return tcpgoon(*words, before=few_descriptors(64))

    refused = asked(100).line("TG101 (client, certain): ")
    possible = int(refused.split("at most ", 1)[1].split(" ")[0])
    at_it = asked(possible)
    assert at_it.final == {"total": possible, "established": possible}
    assert at_it.exit_status == 0
    assert asked(possible + 1).exit_status == 3


def test_descriptors_that_run_out_on_the_way(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server()
    words = ("--force", "--workers", 1, "-c", 100, "-s", 0, target.host, target.port)
    said = tcpgoon(*words, before=few_descriptors(64))
    assert said.final["established"] + said.final["error"] == 100
    assert said.line("Errors: ") == f"EMFILE × {said.final['error']}"
    assert said.line("TG101 (client, certain): ").startswith(
        f"{said.final['error']} dials ended with EMFILE: the limit is 64 "
    )
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_too_few_ports_are_seen_before_the_first_dial(tcpgoon: Tcpgoon) -> None:
    few_ports = isolated("echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range")
    said = tcpgoon("-c", 101, "-s", 0, "--source", "127.0.0.1", "127.0.0.1:7000", before=few_ports)
    assert said.final == {"total": 101, "not_initiated": 101}
    assert said.line("TG102 (client, certain): ") == (
        "this client cannot hold 101 connections, at most 100 (local ports): "
        "100 (40000-40099); 0 in use, 0 in TIME_WAIT"
    )
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_every_port_of_the_range_is_used(tcpgoon: Tcpgoon) -> None:
    few_ports = isolated("echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range")
    said = tcpgoon("-c", 100, "-s", 0, "--source", "127.0.0.1", "127.0.0.1:7000", before=few_ports)
    assert said.final == {"total": 100, "established": 100}
    assert said.exit_status == 0


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_ports_that_run_out_on_the_way(tcpgoon: Tcpgoon) -> None:
    few_ports = isolated("echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range")
    said = tcpgoon("--force", "-c", 130, "-s", 0, "--source", "127.0.0.1", "127.0.0.1:7000", before=few_ports)
    assert said.final == {"total": 130, "established": 100, "error": 30}
    assert said.line("Errors: ") == "EADDRNOTAVAIL × 30"
    assert said.line("TG102 (client, certain): ").startswith("30 dials ended with EADDRNOTAVAIL")
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_more_sources_have_more_ports(tcpgoon: Tcpgoon) -> None:
    few_ports = isolated("echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range")
    sources = ["--source", "127.0.0.1", "--source", "127.0.0.2"]
    said = tcpgoon(*sources, "-c", 200, "-s", 0, "127.0.0.1:7000", before=few_ports)
    assert said.final == {"total": 200, "established": 200}
    assert said.line("Dialled from ") == "2 addresses: 127.0.0.1, 127.0.0.2"
    assert said.exit_status == 0


@LINUX
@pytest.mark.requires("root", "unshare", "ip", "3600 descriptors")
def test_a_thousand_ports_and_as_many_addresses_as_are_needed(tcpgoon: Tcpgoon) -> None:
    """One address that is pinned has its thousand to the last one, and no more; by itself others join it."""
    ports = isolated("echo 40000 40999 >/proc/sys/net/ipv4/ip_local_port_range")
    flags = ("-s", 0, "--hold", "100ms", "--close", "reset", "127.0.0.1:7000")
    pinned = ("--source", "127.0.0.1")
    said = tcpgoon("-c", 1_000, *pinned, *flags, before=ports)
    assert (said.final, said.exit_status) == ({"total": 1_000, "established": 1_000}, 0)
    said = tcpgoon("-c", 1_001, *pinned, *flags, before=ports)
    assert (said.final, said.exit_status) == ({"total": 1_001, "not_initiated": 1_001}, 3)
    assert said.line("TG102 (client, certain): ").startswith(
        "this client cannot hold 1,001 connections, at most 1,000 "
    )
    said = tcpgoon("-c", 1_001, *flags, before=ports)
    assert (said.final, said.exit_status) == ({"total": 1_001, "established": 1_001}, 0)
    assert said.line("Dialled from ") == "2 addresses: 127.0.0.1, 127.0.0.2"
    said = tcpgoon("-c", 1_000, *flags, "--canary", before=ports)
    assert (said.final, said.exit_status) == ({"total": 1_000, "established": 1_000}, 0)
    assert said.line("Dialled from ") == "2 addresses: 127.0.0.1, 127.0.0.2"  # newcomers need a port, too
    assert said.newcomers
    said = tcpgoon("-c", 3_500, *flags, before=ports)
    assert (said.final, said.exit_status) == ({"total": 3_500, "established": 3_500}, 0)
    assert said.line("Dialled from ") == "5 addresses: 127.0.0.1 … 127.0.0.5"
    said = tcpgoon("-c", 3_000, "--source", "127.0.0.1-3", *flags, before=ports)
    assert (said.final, said.exit_status) == ({"total": 3_000, "established": 3_000}, 0)


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_an_interface_that_is_not_there(tcpgoon: Tcpgoon) -> None:
    said = tcpgoon("-c", 1, "--source", "eth9", "127.0.0.1:7000", before=isolated(":"))
    assert (said.exit_status, said.lines) == (64, [])
    assert said.errors == ["tcpgoon: this host has no interface 'eth9': it has lo"]


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_no_route_is_not_the_targets_failure(tcpgoon: Tcpgoon) -> None:
    said = tcpgoon("-c", 5, "-s", 0, "192.0.2.1:80", before=["unshare", "--net"])
    assert said.final == {"total": 5, "error": 5}
    assert said.line("Errors: ") == "ENETUNREACH × 5"
    assert (
        said.line("TG100 (client, certain): ") == "5 dials ended with ENETUNREACH: this host's own kernel refused them"
    )
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


@LINUX
@pytest.mark.requires("root", "unshare", "ip", "18600 descriptors")
def test_eighteen_thousand_from_one_address(tcpgoon: Tcpgoon) -> None:
    """Past the half of the ephemeral ports; how fast that is, the benchmark says."""
    said = tcpgoon("-c", 18_500, "-s", 0, "--close", "reset", "127.0.0.1:7000", before=isolated(":"))
    assert said.final == {"total": 18_500, "established": 18_500}
    assert said.exit_status == 0


@LINUX
@pytest.mark.requires("root", "prlimit")
def test_a_limit_that_somebody_lowers_while_we_dial(server: Start) -> None:
    """The limits looked well before the first dial; they are not any more."""
    target = server()
    command = [INSTALLED, "-y", "-c", "200", "-s", "10", target.host, str(target.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stderr
        first = child.stdout.readline()
        subprocess.run(["prlimit", f"--pid={child.pid}", "--nofile=40:40"], check=True, timeout=30)
        said = Said(0, first + child.stdout.read(), child.stderr.read())
        assert child.wait(LIMIT_S) == 3
    assert said.final["established"] + said.final["error"] == 200
    assert said.line("Errors: ") == f"EMFILE × {said.final['error']}"
    assert "EMFILE: the limit is 40 (hard limit 40), enough for " in said.line("TG101 (client, certain): ")
    assert said.verdict == "INCONCLUSIVE"


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_a_connection_to_itself_is_no_connection_to_the_target(tcpgoon: Tcpgoon) -> None:
    """Nobody listens on 40000. A dial that the kernel lets come from 40000 would find itself, and be ESTABLISHED."""
    few_ports = isolated("echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range")
    for _ in range(4):
        said = tcpgoon("-c", 3, "-s", 0, "--hold", "100ms", "127.0.0.1:40000", before=few_ports)
        assert said.final == {"total": 3, "error": 3}
        assert said.line("Errors: ") == "ECONNREFUSED × 3"
        assert said.exit_status == 2


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_forced_to_its_own_port_a_connection_to_itself_is_still_none(tcpgoon: Tcpgoon) -> None:
    """The target's port is all that there is to dial from: only with --force is it dialled at all."""
    one_port = isolated("echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range")
    flags = ("--force", "--source", "127.0.0.1", "-c", 1, "--hold", "100ms")
    said = tcpgoon(*flags, "127.0.0.1:40000", before=one_port)
    assert said.final == {"total": 1, "error": 1}
    assert said.line("Errors: ") == "ECONNREFUSED × 1"
    assert said.exit_status == 2


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_the_targets_own_port_is_not_counted_among_ours(tcpgoon: Tcpgoon) -> None:
    few_ports = isolated("echo 6950 7049 >/proc/sys/net/ipv4/ip_local_port_range")
    flags = ("--source", "127.0.0.1", "-s", 0, "127.0.0.1:7000")
    assert tcpgoon("-c", 99, *flags, before=few_ports).exit_status == 0
    assert tcpgoon("-c", 100, *flags, before=few_ports).exit_status == 3


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_a_source_whose_ports_are_all_in_use_towards_others(tcpgoon: Tcpgoon) -> None:
    """Ports are taken for each destination apart: these are all free towards the target."""
    few_ports = isolated("echo 40000 40009 >/proc/sys/net/ipv4/ip_local_port_range")
    program = f"""
import socket, subprocess, sys
other = socket.create_server(("127.0.0.1", 7001))
taken = [socket.create_connection(("127.0.0.1", 7001)) for _ in range(10)]
sys.exit(subprocess.call([{INSTALLED!r}, "-y", "-c", "10", "-s", "0", "--source", "127.0.0.1", "127.0.0.1:7000"]))
"""
    done = subprocess.run(
        [*few_ports, sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert Said(done.returncode, done.stdout, done.stderr).lines[-1:] == [
        "PASS: 10 of 10 connections were established, acknowledged and held for 1s"
    ], done


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_a_link_local_address_keeps_its_zone(tcpgoon: Tcpgoon) -> None:
    pair = "ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up"
    commands = f"{pair}; ip addr add fe80::1/64 dev d0 nodad"
    said = tcpgoon(
        "-c", 5, "-s", 0, "--source", "fe80::1%d0", "[fe80::1%d0]:7000", before=isolated(commands, host="::")
    )
    assert said.final == {"total": 5, "established": 5}
    assert "--- [fe80::1%d0]:7000 tcp test statistics ---" in said.lines
    assert said.exit_status == 0


def test_a_number_that_nobody_meant_costs_nothing(tcpgoon: Tcpgoon) -> None:
    said = tcpgoon("-c", "100m", "127.0.0.1", 1, before=few_descriptors(2_000_000, "-v"))
    assert said.final == {"total": 100_000_000, "not_initiated": 100_000_000}
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


def test_too_few_descriptors_for_the_run_itself(tcpgoon: Tcpgoon) -> None:
    said = tcpgoon("--force", "-c", 1, "127.0.0.1", 1, before=few_descriptors(5))
    assert said.lines == []
    assert said.errors == ["tcpgoon: this client cannot open what it needs for itself: Too many open files"]
    assert said.exit_status == 3
