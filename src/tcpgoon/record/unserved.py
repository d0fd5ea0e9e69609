"""Why a probe failed: what the application at the other end did instead of serving the connection."""

from enum import IntEnum


class Unserved(IntEnum):
    """The ways in which an application that was asked can fail to serve. Not to answer at all is none of them."""

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
