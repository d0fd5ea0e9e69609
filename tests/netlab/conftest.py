"""Clients of the lab, and what became of them."""

import errno
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Self

import pytest

from tcpgoon.engine.tcp_info import TCP_INFO
from tests.netlab.host import Host
from tests.netlab.lab import Lab

MakeLab = Callable[..., Lab]
PORT = 7000
LIMIT_S = 20.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.002)


def listen(host: Host, backlog: int, *options: tuple[int, int, int]) -> socket.socket:
    listener = host.socket()
    for option in options:
        listener.setsockopt(*option)
    listener.bind((host.ipv4, PORT))
    listener.listen(backlog)
    listener.setblocking(False)
    return listener


class Clients:
    """Connections of the client that are all asked for at once, none of which is waited for."""

    def __init__(self) -> None:
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def dial(self, net: Lab, count: int) -> list[socket.socket]:
        dialled = [self._ending.enter_context(net.client.socket()) for _ in range(count)]
        for client in dialled:
            client.setblocking(False)
            assert client.connect_ex((net.server.ipv4, PORT)) == errno.EINPROGRESS
        return dialled


@pytest.fixture
def clients() -> Iterator[Clients]:
    with Clients() as made:
        yield made


def established(clients: list[socket.socket]) -> int:
    """How many the client's kernel says are established; what came of the others is no error yet."""
    return sum(client.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 1) == b"\x01" for client in clients)


def errors(clients: list[socket.socket]) -> Counter[int]:
    """What came of each, once something has come of all."""
    waiting = select.poll()
    found = Counter[int]()
    for client in clients:
        waiting.register(client, select.POLLOUT)
    by_fd = {client.fileno(): client for client in clients}
    deadline = time.monotonic() + LIMIT_S
    while by_fd:
        assert time.monotonic() < deadline, f"nothing came of {len(by_fd)}"
        for fd, _ in waiting.poll(1_000):
            found[by_fd.pop(fd).getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)] += 1
            waiting.unregister(fd)
    return found


def datagrams(net: Lab, packets: list[bytes]) -> list[bytes]:
    """Send them from the client to the server; those that arrive, when the relay has no more."""
    with net.server.entered():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with net.client.entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.bind((net.server.ipv4, PORT))
        receiver.setblocking(False)
        arrived: list[bytes] = []
        relayed = net.counts()["to-server"]["taken"]
        for some in (packets[first : first + 100] for first in range(0, len(packets), 100)):  # what it has room for
            for packet in some:
                sender.sendto(packet, (net.server.ipv4, PORT))
            relayed += len(some)
            until(lambda: has_relayed(net, relayed))  # noqa: B023 - it is called here alone
            with suppress(BlockingIOError):
                while True:
                    arrived.append(receiver.recv(100))
        return arrived


def has_relayed(net: Lab, packets: int) -> bool:
    counts = net.counts()["to-server"]
    return counts["delivered"] + counts["lost"] == packets
