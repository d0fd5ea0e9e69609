"""The server as a whole: where it listens, how it ends, and what it leaves behind."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpgoon.errors import ListenError
from tcpgoon.server import Counts, Server, ServerConfig
from tcpgoon.server.ending import Ending

Dial = Callable[[object], socket.socket]
Answer = Callable[[socket.socket], str]
Eventually = Callable[[Callable[[], bool]], None]


def test_any_free_port_is_taken_and_told() -> None:
    with Server() as one, Server() as other:
        assert one.host == "127.0.0.1"
        assert 0 < one.port != other.port > 0
        assert one.address == f"127.0.0.1:{one.port}"


@pytest.mark.parametrize("workers", [1, 2])
def test_it_listens_on_ipv6(workers: int, dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(host="::1", banner=b"!", max_connections=1, above="reset", workers=workers)) as server:
        assert server.address == f"[::1]:{server.port}"
        assert [answer(dial(server)), answer(dial(server))] == ["!", "reset"]


def test_a_name_is_resolved(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(host="localhost", banner=b"!")) as server:
        assert server.host in {"127.0.0.1", "::1"}
        assert answer(dial(server)) == "!"


def test_a_port_is_free_again_at_once(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(close_after_s=0)) as server:
        assert answer(dial(server)) == "closed"  # the server closed first: the TIME_WAIT is its own
    with Server(ServerConfig(port=server.port, banner=b"again")) as again:
        assert answer(dial(again)) == "again"


def test_a_busy_port_is_an_error_before_anything_starts() -> None:
    with Server() as server:
        before = open_descriptors(), threading.active_count()
        with pytest.raises(ListenError), Server(ServerConfig(port=server.port, workers=2)):
            pass
        assert (open_descriptors(), threading.active_count()) == before


@pytest.mark.parametrize("workers", [1, 2])
def test_it_leaves_nothing_behind(workers: int, dial: Dial, answer: Answer) -> None:
    before = open_descriptors(), threading.active_count()
    with Server(ServerConfig(banner=b"!", max_connections=5, workers=workers)) as server:
        connection = dial(server)
        assert answer(connection) == "!"
    assert answer(connection) == "closed"
    connection.close()
    assert (open_descriptors(), threading.active_count()) == before
    with pytest.raises(ConnectionRefusedError):
        dial(server)


def test_the_counts_can_be_read_before_while_and_after(dial: Dial, answer: Answer) -> None:
    server = Server(ServerConfig(banner=b"!"))
    assert server.counts == Counts(accepted=0, peak=0, refused=0, held=0)
    server.stop()
    with server:
        assert answer(dial(server)) == "!"
        assert (server.accepted, server.held, server.peak, server.refused) == (1, 1, 1, 0)
    assert server.counts == Counts(accepted=1, peak=1, refused=0, held=1)


def test_it_can_be_used_again(dial: Dial, answer: Answer) -> None:
    server = Server(ServerConfig(banner=b"!"))
    for _ in range(2):
        with server:
            assert answer(dial(server)) == "!"
        assert server.accepted == 1


def test_serve_blocks_until_stop_from_anywhere() -> None:
    server = Server()
    server.listen()
    threads = [threading.Timer(0.05, server.stop) for _ in range(5)]
    for thread in threads:
        thread.start()
    server.serve()
    server.stop()
    for thread in threads:
        thread.join()


def test_serve_without_listen_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="listen\\(\\) comes before serve\\(\\)"):
        Server().serve()


@pytest.mark.parametrize("workers", [1, 2])
def test_it_ends_when_its_duration_is_over(workers: int, dial: Dial, answer: Answer) -> None:
    server = Server(ServerConfig(duration_s=0.6, workers=workers, banner=b"!"))
    begun = time.monotonic()
    server.listen()
    connection = dial(server)
    server.serve()
    assert 0.6 <= time.monotonic() - begun < 20
    assert [answer(connection), answer(connection)] == ["!", "closed"]


def test_it_ends_with_its_lifeline(eventually: Eventually) -> None:
    lifeline, other_end = os.pipe()
    with Server(lifeline=lifeline) as server:
        os.write(other_end, b"go on")
        socket.create_connection((server.host, server.port), timeout=5).close()
        os.close(other_end)
        eventually(lambda: "tcpgoon-server" not in {thread.name for thread in threading.enumerate()})
    os.close(lifeline)


def test_an_error_of_the_thread_comes_out_of_the_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Ending, fd: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Ending, "heed", fail)
    before = open_descriptors()
    with pytest.raises(ZeroDivisionError), Server():
        pass
    with pytest.raises(KeyError), Server():
        raise KeyError  # what the block itself raises goes first
    assert open_descriptors() == before


def test_where_there_is_no_epoll_it_imports_and_says_so() -> None:
    program = (
        "import os, select, sys; del select.epoll, os.eventfd, os.memfd_create\n"
        "for name in [n for n in dir(select) if n.startswith('EPOLL')]: delattr(select, name)\n"
        "sys.modules['resource'] = sys.modules['fcntl'] = None\n"
        "import tcpgoon.cli.server, tcpgoon.server\n"
        "from tcpgoon.cli.main import main\n"
        "main(['server'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert done.stderr == "tcpgoon: the bundled server needs epoll and eventfd: it runs on Linux only\n"
    assert done.returncode == 64


def open_descriptors() -> set[str]:
    """The descriptors of this process."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}
