"""A real kernel with one listener to dial."""

import socket
import struct
from collections.abc import Sequence

from tcpgoon.engine.lanes import Lane
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.ports import Ports
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.plan.endpoint import Endpoint

RESET = struct.pack("ii", 1, 0)
Kernels = type[EpollKernel] | type[SelectorKernel]


def kernel_lanes(endpoint: Endpoint, sources: Sequence[str] = (), ports: Ports | None = None) -> list[Lane]:
    """From each of ``sources`` to ``endpoint``; the ports are the kernel's choice where none are said."""
    return [Lane(source, endpoint, ports or Ports.of_the_kernel()) for source in sources or [""]]


class Dialled:
    """A kernel of one ``kind`` that dials ``listener``."""

    def __init__(self, kind: Kernels, listener: socket.socket, rows: int = 8, sources: Sequence[str] = ()) -> None:
        address, port, *_ = listener.getsockname()
        self.listener = listener
        self.kernel = kind(kernel_lanes(Endpoint(address, port), sources), range(rows))

    def connect(self, row: int) -> socket.socket:
        """Dial ``row`` and accept it; the peer's socket."""
        assert self.kernel.dial(row) is None
        peer, _ = self.listener.accept()
        assert row in [event for event, _ in self.wait()]
        return peer

    def wait(self, timeout_s: float = 10.0) -> Sequence[tuple[int, int]]:
        return self.kernel.poll(timeout_s)
