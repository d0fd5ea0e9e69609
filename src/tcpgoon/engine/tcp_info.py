"""What the kernel says of a connection: `TCP_INFO`, decoded (struct tcp_info of include/uapi/linux/tcp.h)."""

import struct
from typing import NamedTuple

TCP_INFO = 11
"""The socket option; the `socket` module does not have it on every platform that Python runs on."""

SIZE = 104
"""The bytes up to and including tcpi_total_retrans: kernels since 2.6 give at least these, newer ones append."""

_LAYOUT = struct.Struct("=68xI28xI")
assert _LAYOUT.size == SIZE  # noqa: S101 - checked once, at import


class TcpInfo(NamedTuple):
    """The facts that the table keeps."""

    rtt_us: int
    """tcpi_rtt: right after the handshake, the time from SYN to SYN-ACK with no event loop in it, in µs."""
    retransmits: int
    """tcpi_total_retrans: right after the handshake, the SYNs that had to be repeated."""


def decode(raw: bytes) -> tuple[int, int]:
    """The fields of `TcpInfo`, in its order; zeros where the kernel gave less. A plain tuple: this is the hot path."""
    return _LAYOUT.unpack(raw) if len(raw) >= SIZE else (0, 0)
