"""How a connection ended: the name of its errno, the phase that it ended in, and whose side that points to.

An errno alone does not tell the cause. ``ECONNREFUSED`` from our own kernel's routing, from a closed port and from a
firewall's RST are the same number; the phase is what tells a limit of this client from an answer of the target.
"""

import errno
from enum import IntEnum, StrEnum

FIN = 0
"""The errno column of a connection that the peer closed politely."""

OWNER_DIED = getattr(errno, "EOWNERDEAD", errno.ESRCH)
"""The errno column of a connection whose process of ours died: no system call said so."""


class Phase(IntEnum):
    """What we were doing when the connection ended."""

    NONE = 0
    """It has not ended, or as planned."""
    SOCKET = 1
    """Our kernel gave no socket."""
    BIND = 2
    """Our kernel gave no local address or port."""
    CONNECT = 3
    """Our kernel refused ``connect()`` at once: no packet has left."""
    HANDSHAKE = 4
    """A SYN was sent, and the answer was an error or none in time."""
    HELD = 5
    """It was established and held."""
    PHANTOM = 6
    """It looked established, and was not there when it was asked for a sign of life."""
    DOUBTFUL = 7
    """We closed it as planned, and whether it had been there until then is not known."""
    WORKER = 8
    """The process of ours that dialled or held it died: that says nothing about the target."""


class ClosedBy(IntEnum):
    """Who ended it first."""

    NOBODY = 0
    US = 1
    PEER = 2
    """A FIN or a RST came (a middlebox that forges one looks the same)."""
    PATH = 3
    """Our kernel gave up on the peer, or the network said that it is not to be reached."""


class Side(StrEnum):
    """Whose limit or fault something is."""

    CLIENT = "client"
    PATH = "path"
    TARGET_KERNEL = "target kernel"
    TARGET_APPLICATION = "target application"


_TARGET_ANSWERS = {errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE}
_PATH_ANSWERS = {
    errno.ETIMEDOUT,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.ENETDOWN,
    errno.ENETRESET,
    errno.ENOPROTOOPT,
    errno.EPROTO,
    errno.EACCES,
    errno.EOPNOTSUPP,
    getattr(errno, "ENONET", errno.EHOSTUNREACH),
}
"""What our kernel makes of ICMP errors and of silence (icmp_err_convert[] of net/ipv4/icmp.c, icmpv6_err_convert())."""


def side_of(error: int, phase: Phase, closed_by: ClosedBy = ClosedBy.NOBODY) -> Side:
    """Whose side an end with ``error`` in ``phase`` points to; ``closed_by`` tells what only some phantoms need.

    Before a packet has left only our own kernel can have said no, whatever the number. What is known neither as the
    target's answer nor as the path's is taken to be ours: the target is never blamed for what we do not understand.
    """
    if phase is Phase.HELD:
        return Side.TARGET_APPLICATION if error in (FIN, errno.ECONNRESET, errno.EPIPE) else _path_or_client(error)
    if phase is Phase.PHANTOM:
        # That we gave up means that its kernel answered, and what it answered is that the handshake is not over.
        half_open = error == errno.ETIMEDOUT and closed_by is ClosedBy.US
        return Side.TARGET_KERNEL if half_open or error in _TARGET_ANSWERS else _path_or_client(error)
    if phase is Phase.HANDSHAKE:
        return Side.TARGET_KERNEL if error in _TARGET_ANSWERS else _path_or_client(error)
    return Side.CLIENT


def _path_or_client(error: int) -> Side:
    return Side.PATH if error in _PATH_ANSWERS else Side.CLIENT


def ended_by(error: int) -> ClosedBy:
    """Who ended an established connection that was found ended with ``error``."""
    if error in (FIN, errno.ECONNRESET, errno.EPIPE):
        return ClosedBy.PEER
    return ClosedBy.PATH if error in _PATH_ANSWERS else ClosedBy.US


def error_name(error: int) -> str:
    """``ECONNREFUSED`` for 111; ``FIN`` for 0; ``errno 4711`` for a number that has no name here."""
    return "FIN" if error == FIN else errno.errorcode.get(error, f"errno {error}")
