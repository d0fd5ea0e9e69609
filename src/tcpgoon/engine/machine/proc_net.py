"""What ``/proc`` tells of the TCP sockets of a network namespace: ours, and that of any process.

``/proc/net/tcp`` and ``tcp6`` list every socket, and not how long an accept queue may be; `sock_diag` is better where
it can be had, which it can for our own namespace alone. That of another process is at ``/proc/PID/net``.
"""

import ipaddress
import struct
import sys
from collections.abc import Container, Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from tcpgoon.engine.machine.sock_diag import LISTEN, Listener, Towards, accepts, by_address, plain
from tcpgoon.plan.endpoint import Family

OURS = Path("/proc/thread-self/net")

_ESTABLISHED = {1, 8}
_NO_PORT_OF_THEIR_OWN = {3, 7, LISTEN, 12}
"""SYN_RECV, CLOSE, LISTEN, NEW_SYN_RECV: what comes in has the listener's port."""


class _Line(NamedTuple):
    local: bytes
    local_port: int
    remote: bytes
    remote_port: int
    state: int
    queued: int
    uid: int
    inode: int


def listeners(family: Family, port: int = 0, folder: Path = OURS) -> list[Listener]:
    """As `SockDiag.listeners`, from ``folder``, but how long a queue may be is unknown.

    Nor is it known whether ``::`` takes IPv4: that it does is assumed, as it does by default.
    Raises `OSError` where there is no such folder, or it may not be read.
    """
    return [
        Listener(str(ipaddress.ip_address(one.local)), one.local_port, one.inode, one.queued, None, one.uid, of_socket)
        for of_socket, path in _files(folder)
        for one in takewhile(_listens, _lines(path))  # they come first, and what follows may be very long
        if port in (0, one.local_port) and accepts(one.local, family, v6_only=False)
    ]


def accepted(family: Family, port: int, folder: Path = OURS) -> int:
    """As `SockDiag.accepted`, from ``folder``."""
    lines = (one for of_socket, path in _files(folder) if of_socket is family for one in _lines(path))
    return sum(one.local_port == port and one.state in _ESTABLISHED and one.inode > 0 for one in lines)


def towards(address: str, port: int, ports: Container[int] | None = None, folder: Path = OURS) -> dict[bytes, Towards]:
    """As `sock_diag.towards`, from ``folder``."""
    remote = ipaddress.ip_address(address).packed
    return by_address(
        (one.local, one.state)
        for _, path in _files(folder)
        for one in _lines(path)
        if one.remote_port == port and one.remote == remote and one.state not in _NO_PORT_OF_THEIR_OWN
        if ports is None or one.local_port in ports
    )


def listen_overflows(folder: Path = OURS) -> int:
    """How often an accept queue of this network namespace was full since it was made (TcpExt ListenOverflows).

    Raises `OSError` where that cannot be read.
    """
    lines = (folder / "netstat").read_text().splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        if names.startswith("TcpExt:"):
            return int(dict(zip(names.split(), values.split(), strict=False)).get("ListenOverflows", 0))
    return 0


def _files(folder: Path) -> Iterator[tuple[Family, Path]]:
    """Those of both families of sockets. A kernel without IPv6 has no ``tcp6``."""
    yield Family.IPV4, folder / "tcp"
    if (folder / "tcp6").exists():
        yield Family.IPV6, folder / "tcp6"


def _lines(path: Path) -> Iterator[_Line]:
    with path.open() as lines:
        next(lines)
        for line in lines:
            _, local, remote, state, queues, _, _, uid, _, inode, *_ = line.split()
            received = int(queues.partition(":")[2], 16)
            yield _Line(*_end(local), *_end(remote), int(state, 16), received, int(uid), int(inode))


def _listens(one: _Line) -> bool:
    return one.state == LISTEN


def _end(text: str) -> tuple[bytes, int]:
    """``0100007F:1F90`` → address and port: each word of the address is a number in the byte order of this machine."""
    address, _, port = text.partition(":")
    words = struct.unpack(f">{len(address) // 8}I", bytes.fromhex(address))
    order = "<" if sys.byteorder == "little" else ">"
    return plain(struct.pack(f"{order}{len(words)}I", *words)), int(port, 16)
