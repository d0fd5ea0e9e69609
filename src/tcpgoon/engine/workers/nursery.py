"""The nursery: a small process that brings forth the workers, and says when one of them dies.

Workers are forked, since fifty fresh interpreters would take seconds and 20 MB each; and they are forked here, not from
the program that runs the plan: that may have threads, and descriptors that are none of a worker's business. Whatever
all of them need is imported and made here first, and then frozen, so that its memory stays shared.

Started by `crew` alone, in a fresh interpreter: `main` with the numbers of three descriptors that it inherits, and with
the `Task` on its standard input. It is of a process group of its own: the terminal's Ctrl-C is for the parent, who then
ends the run.
"""

import errno
import gc
import mmap
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import msgspec

from tcpgoon.engine.probes.making import Questions, questions
from tcpgoon.engine.workers.messages import Born, Died, Failed, tell
from tcpgoon.engine.workers.worker import Place, Task, work
from tcpgoon.errors import ExitStatus

GRACE_S = 60.0
"""How long the workers have to let go of all connections when the parent is gone: then they are killed."""

FIRST_TO_DIE = 300
"""Where memory runs out the kernel is to take a worker (``oom_score_adj``): the parent can still say so."""

_TICK_S = 1.0


class Nursery:
    """Forks the workers of ``task`` and waits for their ends."""

    def __init__(self, task: Task, memory: memoryview, line: socket.socket, bell: int) -> None:
        self._task = task
        self._memory = memory
        self._line = line
        self._bell = bell
        self._children: dict[int, int] = {}
        """Process id → number of the worker."""

    def bring_forth(self) -> None:
        """Fork them all."""
        asked = questions(self._task.plan.probe, self._task.plan.tls)
        gc.collect()
        gc.freeze()
        for number in range(len(self._task.shares)):
            place = Place(number, self._line, self._bell)
            try:
                pid = os.fork()
            except OSError as exc:
                tell(self._line, Failed(number, exc.errno or errno.EAGAIN))
                continue
            if not pid:
                self._live(place, asked)
            self._children[pid] = number
            tell(self._line, Born(number, pid))

    def _live(self, place: Place, asked: Questions | None) -> NoReturn:
        """Be a worker, and nothing else, whatever happens."""
        status = ExitStatus.BUG
        try:
            with suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_DIE))
            work(self._task, self._memory, asked, place)
            status = ExitStatus.PASS
        except (OSError, MemoryError) as exc:
            tell(self._line, Failed(place.number, getattr(exc, "errno", None) or errno.ENOMEM))
        except BaseException:  # noqa: BLE001 - the nursery is not to go on in this process
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def watch(self) -> None:
        """Say of each when it has ended; returns when the last one has."""
        kill_at: float | None = None
        ended, told = os.pipe()
        for end in (ended, told):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(self._line, 0)  # it hangs up when the parent is gone
        while self._reap():
            if any(fd == self._line.fileno() for fd, _ in poll.poll(_TICK_S * 1e3)):
                poll.unregister(self._line)
                kill_at = time.monotonic() + GRACE_S
            with suppress(BlockingIOError):
                os.read(ended, 4_096)
            if kill_at is not None and time.monotonic() > kill_at:
                for pid in self._children:
                    os.kill(pid, signal.SIGKILL)

    def _reap(self) -> bool:
        """Bury those that have ended; whether any is left."""
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return True
            if pid in self._children:
                tell(self._line, Died(self._children.pop(pid), os.waitstatus_to_exitcode(status)))
        return False


def main(memory: int, line: int, bell: int) -> None:
    """Do as the task on standard input says, with the descriptors that were inherited."""
    task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Task)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    shared = memoryview(mmap.mmap(memory, 0))
    os.close(memory)
    nursery = Nursery(task, shared, socket.socket(fileno=line), bell)
    nursery.bring_forth()
    nursery.watch()
