"""The queue of connections that wait to be accepted."""

import os
import socket
import struct

_TCPI_UNACKED = struct.Struct("24xI")
"""Of `tcp_info`: a listener's is the length of its accept queue (``tcp_get_info`` in the kernel)."""


class AcceptQueue:
    """What waits at ``listener``, whose only acceptor this is; taken as bare descriptors.

    It is asked how many wait, because to try and find nobody is as dear as to accept: the kernel makes the new socket
    before it looks.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.fileno = listener.fileno
        self._listener = listener
        # accept() would wrap the descriptor in a new socket object, and that costs more than the system call.
        self._accept = listener._accept  # type: ignore[attr-defined]  # noqa: SLF001

    def __len__(self) -> int:
        """How many wait; by then there may be more."""
        info = self._listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCPI_UNACKED.size)
        return int(_TCPI_UNACKED.unpack(info)[0])

    def take(self) -> int:
        """The descriptor, non-blocking, of the first. Raises `OSError`, also where nobody waits."""
        fd, _ = self._accept()
        os.set_blocking(fd, False)
        return int(fd)
