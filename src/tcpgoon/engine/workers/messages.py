"""What workers and their nursery tell the parent, over one line that all of them share.

The line is a pair of sockets that keep messages apart (``SOCK_SEQPACKET``): what one writes arrives in one piece, also
where fifty write at once; what is larger than a piece is cut. It ends for the workers when the parent does, however
that ends, and so no worker is left behind.
"""

import socket
from collections.abc import Iterator

import msgspec

from tcpgoon.record.heard import Agreed, Saying
from tcpgoon.record.knock import Knock

MOST_BYTES = 32_768
"""Of one piece: the buffers of any kernel have room for several."""


class Born(msgspec.Struct, frozen=True, tag=True):
    """A worker lives."""

    worker: int
    pid: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Our kernel gave a worker no process, descriptor or memory for itself: ``error`` is the errno."""

    worker: int
    error: int


class Died(msgspec.Struct, frozen=True, tag=True):
    """A worker has ended: with an exit status, or by a signal (then ``status`` is its number, negative)."""

    worker: int
    status: int


class Arrived(msgspec.Struct, frozen=True, tag=True):
    """All that is to be done before a gate is done by a worker, since ``at_s`` of the run."""

    worker: int
    gate: int
    at_s: float


class Knocked(msgspec.Struct, frozen=True, tag=True):
    """How a newcomer fared."""

    knock: Knock


class Piece(msgspec.Struct, frozen=True, tag=True):
    """A piece of the `Report` of a worker, encoded; the pieces of one come in their order."""

    worker: int
    data: bytes
    last: bool


Message = Born | Failed | Died | Arrived | Knocked | Piece


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker knows when nothing of its share is open any more."""

    lag_s: float
    ramp_lag_s: float
    lagged_since_s: float | None
    cpu_s: float
    """Until all were open and had been asked."""
    missing: tuple[str, ...]
    sayings: tuple[Saying, ...]
    agreed: tuple[Agreed, ...]


_encode = msgspec.msgpack.encode


def line() -> tuple[socket.socket, socket.socket]:
    """The parent's end of a new line, and the workers'."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def tell(end: socket.socket, message: Message) -> None:
    """Tell the parent; whether it is still there is not for those who tell to know."""
    try:
        end.send(_encode(message), socket.MSG_NOSIGNAL)
    except (BrokenPipeError, ConnectionResetError):
        return


def report(end: socket.socket, worker: int, found: Report) -> None:
    """Tell all of ``found``."""
    for data, last in _pieces(_encode(found)):
        tell(end, Piece(worker, data, last))


def heard(end: socket.socket) -> Message:
    """The next message. Raises `EOFError` where nobody is left to tell anything, `TimeoutError` where none comes."""
    data = end.recv(2 * MOST_BYTES)
    if not data:
        raise EOFError
    message: Message = msgspec.msgpack.decode(data, type=Message)
    return message


def decode(data: bytes) -> Report:
    """The report that was told in pieces."""
    return msgspec.msgpack.decode(data, type=Report)


def _pieces(data: bytes) -> Iterator[tuple[bytes, bool]]:
    for start in range(0, len(data), MOST_BYTES):
        yield data[start : start + MOST_BYTES], start + MOST_BYTES >= len(data)
