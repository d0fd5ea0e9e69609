"""The verbs that proof is made of, on real sockets: reading, sending, half a close, and signs of life."""

import errno
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tcpgoon.engine.kernel import AGAIN, MORE
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.sockets import READ_BYTES, EpollKernel
from tcpgoon.engine.tcp_info import ESTABLISHED, FIN_WAIT2, Sign
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.outcome import FIN
from tests.engine.dialled import RESET, Dialled, Kernels


def test_what_comes_is_read(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        dialled.kernel.inspect(0)
        assert dialled.kernel.read(0) == (b"", AGAIN)
        peer.sendall(b"220 hello\r\n")
        assert [row for row, more in dialled.wait() if more] == [0]
        assert dialled.kernel.read(0) == (b"220 hello\r\n", AGAIN)
        peer.sendall(b"421 bye\r\n")
    dialled.wait()
    assert dialled.kernel.read(0) == (b"421 bye\r\n", FIN)


def test_what_came_before_a_reset_is_read_or_lost_as_the_kernel_has_it(dialled: Dialled) -> None:
    peer = dialled.connect(0)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    peer.close()
    dialled.wait()
    assert dialled.kernel.read(0) == (b"", errno.ECONNRESET)


def test_a_flood_is_read_in_bounded_helpings(dialled: Dialled) -> None:
    total = 4 * 1024 * 1024
    with dialled.connect(0) as peer:
        dialled.kernel.inspect(0)
        sender = threading.Thread(target=peer.sendall, args=(bytes(total),))
        sender.start()
        received, ending, helpings = 0, AGAIN, set()
        while received < total:
            if ending == AGAIN:
                dialled.wait()
            data, ending = dialled.kernel.read(0)
            assert ending in (AGAIN, MORE)
            assert (ending == MORE) == (len(data) >= READ_BYTES)
            received += len(data)
            helpings.add(len(data))
        sender.join(10)
    assert received == total
    assert max(helpings) < 2 * READ_BYTES


def test_what_there_is_no_room_for_is_sent_when_there_is(dialled: Dialled) -> None:
    data = bytes(range(256)) * 65_536
    dialled.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    with dialled.connect(0) as peer:
        dialled.kernel.inspect(0)
        sent, error = dialled.kernel.send(0, data)
        assert (0 < sent < len(data), error) == (True, 0)
        while not (again := dialled.kernel.send(0, data[sent:]))[0] == again[1] == 0:
            sent += again[0]  # the peer's kernel takes some more
        received = bytearray()
        reader = threading.Thread(target=lambda: received.extend(all_of(peer, len(data))))
        reader.start()
        while sent < len(data):
            assert 0 in [row for row, _ in dialled.wait()]
            count, error = dialled.kernel.send(0, data[sent:])
            assert error == 0
            sent += count
        reader.join(10)
        assert received == data
        assert list(dialled.kernel.poll(0)) in ([], [(0, 0)])


def all_of(peer: socket.socket, count: int) -> bytes:
    peer.settimeout(10)
    data = b""
    while len(data) < count and (part := peer.recv(1 << 20)):
        data += part
    return data


@pytest.mark.parametrize("after_fin", [False, True])
def test_what_is_sent_to_a_peer_that_has_reset(dialled: Dialled, after_fin: bool) -> None:
    """Where its FIN came before, the kernel says EPIPE; and it says it once."""
    peer = dialled.connect(0)
    dialled.kernel.inspect(0)
    if after_fin:
        peer.shutdown(socket.SHUT_WR)
        dialled.wait()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    peer.close()
    while dialled.kernel.send(0, b"x")[1] == 0:
        dialled.kernel.poll(0.01)
    # The error was told; from here on it is a broken pipe whatever came first.
    assert dialled.kernel.send(0, b"x") == (0, errno.EPIPE)


def test_our_end_and_theirs(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        here, there = dialled.kernel.ends(0)
        assert (here.address, here.port) == peer.getpeername()
        assert (there.address, there.port) == peer.getsockname()


def test_our_end_and_theirs_over_ipv6(kind: Kernels) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        dialled = Dialled(kind, listener)
        with dialled.connect(0) as peer:
            ends = dialled.kernel.ends(0)
            assert [(end.address, end.port) for end in ends] == [peer.getpeername()[:2], peer.getsockname()[:2]]
        dialled.kernel.shut()


def test_where_our_end_is_forgotten_it_is_nobodys(dialled: Dialled, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on BSD, after a reset."""

    class Forgetful:
        def getsockname(self) -> object:
            raise OSError(errno.EINVAL, "forgotten")

    there = Endpoint(*dialled.listener.getsockname())
    for endpoint, nobody in [(there, "0.0.0.0"), (Endpoint("::1", 80), "::")]:
        monkeypatch.setattr(dialled.kernel, "_there", lambda row, there=endpoint: (there.address, there.port))
        monkeypatch.setattr(dialled.kernel, "_socket", lambda row: Forgetful())
        assert dialled.kernel.ends(0) == (Endpoint(nobody, 0), endpoint)
        monkeypatch.undo()


def test_our_half_is_closed_and_theirs_is_not(dialled: Dialled) -> None:
    with dialled.connect(0) as peer:
        dialled.kernel.inspect(0)
        dialled.kernel.shut_down(0)
        peer.settimeout(10)
        assert peer.recv(1) == b""
        peer.sendall(b"bye")
        while (read := dialled.kernel.read(0)) == (b"", AGAIN):
            dialled.wait()
        assert read == (b"bye", AGAIN)
    while (read := dialled.kernel.read(0)) == (b"", AGAIN):
        dialled.wait()
    assert read == (b"", FIN)


def test_a_half_that_is_closed_already_is_no_error(dialled: Dialled) -> None:
    peer = dialled.connect(0)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    peer.close()
    dialled.wait()
    dialled.kernel.drain(0)
    dialled.kernel.shut_down(0)
    dialled.kernel.shut_down(0)


# What only Linux tells.


@pytest.fixture
def linux() -> Iterator[Dialled]:
    if sys.platform != "linux":
        pytest.skip("only Linux tells signs of life")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        dialled = Dialled(EpollKernel, listener)
        yield dialled
        dialled.kernel.shut()


def sign_when(dialled: Dialled, there: Callable[[Sign], bool]) -> Sign:
    """The first sign of row 0 that is as it should be; in the meantime the kernel is polled."""
    until_s = time.monotonic() + 20
    while not there(sign := dialled.kernel.sign(0)):
        assert time.monotonic() < until_s, sign
        dialled.kernel.poll(0.01)
    return sign


def idle_ms(sign: Sign) -> int:
    return min(sign.data_ms, sign.ack_ms)


def test_data_that_is_acknowledged_is_a_sign(linux: Dialled) -> None:
    with linux.connect(0) as peer:
        assert linux.kernel.sign(0)[:2] == (ESTABLISHED, 0)
        assert not linux.kernel.sign(0).exchanged
        assert linux.kernel.send(0, b"x" * 10) == (10, 0)
        sign = sign_when(linux, lambda sign: not sign.unacked)
        assert (sign.bytes_acked, sign.bytes_received, sign.exchanged) == (11, 0, True)
        peer.sendall(b"hello")
        sign = sign_when(linux, lambda sign: sign.bytes_received == 5)
        assert (sign.state, sign.unacked) == (ESTABLISHED, 0)


def test_a_keepalive_is_answered_at_once_where_it_was_idle_for_a_second(linux: Dialled) -> None:
    """Neither more nor less than the answer is counted, and then there is silence again."""
    with linux.connect(0):
        sign = sign_when(linux, lambda sign: idle_ms(sign) >= 1_010)
        assert sign.segments == 1
        linux.kernel.keepalive(0)
        called_s = time.monotonic()
        sign = sign_when(linux, lambda sign: sign.ack_ms < 900)
        # By the kernel's own clock, so that it is no matter if we were kept from looking.
        assert time.monotonic() - sign.ack_ms / 1_000 - called_s < 0.5
        assert (sign.state, sign.segments, sign.exchanged) == (ESTABLISHED, 2, False)
        linux.kernel.no_keepalive(0)
        sign = sign_when(linux, lambda sign: sign.ack_ms >= 1_100)
        assert sign.segments == 2
        # Called again, it leaves at once again.
        linux.kernel.keepalive(0)
        assert sign_when(linux, lambda sign: sign.ack_ms < 900).segments == 3


def test_a_keepalive_of_the_peer_is_a_segment_and_no_answer(linux: Dialled) -> None:
    """All that tells it from a repeated SYN-ACK is when it comes."""
    with linux.connect(0) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        sign = sign_when(linux, lambda sign: sign.segments == 2)
        assert (sign.exchanged, idle_ms(sign) >= 900) == (False, True)


def test_a_fin_that_is_acknowledged_is_a_sign(linux: Dialled) -> None:
    with linux.connect(0) as peer:
        linux.kernel.shut_down(0)
        assert sign_when(linux, lambda sign: sign.state == FIN_WAIT2).unacked == 0
        peer.settimeout(10)
        assert peer.recv(1) == b""


def test_elsewhere_no_sign_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = Dialled(SelectorKernel, listener)
        with dialled.connect(0):
            assert dialled.kernel.sign(0) == Sign(0, 0, 0, 0, 0, 0, 0)
        dialled.kernel.shut()
    assert (SelectorKernel.gives_signs, EpollKernel.gives_signs) == (False, True)
