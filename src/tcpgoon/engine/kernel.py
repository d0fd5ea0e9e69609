"""Every system call on a connection, in a few verbs; the loop above knows neither sockets nor descriptors.

A connection is named by its row. The verbs answer with a value, not with an exception: `dial` with None (under way) or
a `Refusal`, `finish` with an errno, `drain` with how much came and how it stands. What they rely on:

**Registered once, edge-triggered.** A socket joins the epoll set right after ``connect()``, for everything there is to
hear, and is never changed: one ``epoll_ctl`` a connection. Joining after ``connect()`` matters: a socket that has not
been connected is reported as hung up; and nothing is missed in between, since joining reports what is ready already.
The edge says "something came since you last looked", so whoever is told must read until nothing is left, or remember
to come back: `drain` says `MORE` where it stopped early.

**What wakes us.** ``EPOLLOUT`` alone: the handshake succeeded. Anything beside it: look at ``SO_ERROR``, then read.
``EPOLLRDHUP``: the peer's FIN is there, maybe behind data. A FIN and a RST are told apart by what ``recv()`` says at
the end: nothing, or ECONNRESET. Reading first, then looking, gives both the bytes and the reason.

**ECONNRESET and EPIPE on an opening connection.** A RST that answers a SYN is ECONNREFUSED (``tcp_reset()``,
net/ipv4/tcp_input.c). The other two say that the handshake had succeeded and the peer was quicker than our loop: the
connection was established, then lost.

**Stale descriptors.** A number that was closed is given to the next socket. Rows are closed while events are worked
through, and dialled only afterwards, so an event can meet a closed row (the loop sees its state and passes on), but
never a newer connection that took its number.

**A sign of life.** ``SO_KEEPALIVE`` first and ``TCP_KEEPIDLE`` last, on a socket that was idle for a second: the probe
leaves within a tick, and each further ``TCP_KEEPIDLE`` sends another. The other order waits a second more. An answer
raises no event, `sign` shows it; a RST does. The peer answers one probe in 500 ms (``tcp_invalid_ratelimit``), so to
ask more often gains nothing. ``TCP_KEEPCNT`` is at its highest: the kernel would otherwise end a healthy connection on
a path that loses packets, and how long to wait is for the loop to say. Once switched off, nothing more is sent.

**Keeping alive.** The same options, set once with times of the user's own: then our kernel asks by itself whenever the
connection was idle for so long, and ends it (ETIMEDOUT) when nine in a row got no answer, which is Linux's own number;
of healthy connections on a path that loses one packet in ten, one in a million. A sign of life that is asked for
meanwhile changes those times: they are set anew afterwards.

**Closing.** ``close()`` sends a FIN, or a RST where the peer's bytes were not read. ``SO_LINGER`` with a time of 0
makes it a RST in any case, and leaves no TIME_WAIT. Closing takes the socket out of the epoll set by itself, but not
out of a selector of another kind.
"""

import errno
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tcpgoon.engine.tcp_info import Sign
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.outcome import FIN, Phase

AGAIN, MORE = -1, -2
"""What `Kernel.drain` and `Kernel.read` say of a connection that lives on: nothing is left, or more than we took."""

QUICKER_THAN_WE = (errno.ECONNRESET, errno.EPIPE)
"""What `Kernel.finish` says of a handshake that had succeeded before the peer ended the connection; see above."""

MOST_EVENTS = 1024
"""How many events one `Kernel.poll` answers at the most."""

WAKE = -1
"""The row that `Kernel.poll` names where it was `Kernel.wake` that ended it."""


class Refusal(NamedTuple):
    """Our own kernel did not start the dial."""

    error: int
    phase: Phase


ANOTHER_PORT = Refusal(0, Phase.NONE)
"""What `Kernel.dial` says where the port that it tried was taken: call it again at once, it will try the next one."""


def first_ending(error: int) -> int:
    """What ended a connection of which our kernel says ``error``: EPIPE is the RST after a FIN, and that was first."""
    return FIN if error == errno.EPIPE else error


class Kernel(Protocol):
    """What the loop asks of the operating system. `tcpgoon.testing` has one without sockets."""

    missing: tuple[str, ...]
    """What this one cannot do, a sentence each."""

    sources: int
    """How many addresses it dials from: row by row in turn."""

    endpoints: int
    """How many endpoints it dials, in turn: the next one when each source has dialled this one."""

    may_meet_itself: bool
    """Whether `met_itself` is to be asked at all: not where we know that no dial comes from the target's own port."""

    gives_signs: bool
    """Whether `sign` and `keepalive` work: otherwise only an answer of its application proves that a peer is there."""

    def dial(self, row: int) -> Refusal | None:
        """Start to connect ``row``; None: under way, `poll` will tell."""
        ...

    def poll(self, timeout_s: float) -> Sequence[tuple[int, int]]:
        """Rows that something happened to; waits up to ``timeout_s``. The row `WAKE` is a `wake`.

        The number beside each is 0 where all that happened is that it can be written to: its handshake succeeded, or
        there is room again. Otherwise there may be an error, data or an end: `finish` a row that is opening, `drain` or
        `read` one that is established.
        """
        ...

    def finish(self, row: int) -> int:
        """How the handshake of ``row`` ended, where `poll` did not say that it succeeded: 0 or an errno."""
        ...

    def met_itself(self, row: int) -> bool:
        """Whether ``row`` was connected to itself: where nobody listens, the two SYNs of one socket cross."""
        ...

    def inspect(self, row: int) -> tuple[int, int]:
        """RTT in µs and repeated SYNs of ``row``, right after its handshake; 0 for what is not known."""
        ...

    def local_port(self, row: int) -> int:
        """The port at our end of ``row``."""
        ...

    def ends(self, row: int) -> tuple[Endpoint, Endpoint]:
        """Address and port at our end of ``row``, and at the other; zeros at ours where it has ended."""
        ...

    def drain(self, row: int) -> tuple[int, int]:
        """Read and drop what came: how many bytes, and `AGAIN`, `MORE`, `FIN` or an errno."""
        ...

    def read(self, row: int) -> tuple[bytes, int]:
        """Read what came, 64 KB or a little more at the most; the number as that of `drain`."""
        ...

    def send(self, row: int, data: bytes) -> tuple[int, int]:
        """Send ``data``: how many bytes of it there was room for, and 0 or the errno that ended the connection.

        Whoever is told an errno here is not told it again: a `drain` may find a mere end.
        """
        ...

    def sign(self, row: int) -> Sign:
        """What its kernel has let us know of late."""
        ...

    def keepalive(self, row: int) -> None:
        """Ask the kernel at the other end of ``row``, which has been idle for a second, for a sign of life, now."""
        ...

    def no_keepalive(self, row: int) -> None:
        """Ask no more."""
        ...

    def keep_alive(self, row: int, idle_s: int) -> None:
        """From now on let our kernel ask by itself whenever ``row`` was idle for so long."""
        ...

    def shut_down(self, row: int) -> None:
        """Say that nothing more comes from us (FIN)."""
        ...

    def close(self, row: int, reset: bool) -> None:
        """Close ``row``, politely or with RST."""
        ...

    def wake(self) -> None:
        """Let `poll` return now; for other threads and signal handlers."""
        ...
