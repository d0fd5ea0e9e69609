"""Runs of the command against the bundled server, each in a fresh network namespace."""

import functools
import math
import sys
from typing import NamedTuple

import msgspec

from bench import namespace, processes
from bench.build import CannotMeasure
from bench.measure import output
from bench.watched import Order, Watched

MILLION = 1_000_000

_PER_SERVER_PROCESS = 18_600
"""The kernel spreads them by a hash: of 54 processes the fullest has some 300 more than the others."""
_BYTES_EACH = 10_000
"""What one connection with both ends here takes of this machine's memory, nearly all of it the kernel's."""
_START_S, _SLOWEST_RATE = 60, 5_000


class Extent(NamedTuple):
    """What a benchmark is told."""

    connections: int | None
    """Fewer than the bars are about; None: as many as they are."""
    hold_s: float
    pairs: int
    """How often rates are measured; what takes minutes is run once."""


def run(connections: int, hold_s: float, *flags: str) -> Watched:
    """Run the command. Raises `CannotMeasure` where the verdict is no PASS."""
    if processes.available_bytes() < connections * _BYTES_EACH:
        raise CannotMeasure(f"{connections:,} connections need {connections * _BYTES_EACH / 1e9:.1f} GB of free memory")
    prefix = namespace.prefix()
    order = Order(
        connections=connections,
        hold_s=hold_s,
        server_workers=math.ceil(connections / _PER_SERVER_PROCESS),
        arguments=(*_arguments(connections, hold_s), *flags),
        isolated=bool(prefix),
        limit_s=_START_S + hold_s + 4 * connections / _SLOWEST_RATE,
    )
    command = [*prefix, sys.executable, "-m", "bench.watched", msgspec.json.encode(order).decode()]
    done = msgspec.json.decode(output(command, order.limit_s + _START_S), type=Watched)
    if done.found.status != 0:
        raise CannotMeasure(f"{connections:,} connections: {done.found.verdict}: {done.found.reason}")
    return done


@functools.cache
def run_once(connections: int, hold_s: float, *flags: str) -> Watched:
    """As `run`, but once for all who ask for the same."""
    return run(connections, hold_s, *flags)


def _arguments(connections: int, hold_s: float) -> tuple[str, ...]:
    return ("-y", "-s", "0", "-c", str(connections), "--hold", f"{hold_s:g}s", "--close", "reset")
