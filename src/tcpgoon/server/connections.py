"""The connections that the server holds."""

import os
import select
from collections import OrderedDict

from tcpgoon.server.closing import close_with_fin, close_with_rst
from tcpgoon.server.config import ServerConfig
from tcpgoon.server.places import Places
from tcpgoon.server.tally import Tally

_CHUNK = 16 * 1024
"""Bytes read at once; with echo also the most that waits, per connection, for a peer that does not read."""
_ENDED_AT_ONCE = 1_024
"""Connections that reach their age in one turn of the loop: the others are not to starve meanwhile."""


class Connections:
    """The held connections: of each its descriptor and the time when it was accepted, and no more.

    All have the same age limit, so the order of acceptance is the order of ends: a queue, which needs no timers. As it
    is a dict too, a connection that ends earlier leaves it without a trace. Where there is no such limit the dict is a
    plain one, of half the size: to find its first is slow once many have left it.
    """

    def __init__(self, epoll: "select.epoll", config: ServerConfig, tally: Tally, places: Places | None) -> None:
        self.ended = 0
        self._epoll = epoll
        self._config = config
        self._tally = tally
        self._places = places
        self._age_limit_s = config.age_limit_s
        self._accepted_at: dict[int, float] = {} if config.age_limit_s is None else OrderedDict()
        self._unsent: dict[int, bytes] = {}
        self._buffer = bytearray(_CHUNK)

    def hold(self, fd: int, now: float) -> None:
        """Hold the connection ``fd``, which has its place already, and send it the banner."""
        self._accepted_at[fd] = now
        self._epoll.register(fd, select.EPOLLIN)
        self._tally.count_accepted()
        if self._config.banner:
            self._unsent[fd] = self._config.banner
            self.ready(fd)

    def ready(self, fd: int) -> None:
        """Do what can be done on ``fd``: send what waits, or else receive."""
        try:
            if fd in self._unsent:
                self._send(fd, self._unsent[fd])
            elif received := os.readv(fd, [self._buffer]):
                if self._config.echo:
                    self._send(fd, memoryview(self._buffer)[:received])
            else:
                self.end(fd)
        except BlockingIOError:
            pass
        except OSError:  # reset, or timed out: the peer ended it
            self.end(fd)

    def end(self, fd: int) -> None:
        """Close ``fd``, of which nothing more is to be read."""
        self._forget(fd)
        os.close(fd)
        self._count_ended()

    def end_old(self, now: float) -> None:
        """End those that have reached their age."""
        for _ in range(_ENDED_AT_ONCE):
            if self.remaining_s(now) != 0:
                return
            fd = next(iter(self._accepted_at))
            self._forget(fd)
            if self._config.close_after_s is None:
                close_with_rst(fd)
            else:
                close_with_fin(fd, self._buffer)
            self._count_ended()

    def remaining_s(self, now: float) -> float | None:
        """How long until a connection reaches its age, at least 0; ``None`` where none ever does."""
        if self._age_limit_s is None or not self._accepted_at:
            return None
        oldest = next(iter(self._accepted_at.values()))
        return max(oldest + self._age_limit_s - now, 0.0)

    def close(self) -> None:
        """Close them all with FIN, at the end of the server; they stay counted as held."""
        for fd in self._accepted_at:
            close_with_fin(fd, self._buffer)
        self._accepted_at.clear()

    def _send(self, fd: int, data: bytes | memoryview) -> None:
        try:
            sent = os.write(fd, data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            # From here on it is not read either: then the peer's own send buffer fills, and it must wait.
            self._unsent[fd] = bytes(data[sent:])
            self._epoll.modify(fd, select.EPOLLOUT)
        elif self._unsent.pop(fd, None) is not None:
            self._epoll.modify(fd, select.EPOLLIN)

    def _forget(self, fd: int) -> None:
        del self._accepted_at[fd]
        self._unsent.pop(fd, None)
        # Closing alone does not take it out of the epoll while a child that is being started has a copy of it.
        self._epoll.unregister(fd)

    def _count_ended(self) -> None:
        self.ended += 1
        self._tally.count_ended()
        if self._places:
            self._places.give_back()
