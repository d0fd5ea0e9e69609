"""How fast connections are opened, what each costs, and how long the whole command takes: the engine beside C."""

import sys
from collections.abc import Callable
from functools import partial

from bench.build import program
from bench.comparison import Bar, Comparison, Row, in_turn
from bench.measure import ADDRESS, PORT, process, ramp

MANY = 10_000
MOST = 18_500
"""Connections from one address: past the half of the ephemeral ports, where plain connect() becomes slow."""

DIALLING = 512


def c_loop(connections: int, *flags: str) -> list[str]:
    """The command line of the bare C loop."""
    dialling = ["--dialling", str(DIALLING)]
    return [str(program("client")), *dialling, *flags, ADDRESS, PORT, str(connections)]


def c_loop_with_ports(connections: int) -> list[str]:
    """The same, and each connection told its source port by a window of one."""
    return c_loop(connections, "--windows")


def engine(connections: int) -> list[str]:
    """The command line of the engine used as a library."""
    dialling = ["--dialling", str(DIALLING)]
    return [sys.executable, "-m", "bench.engine_client", *dialling, ADDRESS, PORT, str(connections)]


def command(connections: int) -> list[str]:
    """The command line of tcpgoon that only opens and closes."""
    flags = ["-y", "-s", "0", "--hold", "0", "--assurance", "handshake", "-c", str(connections)]
    return [sys.executable, "-m", "tcpgoon", "run", *flags, ADDRESS, PORT]


def opening(pairs: int) -> Comparison:
    """Rate, CPU and memory of 10,000 connections."""
    found = in_turn({"c": partial(ramp, c_loop(MANY)), "engine": partial(ramp, engine(MANY))}, pairs)
    left, right = found["c"], found["engine"]
    rate, memory = Bar("ratio", "≥", 0.8), Bar("right", "≤", 0.6)
    return Comparison(
        f"{MANY:,} connections, at most {DIALLING} dialling at once",
        "C loop",
        "engine",
        [
            Row("connections/s", [r.rate for r in left], [r.rate for r in right], bar=rate),
            Row("user + system CPU, µs each", [r.cpu_us for r in left], [r.cpu_us for r in right], ".1f"),
            Row("RSS growth, KB each", [r.rss_kb for r in left], [r.rss_kb for r in right], ".3f", memory),
            Row("close all, s", [r.close_seconds for r in left], [r.close_seconds for r in right], ".3f"),
        ],
    )


def start_to_exit(pairs: int) -> Comparison:
    """The whole process: imports, the run, the report, the exit."""
    found = in_turn({"c": partial(process, c_loop(MANY)), "tcpgoon": partial(process, command(MANY))}, pairs)
    left, right = found["c"], found["tcpgoon"]
    bar = Bar("right", "≤", 0.9)
    return Comparison(
        f"{MANY:,} connections, the process from start to exit: tcpgoon run -y -s 0 --hold 0 --assurance handshake",
        "C loop",
        "tcpgoon run",
        [
            Row("start to exit, s", [p.wall_s for p in left], [p.wall_s for p in right], ".3f", bar),
            Row("user + system CPU, s", [p.cpu_s for p in left], [p.cpu_s for p in right], ".3f"),
            # None for C: a process starts with the peak of the one that forked it, and C is smaller than Python
            Row("peak RSS, MB", [], [p.max_rss / 1e6 for p in right], ".1f"),
        ],
    )


def one_address(pairs: int) -> Comparison:
    """Whether the rate holds past the half of the ephemeral ports; C with and without windows for comparison."""
    clients: dict[str, Callable[[int], list[str]]] = {
        "engine": engine,
        "C loop, plain connect()": c_loop,
        "C loop, a source port each": c_loop_with_ports,
    }
    contenders = {(name, n): partial(ramp, client(n)) for name, client in clients.items() for n in (MANY, MOST)}
    found = in_turn(contenders, pairs)
    bars = {"engine": Bar("ratio", "≥", 0.7)}
    rows = [
        Row(name, [r.rate for r in found[name, MANY]], [r.rate for r in found[name, MOST]], bar=bars.get(name))
        for name in clients
    ]
    return Comparison("connections/s from one address to one port", f"{MANY:,}", f"{MOST:,}", rows)
