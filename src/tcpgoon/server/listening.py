"""Listening sockets: where, on which port, and why not."""

import errno
import os
import socket
from contextlib import suppress
from typing import Any, NamedTuple

from tcpgoon.errors import ListenError
from tcpgoon.plan.endpoint import host_port
from tcpgoon.server.config import ServerConfig

_REMEDIES = {
    errno.EADDRINUSE: "the port is busy: take another one, or 0 for any",
    errno.EACCES: "the port is not yours to take: take one above 1023, or 0 for any",
    errno.EADDRNOTAVAIL: "that is no address of this machine",
}


class Place(NamedTuple):
    """Where to listen: an address family and what `socket.socket.bind` takes."""

    family: int
    address: Any


def open_listeners(config: ServerConfig) -> list[socket.socket]:
    """One non-blocking listening socket per worker, all on the same port. Raises `ListenError`.

    Sockets with ``SO_REUSEPORT`` would quietly share the port with any other program of this user that set it too.
    Hence the first socket never sets it: its `bind` fails on a port on which anybody listens. With one worker it is
    the listener; with several it only keeps the port until they have theirs.
    """
    place = _resolve(config.host, config.port)
    opened: list[socket.socket] = []
    try:
        opened.append(_bind(place, share=False))
        if config.workers > 1:
            place = Place(place.family, opened[0].getsockname())
            opened += [_bind(place, share=True) for _ in range(config.workers)]
            opened.pop(0).close()
        for listener in opened:
            listener.listen(config.backlog)
    except OSError as exc:
        for listener in opened:
            listener.close()
        raise _not_there(config, exc) from exc
    return opened


def raise_descriptor_limit() -> None:
    """Raise the soft limit of descriptors to the hard one: the server's limit shall be the one that was asked for."""
    import resource  # not on every platform that may import this package

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # a hard limit above the kernel's own is refused: then it stays as it was
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _resolve(host: str, port: int) -> Place:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError, ValueError) as exc:
        raise ListenError(f"cannot listen on {host!r}: the name does not resolve ({exc})") from exc
    family, _, _, _, address = answers[0]
    return Place(family, address)


def _bind(place: Place, *, share: bool) -> socket.socket:
    listener = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        # Else the TIME_WAITs of the last server would keep the next one from its port for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(place.address)
    except OSError:
        listener.close()
        raise
    return listener


def _not_there(config: ServerConfig, exc: OSError) -> ListenError:
    why = os.strerror(exc.errno) if exc.errno else str(exc)
    remedy = _REMEDIES.get(exc.errno or 0)
    return ListenError(f"cannot listen on {host_port(config.host, config.port)}: {remedy or why}")
