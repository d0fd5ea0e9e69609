"""Fixtures: the installed command, servers, and a free port."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tcpgoon.server import ServerProcess
from tests.installed import INSTALLED, LIMIT_S, STATUS, Said, ages_s, run_installed

__all__ = ["INSTALLED", "LIMIT_S", "STATUS", "Said", "Tcpgoon", "ages_s", "wait_for_listener"]

Tcpgoon = Callable[..., Said]


@pytest.fixture
def tcpgoon() -> Tcpgoon:
    """Runs the installed command with ``-y`` and the given words; ``before`` is put before it."""
    return run_installed


@pytest.fixture
def server() -> Iterator[Callable[..., ServerProcess]]:
    """Starts bundled servers with the flags given; all end with the test."""
    running: list[ServerProcess] = []

    def start(*flags: object) -> ServerProcess:
        process = ServerProcess(flags=[str(flag) for flag in flags])
        running.append(process.__enter__())
        return process

    yield start
    for process in running:
        process.end()


@pytest.fixture
def free_port() -> int:
    """A port of loopback on which nobody listens, and from which no connection of ours will come."""
    for port in range(20_000, 30_000):
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def wait_for_listener(port: int) -> None:
    """Return when somebody listens on ``port``, fail if that takes too long."""
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nobody listens on {port}"
        time.sleep(0.02)
