"""A network namespace that is nothing but a descriptor: it vanishes with the last process that has it.

It has no name in /run/netns, so there is none to choose and none to remove. What a *thread* enters, its child processes
begin in: whatever starts processes works inside a namespace unchanged.
"""

import ctypes
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_MINE = "/proc/thread-self/ns/net"


class Namespace:
    """A network namespace, made here."""

    def __init__(self) -> None:
        with _come_back():
            _call("unshare", _CLONE_NEWNET)
            self.fd = os.open(_MINE, os.O_RDONLY)

    def close(self) -> None:
        """Let go of it. It ends when no process is in it any more either."""
        os.close(self.fd)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside, sockets, devices and processes that this thread makes belong to the namespace, and stay there."""
        with _come_back():
            _call("setns", self.fd, _CLONE_NEWNET)
            yield


def kill_all_inside(namespaces: Iterable[int]) -> None:
    """Kill the processes, but for this one, that are in the namespaces with these descriptors, until none is left.

    Descriptors and not inodes: as long as one is held, no namespace of somebody else has the same inode.
    """
    inodes = {os.fstat(fd).st_ino for fd in namespaces}
    while inside := [pid for pid in _processes() if _namespace_of(pid) in inodes and pid != os.getpid()]:
        for pid in inside:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _namespace_of(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return 0  # it has ended


@contextmanager
def _come_back() -> Iterator[None]:
    before = os.open(_MINE, os.O_RDONLY)
    try:
        yield
    finally:
        _call("setns", before, _CLONE_NEWNET)
        os.close(before)


def _call(name: str, *arguments: int) -> None:
    """os.unshare and os.setns are there from Python 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
