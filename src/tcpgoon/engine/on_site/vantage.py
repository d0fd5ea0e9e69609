"""From where the target's listeners are seen: by netlink or by ``/proc``, in our network namespace or in another's.

A target in a container has a network namespace of its own, and often another port than the one that is dialled. Its
process says which: ``/proc/PID/ns/net`` may be entered by root, and ``/proc/PID/net`` read by everybody.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from tcpgoon.engine.machine import proc_net
from tcpgoon.engine.machine.sock_diag import Listener, SockDiag, open_netlink
from tcpgoon.plan.endpoint import Endpoint, Family

_T = TypeVar("_T")
_BOTH = (Family.IPV4, Family.IPV6)
_CLONE_NEWNET = 0x40000000
_ANY = ("0.0.0.0", "::")  # noqa: S104 - an address to be compared with


class _Source(Protocol):
    def listeners(self, family: Family, port: int) -> list[Listener]: ...
    def accepted(self, family: Family, port: int) -> int: ...


class Vantage:
    """The listeners of ``endpoint``; those in the network namespace of process ``pid`` where it is given.

    For several threads. Raises `OSError` where nothing can be seen.
    """

    def __init__(self, endpoint: Endpoint, pid: int | None = None) -> None:
        self._address = endpoint.address
        self.elsewhere = pid is not None and not _is_ours(pid)
        self._folder = Path(f"/proc/{pid}/net") if self.elsewhere else proc_net.OURS
        self._overflows = 0
        self._families = _BOTH if self.elsewhere else (endpoint.family,)
        self.port = endpoint.port
        self._lock = threading.Lock()
        self._netlink = _netlink_of(pid if self.elsewhere else None)
        self._source: _Source = self._netlink or _Files(self._folder)

    def close(self) -> None:
        """Look no more."""
        if self._netlink:
            self._netlink.close()

    def listeners(self) -> list[Listener]:
        """The sockets that the kernel gives connections to the endpoint to.

        One of its address comes before those of any address.
        """
        found = self._listeners(self.port)
        if self.elsewhere:
            return found  # which address it is there, after a translation, is not known
        ranks = (self._address, *_ANY)
        return next((those for rank in ranks if (those := [one for one in found if one.address == rank])), [])

    def accepted(self, listeners: Iterable[Listener]) -> int:
        """The connections of the port that a process has, which came by such ``listeners``."""
        families = {one.family for one in listeners}
        return self._ask(lambda source: sum(source.accepted(family, self.port) for family in families))

    def overflows(self) -> int:
        """How often an accept queue was full, since the namespace was made."""
        if not self._is_over():
            self._overflows = proc_net.listen_overflows(self._folder)
        return self._overflows

    def find_port(self, inodes: frozenset[int]) -> None:
        """In another namespace: look at the only port that the process with the sockets ``inodes`` listens on.

        The port that is dialled may lead to it by a translation of addresses. Where it is listened on too, it is it.
        """
        if self.elsewhere and not self.listeners():
            ports = {one.port for one in self._listeners(0) if one.inode in inodes}
            self.port = ports.pop() if len(ports) == 1 else self.port

    def _listeners(self, port: int) -> list[Listener]:
        found = self._ask(lambda source: [one for family in self._families for one in source.listeners(family, port)])
        return list({one.inode: one for one in found}.values())

    def _ask(self, question: Callable[[_Source], _T]) -> _T:
        with self._lock:
            try:
                return question(self._source)
            except OSError:
                # The kernel has no inet_diag, or a sandbox forbids it.
                self._source = _Nothing() if self._is_over() else _Files(self._folder)
                return question(self._source)

    def _is_over(self) -> bool:
        """Whether the process has ended by which the other namespace is seen."""
        return self.elsewhere and not (self._folder / "tcp").exists()


class _Files:
    """The same by ``/proc``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def listeners(self, family: Family, port: int) -> list[Listener]:
        return proc_net.listeners(family, port, self._folder)

    def accepted(self, family: Family, port: int) -> int:
        return proc_net.accepted(family, port, self._folder)


class _Nothing:
    """The same where there is nothing any more."""

    def listeners(self, family: Family, port: int) -> list[Listener]:
        return []

    def accepted(self, family: Family, port: int) -> int:
        return 0


def _is_ours(pid: int) -> bool:
    """Whether process ``pid`` is in our network namespace.

    Where that is not ours to see, one listening socket that is in both is enough: no two in the world are the same.
    """
    try:
        return _namespace_of(pid) == _namespace_of("thread-self")
    except OSError:
        return bool(_listening(Path(f"/proc/{pid}/net")) & _listening(proc_net.OURS))


def _namespace_of(pid: int | str) -> int:
    return Path(f"/proc/{pid}/ns/net").stat().st_ino


def _listening(folder: Path) -> set[int]:
    return {one.inode for family in _BOTH for one in proc_net.listeners(family, folder=folder)}


def _netlink_of(pid: int | None) -> SockDiag | None:
    """One of the network namespace of process ``pid``, or of ours; None where there is none for us."""
    with suppress(OSError):
        return SockDiag(open_netlink() if pid is None else _made_in(pid))
    return None


def _made_in(pid: int) -> socket.socket:
    """A netlink socket of the network namespace of ``pid``, made by a thread that enters it, and ends."""
    made: list[socket.socket | OSError] = []

    def make() -> None:
        try:
            with open(f"/proc/{pid}/ns/net") as namespace:  # noqa: PTH123
                _enter(namespace.fileno())
            made.append(open_netlink())
        except OSError as exc:
            made.append(exc)

    thread = threading.Thread(target=make, name="tcpgoon-namespace")
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _enter(namespace: int) -> None:
    """setns(2), which `os` has since Python 3.12 only."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
