"""The installed command against every fault knob of the bundled server: counts, verdict and exit status."""

import random
import re
import socket
import sys
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tcpgoon.plan.units import parse_duration_s
from tcpgoon.server import ServerProcess

from .conftest import Said, Tcpgoon, ages_s, comes_to_be

Start = Callable[..., ServerProcess]

TIME_WAIT = "06"
"""As /proc/net/tcp has it (include/net/tcp_states.h)."""


def run(tcpgoon: Tcpgoon, server: ServerProcess, connections: int, *flags: object) -> Said:
    return tcpgoon("-c", connections, "-s", 1, "--hold", "500ms", *flags, server.host, server.port)


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param([], id="no fault"),
        pytest.param(["--max-connections", 40], id="exactly at the limit"),
        pytest.param(["--echo"], id="echo"),
        pytest.param(["--workers", 2], id="two workers"),
        pytest.param(["--workers", 2, "--max-connections", 40], id="two workers exactly at the limit"),
        pytest.param(["--accept-delay", "5ms"], id="slow to accept, with room to wait"),
        pytest.param(["--close-after", "30s"], id="closes later than we look"),
        pytest.param(["--host", "::1"], id="IPv6"),
    ],
)
def test_a_target_that_carries_them(tcpgoon: Tcpgoon, server: Start, flags: list[object]) -> None:
    said = run(tcpgoon, server(*flags), 40)
    assert said.final == {"total": 40, "established": 40}
    assert said.line("Peak concurrent connections: ") == "40 of 40 (acknowledged)"
    assert said.lines[-1] == "PASS: 40 of 40 connections were established, acknowledged and held for 500ms"
    assert (said.exit_status, said.errors) == (0, [])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("above", "how", "why"), [("close", "FIN", "closed (FIN)"), ("reset", "RST", "reset (RST)")])
def test_above_the_limit(tcpgoon: Tcpgoon, server: Start, above: str, how: str, why: str, workers: int) -> None:
    said = run(tcpgoon, server("--max-connections", 25, "--above", above, "--workers", workers), 40)
    assert said.final == {"total": 40, "established": 25, "closed": 15}
    assert said.line("Lost while held: 15 ").startswith(f"({how} by the peer × 15, ")
    assert said.lines[-1] == (
        f"FAIL: only 25 of 40 connections were established, acknowledged and held to the end: 15 {why} by the peer"
    )
    assert said.exit_status == 2


def test_above_the_limit_the_accept_queue_takes_a_few(tcpgoon: Tcpgoon, server: Start) -> None:
    """It stops accepting at 10, and 5 + 1 more fit into its queue; the others are never answered.

    There is time for each SYN to be repeated: a server that is slow for a moment gets its 16 nevertheless.
    """
    knobs = ["--max-connections", 10, "--above", "stop", "--backlog", 5]
    said = tcpgoon("-c", 40, "-s", 20, "-d", 3_500, "--hold", "500ms", "127.0.0.1", server(*knobs).port)
    assert said.final == {"total": 40, "established": 16, "error": 24}
    assert said.line("Errors: ") == "dial timeout × 24"
    assert said.lines[-1] == (
        "FAIL: only 16 of 40 connections were established, acknowledged and held to the end: 24 × dial timeout"
    )
    assert said.exit_status == 2


def test_never_accepts(tcpgoon: Tcpgoon, server: Start) -> None:
    said = run(tcpgoon, server("--never-accept", "--backlog", 5), 20, "-d", 600)
    assert said.final == {"total": 20, "established": 6, "error": 14}
    least = said.line("Time to error stats for 14 failed connections min/avg/max/dev = ").split("/")[0]
    assert parse_duration_s(least) >= 0.6
    assert said.exit_status == 2


@pytest.mark.parametrize(("flag", "how"), [("--close-after", "FIN"), ("--reset-after", "RST")])
def test_closed_at_an_age(tcpgoon: Tcpgoon, server: Start, flag: str, how: str) -> None:
    """The peer accepts, then closes: a failure, and the age says when."""
    said = run(tcpgoon, server(flag, "300ms"), 20, "--hold", "20s")
    assert said.final == {"total": 20, "closed": 20}
    lost = said.line("Lost while held: 20 ")
    assert lost.startswith(f"({how} by the peer × 20, ")
    first, last = ages_s(lost)
    assert 0.29 <= first <= last
    assert said.exit_status == 2


def test_closed_at_once(tcpgoon: Tcpgoon, server: Start) -> None:
    """What the first tcpgoon called a success: the peer accepts and closes."""
    said = run(tcpgoon, server("--close-after", "0ms"), 20)
    assert said.final == {"total": 20, "closed": 20}
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_a_server_that_ends_during_the_hold(tcpgoon: Tcpgoon, server: Start) -> None:
    said = run(tcpgoon, server("--duration", "1s"), 20, "--hold", "30s")
    assert said.final == {"total": 20, "closed": 20}
    assert "by the peer" in said.line("Lost while held: 20 ")
    assert said.exit_status == 2


def test_a_banner_is_counted_and_dropped(tcpgoon: Tcpgoon, server: Start) -> None:
    said = run(tcpgoon, server("--banner", r"220 ready\r\n"), 20)
    assert said.final == {"total": 20, "established": 20}
    assert said.line("Received unasked, and dropped: ") == "220 bytes"
    assert said.exit_status == 0


def test_nobody_listens(tcpgoon: Tcpgoon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    said = tcpgoon("-c", 20, "-s", 0, "127.0.0.1", port)
    assert said.final == {"total": 20, "error": 20}
    assert said.line("Errors: ") == "ECONNREFUSED × 20"
    assert said.lines[-1] == (
        "FAIL: only 0 of 20 connections were established, acknowledged and held to the end: 20 × ECONNREFUSED"
    )
    assert not [line for line in said.lines if line.startswith("Response time")]
    assert said.exit_status == 2


def test_a_name_that_does_not_resolve(tcpgoon: Tcpgoon) -> None:
    said = tcpgoon("no-such-host.invalid", 80)
    assert (said.exit_status, said.lines, len(said.errors)) == (3, [], 1)
    assert said.errors[0].startswith("tcpgoon: no-such-host.invalid does not resolve: ")


def test_line_for_line_what_scripts_know(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server("--max-connections", 8)
    said = tcpgoon("-c", 10, "-s", 150, "-i", 1, "--hold", "700ms", "localhost", target.port, "-4")
    time = r"[\d.]+(µs|ms|s)"
    expected = [
        r"Total: 10, Dialing: 0, Established: 0, Closed: 0, Error: 0, NotInitiated: 10",
        r"Total: 10, Dialing: [01], Established: [67], Closed: 0, Error: 0, NotInitiated: [34]",
        r"Total: 10, Dialing: 0, Established: 8, Closed: 2, Error: 0, NotInitiated: 0",
        rf"--- localhost\(127\.0\.0\.1\):{target.port} tcp test statistics ---",
        r"Total: 10, Dialing: 0, Established: 8, Closed: 2, Error: 0, NotInitiated: 0",
        rf"Response time stats for 10 established connections min/avg/max/dev = {time}/{time}/{time}/{time}",
        r"Addresses of localhost: 127\.0\.0\.1 \(dialled\)",
        r"Established: 10, of which acknowledged: 8, lost while held: 2",
        r"Peak concurrent connections: [89] of 10 \(acknowledged\)",
        rf"Establishment time p50/p90/p99/max = {time}/{time}/{time}/{time}",
        rf"Handshake RTT \(kernel\) p50/p90/p99/max = {time}/{time}/{time}/{time}",
        rf"Lost while held: 2 \(FIN by the peer × 2, {time}( to {time})? after they were established\)",
        rf"At the target \(pid {target.pid}, python[\d.]*\): \d\d of [\d,]+ descriptors, 1 thread, [\d.]+ MB; "
        r"accept queue 0 of 4,096(?: \(at most 1\))?",
        r"TG402 \(target application, likely\): the application's own limit: it closes the newest above 8 connections "
        r"\(2 of 10\)",
        r"      what to do: raise the limit of connections of the application, and its descriptors with it",
        r"      more: tcpgoon explain TG402",
        r"FAIL: only 8 of 10 connections were established, acknowledged and held to the end: "
        r"2 closed \(FIN\) by the peer",
    ]
    assert len(said.lines) == len(expected), said.lines
    for line, pattern in zip(said.lines, expected, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


def test_verbose_tells_every_step_on_stderr(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server("--max-connections", 2)
    said = tcpgoon("-v", "-c", 3, "--hold", "300ms", target.host, target.port)
    steps = [re.fullmatch(r"[\d.]+(?:µs|ms|s): connection (\d) is (\w+)(?: \((.*)\))?", line) for line in said.errors]
    seen = {(int(step[1]), step[2]) for step in steps if step}
    ends = {0: "CLOSED", 1: "CLOSED", 2: "LOST"}
    assert seen == {(row, state) for row, end in ends.items() for state in ("OPENING", "ESTABLISHED", end)}
    assert len(steps) == 9
    (lost,) = [step for step in steps if step and step[2] == "LOST"]
    assert re.fullmatch(r"FIN, port \d+", lost[3])


@pytest.mark.parametrize(("close", "left"), [("reset", set()), ("fin", {TIME_WAIT})])
def test_reset_leaves_no_time_wait_and_fin_does(tcpgoon: Tcpgoon, server: Start, close: str, left: set[str]) -> None:
    """So the next run has its ports. It dials from an address that nobody else has: what waits there is its own.

    Not all 30 wait after FIN: the two ends close on two cores, and an ACK that comes when the other socket is gone
    already is answered by a RST, which ends the TIME_WAIT (RFC 1337, net.ipv4.tcp_rfc1337).
    """
    source = IPv4Address(127 << 24 | random.randrange(1 << 16, 0xFF << 16))
    said = run(tcpgoon, server(), 30, "--close", close, "--source", source)
    assert (said.exit_status, said.errors) == (0, [])
    comes_to_be(lambda: set(states_of_sockets(source)), left)


def states_of_sockets(address: IPv4Address) -> Counter[str]:
    """How many sockets have that local address in each state, by the kernel's number of it."""
    local = f"{int.from_bytes(address.packed, sys.byteorder):08X}:"
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return Counter(row[3] for row in rows if row[1].startswith(local))


def test_several_sources(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server()
    said = run(tcpgoon, target, 30, "--source", "127.0.0.2", "--source", "127.0.0.3")
    assert said.final == {"total": 30, "established": 30}
    assert said.exit_status == 0


def test_ten_thousand_are_held_at_once(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server()
    said = tcpgoon("-c", "10k", "-s", 0, "--close", "reset", target.host, target.port)
    assert said.final == {"total": 10_000, "established": 10_000}
    assert said.line("Peak concurrent connections: ") == "10000 of 10000 (acknowledged)"
    assert (said.verdict, said.exit_status) == ("PASS", 0)
    target.end()
    assert target.counts is not None
    assert target.counts.peak == 10_000
