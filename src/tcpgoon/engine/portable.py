"""The kernel of platforms other than Linux: the same verbs, by whatever `selectors` finds there."""

import selectors
import socket
from collections.abc import Sequence

from tcpgoon.engine.kernel import WAKE
from tcpgoon.engine.sockets import READ_BYTES, SocketKernel
from tcpgoon.engine.tcp_info import Sign, decode_sign


class SelectorKernel(SocketKernel):
    """Any platform, by whatever `selectors` finds there: level-triggered, and without what only Linux has."""

    missing: tuple[str, ...] = (
        "no epoll: many held connections cost the client more",
        "no TCP_INFO: the kernel's handshake time and repeated SYNs are not known",
        "no sign of life from the peer's kernel: a connection is proved by its application alone (--probe, --tls)",
        "no IP_LOCAL_PORT_RANGE: beyond half of the local ports dialling may be slower",
    )

    def _open(self) -> None:
        self._windows = False
        self._selector = selectors.DefaultSelector()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, WAKE)

    def poll(self, timeout_s: float) -> Sequence[tuple[int, int]]:
        """See `Kernel.poll`. Some selectors call a failed handshake writable, so nothing is taken for a success."""
        events = [(int(key.data), mask) for key, mask in self._selector.select(timeout_s)]
        if any(row == WAKE for row, _ in events):
            self._woken.recv(READ_BYTES)
        return events

    def inspect(self, row: int) -> tuple[int, int]:
        """See `Kernel.inspect`. From here on only what can be read is waited for: writable it is all the time."""
        self._selector.modify(self._socket(row).fileno(), selectors.EVENT_READ, row)
        return 0, 0

    def send(self, row: int, data: bytes) -> tuple[int, int]:
        """See `Kernel.send`. Where there was no room for all, writable is waited for once more."""
        sent, error = super().send(row, data)
        events = selectors.EVENT_READ if sent == len(data) else selectors.EVENT_READ | selectors.EVENT_WRITE
        self._selector.modify(self._socket(row).fileno(), events, row)
        return sent, error

    def sign(self, row: int) -> Sign:
        """Nothing is known of ``row``."""
        return decode_sign(b"")

    def shut(self) -> None:
        """Close whatever is still open, and the loop's own descriptors."""
        super().shut()
        self._selector.close()

    def _watch(self, sock: socket.SocketType, row: int) -> None:
        self._selector.register(sock.fileno(), selectors.EVENT_READ | selectors.EVENT_WRITE, row)

    def _forget(self, sock: socket.SocketType) -> None:
        self._selector.unregister(sock.fileno())
