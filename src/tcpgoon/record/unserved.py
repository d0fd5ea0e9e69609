"""Why a connection is not served: what the other end did, asked by a probe, instead of giving the answer."""

from enum import IntEnum


class Unserved(IntEnum):
    """The ways in which an application that was asked can fail to serve: the first five are its own doing."""

    NONE = 0
    """It served, or has not answered yet."""
    REFUSED = 1
    """It said no in the words of its protocol, such as ``-ERR max number of clients reached``."""
    ENDED = 2
    """It closed before its answer was complete."""
    ENDLESS = 3
    """It said more than we listen to, and the answer was not in it."""
    NO_TLS = 4
    """The TLS handshake failed."""
    UNTRUSTED = 5
    """Its certificate does not verify: a mistake in the set-up of either end, no limit of the target."""
    SILENT = 6
    """Its kernel took what we sent, and it said nothing in time."""
    UNACKED = 7
    """Not even its kernel took what we sent: the connection is a phantom, or the path is cut."""
    UNEXPECTED = 8
    """It said something in time, and the answer was not in it."""
    LATE = 9
    """The answer came, after the time was over."""


UNPROVEN = frozenset({Unserved.ENDLESS, Unserved.NO_TLS, Unserved.UNTRUSTED, Unserved.SILENT, Unserved.UNEXPECTED})
"""What may as well be the fault of the question: where nobody was ever served, these prove nothing about a limit."""

NO_SESSION = frozenset({Unserved.NO_TLS, Unserved.UNTRUSTED})
"""Those of them after which either end closes: that the connection is lost then proves no more."""
