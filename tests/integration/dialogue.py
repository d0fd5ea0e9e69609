"""A probe over a blocking socket: the shortest owner that a sans-I/O probe can have."""

import socket
from contextlib import suppress

from tcpgoon.engine.probes import PENDING, Probe, Progress


def ask(sock: socket.socket, probe: Probe, patience_s: float = 30.0) -> Progress:
    """What ``probe`` makes of the peer of ``sock``; `PENDING` where it says nothing more for ``patience_s``."""
    sock.settimeout(patience_s)
    say(sock, probe.start())
    progress = PENDING
    while progress is PENDING:
        try:
            data = sock.recv(65_536)
        except ConnectionResetError:
            data = b""
        except TimeoutError:
            return progress
        progress = probe.received(data) if data else probe.eof()
        say(sock, probe.to_send())
    return progress


def say(sock: socket.socket, words: bytes) -> None:
    """Send ``words``; who has closed already does not hear them, and what it said is still there to be read."""
    with suppress(ConnectionError):
        sock.sendall(words)
