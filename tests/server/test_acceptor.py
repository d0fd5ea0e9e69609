"""The limit and what happens above it, slow accepts, and accepting without descriptors."""

import errno
import os
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpgoon.server import Counts, Server, ServerConfig, ServerProcess, loop
from tcpgoon.server.accept_queue import AcceptQueue
from tcpgoon.server.config import Above

Dial = Callable[[object], socket.socket]
Answer = Callable[[socket.socket], str]
Eventually = Callable[[Callable[[], bool]], None]


@pytest.mark.parametrize(("above", "end"), [("close", "closed"), ("reset", "reset")])
def test_above_the_limit_a_connection_is_refused(above: Above, end: str, dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(max_connections=3, above=above, banner=b"!")) as server:
        connections = [dial(server) for _ in range(5)]
        assert [answer(connection) for connection in connections] == ["!", "!", "!", end, end]
    assert server.counts == Counts(accepted=3, peak=3, refused=2, held=3)


@pytest.mark.parametrize("above", ["close", "reset"])
def test_a_connection_that_ends_makes_room(above: Above, dial: Dial, answer: Answer, eventually: Eventually) -> None:
    with Server(ServerConfig(max_connections=1, above=above, banner=b"!")) as server:
        first = dial(server)
        assert answer(first) == "!"
        first.close()
        eventually(lambda: server.held == 0)
        assert answer(dial(server)) == "!"
    assert server.counts == Counts(accepted=2, peak=1, refused=0, held=1)


def test_a_refused_connection_is_closed_with_fin_although_it_sent_something(dial: Dial, answer: Answer) -> None:
    # A close with unread data would be a reset. The data is there before the accept, as that is delayed.
    with Server(ServerConfig(max_connections=0, accept_delay_s=0.1)) as server:
        connection = dial(server)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n" * 500)
        assert answer(connection) == "closed"


def test_stop_leaves_them_in_the_accept_queue_until_there_is_a_place(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(max_connections=2, above="stop", banner=b"!")) as server:
        connections = [dial(server) for _ in range(6)]
        for connection in connections:  # the kernel's queue is in the order of their arrival
            assert answer(connection) == "!"
            connection.close()
    assert (server.accepted, server.peak, server.refused) == (6, 2, 0)


def test_stopped_it_still_serves_those_it_holds(dial: Dial) -> None:
    with Server(ServerConfig(max_connections=1, above="stop", echo=True)) as server:
        held, waiting = dial(server), dial(server)
        waiting.sendall(b"waiting")
        for _ in range(3):
            held.sendall(b"held")
            assert held.recv(100) == b"held"
        assert (server.accepted, server.held) == (1, 1)
        held.close()
        assert waiting.recv(100) == b"waiting"


def test_a_limit_of_nothing_with_stop_accepts_nothing(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(max_connections=0, above="stop", banner=b"!")) as server:
        connection = dial(server)
    assert answer(connection) == "reset"  # by the kernel, as the listener is gone
    assert server.counts == Counts(accepted=0, peak=0, refused=0, held=0)


def test_never_accept_completes_handshakes_and_no_more(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(never_accept=True, banner=b"!")) as server:
        connections = [dial(server) for _ in range(3)]
        connections[0].sendall(b"is anybody there?")
    assert [answer(connection) for connection in connections] == ["reset"] * 3
    assert server.counts == Counts(accepted=0, peak=0, refused=0, held=0)


def test_the_backlog_is_the_length_of_the_accept_queue() -> None:
    with Server(ServerConfig(never_accept=True, backlog=2)) as server:
        queued = [socket.create_connection((server.host, server.port), timeout=5) for _ in range(3)]
        with socket.socket() as late:
            late.settimeout(0.2)  # less than the first repeat of its SYN
            with pytest.raises(TimeoutError):
                late.connect((server.host, server.port))
    for connection in queued:
        connection.close()


def test_each_accept_waits_for_the_delay(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(accept_delay_s=0.1, banner=b"!")) as server:
        begun = time.monotonic()
        connections = [dial(server) for _ in range(3)]
        for number, connection in enumerate(connections, start=1):
            assert answer(connection) == "!"
            assert time.monotonic() - begun >= number * 0.1
        assert time.monotonic() - begun < 5


def test_the_delay_holds_up_no_one_who_is_held(dial: Dial) -> None:
    with Server(ServerConfig(accept_delay_s=0.5, echo=True)) as server:
        held = dial(server)
        held.sendall(b"1")
        assert held.recv(1) == b"1"
        dial(server)
        for _ in range(5):
            held.sendall(b"2")
            assert held.recv(1) == b"2"
        assert (server.accepted, server.held) == (1, 1)


def test_without_descriptors_it_waits_and_goes_on(dial: Dial, answer: Answer) -> None:
    with ServerProcess(ServerConfig(banner=b"!")) as server:
        own = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (own + 10, own + 10))
        connections = [dial(server) for _ in range(30)]
        assert [answer(connection) for connection in connections[:10]] == ["!"] * 10
        before = cpu_s(server.pid)
        time.sleep(0.5)  # what is measured here is that nothing happens
        assert cpu_s(server.pid) - before <= 0.1
        for batch in (connections[:10], connections[10:20]):
            for connection in batch:
                connection.close()
        assert [answer(connection) for connection in connections[20:]] == ["!"] * 10
    assert server.counts == Counts(accepted=30, peak=10, refused=0, held=10)
    assert server.errors == (
        "tcpgoon: accepting had to wait, as there was no descriptor left: raise this process's limit (ulimit -n)\n"
    )


def test_descriptors_that_come_back_from_elsewhere_are_noticed(dial: Dial, answer: Answer) -> None:
    # Here no connection ends that could wake it: the limit itself is raised.
    with ServerProcess(ServerConfig(max_connections=100, above="stop", banner=b"!")) as server:
        own = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (own, 1_000))
        connection = dial(server)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (1_000, 1_000))
        connection.settimeout(5)
        assert answer(connection) == "!"


class Fickle(AcceptQueue):
    """An accept queue whose first takes fail with these errors."""

    def __init__(self, listener: socket.socket, *errors: int) -> None:
        super().__init__(listener)
        self._errors = list(errors)

    def __len__(self) -> int:
        return super().__len__() + len(self._errors)

    def take(self) -> int:
        if self._errors:
            raise OSError(self._errors.pop(0), "the test says so")
        return super().take()


@pytest.fixture
def fickle_server(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Server]:
    """A server whose first accepts fail with these errors."""

    def fickle_server(above: Above, *errors: int) -> Server:
        def fickle_queue(listener: socket.socket) -> AcceptQueue:
            return Fickle(listener, *errors)

        monkeypatch.setattr(loop, "AcceptQueue", fickle_queue)
        return Server(ServerConfig(above=above, max_connections=1, banner=b"!"))

    return fickle_server


@pytest.mark.parametrize("above", ["close", "stop"])
def test_the_error_of_one_connection_is_not_that_of_the_next(
    above: Above, fickle_server: Callable[..., Server], dial: Dial, answer: Answer
) -> None:
    with fickle_server(above, errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN) as server:
        assert answer(dial(server)) == "!"
    assert server.counts == Counts(accepted=1, peak=1, refused=0, held=1)


@pytest.mark.parametrize("above", ["close", "stop"])
@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_whatever_the_kernel_lacks_it_is_tried_again(
    above: Above, error: int, fickle_server: Callable[..., Server], dial: Dial, answer: Answer
) -> None:
    with fickle_server(above, error, error) as server:
        assert answer(dial(server)) == "!"
    assert server.counts == Counts(accepted=1, peak=1, refused=0, held=1, starved=2)


def test_an_error_that_nobody_foresaw_is_not_hidden(
    fickle_server: Callable[..., Server], dial: Dial, answer: Answer
) -> None:
    with pytest.raises(OSError, match="the test says so"), fickle_server("close", errno.EBADF) as server:
        assert answer(dial(server)) == "reset"


def cpu_s(pid: int) -> float:
    """CPU time of the process, user and system, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
