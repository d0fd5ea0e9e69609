"""The process that forks the workers of a server: each is there at once, and shares with it the memory of the program.

It is started afresh by ``workers.py``, so that it has one thread and no descriptors but those of its task.
"""

import gc
import os
import select
import signal
import socket
import time
import traceback
from contextlib import suppress

import msgspec

from tcpgoon.server.config import ServerConfig
from tcpgoon.server.ending import Ending
from tcpgoon.server.loop import Loop
from tcpgoon.server.places import Places
from tcpgoon.server.tally import Tally

READY = "+"
"""What is reported when all workers serve, and by each of them when it does."""

UNABLE = "errno "
"""What is reported when not all can be forked, and then the number of the error."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a nursery is started with: the knobs of each worker, and the numbers of the descriptors it inherits."""

    config: ServerConfig
    listeners: tuple[int, ...]
    tally: int
    places: int | None
    lifeline: int
    report: int
    grace_s: float
    """How long the workers have to end by themselves."""

    def descriptors(self) -> list[int]:
        """Those to be inherited."""
        shared = (self.tally, self.places, self.lifeline, self.report)
        return [*self.listeners, *(number for number in shared if number is not None)]


class Nursery:
    """Has a worker for each listener of ``task``, and stays until the last one has ended."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._poll = select.poll()
        self._workers: dict[int, int] = {}
        """The process id of each that lives, by our end of the pipe on which it reports, and which ends with it."""
        self._unready = len(task.listeners)

    def run(self) -> None:
        """Fork; then blocks until the lifeline has ended, and the workers by it, or by SIGKILL."""
        gc.freeze()  # a collection marks what it looks at: each worker would copy what all of them share
        try:
            for worker in range(len(self._task.listeners)):
                self._fork(worker)
        except OSError as exc:  # no descriptor, no memory, no process left; those that are there end by the lifeline
            self._report(f"{UNABLE}{exc.errno}")
        for listener in self._task.listeners:
            os.close(listener)
        self._poll.register(self._task.lifeline, select.POLLIN)
        while not self._turn():
            pass
        self._bury_all()

    def _fork(self, worker: int) -> None:
        ours, report = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(ours)
            self._be_worker(worker, report)
        os.close(report)
        self._workers[ours] = pid
        self._poll.register(ours, select.POLLIN)

    def _be_worker(self, worker: int, report: int) -> None:
        """Close what is none of its business, serve, and never return: the nursery's own stack is above this."""
        status = 1
        try:
            for fd in (*self._workers, self._task.report, *self._task.listeners):
                if fd != self._task.listeners[worker]:
                    os.close(fd)
            _serve(self._task, worker, report)
            status = 0
        except BaseException:  # noqa: BLE001 - it is shown, and ends the process
            traceback.print_exc()
        finally:
            os._exit(status)

    def _turn(self) -> bool:
        """Wait for what comes next; whether it was the end of the lifeline."""
        for fd, _ in self._poll.poll():
            if fd == self._task.lifeline:
                return True
            if os.read(fd, 1):
                self._unready -= 1
                if not self._unready:
                    self._report(READY)
            else:
                pid, status = os.waitpid(self._forget(fd), 0)
                self._report(obituary(pid, os.waitstatus_to_exitcode(status)))
        return False

    def _report(self, what: str) -> None:
        with suppress(BrokenPipeError):  # nobody wants to know any more; the lifeline will say so too
            os.write(self._task.report, what.encode())

    def _bury_all(self) -> None:
        self._poll.unregister(self._task.lifeline)
        deadline = time.monotonic() + self._task.grace_s
        while self._workers:
            ended = self._poll.poll(max(deadline - time.monotonic(), 0) * 1e3)
            for fd in [fd for fd, _ in ended] or list(self._workers):
                if ended and os.read(fd, 1):
                    continue
                pid = self._forget(fd)
                if not ended:
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _forget(self, fd: int) -> int:
        self._poll.unregister(fd)
        os.close(fd)
        return self._workers.pop(fd)


def _serve(task: Task, worker: int, report: int) -> None:
    listener = socket.socket(fileno=task.listeners[worker])
    listener.setblocking(False)
    ending = Ending(lifeline=task.lifeline)
    places = None if task.places is None else Places(task.places)
    loop = Loop(listener, task.config, Tally(task.tally, len(task.listeners), worker), places, ending)
    with suppress(BrokenPipeError):  # the nursery is gone already; then the lifeline will end too
        os.write(report, READY.encode())
    loop.run()
    listener.close()
    loop.close()


def obituary(pid: int, status: int) -> str:
    """What is said of a process that ended too early, as `subprocess.Popen.returncode` tells its ``status``."""
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
    return f"worker process {pid} of the server {how}, and the server with it"
