"""One server as several processes that share a port, and the process that watches over them.

Workers are started afresh, not forked: the program that starts a server may have threads, and descriptors that are
none of a worker's business. What a worker needs it gets as descriptors:

- its listener; the memory of the `Tally`; the eventfd of the `Places`;
- the *lifeline*, a pipe whose other end only the parent has. It ends when the parent closes it, and also when the
  parent is killed: no worker is ever left behind;
- a pipe on which it says that it is ready, and which ends when the worker does: so its death is noticed.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress

import msgspec

from tcpgoon.errors import TcpgoonError
from tcpgoon.server.config import ServerConfig
from tcpgoon.server.ending import Ending
from tcpgoon.server.loop import Loop
from tcpgoon.server.places import Places
from tcpgoon.server.tally import Tally

_GRACE_S = 5.0
"""How long the workers have to end by themselves."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is started with: its knobs, and the numbers of the descriptors it inherits."""

    config: ServerConfig
    listener: int
    tally: int
    places: int | None
    lifeline: int
    ready: int

    def descriptors(self) -> list[int]:
        """Those to be inherited."""
        numbers = [self.listener, self.tally, self.places, self.lifeline, self.ready]
        return [number for number in numbers if number is not None]


class Workers:
    """Serves what comes to ``listeners``, with a process for each, until ``ending`` is over.

    Raises `TcpgoonError` where a worker ends before that.
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
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._descriptors = ExitStack()
        self._unready = len(listeners)
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
        """End the workers: by their lifeline, and after a time of grace by SIGKILL."""
        self._descriptors.close()
        deadline = time.monotonic() + _GRACE_S
        for process in self._processes.values():
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, listeners: list[socket.socket], config: ServerConfig, tally: Tally, places: Places | None) -> None:
        for fd in self._ending.filenos():
            self._poll.register(fd, select.POLLIN)
        lifeline, our_end = os.pipe()
        self._descriptors.callback(os.close, our_end)
        try:
            for listener in listeners:
                ours, ready = os.pipe()
                self._descriptors.callback(os.close, ours)
                task = Task(
                    config=msgspec.structs.replace(config, workers=1, duration_s=None),  # these are the parent's
                    listener=listener.fileno(),
                    tally=tally.fd,
                    places=places.fd if places else None,
                    lifeline=lifeline,
                    ready=ready,
                )
                self._watch(ours, task)
        finally:
            os.close(lifeline)
        while self._unready and not self._ending.is_over():
            self._turn()

    def _watch(self, ours: int, task: Task) -> None:
        try:
            self._processes[ours] = _spawn(task)
        finally:
            os.close(task.ready)
        self._poll.register(ours, select.POLLIN)

    def _turn(self) -> None:
        remaining_s = self._ending.remaining_s(time.monotonic())
        for fd, _ in self._poll.poll(None if remaining_s is None else remaining_s * 1e3):
            if fd not in self._processes:
                self._ending.heed(fd)
            elif os.read(fd, 1):
                self._unready -= 1
            else:
                raise TcpgoonError(_obituary(self._processes[fd]))


def serve_as_worker(task: Task) -> None:
    """Be a worker: serve until the lifeline ends."""
    listener = socket.socket(fileno=task.listener)
    listener.setblocking(False)
    ending = Ending(lifeline=task.lifeline)
    places = None if task.places is None else Places(task.places)
    loop = Loop(listener, task.config, Tally(task.tally, shared=True), places, ending)
    with suppress(BrokenPipeError):  # the parent is gone already; the lifeline will say so too
        os.write(task.ready, b"+")
    loop.run()
    listener.close()
    loop.close()


def _spawn(task: Task) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", "tcpgoon.server", msgspec.json.encode(task)],
        # -P: a socket.py in the current directory is not to be taken for the standard library's.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=task.descriptors(),
        process_group=0,  # the terminal's Ctrl-C is for the parent, who then ends the workers
    )


def _obituary(process: subprocess.Popen[bytes]) -> str:
    status = process.wait(_GRACE_S)
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
    return f"worker process {process.pid} of the server {how}, and the server with it"
