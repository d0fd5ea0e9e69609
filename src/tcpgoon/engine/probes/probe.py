"""What a probe is: one conversation over one connection, without the connection.

Whoever owns the socket moves the bytes::

    probe = make()
    send(probe.start())
    while progress is PENDING:
        data = receive()
        progress = probe.received(data) if data else probe.eof()
        send(probe.to_send())

What there is to send is sent also when the probe is over: it may be the last word of a handshake, or the alert that
tells the peer why we go. How long to wait is the owner's business: a probe has no clock. So is the difference between
"it said nothing" and "it said something else" when the time is over: `Probe.said` has it.
"""

from enum import Enum
from functools import lru_cache
from typing import NamedTuple, Protocol

from tcpgoon.record.unserved import Unserved


class Status(Enum):
    """Where a probe is."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


class Progress(NamedTuple):
    """The answer so far; whatever is not `PENDING` is final."""

    status: Status
    why: Unserved = Unserved.NONE
    reason: str = ""
    """For a failure: what happened, or the peer's own words; printable ASCII, one line."""


PENDING = Progress(Status.PENDING)
"""Nothing is decided. Compare with ``is``."""

PASSED = Progress(Status.PASSED)
"""The application serves this connection. Compare with ``is``."""


@lru_cache(maxsize=1024)
def failed(why: Unserved, reason: str) -> Progress:
    """The probe failed. A thousand connections that are refused in the same words share one object."""
    return Progress(Status.FAILED, why, reason)


class Probe(Protocol):
    """One conversation. `tcpgoon.testing.check_probe` checks an implementation.

    There may be a hundred thousand at once: an object is to be small, what it keeps of a peer's words bounded, and
    what is the same for all of them shared.
    """

    def start(self) -> bytes:
        """What to send first; called once, before anything else. Empty where the peer speaks first."""
        ...

    def received(self, data: bytes) -> Progress:
        """The peer sent ``data``: any part of what it says, cut anywhere. Never raises for what a peer may say."""
        ...

    def to_send(self) -> bytes:
        """What is to be sent because of what was received, once; ask after each `received` and `eof`."""
        ...

    def eof(self) -> Progress:
        """The peer will say no more (FIN, or a reset); not `PENDING`."""
        ...

    @property
    def said(self) -> bytes:
        """The first 200 bytes, at the most, of what the peer's application said."""
        ...
