"""Which listeners are the target's, and in which network namespace."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tcpgoon.engine.machine import sock_diag
from tcpgoon.engine.on_site import vantage
from tcpgoon.engine.on_site.vantage import Vantage
from tcpgoon.plan.endpoint import Endpoint, Family

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc and netlink are Linux's")

LISTEN = """
import socket, sys
socks = [socket.create_server(("0.0.0.0", port), backlog=5) for port in map(int, sys.argv[1:])]
print("here", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listener(stack: ExitStack, address: str, port: int = 0) -> socket.socket:
    sock = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((address, port))
    sock.listen(5)
    return sock


def looking(stack: ExitStack, address: str, port: int, pid: int | None = None) -> Vantage:
    found = Vantage(Endpoint(address, port), pid)
    stack.callback(found.close)
    return found


def inodes(seen: Vantage) -> set[int]:
    return {one.inode for one in seen.listeners()}


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def test_one_of_the_address_comes_before_those_of_any(stack: ExitStack) -> None:
    anywhere = listener(stack, "0.0.0.0")
    port = anywhere.getsockname()[1]
    seen = looking(stack, "127.0.0.1", port)
    assert inodes(seen) == {inode(anywhere)}
    here = listener(stack, "127.0.0.1", port)
    assert inodes(seen) == {inode(here)}
    assert inodes(looking(stack, "127.0.0.2", port)) == {inode(anywhere)}
    assert inodes(looking(stack, "::1", port)) == set()


def test_ipv4_comes_before_ipv6_that_takes_it_too(stack: ExitStack) -> None:
    both = listener(stack, "::")
    port = both.getsockname()[1]
    seen = looking(stack, "127.0.0.1", port)
    assert inodes(seen) == inodes(looking(stack, "::1", port)) == {inode(both)}
    four = listener(stack, "0.0.0.0", port)
    assert inodes(seen) == {inode(four)}


def test_what_was_accepted(stack: ExitStack) -> None:
    sock = listener(stack, "127.0.0.1")
    seen = looking(stack, "127.0.0.1", sock.getsockname()[1])
    with socket.create_connection(sock.getsockname()), sock.accept()[0]:
        assert seen.accepted(seen.listeners()) == 1
    assert seen.accepted([]) == 0
    assert seen.overflows() >= 0


def test_without_netlink_there_is_proc(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sock_diag, "_NETLINK_SOCK_DIAG", 31)
    sock = listener(stack, "127.0.0.1")
    seen = looking(stack, "127.0.0.1", sock.getsockname()[1])
    assert [(one.inode, one.backlog) for one in seen.listeners()] == [(inode(sock), None)]
    assert seen.accepted(seen.listeners()) == 0


def test_a_netlink_that_fails_is_given_up(stack: ExitStack) -> None:
    sock = listener(stack, "127.0.0.1")
    seen = looking(stack, "127.0.0.1", sock.getsockname()[1])
    assert [one.backlog for one in seen.listeners()] == [5]
    seen.close()
    assert [one.backlog for one in seen.listeners()] == [None]


class Elsewhere:
    """A process in a network namespace of its own that listens on ``ports``."""

    def __init__(self, *ports: int) -> None:
        self._child = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-I", "-S", "-c", LISTEN, *map(str, ports)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._child.stdout
        assert self._child.stdout.readline() == "here\n"
        self.pid = self._child.pid
        links = (str(path.readlink()) for path in Path(f"/proc/{self.pid}/fd").iterdir())
        self.sockets = frozenset(int(link[8:-1]) for link in links if link.startswith("socket:"))

    def end(self) -> None:
        self._child.communicate(timeout=30)


def elsewhere(stack: ExitStack, *ports: int) -> Elsewhere:
    child = Elsewhere(*ports)
    stack.callback(child.end)
    return child


@pytest.mark.requires("root", "unshare")
@pytest.mark.parametrize("entered", [True, False])
def test_another_namespace(stack: ExitStack, monkeypatch: pytest.MonkeyPatch, entered: bool) -> None:
    """Where it may not be entered, ``/proc`` tells less of it."""
    if not entered:
        monkeypatch.setattr(vantage, "_CLONE_NEWNET", 1)  # EINVAL
    ours = listener(stack, "127.0.0.1")
    port = ours.getsockname()[1]
    child = elsewhere(stack, port)
    seen = looking(stack, "127.0.0.1", port, child.pid)
    assert seen.elsewhere
    assert [(one.inode, one.backlog) for one in seen.listeners()] == [(*child.sockets, 5 if entered else None)]
    assert seen.overflows() == 0
    assert inodes(looking(stack, "127.0.0.1", port, os.getpid())) == {inode(ours)}


@pytest.mark.requires("root", "unshare")
def test_another_port_in_another_namespace(stack: ExitStack) -> None:
    """That which is dialled is translated; if it listens on several it is not known which."""
    one, several = elsewhere(stack, 80), elsewhere(stack, 80, 81)
    found = []
    for child, asked in ((one, 80), (one, 8_080), (several, 8_080), (several, 81)):
        seen = looking(stack, "127.0.0.1", asked, child.pid)
        seen.find_port(child.sockets)
        found.append((seen.port, len(seen.listeners())))
    assert found == [(80, 1), (80, 1), (8_080, 0), (81, 1)]


def test_a_process_in_our_namespace(stack: ExitStack) -> None:
    sock = listener(stack, "127.0.0.1")
    seen = looking(stack, "127.0.0.1", 1, os.getpid())
    assert not seen.elsewhere
    seen.find_port(frozenset({inode(sock)}))
    assert seen.port == 1


def test_a_namespace_that_is_hidden(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a listening socket that is in both says that it is ours."""

    def hidden(*_: object) -> None:
        raise PermissionError

    listener(stack, "127.0.0.1")
    monkeypatch.setattr(vantage, "_namespace_of", hidden)
    assert vantage._is_ours(os.getpid())


@pytest.mark.requires("root", "unshare")
@pytest.mark.parametrize("entered", [True, False])
def test_a_process_that_has_ended(stack: ExitStack, monkeypatch: pytest.MonkeyPatch, entered: bool) -> None:
    """By it we saw its namespace, in which nobody is any more."""
    if not entered:
        monkeypatch.setattr(vantage, "_CLONE_NEWNET", 1)
    child = elsewhere(stack, 80)
    seen = looking(stack, "127.0.0.1", 80, child.pid)
    assert len(seen.listeners()) == 1
    child.end()
    assert (seen.listeners(), seen.overflows()) == ([], 0)
    assert seen._ask(lambda source: source.accepted(Family.IPV4, 80)) == 0


def test_one_that_had_ended_before() -> None:
    with pytest.raises(FileNotFoundError):
        Vantage(Endpoint("127.0.0.1", 80), 4_194_304)
