"""Clients for the bundled server: real sockets, on loopback, each wait with a time limit."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

LIMIT_S = 10.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Listening(Protocol):
    """A `Server` or a `ServerProcess`."""

    host: str
    port: int


@pytest.fixture
def dial() -> Iterator[Callable[[Listening], socket.socket]]:
    """Opens a connection; at the end all are reset, which leaves no TIME_WAIT.

    A server may reset it so early that already the dial says so: then what is returned is closed.
    """
    opened: list[socket.socket] = []

    def dial(server: Listening) -> socket.socket:
        connection = socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET)
        opened.append(connection)
        connection.settimeout(LIMIT_S)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        try:
            connection.connect((server.host, server.port))
        except ConnectionResetError:
            connection.close()
        return connection

    yield dial
    for connection in opened:
        connection.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until the condition holds; fails where it does not come to hold in time."""

    def eventually(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come to hold in time"
            time.sleep(0.001)

    return eventually


@pytest.fixture
def answer() -> Callable[[socket.socket], str]:
    """What the server does first: its banner, ``"closed"`` or ``"reset"``."""

    def answer(connection: socket.socket) -> str:
        if connection.fileno() < 0:
            return "reset"
        try:
            return connection.recv(100).decode() or "closed"
        except ConnectionResetError:
            return "reset"

    return answer
