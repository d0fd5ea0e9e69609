"""The server's loop: one listener, one epoll, one process."""

import os
import select
import socket
import time

from tcpgoon.server.accept_queue import AcceptQueue
from tcpgoon.server.acceptor import Acceptor
from tcpgoon.server.config import ServerConfig
from tcpgoon.server.connections import Connections
from tcpgoon.server.ending import Ending
from tcpgoon.server.places import Places
from tcpgoon.server.tally import Tally

_EVENTS = 1_024
_NO_TIME_COUNTS = [None] * 3


class Loop:
    """Serves what comes to ``listener`` until ``ending`` is over."""

    def __init__(
        self, listener: socket.socket, config: ServerConfig, tally: Tally, places: Places | None, ending: Ending
    ) -> None:
        self._ending = ending
        self._epoll = select.epoll()
        self._connections = Connections(self._epoll, config, tally, places)
        self._acceptor = Acceptor(AcceptQueue(listener), self._epoll, config, self._connections, tally, places)
        self._timed = (self._ending, self._connections, self._acceptor)
        self._endings = set(ending.filenos())
        self._acceptings = self._acceptor.filenos()
        for fd in self._endings:
            self._watch(fd)

    def run(self) -> None:
        """Serve; blocks until the end."""
        while not self._ending.is_over():
            self._turn()

    def close(self) -> None:
        """End the connections that are still held."""
        self._connections.close()
        self._epoll.close()

    def _watch(self, fd: int) -> None:
        try:
            self._epoll.register(fd, select.EPOLLIN)
        except PermissionError:  # a file or /dev/null for a lifeline: it is at its end before it begins
            self._ending.stop()

    def _turn(self) -> None:
        accepting = False
        for fd, event in self._epoll.poll(self._wait_s(time.monotonic()), _EVENTS):
            if fd in self._endings:
                self._ending.heed(fd)
            elif fd in self._acceptings:
                # Later: a new connection could get the number of one that ended, whose event is still to come.
                accepting = True
            elif event & select.EPOLLHUP:  # reset, or timed out: the kernel has closed it already
                self._connections.end(fd)
            else:
                self._connections.ready(fd)
        now = time.monotonic()
        self._connections.end_old(now)
        if accepting:
            self._acceptor.ready(now)
        self._acceptor.tick(now)
        # Whoever else is ready to run goes first. Where the cores are busy, more has come by the next turn, and a turn
        # of many costs hardly more than one of one: with 54 processes on two cores this halves the cost of all.
        os.sched_yield()

    def _wait_s(self, now: float) -> float | None:
        waits = [part.remaining_s(now) for part in self._timed]
        return None if waits == _NO_TIME_COUNTS else min(wait for wait in waits if wait is not None)
