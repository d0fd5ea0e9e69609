"""What the kernel tells of sockets, of real ones, with exact numbers; `proc_net` has to give the same."""

import errno
import ipaddress
import os
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing

import pytest

from tcpgoon.engine.machine import proc_net, sock_diag
from tcpgoon.engine.machine.sock_diag import Listener, SockDiag, Towards, listeners, towards
from tcpgoon.plan.endpoint import Family
from tests.netlab.namespace import Namespace

V4, V6 = Family.IPV4, Family.IPV6
RESET = struct.pack("ii", 1, 0)

Listen = Callable[..., socket.socket]
Dial = Callable[..., socket.socket]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def listen(stack: ExitStack) -> Listen:
    """A listener on a free port."""

    def listen(address: str = "127.0.0.1", backlog: int = 7, v6_only: bool = False, port: int = 0) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = stack.enter_context(socket.socket(family))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
        sock.bind((address, port))
        sock.listen(backlog)
        return sock

    return listen


@pytest.fixture
def dial(stack: ExitStack) -> Dial:
    """A connection that leaves nothing behind."""

    def dial(address: str, port: int, source: str | None = None) -> socket.socket:
        sock = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if source:
            sock.bind((source, 0))
        sock.connect((address, port))
        return sock

    return dial


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def comes_to_be(look: Callable[[], object], expected: object) -> None:
    """The kernel may still be busy with the last packets; or another test had this port, and left it in TIME_WAIT."""
    deadline = time.monotonic() + 90
    while (seen := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.001)
    assert seen == expected


def expected(sock: socket.socket, address: str, family: Family, queued: int = 0, backlog: int = 7) -> Listener:
    return Listener(address, port_of(sock), os.fstat(sock.fileno()).st_ino, queued, backlog, os.geteuid(), family, 0)


def both(family: Family, port: int) -> list[Listener]:
    """What both say; how long an accept queue may be only one of them knows."""
    found, files = (sorted(ask(family, port), key=lambda one: one.inode) for ask in (listeners, proc_net.listeners))
    assert [one._replace(queued=0) for one in files] == [
        one._replace(queued=0, backlog=None, drops=None) for one in found
    ]
    return found


def test_a_listener_and_its_accept_queue(listen: Listen, dial: Dial) -> None:
    sock = listen(backlog=7)
    port = port_of(sock)
    assert both(V4, port) == [expected(sock, "127.0.0.1", V4)]
    assert both(V6, port) == []
    for _ in range(3):
        dial("127.0.0.1", port)
    comes_to_be(lambda: both(V4, port), [expected(sock, "127.0.0.1", V4, queued=3)])
    with sock.accept()[0]:
        assert both(V4, port) == [expected(sock, "127.0.0.1", V4, queued=2)]
        assert [one.queued for one in proc_net.listeners(V4, port)] == [2]


def test_an_accept_queue_that_is_full(listen: Listen, dial: Dial) -> None:
    """It takes one more than was asked for."""
    sock = listen(backlog=2)
    for _ in range(3):
        dial("127.0.0.1", port_of(sock))
    full = expected(sock, "127.0.0.1", V4, queued=3, backlog=2)
    comes_to_be(lambda: listeners(V4, port_of(sock)), [full])


def test_listeners_that_share_a_port(listen: Listen) -> None:
    first = listen()
    second = listen(backlog=9, port=port_of(first))
    assert both(V4, port_of(first)) == sorted(
        [expected(first, "127.0.0.1", V4), expected(second, "127.0.0.1", V4, backlog=9)], key=lambda one: one.inode
    )


def test_an_ipv6_listener_takes_ipv4_too(listen: Listen) -> None:
    sock = listen("::")
    assert both(V4, port_of(sock)) == both(V6, port_of(sock)) == [expected(sock, "::", V6)]


def test_unless_it_may_not(listen: Listen) -> None:
    sock = listen("::", v6_only=True)
    assert listeners(V4, port_of(sock)) == []
    assert listeners(V6, port_of(sock)) == [expected(sock, "::", V6)]


def test_an_ipv6_socket_with_an_ipv4_address(listen: Listen, dial: Dial) -> None:
    """As Java makes them."""
    sock = listen("::ffff:127.0.0.1")
    port = port_of(sock)
    assert both(V4, port) == [expected(sock, "127.0.0.1", V6)]
    assert both(V6, port) == []
    dial("127.0.0.1", port)
    with sock.accept()[0], SockDiag() as kernel:
        assert (kernel.accepted(V6, port), kernel.accepted(V4, port)) == (1, 0)
        assert (proc_net.accepted(V6, port), proc_net.accepted(V4, port)) == (1, 0)


def test_all_ports(listen: Listen) -> None:
    here, there = listen(), listen("::1")
    with SockDiag() as kernel:
        found = {one.inode for family in (V4, V6) for one in kernel.listeners(family)}
    files = {one.inode for family in (V4, V6) for one in proc_net.listeners(family)}
    ours = {os.fstat(sock.fileno()).st_ino for sock in (here, there)}
    assert ours <= found
    assert ours <= files


def test_those_that_a_process_has_accepted(listen: Listen, dial: Dial, stack: ExitStack) -> None:
    sock = listen()
    port = port_of(sock)
    clients = [dial("127.0.0.1", port) for _ in range(5)]
    accepted = [stack.enter_context(sock.accept()[0]) for _ in range(3)]
    with SockDiag() as kernel:
        assert kernel.accepted(V4, port) == proc_net.accepted(V4, port) == 3
        clients[0].shutdown(socket.SHUT_WR)  # what the process has not closed yet is its own still
        assert accepted[0].recv(1) == b""
        assert kernel.accepted(V4, port) == proc_net.accepted(V4, port) == 3
        accepted[0].close()
        assert kernel.accepted(V4, port) == proc_net.accepted(V4, port) == 2


def added(found: dict[bytes, Towards], sources: Sequence[str]) -> tuple[int, int]:
    local = [ipaddress.ip_address(source).packed for source in sources] or list(found)
    chosen = [found.get(address, Towards(0, 0)) for address in local]
    return sum(one.in_use for one in chosen), sum(one.time_wait for one in chosen)


def assert_towards(family: Family, address: str, port: int, *sources: str, count: tuple[int, int]) -> None:
    comes_to_be(lambda: added(towards(family, address, port), sources), count)
    assert added(proc_net.towards(address, port), sources) == count


def test_connections_towards_an_address(listen: Listen, dial: Dial) -> None:
    sock = listen("0.0.0.0", backlog=100)
    port = port_of(sock)
    for _ in range(4):
        dial("127.0.0.1", port)
    for source in ("127.0.0.3", "127.0.0.4", "127.0.0.4"):
        dial("127.0.0.2", port, source)
    assert_towards(V4, "127.0.0.1", port, count=(4, 0))
    assert_towards(V4, "127.0.0.2", port, count=(3, 0))
    assert_towards(V4, "127.0.0.2", port, "127.0.0.4", count=(2, 0))
    assert_towards(V4, "127.0.0.2", port, "127.0.0.3", "127.0.0.4", count=(3, 0))
    assert_towards(V4, "127.0.0.9", port, count=(0, 0))


def test_connections_from_some_ports(listen: Listen, dial: Dial) -> None:
    sock = listen()
    ours = [port_of(dial("127.0.0.1", port_of(sock))) for _ in range(3)]
    at = ipaddress.ip_address("127.0.0.1").packed
    assert towards(V4, "127.0.0.1", port_of(sock), ours[:2]) == {at: (2, 0)}
    assert proc_net.towards("127.0.0.1", port_of(sock), ours[:2]) == {at: (2, 0)}


def test_ipv4_by_an_ipv6_socket_is_ipv4(listen: Listen, dial: Dial) -> None:
    port = port_of(listen("::"))
    for address in ("::ffff:127.0.0.1", "127.0.0.1", "::1"):
        dial(address, port)
    assert_towards(V4, "127.0.0.1", port, count=(2, 0))
    assert_towards(V6, "::1", port, count=(1, 0))


def test_a_dial_in_flight_counts(listen: Listen, dial: Dial, stack: ExitStack) -> None:
    """And so does a connection of which one half is closed."""
    sock = listen(backlog=0)
    port = port_of(sock)
    dial("127.0.0.1", port).shutdown(socket.SHUT_WR)
    unanswered = stack.enter_context(socket.socket())
    unanswered.setblocking(False)
    assert unanswered.connect_ex(("127.0.0.1", port)) == errno.EINPROGRESS
    assert_towards(V4, "127.0.0.1", port, count=(2, 0))


@pytest.mark.requires("root", "ip")
def test_thousands_in_time_wait(stack: ExitStack) -> None:
    """In a network namespace, since here they would keep their ports from others for a minute."""
    stack.enter_context(closing(namespace := Namespace()))
    stack.enter_context(namespace.entered())
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=30)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = port_of(sock)
        for _ in range(5_000):
            with socket.create_connection(("127.0.0.1", port)):
                server, _ = sock.accept()
            assert server.recv(1) == b""
            server.close()
        assert_towards(V4, "127.0.0.1", port, count=(0, 5_000))


def test_the_end_of_a_dump_that_was_torn_is_asked_for_again() -> None:
    """The kernel says that its tables changed meanwhile (NLM_F_DUMP_INTR): after three tries we take what there is."""
    for torn, asked in ((0, 1), (1, 2), (2, 3), (9, 3)):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with SockDiag(ours) as kernel, theirs:
            for number in range(1, asked + 1):
                flags = sock_diag._NLM_F_DUMP_INTR if number <= torn else 0
                late = struct.pack("=IHHII", 20, 3, 0, number - 1, 0) + bytes(4)  # of the answer before
                one = struct.pack("=IHHII", 16 + 72, 20, flags, number, 0) + bytes([2, 10]) + bytes(70)
                theirs.send(late + one)
                theirs.send(struct.pack("=IHHII", 20, 3, 0, number, 0) + bytes(4))
            assert len(kernel.listeners(V6, 80)) == 0  # the socket in the answer is an IPv4 one
            assert len(waiting(theirs)) == asked


def waiting(sock: socket.socket) -> list[bytes]:
    """The requests that were sent to ``sock``."""
    sock.setblocking(False)
    found: list[bytes] = []
    while True:
        try:
            found.append(sock.recv(65_536))
        except BlockingIOError:
            return found


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (struct.pack("=IHHIIi", 20, 2, 0, 1, 0, -errno.ENOENT), errno.ENOENT),
        (struct.pack("=IHHIIi", 20, 3, 0, 1, 0, -errno.EPERM), errno.EPERM),
        (struct.pack("=IHHII", 20, 20, 0, 1, 0) + bytes(4), errno.EPROTO),
    ],
    ids=["an error", "an error at the end", "too short to be a socket"],
)
def test_what_the_kernel_refuses_is_an_oserror(answer: bytes, number: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with SockDiag(ours) as kernel, theirs:
        theirs.send(answer)
        with pytest.raises(OSError, match=rf"\[Errno {number}\]"):
            kernel.listeners(V4, 80)


def test_nonsense_ends_what_is_read_of_a_part() -> None:
    """A length of 0 does not make us read the same message for ever."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with SockDiag(ours) as kernel, theirs:
        theirs.send(bytes(32))
        theirs.send(struct.pack("=IHHII", 16, 3, 0, 1, 0))
        assert kernel.accepted(V4, 80) == 0


def test_a_kernel_that_refuses_for_real() -> None:
    with SockDiag() as kernel, pytest.raises(OSError, match=r"."):
        kernel.dump(255, 1)


def test_a_kernel_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sock_diag, "_NETLINK_SOCK_DIAG", 31)
    with pytest.raises(OSError, match=r"not supported"):
        listeners(V4, 80)


def test_a_system_without_netlink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK")
    with pytest.raises(OSError, match=r"not supported"):
        towards(V4, "127.0.0.1", 80)


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        (b"", b""),
        (struct.pack("=HHB3x", 5, 8, 0) + struct.pack("=HHB3x", 5, 11, 1), b"\1"),
        (struct.pack("=HHB3x", 5, 11, 0), b"\0"),
        (struct.pack("=HHB3x", 0, 11, 1), b""),
    ],
    ids=["none", "the second", "the first", "nonsense"],
)
def test_an_attribute(attributes: bytes, found: bytes) -> None:
    assert sock_diag._attribute(bytes(72) + attributes, 11) == found


def test_what_a_listener_dropped(listen: Listen, stack: ExitStack) -> None:
    """Each of two sockets counts for itself."""
    full, idle = listen(backlog=1), listen(backlog=1)
    for _ in range(5):
        client = stack.enter_context(socket.socket())
        client.setblocking(False)
        client.connect_ex(full.getsockname())
    comes_to_be(lambda: [one.queued for one in listeners(V4, port_of(full))], [2])
    comes_to_be(lambda: (listeners(V4, port_of(full))[0].drops or 0) >= 3, True)
    assert [one.drops for one in listeners(V4, port_of(idle))] == [0]
    assert [one.drops for one in proc_net.listeners(V4, port_of(full))] == [None]
