"""The processes of this machine: which of them have a socket, which they have forked, and what each of them uses.

Which descriptors a process has is read from ``/proc/PID/fd``, which its user and root may; what it uses is asked of
psutil, which is imported with the first question: it takes as long as a hundred dials. A process that ends while it is
looked at is no error, it is not there.
"""

import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tcpgoon.judge.on_site import Process
from tcpgoon.record.said import escape

if TYPE_CHECKING:
    import psutil

PROC = Path("/proc")

MOST_PROCESSES = 32
"""That are described one by one: who has more of them has them all alike."""

LONGEST_NAME = 64
"""Bytes of a process's name that are kept; the kernel has 15, psutil finds more in its command line."""


class Found(NamedTuple):
    """Who has the sockets that were looked for."""

    owners: frozenset[int] = frozenset()
    """Processes that have one of them; never this one."""
    children: frozenset[int] = frozenset()
    """What those have forked, and what that has forked, and does not have any."""
    unseen: frozenset[int] = frozenset()
    """Inodes of sockets that no process has that we may look at."""
    closed_to_us: frozenset[int] = frozenset()
    """Of those that were asked for by number, and of the children, the ones that we may not look at."""


class Processes:
    """Finds who has a socket; what it has learnt makes the next look a quick one.

    ``root`` is a process that is wanted whatever it has: then it, and what it has forked, is all that is looked at.
    """

    def __init__(self, root: int | None = None, proc: Path = PROC) -> None:
        self._root = root
        self._proc = proc
        self._parents: dict[int, int] = {}
        self._sought: frozenset[int] = frozenset()
        self._without: set[int] = set()
        """Processes that had none of those sockets: only who is forked by an owner has one later.

        So whom such a one forks has none either, and need not be looked at: our own workers have a million descriptors.
        That is said of those alone that descend from us; who descends from others may have been adopted.
        """
        self._descriptors: dict[int, dict[int, str]] = {}
        """Of the others: inode → descriptor. That it is there still is seen at once, among however many."""
        self._closed: set[int] = set()

    def find(self, inodes: Iterable[int]) -> Found:
        """Who has a socket with one of ``inodes``."""
        sought = frozenset(inodes)
        if not sought <= self._sought:
            self._sought, self._without, self._descriptors = sought, set(), {}
        known = self._parents.keys()
        pids = self._note_all()
        roots = self._roots(pids)
        wanted = pids if self._root is None else roots | self._forked_by(roots)
        self._without |= self._born_without(pids - known)
        had = {pid: sought & self._sockets_of(pid).keys() for pid in wanted - self._without}
        self._without |= {pid for pid in had if not had[pid]}
        unseen = sought.difference(*had.values())
        had.pop(os.getpid(), None)
        owners = {pid for pid in had if had[pid]} | roots
        children = self._forked_by(owners) - owners
        closed = self._closed & (roots | children)
        return Found(frozenset(owners), frozenset(children), frozenset(unseen), frozenset(closed))

    def sockets_of_family(self) -> frozenset[int]:
        """The inodes of the sockets that the root has, and what it has forked."""
        roots = self._roots(self._note_all())
        return frozenset(inode for pid in roots | self._forked_by(roots) for inode in self._sockets_of(pid))

    def _roots(self, pids: set[int]) -> set[int]:
        return set() if self._root is None else {self._root} & pids

    def _sockets_of(self, pid: int) -> dict[int, str]:
        """Inode → descriptor of the sockets of process ``pid``; of one that was seen before, of those that it had."""
        folder = f"{self._proc}/{pid}/fd"
        before = self._descriptors.get(pid)
        try:
            if before and all(_inode_of(f"{folder}/{fd}") == inode for inode, fd in before.items()):
                return before
            found = _sockets_in(folder)
        except PermissionError:
            self._closed.add(pid)
            return {}
        except OSError:
            return {}  # it has ended
        self._descriptors[pid] = {inode: fd for inode, fd in found.items() if inode in self._sought}
        return found

    def _note_all(self) -> set[int]:
        """All processes there are; and who forked those that are new to us."""
        pids = {int(name) for name in os.listdir(self._proc) if name.isdigit()}  # noqa: PTH208 - no paths are needed
        self._parents = {pid: self._parents.get(pid) or self._parent_of(pid) for pid in pids}
        self._without &= pids
        return pids

    def _born_without(self, new: set[int]) -> set[int]:
        """Those of the ``new`` processes that descend from us, and whose parents have none that they could inherit."""
        ours, born = self._forked_by({os.getpid()}) | {os.getpid()}, set[int]()
        while more := {pid for pid in new - born if self._parents[pid] in ours & (self._without | born)}:
            born |= more
        return born

    def _parent_of(self, pid: int) -> int:
        try:
            # What is before the last bracket is its name, in which anything may be.
            return int((self._proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            return 0

    def _forked_by(self, pids: Collection[int]) -> set[int]:
        """All descendants of ``pids``, but for this process and its own."""
        children: dict[int, list[int]] = {}
        for pid, parent in self._parents.items():
            if pid != os.getpid():
                children.setdefault(parent, []).append(pid)
        found: set[int] = set()
        waiting = list(pids)
        while waiting:
            for child in children.get(waiting.pop(), ()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return found


def described(pids: Collection[int]) -> tuple[Process, ...]:
    """What the processes ``pids`` use, those with the most descriptors first, `MOST_PROCESSES` at the most."""
    known = [process for pid in sorted(pids) if (process := describe(pid))]
    return tuple(sorted(known, key=lambda process: -(process.descriptors or 0))[:MOST_PROCESSES])


def describe(pid: int) -> Process | None:
    """What process ``pid`` uses, None where there is none."""
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            name = escape(os.fsencode(process.name()), LONGEST_NAME)
            return Process(pid=pid, name=name, **_uses(process))
    except (psutil.Error, OSError):
        return None


def _uses(process: "psutil.Process") -> dict[str, int | None]:
    """The numbers of a `Process`; None for those that we may not see."""
    folder = PROC / str(process.pid)
    return {
        # Since Linux 6.2 the kernel has it in the size of the folder, for everybody; to list 10,000 takes 10 ms.
        "descriptors": _seen(lambda: _size(folder / "fd")) or _seen(process.num_fds),
        "descriptors_limit": _seen(lambda: _descriptors_limit((folder / "limits").read_text())),
        "threads": _seen(process.num_threads),
        "rss": _seen(lambda: process.memory_info().rss),
    }


def _size(folder: Path) -> int:
    """The number of files in a folder of ``/proc``; 0 where the kernel does not know it."""
    return folder.stat().st_size


def _descriptors_limit(limits: str) -> int | None:
    """The soft one in ``/proc/PID/limits``, which everybody may read."""
    (soft,) = [line.split()[3] for line in limits.splitlines() if line.startswith("Max open files")]
    return None if soft == "unlimited" else int(soft)


def _seen(fact: Callable[[], int | None]) -> int | None:
    import psutil

    try:
        return fact()
    except (psutil.AccessDenied, OSError, AttributeError):  # not ours to see; or this platform has no such fact
        return None


def _sockets_in(folder: str) -> dict[int, str]:
    """Inode → descriptor of the sockets in ``/proc/PID/fd``."""
    fds = os.listdir(folder)  # noqa: PTH208 - thousands of paths would take ten times as long
    return {inode: fd for fd in fds if (inode := _inode_of(f"{folder}/{fd}"))}


def _inode_of(path: str) -> int:
    """The inode of the socket that the descriptor at ``path`` is; 0 where it is none, or was closed meanwhile."""
    try:
        target = os.readlink(path)  # noqa: PTH115
    except FileNotFoundError:
        return 0
    return int(target[8:-1]) if target.startswith("socket:[") else 0
