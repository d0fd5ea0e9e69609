"""Runs inside the namespace: the bundled server, and ``tcpgoon run`` against it, both watched; prints `Watched`.

Not for use by hand, see `scale`.
"""

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import msgspec

from bench import namespace, processes
from bench.scale_client import Found
from tcpgoon.server import ServerConfig, ServerProcess

EARLY = 0.1
"""The part of the hold after which CPU is counted: at its beginning there is more to do than to hold."""
INTERVAL_S = 1.0
"""Between two status lines: the hold may be so much older than the first of them that says so."""

_PORT = 7_000
"""Below the ephemeral ports: one of those would be one less to dial from."""
_SETTLED_S = 0.3
_TAIL = 5
"""So many of the last lines are told of a run that failed."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What ``bench.watched`` is told."""

    connections: int
    hold_s: float
    server_workers: int
    arguments: tuple[str, ...]
    """Of ``tcpgoon run``, before the host and the port."""
    isolated: bool
    limit_s: float


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the command: what it found, and what the two sides used while all were held.

    What was not seen is 0: a hold that is shorter than the status lines are apart is not seen.
    """

    found: Found
    connections: int
    pss: int
    """Bytes of user-space memory of all processes of the client together."""
    held_share: float
    """How much of one core the client used while all were held and nothing was asked."""
    kernel: int
    """Bytes by which the kernel's own memory had grown: both ends."""
    server_pss: int
    server_cpu_s: float
    """CPU of the server, until it has closed what the client has."""

    @property
    def rate(self) -> float:
        """Connections per second, from the first dial to the last that was decided."""
        return self.connections / self.found.ramp_s

    @property
    def cpu_us(self) -> float:
        """CPU of the client until all were open, per connection, in µs."""
        return self.found.cpu_s / self.connections * 1e6

    @property
    def server_cpu_us(self) -> float:
        """CPU of the server per connection, in µs."""
        return self.server_cpu_s / self.connections * 1e6


class _Used(NamedTuple):
    """The CPU that the client has used, and the time."""

    at_s: float
    cpu_s: float


class Watch:
    """Looks at the processes of ``client`` and ``server`` at each status line while all of ``order`` are held."""

    def __init__(self, order: Order, client: int, server: int) -> None:
        self._full = f"Established: {order.connections}, Closed: 0, Error: 0, NotInitiated: 0"
        self._counted = EARLY * order.hold_s, order.hold_s - INTERVAL_S
        self._client, self._server = client, server
        self._slab_before = processes.slab_bytes()
        self._full_s: float | None = None
        self._used: list[_Used] = []
        self.pss = self.kernel = self.server_pss = 0

    def line(self, line: str, now_s: float) -> None:
        """The client said ``line``."""
        if self._full not in line:
            return
        if self._full_s is None:
            self._full_s = now_s
        begin_s, end_s = self._counted
        if not begin_s <= now_s - self._full_s < end_s:
            return
        pids = list(processes.family(self._client))
        self._used.append(_Used(now_s, processes.cpu_s(pids)))
        if len(self._used) == 1:
            self.pss, self.server_pss = map(processes.pss_bytes, (pids, processes.family(self._server)))
            self.kernel = processes.slab_bytes() - self._slab_before

    @property
    def held_share(self) -> float:
        """CPU over time, from the first look to the last."""
        if len(self._used) < 2:
            return 0.0
        first, last = self._used[0], self._used[-1]
        return (last.cpu_s - first.cpu_s) / (last.at_s - first.at_s)


def watch(order: Order) -> Watched:
    """Carry out ``order``. Leaves with the last lines of a client that has not come to a result."""
    port = _PORT if order.isolated else 0
    config = ServerConfig(workers=order.server_workers, backlog=65_535, port=port)
    with ServerProcess(config) as server, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        ours = [sys.executable, "-m", "bench.scale_client", str(file), *order.arguments, server.host, str(server.port)]
        with _client(ours, order.limit_s) as client:
            seen = Watch(order, client.pid, server.pid)
            said = _listen(client, seen)
        if not file.exists():
            sys.exit("\n".join(said) or f"the client left with {client.returncode} and said nothing")
        return Watched(
            found=msgspec.json.decode(file.read_bytes(), type=Found),
            connections=order.connections,
            pss=seen.pss,
            held_share=seen.held_share,
            kernel=seen.kernel,
            server_pss=seen.server_pss,
            server_cpu_s=_settled_cpu_s(server.pid),
        )


@contextmanager
def _client(command: list[str], limit_s: float) -> Iterator[subprocess.Popen[str]]:
    """The running client, which is killed at ``limit_s``."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as client:
        watchdog = threading.Timer(limit_s, client.kill)
        watchdog.start()
        try:
            yield client
            client.wait()
        finally:
            watchdog.cancel()
            client.kill()


def _listen(client: subprocess.Popen[str], seen: Watch) -> Iterable[str]:
    """Follow what ``client`` says to its end; the last lines of it."""
    assert client.stdout
    last: deque[str] = deque(maxlen=_TAIL)
    for line in client.stdout:
        seen.line(line, time.monotonic())
        last.append(line.rstrip())
    return last


def _settled_cpu_s(server: int) -> float:
    """What the server has used when it uses no more: it has seen the end of each connection then."""
    pids = list(processes.family(server))
    before, now = -1.0, processes.cpu_s(pids)
    while now > before:
        time.sleep(_SETTLED_S)
        before, now = now, processes.cpu_s(pids)
    return now


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)  # unwinds, and so ends the server and the client


def main() -> None:
    """Carry out the `Order` that is the only argument."""
    signal.signal(signal.SIGTERM, _leave)
    order = msgspec.json.decode(sys.argv[1], type=Order)
    if order.isolated:
        namespace.furnish()
    sys.stdout.write(msgspec.json.encode(watch(order)).decode())


if __name__ == "__main__":
    main()
