"""Ctrl-C and SIGTERM: once, everything is closed and reported; twice, out at once."""

import re
import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tcpgoon.server import Server, ServerConfig

from .conftest import LIMIT_S, Running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_dialling(running: Callable[..., Running], number: signal.Signals) -> None:
    with Server(ServerConfig()) as server:
        run = running("-c", 1_000, "-s", 10, server.host, server.port)
        run.wait_until(established=20)
        run.send(number)
        said = run.end()
        wait_until(lambda: server.held == 0)
    assert said.exit_status == 1
    assert said.errors == []
    assert said.final["established"] + said.final["not_initiated"] + said.final.get("dialing", 0) == 1_000
    assert said.line("Peak concurrent connections: ") == f"{said.final['established']} of 1000"
    assert said.lines[-1] == (
        f"INTERRUPTED: stopped before the end; {said.final['established']} of 1,000 connections were "
        "established and held"
    )


def test_while_holding(running: Callable[..., Running]) -> None:
    with Server(ServerConfig()) as server:
        run = running("-c", 20, "-s", 0, "--hold", "1h", server.host, server.port)
        run.wait_until(established=20)
        run.send(signal.SIGINT)
        said = run.end()
        wait_until(lambda: server.held == 0)
    assert (said.exit_status, said.verdict, said.final) == (1, "INTERRUPTED", {"total": 20, "established": 20})


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A listener whose queue is full: whoever dials it waits."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        first.connect(("127.0.0.1", port))
        second.setblocking(False)
        second.connect_ex(("127.0.0.1", port))
        yield port


def test_what_was_never_decided_is_in_no_statistic(running: Callable[..., Running], silent_port: int) -> None:
    run = running("-c", 10, "-s", 0, "-d", "1h", "127.0.0.1", silent_port)
    run.wait_until(dialing=10)
    run.send(signal.SIGTERM)
    said = run.end()
    assert said.final == {"total": 10, "dialing": 10}
    assert not [line for line in said.lines if re.match("Response time|Time to error|Errors|Lost", line)]
    assert (said.exit_status, said.verdict) == (1, "INTERRUPTED")


def test_twice_is_out_immediately(running: Callable[..., Running], silent_port: int) -> None:
    """A reader that does not read: the report cannot be written, and the first signal alone would wait for it."""
    with Server(ServerConfig()) as server:
        run = running("-v", "-c", 2_000, "-s", 0, "-i", "0.001", "--hold", "1h", server.host, server.port)
        wait_until(lambda: server.held == 2_000)
        # Nobody has read its pipes so far: both are full, and it is stuck in writing.
        run.send(signal.SIGINT)
        deadline = time.monotonic() + LIMIT_S
        while run.status() is None:
            assert time.monotonic() < deadline
            run.send(signal.SIGINT)
            time.sleep(0.01)
        assert run.status() == 1


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
