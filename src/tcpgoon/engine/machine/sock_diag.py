"""What the kernel knows of the TCP sockets of this network namespace, asked by netlink (``sock_diag``, ``inet_diag``).

``/proc/net/tcp`` has the same facts, and two things against it. It lists *every* socket, so that a look costs
milliseconds as soon as there are thousands, and it does not say how long the accept queue of a listener may be. Here
the kernel is told what is wanted and lists nothing else (struct inet_diag_req_v2, and a tiny program that it runs for
each socket: INET_DIAG_REQ_BYTECODE).

No privilege is needed. A kernel without it (EPROTONOSUPPORT, ENOENT), or a sandbox that forbids it (EPERM, EACCES), is
an `OSError` here: `tcpgoon.engine.machine.proc_net` answers the same questions then.

The structs are those of include/uapi/linux/netlink.h, sock_diag.h and inet_diag.h.
"""

import errno
import ipaddress
import os
import socket
import struct
import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple, Self

from tcpgoon.plan.endpoint import Family

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST, _NLM_F_DUMP, _NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_INET_DIAG_REQ_BYTECODE = 1
_INET_DIAG_BC_D_COND = 8
_INET_DIAG_SKMEMINFO, _INET_DIAG_SKV6ONLY = 7, 11
_SK_MEMINFO_DROPS = slice(32, 36)
_ANY_PORT = -1
_MAPPED = bytes(10) + b"\xff\xff"

TIME_WAIT, LISTEN = 6, 10
"""States of a TCP socket as the kernel numbers them (include/net/tcp_states.h)."""

_WITH_A_LOCAL_PORT = sum(1 << state for state in (1, 2, 3, 4, 5, 6, 8, 9, 11))
"""All but CLOSE, LISTEN, and the requests that a listener has not answered in full."""

_ESTABLISHED = 1 << 1 | 1 << 8
"""And CLOSE_WAIT: the peer has closed its half, and the process nothing yet."""

_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
_SOCKET_ID = struct.Struct(">HH16s16s12x")
_MESSAGE = struct.Struct(">BB2xHH16s16s12x")
_STATE_AT, _LOCAL_PORT_AT, _LOCAL_AT = 1, 4, 8
_COUNTERS = struct.Struct("=IIIII")
_COUNTERS_AT = _MESSAGE.size
_ATTRIBUTES_AT = _COUNTERS_AT + _COUNTERS.size
_INODE = slice(_ATTRIBUTES_AT - 4, _ATTRIBUTES_AT)
_ATTRIBUTE = struct.Struct("=HH")
_OPERATION = struct.Struct("=BBH")
_HOST = struct.Struct("=BBxxi")

_READ_BYTES = 65_536
"""More than the kernel puts into one part of its answer."""
_MOST_TRIES = 3
_TIMEOUT_S = 5.0


class Listener(NamedTuple):
    """A listening socket."""

    address: str
    """Without the ``::ffff:`` of an IPv4 address; ``0.0.0.0`` and ``::`` are any."""
    port: int
    inode: int
    """By which the descriptors of processes are found: ``/proc/PID/fd/N`` → ``socket:[inode]``."""
    queued: int
    """Connections in its accept queue."""
    backlog: int | None
    """How many may be there before it is full; it takes one more. None where it is not said."""
    uid: int
    """The user that made it."""
    family: Family
    """That of the socket, and of those of its connections: an IPv6 one may take IPv4, and have an IPv4 address."""
    drops: int | None = None
    """How often it dropped a SYN or the end of a handshake since it was made, as a rule since its accept queue was full
    (``tcp_listendrop()``). None where that is not said."""


class Towards(NamedTuple):
    """The sockets whose remote end is one address and port."""

    in_use: int
    """Those of all states but TIME_WAIT."""
    time_wait: int


def listeners(family: Family, port: int) -> list[Listener]:
    """`SockDiag.listeners`, once. Raises `OSError` where the kernel does not tell."""
    with SockDiag() as kernel:
        return kernel.listeners(family, port)


def towards(family: Family, address: str, port: int, ports: Container[int] | None = None) -> dict[bytes, Towards]:
    """How many sockets here have ``address``:``port`` as their remote end, by their own address.

    Without ``ports`` the local port does not matter. Raises `OSError` where the kernel does not tell.
    """
    remote = ipaddress.ip_address(address).packed
    with SockDiag() as kernel:
        return by_address(
            (_local(body), body[_STATE_AT])
            for each in families_of(family)
            for body in kernel.dump(each, _WITH_A_LOCAL_PORT, remote_port=port, remote=remote)
            if ports is None or int.from_bytes(body[_LOCAL_PORT_AT : _LOCAL_PORT_AT + 2], "big") in ports
        )


def by_address(ends: Iterable[tuple[bytes, int]]) -> dict[bytes, Towards]:
    """The sockets with these addresses and states, counted."""
    found: Counter[tuple[bytes, bool]] = Counter((local, state == TIME_WAIT) for local, state in ends)
    return {local: Towards(found[local, False], found[local, True]) for local, _ in found}


def accepts(local: bytes, family: Family, *, v6_only: bool) -> bool:
    """Whether a listener at ``local`` takes connections of ``family``: ``::`` takes IPv4 unless that is forbidden."""
    of_v4 = len(local) == 4
    if family is Family.IPV6:
        return not of_v4
    return of_v4 or (not any(local) and not v6_only)


def plain(address: bytes) -> bytes:
    """``address`` without the ``::ffff:`` of an IPv4 address that an IPv6 socket has."""
    return address[12:] if len(address) == 16 and address[:12] == _MAPPED else address


def families_of(family: Family) -> list[int]:
    """Those of the sockets that may have to do with connections of ``family``."""
    return [socket.AF_INET6] if family is Family.IPV6 else [socket.AF_INET, socket.AF_INET6]


def _listener(body: bytes) -> Listener:
    _, _, port, _, _, _ = _MESSAGE.unpack_from(body)
    _, queued, backlog, uid, inode = _COUNTERS.unpack_from(body, _COUNTERS_AT)
    family = Family.IPV4 if body[0] == socket.AF_INET else Family.IPV6
    dropped = _attribute(body, _INET_DIAG_SKMEMINFO)[_SK_MEMINFO_DROPS]
    drops = int.from_bytes(dropped, sys.byteorder) if dropped else None
    return Listener(str(ipaddress.ip_address(_local(body))), port, inode, queued, backlog, uid, family, drops)


def _takes(body: bytes, family: Family) -> bool:
    return accepts(_local(body), family, v6_only=any(_attribute(body, _INET_DIAG_SKV6ONLY)))


def _local(body: bytes) -> bytes:
    address = body[_LOCAL_AT : _LOCAL_AT + 16]
    return address[:4] if body[0] == socket.AF_INET else plain(address)


class SockDiag:
    """A netlink socket to ``sock_diag``, until it is closed. It asks about the namespace that it was made in."""

    def __init__(self, netlink: socket.socket | None = None) -> None:
        self._socket = netlink or open_netlink()
        self._socket.settimeout(_TIMEOUT_S)
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is asked any more."""
        self._socket.close()

    def listeners(self, family: Family, port: int = 0) -> list[Listener]:
        """The sockets that listen on ``port``, 0 for all, for connections of ``family``.

        IPv6 ones that take IPv4 too are among both.
        """
        answers = [body for each in families_of(family) for body in self.dump(each, 1 << LISTEN, local_port=port)]
        found = [_listener(body) for body in answers if _takes(body, family)]
        return list({one.inode: one for one in found}.values())

    def accepted(self, family: Family, port: int) -> int:
        """The established connections of the local ``port`` that a process has: those in accept queues are nobody's.

        ``family`` is that of the sockets, `Listener.family`.
        """
        of_listener = socket.AF_INET6 if family is Family.IPV6 else socket.AF_INET
        return sum(any(body[_INODE]) for body in self.dump(of_listener, _ESTABLISHED, local_port=port))

    def dump(
        self, family: int, states: int, *, local_port: int = 0, remote_port: int = 0, remote: bytes = b""
    ) -> list[bytes]:
        """A struct inet_diag_msg, and its attributes, for each socket of ``family`` in one of ``states`` (bits).

        A port of 0 is any port.
        """
        condition = _remote_is(remote) if remote else b""
        identity = _SOCKET_ID.pack(local_port, remote_port, bytes(16), bytes(16))
        extensions = 1 << (_INET_DIAG_SKMEMINFO - 1) if states == 1 << LISTEN else 0
        request = _REQUEST.pack(family, socket.IPPROTO_TCP, extensions, states) + identity + condition
        for _ in range(_MOST_TRIES):
            found, torn = self._ask(request)
            if not torn:
                break
        return found

    def _ask(self, request: bytes) -> tuple[list[bytes], bool]:
        """All parts of the answer; and whether the tables changed meanwhile, so that one may be missing or be twice."""
        self._sequence += 1
        flags = _NLM_F_REQUEST | _NLM_F_DUMP
        header = _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, flags, self._sequence, 0)
        self._socket.send(header + request)
        found: list[bytes] = []
        torn = False
        while True:
            for kind, flags, sequence, body in _messages(self._socket.recv(_READ_BYTES)):
                if sequence != self._sequence:
                    continue  # left over from an answer that was not read to its end
                torn |= bool(flags & _NLM_F_DUMP_INTR)
                if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                    _raise_for(body)
                    return found, torn
                if len(body) < _ATTRIBUTES_AT:
                    raise OSError(errno.EPROTO, os.strerror(errno.EPROTO))
                found.append(body)


def open_netlink() -> socket.socket:
    """A socket for `SockDiag`, of the network namespace that this thread is in."""
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)


def _remote_is(address: bytes) -> bytes:
    """The program that rejects sockets whose remote end is not ``address``; a mapped IPv4 address is an IPv4 one."""
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    operand = _HOST.pack(family, 8 * len(address), _ANY_PORT) + address
    size = _OPERATION.size + len(operand)
    # Where to go on: at the end of the program the socket is accepted, beyond it rejected (inet_diag_bc_run).
    program = _OPERATION.pack(_INET_DIAG_BC_D_COND, size, size + 4) + operand
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(program), _INET_DIAG_REQ_BYTECODE) + program


def _messages(part: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Type, flags, sequence number and body of each message in ``part``."""
    offset = 0
    while offset + _HEADER.size <= len(part):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(part, offset)
        if length < _HEADER.size:
            return
        yield kind, flags, sequence, part[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def _raise_for(body: bytes) -> None:
    """Raise what the kernel says at the end of its answer, if that is an error: a negative errno."""
    number = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
    if number > 0:
        raise OSError(number, os.strerror(number))


def _attribute(body: bytes, wanted: int) -> bytes:
    """The attribute of that kind after a struct inet_diag_msg; empty where there is none."""
    offset = _ATTRIBUTES_AT
    while offset + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size:
            break
        if kind == wanted:
            return body[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return b""
