"""One server as several processes: the limit over all, and nobody left behind."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tcpgoon.errors import ListenError, TcpgoonError
from tcpgoon.server import Counts, Server, ServerConfig, ServerProcess, workers
from tcpgoon.server.config import Above

Dial = Callable[[object], socket.socket]
Answer = Callable[[socket.socket], str]
Eventually = Callable[[Callable[[], bool]], None]


@pytest.mark.parametrize(("above", "end"), [("close", "closed"), ("reset", "reset")])
def test_the_limit_is_exact_over_all_workers(
    above: Above, end: str, dial: Dial, answer: Answer, eventually: Eventually
) -> None:
    with Server(ServerConfig(workers=3, max_connections=10, above=above, banner=b"!")) as server:
        first = [dial(server) for _ in range(60)]
        held = [connection for connection in first if answer(connection) == "!"]
        assert len(held) == 10
        for connection in held[:4]:
            connection.close()
        eventually(lambda: server.held == 6)
        assert sorted(answer(dial(server)) for _ in range(20)) == sorted(["!"] * 4 + [end] * 16)
    assert server.counts == Counts(accepted=14, peak=10, refused=66, held=10)


def test_stopped_workers_go_on_when_another_one_has_a_place_again(dial: Dial, eventually: Eventually) -> None:
    with Server(ServerConfig(workers=3, max_connections=5, above="stop", banner=b"!")) as server:
        waiting = {connection.fileno(): connection for connection in (dial(server) for _ in range(60))}
        poll = select.poll()
        for fd in waiting:
            poll.register(fd, select.POLLIN)
        while waiting:
            answered = [fd for fd, _ in poll.poll(5_000)]
            assert 1 <= len(answered) <= 5
            for fd in answered:
                poll.unregister(fd)
                connection = waiting.pop(fd)
                assert connection.recv(10) == b"!"
                connection.close()
        eventually(lambda: server.held == 0)
    assert server.counts == Counts(accepted=60, peak=5, refused=0, held=0)


def test_the_counts_of_all_workers_are_added_up(dial: Dial, answer: Answer, eventually: Eventually) -> None:
    with Server(ServerConfig(workers=4, banner=b"!")) as server:
        connections = [dial(server) for _ in range(400)]
        assert {answer(connection) for connection in connections} == {"!"}
        assert server.counts == Counts(accepted=400, peak=400, refused=0, held=400)
        for connection in connections:
            connection.close()
        eventually(lambda: server.held == 0)


def test_all_workers_have_their_share(dial: Dial, answer: Answer) -> None:
    with ServerProcess(ServerConfig(workers=3, banner=b"!")) as server:
        children = workers_of(server.pid)
        before = [sockets_of(pid) for pid in children]
        for connection in [dial(server) for _ in range(100)]:
            assert answer(connection) == "!"
        shares = [sockets_of(pid) - count for pid, count in zip(children, before, strict=True)]
    assert sum(shares) == 100
    assert min(shares) > 5


def test_a_killed_parent_leaves_no_worker(dial: Dial, answer: Answer) -> None:
    with ServerProcess(ServerConfig(workers=3, banner=b"!")) as server:
        connection = dial(server)
        assert answer(connection) == "!"
        children = [os.pidfd_open(pid) for pid in (*children_of(server.pid), *workers_of(server.pid))]
        assert len(children) == 4
        os.kill(server.pid, signal.SIGKILL)
        wait_for_end(children)
        assert answer(connection) == "closed"
        with pytest.raises(ConnectionRefusedError):
            dial(server)


def test_a_dead_worker_ends_the_server_with_a_line() -> None:
    with ServerProcess(ServerConfig(workers=3)) as server:
        nursery, (dead, *others) = children_of(server.pid), workers_of(server.pid)
        watched = [os.pidfd_open(pid) for pid in (server.pid, *nursery, *others)]
        os.kill(dead, signal.SIGKILL)
        wait_for_end(watched)
        assert server.end() == 70
    assert (
        server.errors == f"tcpgoon: worker process {dead} of the server was ended by SIGKILL, and the server with it\n"
    )


def test_a_dead_nursery_ends_the_server_too() -> None:
    with ServerProcess(ServerConfig(workers=3)) as server:
        (nursery,), workers = children_of(server.pid), workers_of(server.pid)
        watched = [os.pidfd_open(pid) for pid in (server.pid, *workers)]
        os.kill(nursery, signal.SIGKILL)
        wait_for_end(watched)
        assert server.end() == 70
    assert server.errors == (
        f"tcpgoon: worker process {nursery} of the server was ended by SIGKILL, and the server with it\n"
    )


def test_a_dead_worker_is_an_error_of_the_with_too(eventually: Eventually) -> None:
    server = Server(ServerConfig(workers=2))
    line = r"^worker process \d+ of the server was ended by SIGTERM, and the server with it$"
    with pytest.raises(TcpgoonError, match=line), server:  # noqa: PT012 - all of the block is needed
        os.kill(workers_in(server)[0], signal.SIGTERM)
        eventually(lambda: server._failure is not None)


def test_workers_that_cannot_start_are_an_error_and_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = links_of(os.getpid())
    monkeypatch.setattr("sys.executable", "/bin/false")
    line = r"^worker process \d+ of the server ended with exit status 1, and the server with it$"
    with pytest.raises(TcpgoonError, match=line), Server(ServerConfig(workers=3)):
        pass
    monkeypatch.setattr("sys.executable", "/no/such/python")
    line = r"^cannot start the server on 127\.0\.0\.1:\d+: No such file or directory$"
    with pytest.raises(ListenError, match=line), Server(ServerConfig(workers=3)):
        pass
    assert links_of(os.getpid()) == before


def test_workers_that_have_no_descriptors_are_an_error_and_leave_nothing() -> None:
    # Enough for the listeners of all, but not for the pipes of the nursery as well.
    command = f"ulimit -n 40 && exec {sys.executable} -m tcpgoon server --workers 20"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert re.fullmatch(r"tcpgoon: cannot start the server on 127\.0\.0\.1:\d+: Too many open files\n", done.stderr)
    assert (done.stdout, done.returncode) == ("", 64)


def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_GRACE_S", 0.2)
    with Server(ServerConfig(workers=2)) as server:
        pids = workers_in(server)
        watched = [os.pidfd_open(pid) for pid in pids]
        os.kill(pids[0], signal.SIGSTOP)
    wait_for_end(watched)


def test_a_nursery_that_does_not_end_is_killed_with_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_GRACE_S", 0.2)
    with Server(ServerConfig(workers=2)) as server:
        nursery, pids = nursery_in(server), workers_in(server)
        watched = [os.pidfd_open(pid) for pid in pids]
        for pid in (nursery.pid, *pids):
            os.kill(pid, signal.SIGSTOP)
    assert nursery.returncode == -signal.SIGKILL
    wait_for_end(watched)


def test_a_worker_inherits_only_what_it_needs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        ours.set_inheritable(True)
        with ServerProcess(ServerConfig(workers=2, max_connections=5)) as server:
            (nursery,), pids = children_of(server.pid), workers_of(server.pid)
            for pid in (server.pid, nursery, *pids):
                assert re.search(rf"socket:\[{os.fstat(ours.fileno()).st_ino}\]", "".join(links_of(pid))) is None
            # Standard streams, listener, memory (twice: mmap keeps its own), places, lifeline, report; wake-up and
            # epoll of its own.
            assert [len(links_of(pid)) for pid in pids] == [11, 11]
            # Standard streams, memory, places, lifeline, report, and the report of each worker.
            assert len(links_of(nursery)) == 9


def nursery_in(server: Server) -> subprocess.Popen[bytes]:
    """The nursery of a server in this process, which has other children too."""
    assert isinstance(server._service, workers.Workers)
    assert server._service._nursery
    return server._service._nursery


def workers_in(server: Server) -> list[int]:
    """The process ids of its workers."""
    return children_of(nursery_in(server).pid)


def workers_of(pid: int) -> list[int]:
    """The process ids of the workers: the children of the nursery, which is a child."""
    return [worker for nursery in children_of(pid) for worker in children_of(nursery)]


def children_of(pid: int) -> list[int]:
    """The process ids of the children, whichever thread has started them."""
    lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for children in lists for child in children.split()]


def links_of(pid: int) -> list[str]:
    """What the descriptors of the process are."""
    links = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the directory itself
            links.append(str(path.readlink()))
    return links


def sockets_of(pid: int) -> int:
    """How many sockets the process has."""
    return sum(link.startswith("socket:") for link in links_of(pid))


def wait_for_end(pidfds: list[int]) -> None:
    """Wait until all these processes have ended."""
    poll = select.poll()
    for pidfd in pidfds:
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(5_000), "a process lives on"
        poll.unregister(pidfd)
        os.close(pidfd)
