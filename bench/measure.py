"""One measurement: a client process and the sink that it connects to, in a fresh network namespace."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec

from bench import namespace
from bench.build import HERE, CannotMeasure, program

PORT = "{port}"
"""Stands in a client's arguments for the port of the sink, which is known only once it listens."""

ADDRESS = "127.0.0.1"

_PAUSE_S = 0.2
_GRACE_S = 10


class Order(msgspec.Struct, frozen=True):
    """What ``bench.inside`` is told: which sink and client to run, and whether the namespace is a fresh one.

    The first line that the sink writes is its port.
    """

    sink: list[str]
    client: list[str]
    isolated: bool
    limit_s: float


class Process(msgspec.Struct, frozen=True):
    """A client process from start to exit, and what it wrote."""

    status: int
    wall_s: float
    user_s: float
    system_s: float
    max_rss: int
    stdout: str
    stderr: str

    @property
    def cpu_s(self) -> float:
        """User and system CPU."""
        return self.user_s + self.system_s


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What each line of JSON of a client has: how many connections, how long it took, and the CPU of it."""

    connections: int
    seconds: float
    user_s: float
    system_s: float

    @property
    def rate(self) -> float:
        """Connections per second."""
        return self.connections / self.seconds

    @property
    def cpu_us(self) -> float:
        """User and system CPU per connection, in µs."""
        return (self.user_s + self.system_s) / self.connections * 1e6


class Ramp(Measured, frozen=True, kw_only=True):
    """The line of JSON that a client prints: the time from its first connect to its last established connection.

    CPU is that of the ramp; RSS is in bytes, before the first socket and while all connections are held.
    """

    established: int
    failed: int
    last_errno: int
    rss_before: int
    rss_after: int
    close_seconds: float

    @property
    def rss_kb(self) -> float:
        """Growth of the resident set per held connection, in KB of 1,000 bytes."""
        return (self.rss_after - self.rss_before) / self.connections / 1e3


def process(client: Sequence[str], sink: Sequence[str] = (), limit_s: float = 60) -> Process:
    """Run ``client`` against a fresh ``sink``, by default the one in C, until it exits.

    Raises `CannotMeasure` if it fails: numbers of a run with errors in it are no measurement.
    """
    time.sleep(_PAUSE_S)  # the kernel takes the previous namespace down in the background, on a core that we need
    prefix = namespace.prefix()
    target = list(sink) or [str(program("sink")), ADDRESS]
    order = Order(target, list(client), isolated=bool(prefix), limit_s=limit_s)
    command = [*prefix, sys.executable, "-m", "bench.inside", msgspec.json.encode(order).decode()]
    done = msgspec.json.decode(output(command, limit_s + _GRACE_S), type=Process)
    if done.status != 0:
        raise CannotMeasure(f"'{' '.join(client)}' {_why(done, limit_s)}")
    return done


def ramp(client: Sequence[str]) -> Ramp:
    """Run ``client``, which prints a `Ramp`."""
    measured = msgspec.json.decode(process(client).stdout, type=Ramp)
    if measured.established != measured.connections:
        raise CannotMeasure(f"'{' '.join(client)}' established {measured.established} of {measured.connections}")
    return measured


def _why(failed: Process, limit_s: float) -> str:
    if failed.status == -signal.SIGKILL:
        return f"took more than {limit_s:.0f} s and was killed"
    said = (failed.stderr.strip() or failed.stdout.strip() or "nothing").splitlines()[-1]
    return f"left with {failed.status} and said: {said}"


def output(command: list[str], limit_s: float) -> bytes:
    """What ``command`` writes. Late, it is asked to end first: it has processes of its own to end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=HERE.parent) as child:
        try:
            written = child.communicate(timeout=limit_s)[0]
        except subprocess.TimeoutExpired as exc:
            raise CannotMeasure(f"'{' '.join(command)}' took more than {limit_s:.0f} s") from exc
        finally:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_GRACE_S)
            child.kill()
    if child.returncode != 0:
        raise CannotMeasure(f"'{' '.join(command)}' left with {child.returncode}")
    return written
