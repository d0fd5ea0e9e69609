"""Both kernels on real sockets: every verb, and what each kind of peer looks like through it."""

import errno
import resource
import socket
import sys
import threading

import pytest

from tcpgoon.engine.kernel import AGAIN, ANOTHER_PORT, MORE, Refusal
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.outcome import FIN, Phase
from tests.engine.dialled import RESET, Dialled, Kernels, kernel_lanes


def test_a_handshake_that_succeeds(dialled: Dialled) -> None:
    kernel = dialled.kernel
    with dialled.connect(3) as peer:
        assert kernel.finish(3) == 0
        rtt_us, retransmits = kernel.inspect(3)
        assert kernel.local_port(3) == peer.getpeername()[1]
        assert retransmits == 0
        assert (rtt_us > 0) == isinstance(kernel, EpollKernel)


@pytest.mark.skipif(sys.platform != "linux", reason="EPOLLOUT alone is Linux's word for it")
def test_success_alone_needs_no_second_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = Dialled(EpollKernel, listener)
        assert dialled.kernel.dial(0) is None
        assert dialled.wait() == [(0, 0)]
        dialled.kernel.shut()


def test_a_port_where_nobody_listens(kind: Kernels) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint(*listener.getsockname())
    kernel = kind(kernel_lanes(endpoint), range(1))
    assert kernel.dial(0) is None
    (row, more), *_ = kernel.poll(10)
    assert (row, bool(more)) == (0, True)
    assert kernel.finish(0) == errno.ECONNREFUSED
    kernel.shut()


def test_destinations_of_both_families(kind: Kernels) -> None:
    """A name may have addresses of both, and all of them be dialled."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("::1", 0), family=socket.AF_INET6) as two:
        endpoints = [Endpoint(*listener.getsockname()[:2]) for listener in (one, two)]
        kernel = kind([lane for endpoint in endpoints for lane in kernel_lanes(endpoint)], range(2))
        assert [kernel.dial(row) for row in range(2)] == [None, None]
        for row, listener in enumerate((one, two)):
            with listener.accept()[0] as peer:
                assert kernel.ends(row)[0].port == peer.getpeername()[1]
        kernel.shut()


def test_nothing_to_read(dialled: Dialled) -> None:
    with dialled.connect(0):
        assert dialled.kernel.drain(0) == (0, AGAIN)


def test_data_is_counted_and_dropped(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        dialled.kernel.inspect(0)
        peer.sendall(b"x" * 1_000)
        assert [row for row, more in dialled.wait() if more] == [0]
        assert dialled.kernel.drain(0) == (1_000, AGAIN)
        assert dialled.kernel.drain(0) == (0, AGAIN)


def test_a_fin_with_data_before_it(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        peer.sendall(b"421 too many connections\r\n")
    dialled.wait()
    assert dialled.kernel.drain(0) == (26, FIN)


def test_a_reset(dialled: Dialled) -> None:
    peer = dialled.connect(0)
    dialled.kernel.inspect(0)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    peer.close()
    assert [row for row, more in dialled.wait() if more] == [0]
    assert dialled.kernel.drain(0) == (0, errno.ECONNRESET)


def test_a_reset_before_we_looked_says_that_the_handshake_had_succeeded(dialled: Dialled) -> None:
    assert dialled.kernel.dial(0) is None
    peer, _ = dialled.listener.accept()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    peer.close()
    assert [(row, bool(more)) for row, more in dialled.wait()] == [(0, True)]
    assert dialled.kernel.finish(0) == errno.ECONNRESET


def test_a_flood_is_taken_in_bounded_helpings(dialled: Dialled) -> None:
    """8 MB in all: none of it is kept, and no helping is larger than 256 KB."""
    total = 8 * 1024 * 1024
    with dialled.connect(0) as peer:
        dialled.kernel.inspect(0)
        sender = threading.Thread(target=peer.sendall, args=(bytes(total),))
        sender.start()
        received, ending, helpings = 0, AGAIN, []
        while received < total:
            if ending == AGAIN:
                dialled.wait()
            count, ending = dialled.kernel.drain(0)
            assert ending in (AGAIN, MORE)
            received += count
            helpings.append(count)
        sender.join(10)
    assert received == total
    assert max(helpings) <= 256 * 1024


def test_close_says_fin(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        dialled.kernel.close(0, reset=False)
        peer.settimeout(10)
        assert peer.recv(1) == b""


def test_close_can_say_reset(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        dialled.kernel.close(0, reset=True)
        peer.settimeout(10)
        with pytest.raises(ConnectionResetError):
            peer.recv(1)


def test_the_number_of_a_closed_descriptor_serves_the_next_connection(dialled: Dialled) -> None:
    with dialled.connect(0):
        dialled.kernel.close(0, reset=True)
    with dialled.connect(1) as peer:
        dialled.kernel.inspect(1)
        peer.sendall(b"hello")
        assert [row for row, more in dialled.wait() if more] == [1]
        assert dialled.kernel.drain(1) == (5, AGAIN)


def test_wake_ends_a_wait(dialled: Dialled) -> None:
    timer = threading.Timer(0.05, dialled.kernel.wake)
    timer.start()
    assert [row for row, _ in dialled.kernel.poll(60)] == [-1]
    timer.join()
    assert list(dialled.kernel.poll(0)) == []


def test_a_wake_too_many_or_too_late_harms_nobody(dialled: Dialled) -> None:
    for _ in range(100_000):
        dialled.kernel.wake()
    dialled.kernel.shut()
    dialled.kernel.wake()


def test_rows_need_not_begin_at_zero(kind: Kernels) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kernel = kind(kernel_lanes(Endpoint(*listener.getsockname())), range(500, 503))
        assert kernel.dial(502) is None
        assert [row for row, _ in kernel.poll(10)] == [502]
        kernel.shut()


def test_ipv6(kind: Kernels) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        dialled = Dialled(kind, listener)
        with dialled.connect(0) as peer:
            assert dialled.kernel.local_port(0) == peer.getpeername()[1]
        dialled.kernel.shut()


def test_sources_take_turns(kind: Kernels) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = Dialled(kind, listener, sources=("127.0.0.2", "127.0.0.3"))
        peers = [dialled.connect(row) for row in range(4)]
        assert [peer.getpeername()[0] for peer in peers] == ["127.0.0.2", "127.0.0.3"] * 2
        for peer in peers:
            peer.close()
        dialled.kernel.shut()


def test_endpoints_take_turns_when_each_source_has_dialled_one(kind: Kernels) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        endpoints = [Endpoint(*listener.getsockname()) for listener in (one, other)]
        lanes = [lane for there in endpoints for lane in kernel_lanes(there, ("127.0.0.2", "127.0.0.3"))]
        kernel = kind(lanes, range(4, 9))
        assert (kernel.sources, kernel.endpoints) == (2, 2)
        assert [kernel.dial(row) for row in range(4, 9)] == [None] * 5
        ends = [kernel.ends(row) for row in range(4, 9)]
        kernel.shut()
    assert [(here.address, there) for here, there in ends] == [
        ("127.0.0.2", endpoints[0]),
        ("127.0.0.3", endpoints[0]),
        ("127.0.0.2", endpoints[1]),
        ("127.0.0.3", endpoints[1]),
        ("127.0.0.2", endpoints[0]),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="ports are named to Linux")
def test_a_row_meets_itself_at_the_endpoint_of_its_own_lane() -> None:
    """Two endpoints where nobody listens: the second row is dialled from the port of its own, the third of another."""
    one, other = free_ports(2)
    lanes = [
        *kernel_lanes(Endpoint("127.0.0.1", one), ports=Named(other, one)),  # type: ignore[arg-type]
        *kernel_lanes(Endpoint("127.0.0.1", other), ports=Named(other)),  # type: ignore[arg-type]
    ]
    for lane in lanes:
        lane.ports.known = False
    kernel = EpollKernel(lanes, range(3))
    assert kernel.may_meet_itself
    assert [kernel.dial(row) for row in range(3)] == [None] * 3
    met = [kernel.met_itself(row) for row in range(1, 3)]
    kernel.shut()
    assert met == [True, True]


def test_a_source_that_is_not_ours_is_a_refusal_to_bind(kind: Kernels) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = Dialled(kind, listener, sources=("192.0.2.1",))
        assert dialled.kernel.dial(0) == Refusal(errno.EADDRNOTAVAIL, Phase.BIND)
        dialled.kernel.shut()


def test_no_descriptor_left(dialled: Dialled) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        refusal = dialled.kernel.dial(0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert refusal == Refusal(errno.EMFILE, Phase.SOCKET)


WINDOWS = [
    pytest.param(True, id="windows", marks=pytest.mark.requires("port windows")),
    pytest.param(False, id="older kernel"),
]


class Named:
    """Ports of which the test says the order; all are named."""

    def __init__(self, *order: int) -> None:
        self._order = list(order)
        self.was_used = 0
        self.known = True

    def next(self) -> int:
        return self._order.pop(0)

    def taken(self) -> bool:
        return bool(self._order)

    def used(self) -> None:
        self.was_used += 1


def free_ports(count: int, family: int = socket.AF_INET) -> list[int]:
    """Ports within the kernel's range that were free a moment ago, and in nobody's TIME_WAIT, at whatever address."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as found:  # noqa: PTH123
        low, high = map(int, found.read().split())
    free = []
    for port in range(high, low, -1):
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            try:
                sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
            except OSError:
                continue
        free.append(port)
        if len(free) == count:
            return free
    raise AssertionError("no free ports")


@pytest.mark.skipif(sys.platform != "linux", reason="ports are named to Linux")
@pytest.mark.parametrize("windows", WINDOWS)
@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)], ids=["IPv4", "IPv6"]
)
@pytest.mark.parametrize("source", [False, True], ids=["any source", "a source"])
def test_a_named_port_is_used_and_one_in_use_is_passed_over(
    windows: bool, host: str, family: int, source: bool
) -> None:
    taken, free = free_ports(2, family)
    with (
        socket.create_server((host, 0), family=socket.AddressFamily(family)) as listener,
        socket.socket(family, socket.SOCK_STREAM) as other,
    ):
        # Somebody's connection to the same place, from the port that is named first.
        other.bind((host, taken))
        other.connect(listener.getsockname())
        names = Named(taken, free)
        endpoint = Endpoint(host, listener.getsockname()[1])
        lanes = kernel_lanes(endpoint, (host,) if source else (), names)  # type: ignore[arg-type]
        kernel = EpollKernel(lanes, range(1), windows)
        assert kernel.dial(0) is ANOTHER_PORT
        assert kernel.dial(0) is None
        assert [row for row, _ in kernel.poll(10)] == [0]
        assert kernel.local_port(0) == free
        assert names.was_used == 1
        kernel.close(0, reset=True)
        kernel.shut()


@pytest.mark.skipif(sys.platform != "linux", reason="ports are named to Linux")
@pytest.mark.parametrize("windows", WINDOWS)
def test_when_all_named_ports_are_in_use_the_refusal_is_ours(windows: bool) -> None:
    (taken,) = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.connect(listener.getsockname())
        lanes = kernel_lanes(Endpoint(*listener.getsockname()), ports=Named(taken))  # type: ignore[arg-type]
        kernel = EpollKernel(lanes, range(1), windows)
        refusal = kernel.dial(0)
        assert refusal in (Refusal(errno.EADDRNOTAVAIL, Phase.CONNECT), Refusal(errno.EADDRINUSE, Phase.BIND))
        kernel.shut()


def test_many_descriptors_above_where_the_map_began(dialled: Dialled) -> None:
    """A process that has much else open: the descriptors of the connections have high numbers."""
    others = [socket.socket() for _ in range(300)]
    with dialled.connect(0) as peer:
        assert peer.fileno() > 300
        assert dialled.kernel.finish(0) == 0
    for other in others:
        other.close()


def test_shut_closes_what_is_open(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        dialled.kernel.shut()
        peer.settimeout(10)
        assert peer.recv(1) == b""
