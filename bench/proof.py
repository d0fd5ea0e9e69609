"""What it costs to prove that the other end holds each connection: a run at level acknowledged beside one without."""

import sys
from functools import partial

from bench.comparison import Bar, Comparison, Row, in_turn
from bench.measure import ADDRESS, PORT, Process, process

CONNECTIONS = 10_000

MOST_ADDED_US = 30
MOST_SECONDS = 4.5


def command(*flags: str) -> list[str]:
    """The command line of tcpgoon that opens all at once, holds them for the default second, and closes them."""
    ours = ["-y", "-s", "0", "-c", str(CONNECTIONS), *flags]
    return [sys.executable, "-m", "tcpgoon", "run", *ours, ADDRESS, PORT]


def acknowledged(pairs: int) -> Comparison:
    """The whole process with the default assurance beside one at level handshake: its time, and the CPU it adds.

    That each was acknowledged is what the exit status says: a run without a PASS is no measurement. On loopback the
    kernel does part of the server's work on the client's account.
    """
    handshake, default = partial(process, command("--assurance", "handshake")), partial(process, command())
    found = in_turn({"handshake": handshake, "acknowledged": default}, pairs)
    left, right = found["handshake"], found["acknowledged"]
    added = [_cpu_us(with_proof) - _cpu_us(without) for without, with_proof in zip(left, right, strict=True)]
    return Comparison(
        f"{CONNECTIONS:,} connections held for 1s, the process from start to exit: tcpgoon run -y -s 0",
        "--assurance handshake",
        "default: acknowledged",
        [
            Row("start to exit, s", [p.wall_s for p in left], [p.wall_s for p in right], ".3f", _at_most(MOST_SECONDS)),
            Row("user + system CPU, µs each", [_cpu_us(p) for p in left], [_cpu_us(p) for p in right], ".1f"),
            Row("added by the proof, µs each", [], added, ".1f", _at_most(MOST_ADDED_US)),
        ],
    )


def _cpu_us(measured: Process) -> float:
    return measured.cpu_s / CONNECTIONS * 1e6


def _at_most(value: float) -> Bar:
    return Bar("right", "≤", value)
