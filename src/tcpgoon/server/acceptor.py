"""When a connection is accepted, and what happens to it above the limit."""

import errno
import select
from enum import Enum, auto

from tcpgoon.server.accept_queue import AcceptQueue
from tcpgoon.server.closing import close_with_fin, close_with_rst
from tcpgoon.server.config import ServerConfig
from tcpgoon.server.connections import Connections
from tcpgoon.server.places import Places
from tcpgoon.server.tally import Tally

_BATCH = 64
"""Connections accepted in one turn of the loop: those that are held are not to starve meanwhile."""

_STARVED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_STARVED_PAUSE_S = 0.1

_PASSING = {
    errno.ECONNABORTED,
    errno.EPERM,
    errno.EPROTO,
    errno.ENETDOWN,
    errno.ENOPROTOOPT,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.EOPNOTSUPP,
    errno.ENETUNREACH,
}
"""What ``accept(2)`` says of the one connection that it would have returned: there is a next one."""


class Waiting(Enum):
    """What the acceptor waits for."""

    FOR_CONNECTION = auto()
    FOR_DELAY = auto()
    """A connection is there, and the delay before its accept runs."""
    FOR_PLACE = auto()
    """The limit is reached, and what comes stays in the accept queue."""
    FOR_DESCRIPTOR = auto()
    """There is none left: until a connection ends, or for a moment, as others may have given theirs back."""
    FOR_EVER = auto()


class Acceptor:
    """Takes connections from the queue.

    The listener is in the epoll only while a connection would be taken; otherwise the waiting connections would wake
    the loop again and again, for nothing.
    """

    def __init__(
        self,
        queue: AcceptQueue,
        epoll: "select.epoll",
        config: ServerConfig,
        connections: Connections,
        tally: Tally,
        places: Places | None,
    ) -> None:
        self._queue = queue
        self._epoll = epoll
        self._delay_s = config.accept_delay_s
        self._above = config.above
        self._connections = connections
        self._tally = tally
        self._places = places
        self._sources = {Waiting.FOR_CONNECTION: queue.fileno()}
        if places:
            self._sources[Waiting.FOR_PLACE] = places.fd
        self._waiting = Waiting.FOR_EVER
        self._until: float | None = None
        self._ended_before = 0
        if not config.never_accept:
            self._wait(Waiting.FOR_CONNECTION)

    def filenos(self) -> set[int]:
        """The descriptors that it waits for, now or later."""
        return set(self._sources.values())

    def ready(self, now: float) -> None:
        """What it waited for is there: a connection, or a place for one."""
        if self._waiting is Waiting.FOR_PLACE:
            self._wait(Waiting.FOR_CONNECTION)
        elif self._delay_s:
            self._wait(Waiting.FOR_DELAY, now + self._delay_s)
        else:
            self._accept(min(len(self._queue) or 1, _BATCH), now)

    def tick(self, now: float) -> None:
        """Go on where a time is over."""
        if self.remaining_s(now) != 0:
            return
        delayed = self._waiting is Waiting.FOR_DELAY
        self._wait(Waiting.FOR_CONNECTION)
        if delayed:
            self._accept(1, now)

    def remaining_s(self, now: float) -> float | None:
        """How long until `tick` has something to do, at least 0; ``None`` where no time counts."""
        if self._until is None:
            return None
        if self._waiting is Waiting.FOR_DESCRIPTOR and self._connections.ended != self._ended_before:
            return 0.0
        return max(self._until - now, 0.0)

    def _wait(self, what: Waiting, until: float | None = None) -> None:
        if self._waiting in self._sources:
            self._epoll.unregister(self._sources[self._waiting])
        if what in self._sources:
            self._epoll.register(self._sources[what], select.EPOLLIN)
        self._waiting, self._until = what, until

    def _accept(self, most: int, now: float) -> None:
        for _ in range(most):
            if self._above == "stop" and not self._take_place():
                self._wait(Waiting.FOR_PLACE)
                return
            try:
                fd = self._queue.take()
            except OSError as exc:
                if self._above == "stop":
                    self._give_place_back()
                if not self._may_go_on(exc, now):
                    return
            else:
                self._welcome(fd, now)

    def _welcome(self, fd: int, now: float) -> None:
        if self._above == "stop" or self._take_place():
            self._connections.hold(fd, now)
            return
        self._tally.count_refused()
        if self._above == "reset":
            close_with_rst(fd)
        else:
            close_with_fin(fd, bytearray(4096))

    def _may_go_on(self, exc: OSError, now: float) -> bool:
        if exc.errno in _STARVED:
            self._tally.count_starved()
            self._ended_before = self._connections.ended
            self._wait(Waiting.FOR_DESCRIPTOR, now + _STARVED_PAUSE_S)
        elif exc.errno not in (*_PASSING, errno.EAGAIN):
            raise exc
        return exc.errno in _PASSING

    def _take_place(self) -> bool:
        return self._places is None or self._places.take()

    def _give_place_back(self) -> None:
        if self._places:
            self._places.give_back()
