"""Runs inside the namespace: the sink, then the client; prints the `Process`. Not for use by hand, see `measure`."""

import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from bench import namespace
from bench.measure import PORT, Order, Process


@contextmanager
def sink(command: list[str]) -> Iterator[str]:
    """A running sink; its port."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            yield child.stdout.readline().strip()
        finally:
            child.kill()


def run(client: list[str], limit_s: float) -> Process:
    """Run ``client`` until it exits, or is killed at ``limit_s``.

    The watchdog is a timer because Popen's own time limit polls, up to 50 ms apart: that would be in the wall time.
    Output goes to files because a reader would take CPU meanwhile.
    """
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        start = time.perf_counter()
        child = subprocess.Popen(client, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        watchdog = threading.Timer(limit_s, child.kill)
        watchdog.start()
        try:
            status = child.wait()
            wall_s = time.perf_counter() - start
        finally:
            watchdog.cancel()
            child.kill()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)  # the sink is not waited for yet: this is the client alone
        stdout.seek(0)
        stderr.seek(0)
        max_rss = used.ru_maxrss * 1024
        return Process(status, wall_s, used.ru_utime, used.ru_stime, max_rss, stdout.read(), stderr.read())


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)  # unwinds, and so ends the sink and the client


def main() -> None:
    """Carry out the `Order` that is the only argument."""
    signal.signal(signal.SIGTERM, _leave)
    order = msgspec.json.decode(sys.argv[1], type=Order)
    if order.isolated:
        namespace.furnish()
    with sink(order.sink) as port:
        done = run([word.replace(PORT, port) for word in order.client], order.limit_s)
    sys.stdout.write(msgspec.json.encode(done).decode())


if __name__ == "__main__":
    main()
