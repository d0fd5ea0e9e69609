"""How sure we are that an established connection is really there.

"Established" is the opinion of one kernel. A server with a short accept queue answers more SYNs than it keeps
connections for, and the client is never told. RFC 2647 §3.7 has the reason for the levels: a connection over which no
data can be forwarded is not to be counted.
"""

from enum import IntEnum


class Assurance(IntEnum):
    """What has been proved of a connection; a higher level includes the lower ones."""

    NONE = 0
    """Nothing: it is not established."""
    HANDSHAKE = 1
    """Our own kernel says ESTABLISHED."""
    ACKNOWLEDGED = 2
    """The kernel at the other end holds this connection."""
    SERVED = 3
    """The application took it and answers."""
