"""The two ways to end a connection, on its bare descriptor."""

import os
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)
_DRAINED = 16
"""Buffers read at most before a close, so that a peer which never stops sending holds nobody up."""


def close_with_fin(fd: int, buffer: bytearray) -> None:
    """End the connection with FIN, reading into ``buffer`` first what has arrived already.

    A close with unread data would send RST instead of FIN (RFC 1122 §4.2.2.13; ``__tcp_close`` in the kernel).
    """
    try:
        for _ in range(_DRAINED):
            if not os.readv(fd, [buffer]):
                break
    except OSError:  # nothing more to read, or nobody there any more
        pass
    os.close(fd)


def close_with_rst(fd: int) -> None:
    """End the connection with RST; what was not sent yet is dropped, and no TIME_WAIT stays."""
    # Family and type are of no account here: given, they save the three system calls that would find them out.
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    connection.close()
