"""One server as several processes that share a port, and the process that watches over them.

The workers are forked by one process that is started afresh, the nursery: the program that starts a server may have
threads, and descriptors that are none of a worker's business. What they need they get as descriptors:

- the listeners, one each; the memory of the `Tally`; the eventfd of the `Places`;
- the *lifeline*, a pipe whose other end only this process has. It ends when this process closes it, and also when it
  is killed: nobody is ever left behind;
- a pipe on which the nursery says that all are ready, or that one has died, and which ends when the nursery does.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import msgspec

from tcpgoon.errors import TcpgoonError
from tcpgoon.server.config import ServerConfig
from tcpgoon.server.ending import Ending
from tcpgoon.server.nursery import READY, UNABLE, Task, obituary
from tcpgoon.server.places import Places
from tcpgoon.server.tally import Tally

_GRACE_S = 5.0
"""How long the workers have to end by themselves, and then the nursery to end the others."""
_LINE = 4096


class Workers:
    """Serves what comes to ``listeners``, with a process for each, until ``ending`` is over.

    Raises `TcpgoonError` where a worker ends before that, `OSError` where there is no room for one.
    """

    def __init__(
        self,
        listeners: list[socket.socket],
        config: ServerConfig,
        tally: Tally,
        places: Places | None,
        ending: Ending,
    ) -> None:
        self._ending = ending
        self._poll = select.poll()
        self._descriptors = ExitStack()
        self._nursery: subprocess.Popen[bytes] | None = None
        self._ready = False
        try:
            self._start(listeners, config, tally, places)
        except BaseException:
            self.close()
            raise

    def run(self) -> None:
        """Watch over the workers; blocks until the end."""
        while not self._ending.is_over():
            self._turn()

    def close(self) -> None:
        """End the workers: by their lifeline, by the nursery after a time of grace, and last by SIGKILL for all."""
        self._descriptors.close()
        if self._nursery:
            try:
                self._nursery.wait(2 * _GRACE_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._nursery.pid, signal.SIGKILL)
                self._nursery.wait()

    def _start(self, listeners: list[socket.socket], config: ServerConfig, tally: Tally, places: Places | None) -> None:
        lifeline, our_end = os.pipe()
        self._descriptors.callback(os.close, our_end)
        self._report, report = os.pipe()
        self._descriptors.callback(os.close, self._report)
        task = Task(
            config=msgspec.structs.replace(config, workers=1, duration_s=None),  # these are the parent's
            listeners=tuple(listener.fileno() for listener in listeners),
            tally=tally.fd,
            places=places.fd if places else None,
            lifeline=lifeline,
            report=report,
            grace_s=_GRACE_S,
        )
        try:
            self._nursery = _spawn(task)
        finally:
            os.close(lifeline)
            os.close(report)
        for fd in (*self._ending.filenos(), self._report):
            self._poll.register(fd, select.POLLIN)
        while not (self._ready or self._ending.is_over()):
            self._turn()

    def _turn(self) -> None:
        remaining_s = self._ending.remaining_s(time.monotonic())
        for fd, _ in self._poll.poll(None if remaining_s is None else remaining_s * 1e3):
            if fd == self._report:
                self._heed(os.read(fd, _LINE).decode())
            else:
                self._ending.heed(fd)

    def _heed(self, report: str) -> None:
        self._ready = report.startswith(READY)
        told = report.removeprefix(READY)
        if told.startswith(UNABLE):
            number = int(told.removeprefix(UNABLE))
            raise OSError(number, os.strerror(number))
        if told:
            raise TcpgoonError(told)
        if not report and self._nursery:
            raise TcpgoonError(obituary(self._nursery.pid, self._nursery.wait(_GRACE_S)))


def _spawn(task: Task) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", "tcpgoon.server", msgspec.json.encode(task)],
        # -P: a socket.py in the current directory is not to be taken for the standard library's.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=task.descriptors(),
        process_group=0,  # the terminal's Ctrl-C is for the parent, who then ends the workers
    )
