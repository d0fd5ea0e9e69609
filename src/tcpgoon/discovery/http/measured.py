"""Answers over HTTP that are measured where they leave the socket.

What a library bounds of an answer is its body, and that alone. One can drip, begin with interim answers that never end,
or close with trailers that do not; and the thread that reads it would do so for ever.
"""

import http.client
import io
import socket
from collections.abc import Callable
from typing import Any

from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError

AROUND_BYTES = 1 << 20
"""What may stand around the body of an answer: its head, and how it is cut into chunks."""


class Measuring:
    """Makes connections as ``make`` does, with answers that keep to ``terms``.

    Reading on raises `DiscoveryError`: ``late`` where the time is over, ``large`` where there is too much.
    """

    def __init__(self, make: Callable[..., Any], terms: Terms, late: str, large: str) -> None:
        self._make = make
        self._measured: Callable[[Any, socket.socket], io.RawIOBase] = lambda raw, sock: _Measured(
            raw, sock, terms, late, large
        )

    def __call__(self, **kwargs: Any) -> Any:
        """A connection, as a pool of urllib3 asks for it."""
        connection = self._make(**kwargs)
        connection.response_class = self._answer
        return connection

    def _answer(self, sock: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:
        answer = http.client.HTTPResponse(sock, *args, **kwargs)
        raw: Any = answer.fp.detach()
        answer.fp = io.BufferedReader(self._measured(raw, sock))
        return answer


class _Measured(io.RawIOBase):
    """``raw``, which reads from ``sock``."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, terms: Terms, late: str, large: str) -> None:
        self._raw: Any = raw
        self._sock = sock
        self._terms = terms
        self._late = late
        self._large = large
        self._left_bytes = terms.most_bytes + AROUND_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._terms.left_s()
        if left_s <= 0:
            raise DiscoveryError(self._late)
        self._sock.settimeout(left_s)
        count: int | None = self._raw.readinto(buffer)
        self._left_bytes -= count or 0
        if self._left_bytes < 0:
            raise DiscoveryError(self._large)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
