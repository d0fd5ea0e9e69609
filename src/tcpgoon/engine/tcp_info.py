"""What the kernel says of a connection: `TCP_INFO`, decoded (struct tcp_info of include/uapi/linux/tcp.h)."""

import struct
from typing import NamedTuple

TCP_INFO = 11
"""The socket option; the `socket` module does not have it on every platform that Python runs on."""

SIZE = 104
"""The bytes up to and including tcpi_total_retrans: kernels since 2.6 give at least these, newer ones append."""

SIGN_SIZE = 144
"""The bytes up to and including tcpi_segs_in (Linux 4.2)."""

ESTABLISHED, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSED, CLOSE_WAIT = 1, 4, 5, 6, 7, 8
"""Values of tcpi_state. A connection of which we have closed our half waits for the FIN to be acknowledged, then for
the peer's. `CLOSED` is one that was reset, and also one whose two halves are closed: its TIME_WAIT is no socket's."""

FIN_ACKNOWLEDGED = frozenset({FIN_WAIT2, TIME_WAIT})
"""What proves that the other end has taken our FIN; a FIN of its own proves it as well, and is an event."""

_LAYOUT = struct.Struct("=68xI28xI")
assert _LAYOUT.size == SIZE  # noqa: S101 - checked once, at import
_SIGN_LAYOUT = struct.Struct("=B23xI24xII60xQQ4xI")
assert _SIGN_LAYOUT.size == SIGN_SIZE  # noqa: S101


class TcpInfo(NamedTuple):
    """The facts that the table keeps."""

    rtt_us: int
    """tcpi_rtt: right after the handshake, the time from SYN to SYN-ACK with no event loop in it, in µs."""
    retransmits: int
    """tcpi_total_retrans: right after the handshake, the SYNs that had to be repeated."""


class Sign(NamedTuple):
    """What tells whether the other end is there. All zeros where the kernel does not tell."""

    state: int
    """tcpi_state, such as `ESTABLISHED`; 0 where it is not known."""
    unacked: int
    """tcpi_unacked: segments of ours that the peer's kernel has not taken."""
    data_ms: int
    """tcpi_last_data_recv: since it last sent data, or since the handshake."""
    ack_ms: int
    """tcpi_last_ack_recv: since it last acknowledged anything. A repeated SYN-ACK does not count, an answered
    keepalive does."""
    bytes_acked: int
    """tcpi_bytes_acked: 1 for our SYN, and what of our data its kernel took."""
    bytes_received: int
    segments: int
    """tcpi_segs_in: 1 right after the handshake; a repeated SYN-ACK counts here alone."""

    @property
    def exchanged(self) -> bool:
        """Whether data went over it, in either direction: no half-open connection takes or sends any."""
        return self.bytes_acked > 1 or self.bytes_received > 0


def decode(raw: bytes) -> tuple[int, int]:
    """The fields of `TcpInfo`, in its order; zeros where the kernel gave less. A plain tuple: this is the hot path."""
    return _LAYOUT.unpack(raw) if len(raw) >= SIZE else (0, 0)


def decode_sign(raw: bytes) -> Sign:
    """The `Sign` in ``raw``; zeros where the kernel gave less."""
    return Sign._make(_SIGN_LAYOUT.unpack(raw)) if len(raw) >= SIGN_SIZE else Sign(0, 0, 0, 0, 0, 0, 0)
