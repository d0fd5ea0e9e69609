"""Peers that mean harm: endless streams, instant resets, half a conversation."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from .conftest import INSTALLED, LIMIT_S, Said, Tcpgoon

Serve = Callable[[socket.socket], object]


@pytest.fixture
def peer() -> Iterator[Callable[[Serve], int]]:
    """Serves each connection in a thread of its own by the function given; the port."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []
    connections: list[socket.socket] = []

    def start(serve: Serve) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        listeners.append(listener)

        def converse(connection: socket.socket) -> None:
            with suppress(OSError):
                serve(connection)

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connections.append(connection)
                threads.append(threading.Thread(target=converse, args=(connection,), daemon=True))
                threads[-1].start()

        threads.append(threading.Thread(target=accept, daemon=True))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    over.set()
    for listener in listeners:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(30)
    for connection in connections:
        connection.close()


def stream_for_ever(connection: socket.socket) -> None:
    piece = bytes(1 << 16)
    while True:
        connection.sendall(piece)


def measured(*words: object) -> tuple[Said, int]:
    """What the command said, and the most memory that it had, in KB."""
    child = subprocess.Popen(
        [INSTALLED, "-y", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stderr
    watchdog = threading.Timer(LIMIT_S, child.kill)
    watchdog.start()
    with child.stdout, child.stderr:
        out, err = child.stdout.read(), child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
    watchdog.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    return Said(child.returncode, out, err), usage.ru_maxrss


def test_a_stream_without_end_costs_no_memory(peer: Callable[[Serve], int]) -> None:
    quiet, memory_kb = measured("-c", 10, "-s", 0, "--hold", "2s", "127.0.0.1", peer(lambda c: c.recv(1)))
    flooded, flooded_kb = measured("-c", 10, "-s", 0, "--hold", "2s", "127.0.0.1", peer(stream_for_ever))
    assert quiet.exit_status == flooded.exit_status == 0
    assert flooded.final == {"total": 10, "established": 10}
    received = int(flooded.line("Received unasked, and dropped: ").removesuffix(" bytes").replace(",", ""))
    assert received > 100 * 1024 * 1024
    assert flooded_kb - memory_kb < 4 * 1024


def test_a_farewell_is_read_before_the_fin(tcpgoon: Tcpgoon, peer: Callable[[Serve], int]) -> None:
    def farewell(connection: socket.socket) -> None:
        connection.sendall(b"-ERR max number of clients reached\r\n")
        connection.close()

    said = tcpgoon("-c", 5, "-s", 0, "127.0.0.1", peer(farewell))
    assert said.final == {"total": 5, "closed": 5}
    assert said.line("Lost while held: 5 ").startswith("(FIN by the peer × 5, ")
    assert said.line("Received unasked, and dropped: ") == "180 bytes"
    assert said.exit_status == 2


def test_a_peer_that_shuts_only_its_own_side(tcpgoon: Tcpgoon, peer: Callable[[Serve], int]) -> None:
    """A FIN is the end of the peer's half; a service that has said goodbye does not carry the connection."""

    def half_close(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    said = tcpgoon("-c", 5, "-s", 0, "127.0.0.1", peer(half_close))
    assert said.final == {"total": 5, "closed": 5}
    assert said.exit_status == 2


def test_one_rotten_apple(tcpgoon: Tcpgoon, peer: Callable[[Serve], int]) -> None:
    """99 of 100 are not 100."""
    served = iter(range(1_000))

    def serve(connection: socket.socket) -> None:
        if next(served) == 57:
            connection.close()
        else:
            connection.recv(1)

    said = tcpgoon("-c", 100, "-s", 1, "127.0.0.1", peer(serve))
    assert said.final == {"total": 100, "established": 99, "closed": 1}
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
