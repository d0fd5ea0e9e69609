"""Who has a socket, who forked whom, and what they use: of real processes."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tcpgoon.engine.on_site import processes
from tcpgoon.engine.on_site.processes import Found, Processes, describe, described
from tcpgoon.judge.on_site import Process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

HOLD = "import sys; print('here', flush=True); sys.stdin.read()"
FORK = "import os, sys; pid = os.fork(); print(pid, flush=True) if pid else None; sys.stdin.read(); pid and os.wait()"

Start = Callable[..., "Child"]


class Child:
    """A process that lives until it is ended, and what it said first."""

    def __init__(self, code: str, *sockets: socket.socket) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[sock.fileno() for sock in sockets],
        )
        self.pid = self._child.pid
        assert self._child.stdout
        self.said = self._child.stdout.readline().strip()

    def ask(self) -> str:
        """What it says next, when it is told to go on."""
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write("\n")
        self._child.stdin.flush()
        return self._child.stdout.readline().strip()

    def end(self) -> None:
        self._child.communicate(timeout=30)

    def kill(self) -> None:
        """It is a zombie then, until `end`."""
        self._child.kill()
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as ending:

        def start(code: str, *sockets: socket.socket) -> Child:
            child = Child(code, *sockets)
            ending.callback(child.end)
            return child

        yield start


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def found(*owners: int, children: tuple[int, ...] = (), unseen: tuple[int, ...] = ()) -> Found:
    return Found(frozenset(owners), frozenset(children), frozenset(unseen))


def test_our_own_socket_is_nobodys(listener: socket.socket) -> None:
    """Nor is it hidden."""
    assert Processes().find([inode(listener)]) == found()


def test_a_socket_that_nobody_has() -> None:
    assert Processes().find([1]) == found(unseen=(1,))


def test_a_socket_that_others_have_too(listener: socket.socket, start: Start) -> None:
    first, second = start(HOLD, listener), start(HOLD, listener)
    start(HOLD)
    look = Processes()
    assert look.find([inode(listener)]) == found(first.pid, second.pid)
    assert look.find([inode(listener)]) == found(first.pid, second.pid)
    second.end()
    assert look.find([inode(listener)]) == found(first.pid)


def test_one_of_several_sockets(listener: socket.socket, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        first = start(HOLD, listener, other)
        look = Processes()
        assert look.find([inode(listener)]) == found(first.pid)
        second = start(HOLD, other)
        assert look.find([inode(listener), inode(other)]) == found(first.pid, second.pid)
        assert look.find([inode(other)]) == found(first.pid, second.pid)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The processes whose descriptors are looked at, all of them."""
    pids, sockets_in = set[int](), processes._sockets_in

    def noted(folder: str) -> dict[int, str]:
        pids.add(int(Path(folder).parent.name))
        return sockets_in(folder)

    monkeypatch.setattr(processes, "_sockets_in", noted)
    return pids


def test_whom_we_start_without_one_need_not_be_looked_at(start: Start, looked_at: set[int]) -> None:
    """Our own workers have very many sockets, and none that is sought."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sought = inode(sock)
        server = start(FORK, sock)
    look, worker = Processes(), int(server.said)
    assert look.find([sought]) == found(server.pid, worker)
    assert looked_at >= {os.getpid(), server.pid, worker}
    looked_at.clear()
    nursery = start(FORK)
    assert look.find([sought]) == found(server.pid, worker)
    assert looked_at.isdisjoint({os.getpid(), nursery.pid, int(nursery.said)})


def test_a_child_of_ours_that_has_one_gives_it_to_its_own(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sought = inode(sock)
        server = start(f"print('here', flush=True); input(); {FORK}", sock)
    look = Processes()
    assert look.find([sought]) == found(server.pid)
    worker = int(server.ask())
    assert look.find([sought]) == found(server.pid, worker)


def test_who_is_forked_later_has_it_too(listener: socket.socket, start: Start) -> None:
    look = Processes()
    assert look.find([inode(listener)]) == found()
    parent = start(FORK, listener)
    assert look.find([inode(listener)]) == found(parent.pid, int(parent.said))


def test_who_was_forked_without_it(listener: socket.socket, start: Start) -> None:
    """As sshd does: what it forks closes the listening socket."""
    code = FORK.replace("sys.stdin", f"pid or (os.close({listener.fileno()}), print(pid, flush=True)); sys.stdin", 1)
    parent = start(code.replace("print(pid, flush=True) if pid else None; ", ""), listener)
    assert parent.said == "0"
    look = Processes().find([inode(listener)])
    assert look.owners == {parent.pid}
    assert look.children == {child.pid for child in psutil.Process(parent.pid).children()}
    assert len(look.children) == 1


def test_a_process_that_was_asked_for(listener: socket.socket, start: Start) -> None:
    """It and what it forked is all that is looked at, whoever else has the socket."""
    parent, _ = start(FORK), start(HOLD, listener)
    look = Processes(parent.pid)
    assert look.find([inode(listener)]) == found(parent.pid, children=(int(parent.said),), unseen=(inode(listener),))
    assert look.sockets_of_family() == frozenset()


def test_the_sockets_of_a_process_that_was_asked_for(listener: socket.socket, start: Start) -> None:
    child = start(HOLD, listener)
    assert Processes(child.pid).sockets_of_family() == {inode(listener)}
    assert Processes(child.pid).find([inode(listener)]) == found(child.pid)


def test_a_process_that_has_ended(start: Start) -> None:
    child = start(HOLD)
    child.end()
    assert Processes(child.pid).find([1]) == found(unseen=(1,))
    assert Processes(child.pid).sockets_of_family() == frozenset()


@pytest.mark.requires("root")
def test_what_is_not_ours_to_see(listener: socket.socket, start: Start) -> None:
    """Asked by one who is not root, of a process of root."""
    child = start(HOLD, listener)
    code = f"""
import os, sys
sys.path[:0] = {sys.path!r}
import psutil
from tcpgoon.engine.on_site.processes import Processes, describe
os.setuid(65_534)
found = Processes({child.pid}).find([{inode(listener)}]), Processes().find([{inode(listener)}]).unseen
print(*found, describe({child.pid}).descriptors_limit, sep=" | ", flush=True)
sys.stdin.read()
"""
    said = start(code).said
    by_number, unseen, limit = said.split(" | ")
    none = frozenset[int]()
    assert by_number == str(Found(frozenset({child.pid}), none, frozenset({inode(listener)}), frozenset({child.pid})))
    assert unseen == f"frozenset({{{inode(listener)}}})"
    assert int(limit) == os.sysconf("SC_OPEN_MAX")


def test_what_a_process_uses(listener: socket.socket, start: Start) -> None:
    child = start(f"import threading; threading.Thread(target=threading.Event().wait, daemon=True).start(); {HOLD}")
    process = describe(child.pid)
    assert process is not None
    assert process == Process(
        pid=child.pid,
        name=psutil.Process(child.pid).name(),
        descriptors=len(list(Path(f"/proc/{child.pid}/fd").iterdir())),
        descriptors_limit=os.sysconf("SC_OPEN_MAX"),
        threads=2,
        rss=process.rss,
    )
    assert process.rss is not None
    assert 1_000_000 < process.rss < 100_000_000


def test_a_kernel_that_does_not_say_how_many_descriptors_there_are(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 6.2 they have to be counted."""
    child = start(HOLD)
    monkeypatch.setattr(processes, "_size", lambda _folder: 0)
    process = describe(child.pid)
    assert process is not None
    assert process.descriptors == len(list(Path(f"/proc/{child.pid}/fd").iterdir()))


@pytest.mark.parametrize(("soft", "limit"), [("64", 64), ("unlimited", None)])
def test_the_soft_limit_of_descriptors(soft: str, limit: int | None) -> None:
    lines = [
        "Limit  Soft Limit  Hard Limit  Units",
        f"Max open files  {soft}  128  files",
        "Max locked memory  8  8  bytes",
    ]
    assert processes._descriptors_limit("\n".join(lines)) == limit


def test_the_name_of_a_process_is_escaped(start: Start) -> None:
    child = start(f"import ctypes; ctypes.CDLL(None).prctl(15, b'\\x1b[31m) \\xff\\n', 0, 0, 0); {HOLD}")
    process = describe(child.pid)
    assert process is not None
    assert process.name == r"\x1b[31m) \xff\n"


def test_one_that_has_ended_uses_nothing(start: Start) -> None:
    child = start(HOLD)
    child.kill()
    assert describe(child.pid) is None
    assert Processes().find([1]).owners == set()
    child.end()
    assert describe(child.pid) is None


def test_those_with_the_most_descriptors_come_first(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = start(HOLD), start(f"import os; kept = [os.dup(0) for _ in range(9)]; {HOLD}")
    assert [process.pid for process in described({few.pid, many.pid, 4_194_304})] == [many.pid, few.pid]
    monkeypatch.setattr(processes, "MOST_PROCESSES", 1)
    assert [process.pid for process in described({few.pid, many.pid})] == [many.pid]
