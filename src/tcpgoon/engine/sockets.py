"""The verbs of `tcpgoon.engine.kernel`, done by real sockets: what every platform has, and Linux."""

import errno
import select
import socket
import struct
import sys
from array import array
from collections.abc import Sequence
from contextlib import suppress

from tcpgoon.engine import tcp_info
from tcpgoon.engine.kernel import AGAIN, ANOTHER_PORT, MORE, MOST_EVENTS, WAKE, Refusal
from tcpgoon.engine.lanes import Lane
from tcpgoon.engine.machine.addresses import (
    FAMILY,
    IP_BIND_ADDRESS_NO_PORT,
    IP_LOCAL_PORT_RANGE,
    Address,
    has_port_windows,
    is_local,
    socket_address,
)
from tcpgoon.engine.ports import Ports
from tcpgoon.engine.tcp_info import Sign, decode_sign
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.outcome import FIN, Phase

_MOST_KEEPALIVES = 127
_KEEPALIVE_AGAIN_S = 75
"""Sent by the kernel itself after so long; the loop is quicker."""
_UNANSWERED_KEEPALIVES = 9
_TCP_KEEPIDLE: int = getattr(socket, "TCP_KEEPIDLE", 0) or getattr(socket, "TCP_KEEPALIVE", 0x10)
"""macOS calls it TCP_KEEPALIVE."""
_READS = 4
_RESET = struct.pack("ii", 1, 0)
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
_UNDER_WAY = errno.EINPROGRESS
_new_socket = socket.SocketType
READ_BYTES = 65_536
_PORT_TAKEN = {
    Refusal(errno.EADDRNOTAVAIL, Phase.CONNECT),
    Refusal(errno.EADDRINUSE, Phase.BIND),
    Refusal(errno.EADDRINUSE, Phase.CONNECT),
}
"""What is said where another port may do. EADDRNOTAVAIL of ``bind()`` is not: there the address itself is not ours."""


class SocketKernel:
    """What the two kernels below share: real, non-blocking sockets.

    ``lanes`` are used in turn, by the number of the row; their endpoints are of one family. ``rows`` are the rows that
    will be dialled. ``windows`` is whether ``IP_LOCAL_PORT_RANGE`` may be used; by default, whether the kernel knows
    it.
    """

    missing: tuple[str, ...] = ()
    gives_signs = False

    def __init__(self, lanes: Sequence[Lane], rows: range, windows: bool | None = None) -> None:
        self._ways: list[tuple[str, Address, Ports, socket.AddressFamily]] = [
            (lane.source, socket_address(to.address, to.port), lane.ports, FAMILY[to.family])
            for lane in lanes
            for to in [lane.endpoint]
        ]
        self._turns = len(lanes)
        self.sources = len({lane.source for lane in lanes})
        self.endpoints = len({lane.endpoint for lane in lanes})
        self.may_meet_itself = any(map(is_local, {lane.endpoint.address for lane in lanes if not lane.ports.known}))
        self._first = rows.start
        self._sockets: list[socket.SocketType | None] = [None] * len(rows)
        in_the_type = getattr(socket, "SOCK_NONBLOCK", 0)
        self._must_unblock = not in_the_type
        self._type = socket.SOCK_STREAM | in_the_type
        self._windows = has_port_windows() if windows is None else windows
        self._drain_flags = socket.MSG_TRUNC if sys.platform == "linux" else 0
        # With MSG_TRUNC the kernel drops the bytes without copying them: these pages are never even touched.
        self._buffer = bytearray(READ_BYTES)
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._open()

    def dial(self, row: int) -> Refusal | None:
        """See `Kernel.dial`."""
        source, address, ports, family = self._ways[row % self._turns]
        port = ports.next()
        refusal = self._dial_from(row, source, port, address, family)
        if not port:
            return refusal
        if refusal is None:
            ports.used()
            return None
        return ANOTHER_PORT if refusal in _PORT_TAKEN and ports.taken() else refusal

    def _dial_from(
        self, row: int, source: str, port: int, address: Address, family: socket.AddressFamily
    ) -> Refusal | None:
        try:
            sock = _new_socket(family, self._type)
        except OSError as exc:
            return Refusal(exc.errno or errno.EMFILE, Phase.SOCKET)
        if self._must_unblock:
            sock.setblocking(False)
        if source or port:
            try:
                self._bind(sock, source, port)
            except OSError as exc:
                sock.close()
                return Refusal(exc.errno or errno.EADDRNOTAVAIL, Phase.BIND)
        error = sock.connect_ex(address)
        if error != _UNDER_WAY and error:
            sock.close()
            return Refusal(error, self._phase_of(error))
        self._sockets[row - self._first] = sock
        self._watch(sock, row)
        return None

    def _bind(self, sock: socket.SocketType, source: str, port: int) -> None:
        if port and not self._windows:
            # The poor neighbour: a port that is bound like this is closed to other programs' connect().
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(socket_address(source, port))
            return
        if source:
            if sys.platform == "linux":
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind(socket_address(source, 0))
        if port:
            sock.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, (port * 0x10001).to_bytes(4, sys.byteorder))

    def _phase_of(self, error: int) -> Phase:
        """The phase of an error that ``connect()`` gave at once.

        On Linux no packet has left then: it answers EINPROGRESS first, also where the peer is this machine. Other
        systems may have the peer's RST already.
        """
        at_once = error == errno.ECONNREFUSED and sys.platform != "linux"
        return Phase.HANDSHAKE if at_once else Phase.CONNECT

    def finish(self, row: int) -> int:
        """See `Kernel.finish`."""
        return self._socket(row).getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def met_itself(self, row: int) -> bool:
        """See `Kernel.met_itself`."""
        return self.may_meet_itself and self.local_port(row) == self._there(row)[1]

    def inspect(self, row: int) -> tuple[int, int]:
        """See `Kernel.inspect`."""
        return tcp_info.decode(self._socket(row).getsockopt(socket.IPPROTO_TCP, tcp_info.TCP_INFO, tcp_info.SIZE))

    def local_port(self, row: int) -> int:
        """See `Kernel.local_port`."""
        try:
            port: int = self._socket(row).getsockname()[1]
        except OSError:  # BSD has forgotten it once the connection was reset
            return 0
        return port

    def drain(self, row: int) -> tuple[int, int]:
        """See `Kernel.drain`; takes 256 KB at the most, so that no peer keeps the loop for itself."""
        sock, received = self._socket(row), 0
        try:
            for _ in range(_READS):
                count = sock.recv_into(self._buffer, 0, self._drain_flags)
                if not count:
                    return received, FIN
                received += count
        except BlockingIOError:
            return received, AGAIN
        except OSError as exc:
            return received, exc.errno or errno.EIO
        return received, MORE

    def ends(self, row: int) -> tuple[Endpoint, Endpoint]:
        """See `Kernel.ends`."""
        there = Endpoint(*self._there(row)[:2])
        try:
            return Endpoint(*self._socket(row).getsockname()[:2]), there
        except OSError:  # BSD has forgotten it once the connection was reset
            return Endpoint("::" if ":" in there.address else "0.0.0.0", 0), there  # noqa: S104 - nobody listens there

    def read(self, row: int) -> tuple[bytes, int]:
        """See `Kernel.read`."""
        sock, buffer, data = self._socket(row), self._buffer, b""
        try:
            while len(data) < READ_BYTES:
                count = sock.recv_into(buffer)
                if not count:
                    return data, FIN
                data += buffer[:count]
        except BlockingIOError:
            return data, AGAIN
        except OSError as exc:
            return data, exc.errno or errno.EIO
        return data, MORE

    def send(self, row: int, data: bytes) -> tuple[int, int]:
        """See `Kernel.send`."""
        try:
            return self._socket(row).send(data, _NO_SIGNAL), 0
        except BlockingIOError:
            return 0, 0
        except OSError as exc:
            return 0, exc.errno or errno.EIO

    def sign(self, row: int) -> Sign:
        """See `Kernel.sign`."""
        return decode_sign(self._socket(row).getsockopt(socket.IPPROTO_TCP, tcp_info.TCP_INFO, tcp_info.SIGN_SIZE))

    def keepalive(self, row: int) -> None:
        """See `Kernel.keepalive`."""
        sock = self._socket(row)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _MOST_KEEPALIVES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_AGAIN_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)

    def no_keepalive(self, row: int) -> None:
        """See `Kernel.no_keepalive`."""
        self._socket(row).setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)

    def keep_alive(self, row: int, idle_s: int) -> None:
        """See `Kernel.keep_alive`."""
        sock = self._socket(row)
        with suppress(OSError):  # BSD: it has ended meanwhile, and `poll` tells
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _UNANSWERED_KEEPALIVES)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, idle_s)
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_KEEPIDLE, idle_s)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def shut_down(self, row: int) -> None:
        """See `Kernel.shut_down`."""
        with suppress(OSError):  # it has ended meanwhile: `poll` tells
            self._socket(row).shutdown(socket.SHUT_WR)

    def close(self, row: int, reset: bool) -> None:
        """See `Kernel.close`."""
        sock = self._socket(row)
        self._forget(sock)
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        sock.close()
        self._sockets[row - self._first] = None

    def wake(self) -> None:
        """See `Kernel.wake`."""
        try:
            self._waker.send(b"\0")
        except OSError:  # the buffer is full of wakes, or we are shut: either way nobody sleeps
            return

    def shut(self) -> None:
        """Close whatever is still open, and the loop's own descriptors."""
        for row, sock in enumerate(self._sockets, self._first):
            if sock is not None:
                self.close(row, reset=False)
        self._waker.close()
        self._woken.close()

    def _there(self, row: int) -> Address:
        """What ``row`` is dialled to."""
        return self._ways[row % self._turns][1]

    def _socket(self, row: int) -> socket.SocketType:
        sock = self._sockets[row - self._first]
        assert sock is not None  # noqa: S101 - the table says that it is open
        return sock

    def _open(self) -> None:
        """Make what `poll` waits on, and let it hear of wakes."""
        raise NotImplementedError

    def _watch(self, sock: socket.SocketType, row: int) -> None:
        raise NotImplementedError

    def _forget(self, sock: socket.SocketType) -> None:
        raise NotImplementedError


class EpollKernel(SocketKernel):
    """Linux, as described at the top of this file."""

    gives_signs = True

    def _open(self) -> None:
        self._events = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
        self._more_than_writable = ~select.EPOLLOUT
        self._epoll = select.epoll()
        self._row_of = array("i", [WAKE]) * (self._woken.fileno() + 1)
        self._epoll.register(self._woken.fileno(), select.EPOLLIN | select.EPOLLET)

    def poll(self, timeout_s: float) -> Sequence[tuple[int, int]]:
        """See `Kernel.poll`."""
        row_of, more = self._row_of, self._more_than_writable
        return [(row_of[fd], mask & more) for fd, mask in self._epoll.poll(timeout_s, MOST_EVENTS)]

    def shut(self) -> None:
        """Close whatever is still open, and the loop's own descriptors."""
        super().shut()
        self._epoll.close()

    def heed(self, fd: int) -> None:
        """Let `poll` answer `WAKE` when there is something to read on ``fd``, or when it hangs up, each time anew."""
        self._name(fd, WAKE)
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)

    def _watch(self, sock: socket.SocketType, row: int) -> None:
        fd = sock.fileno()
        try:
            self._row_of[fd] = row
        except IndexError:
            self._name(fd, row)
        self._epoll.register(fd, self._events)

    def _name(self, fd: int, row: int) -> None:
        if fd >= len(self._row_of):
            self._row_of.extend([WAKE] * (fd + 1024 - len(self._row_of)))
        self._row_of[fd] = row

    def _forget(self, sock: socket.SocketType) -> None:
        """Nothing to do: ``close()`` takes it out of the set."""
