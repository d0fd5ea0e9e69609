"""A target on this machine, seen from within: its accept queue, and the processes that are to empty it.

Looking changes nothing about the run: whatever goes wrong with it becomes a sentence of `OnSite.hidden`.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import structs

from tcpgoon.engine.machine.addresses import is_local
from tcpgoon.engine.machine.sock_diag import Listener
from tcpgoon.engine.on_site.processes import Found, Processes, described
from tcpgoon.engine.on_site.queue_watch import Queue, QueueWatch
from tcpgoon.engine.on_site.vantage import Vantage
from tcpgoon.errors import PlanError
from tcpgoon.judge.on_site import Look, OnSite
from tcpgoon.plan.endpoint import Endpoint

MOST_COUNTED = 50_000
"""With more connections than these, those that were accepted are not counted: it takes a second for a million."""

SEVERAL = "several addresses are dialled: --target-pid says which process is to be seen"

PASSED_ON = "nobody listens on port {}, a rule of this host passes connections on: --target-pid says who is to be seen"


def check_pid(pid: int | None) -> None:
    """Raise `PlanError` where ``pid`` is no process of this machine, or this one."""
    if pid is None:
        return
    if pid == os.getpid():
        raise PlanError(f"process {pid} is tcpgoon itself, not the target")
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass  # it is there, and not ours
    except OSError as exc:
        raise PlanError(f"there is no process {pid} on this machine for --target-pid") from exc


class Inspector:
    """Looks at the target at ``endpoint`` before, in and after a run, where it is on this machine.

    ``pid`` is a process of the target. ``now_s`` gives the seconds since the beginning of the run. Where ``others`` are
    dialled, too, each may be somebody else: only a ``pid`` says who is to be looked at.
    """

    def __init__(
        self, endpoint: Endpoint, pid: int | None, now_s: Callable[[], float], others: Sequence[Endpoint] = ()
    ) -> None:
        self._endpoint = endpoint
        self._others = others
        self._pid = pid
        self._now_s = now_s
        self._looks: list[Look] = []
        self._hidden = ""
        self._processes = Processes(pid)
        self._queue = Queue()
        self._stood_s = 0.0
        self._overflows = self._overflowed_in_all = 0
        self._drops: dict[int, int | None] = {}
        """Listener → what it has dropped; and what it had before the run."""
        self._drops_before: dict[int, int] = {}
        self._vantage: Vantage | None = None
        self._watch: QueueWatch | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Looks before and after, and at the accept queue in between."""
        with self._harmless():
            here = any(is_local(endpoint.address) for endpoint in (self._endpoint, *self._others))
            if self._pid is None and self._others:
                self._hidden = SEVERAL if here else ""
            elif self._pid is not None or (sys.platform == "linux" and here):
                self._begin()
        try:
            yield
        finally:
            with self._harmless():
                self._end()

    def look_at_peak(self, held: int) -> None:
        """All that will be, is held: ``held`` connections."""
        with self._harmless():
            self._end_watch()
            self._look(held, count=held <= MOST_COUNTED and self._in_doubt())
            self._stood_s = self._queue.stood_s(self._now_s())

    def queued(self) -> int:
        """How many are in the accept queue now; 0 where that cannot be seen."""
        seen: list[int] = []
        with self._harmless():
            seen.append(_queued(self._vantage))
        return sum(seen)

    def standing(self, held: int, queued: int, stood_s: float) -> OnSite | None:
        """What is seen now, while ``queued`` of ``held`` have waited in the accept queue for ``stood_s``."""
        seen: OnSite | None = None
        with self._harmless():
            look = self._looked(held, count=False)
            if look is not None and self._looks:
                seen = OnSite(
                    before=self._looks[0],
                    peak=structs.replace(look, queued=queued),
                    after=look,
                    most_queued=look.queued,
                    stood_s=stood_s,
                    listen_overflows=self._overflowed(),
                    hidden=self._hidden,
                )
        return seen

    @property
    def on_site(self) -> OnSite | None:
        """What was seen, once the run is over; None where the target is not here, or nothing could be seen."""
        if len(self._looks) != 3 or self._are_passed_on:
            return None
        before, peak, after = self._looks
        return OnSite(
            before=before,
            peak=peak,
            after=after,
            most_queued=self._queue.most,
            stood_s=self._stood_s,
            listen_overflows=self._overflowed_in_all,
            hidden=self._hidden,
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Why there is no `on_site` although there was to be one."""
        hidden = PASSED_ON.format(self._endpoint.port) if self._are_passed_on else self._hidden
        return (f"the target on this machine: {hidden}",) if hidden and not self.on_site else ()

    @property
    def _are_passed_on(self) -> bool:
        """Whether connections are held although nobody listens: what was seen then is not the target."""
        listening = any(look.listening for look in self._looks)
        return self._pid is None and not listening and any(look.held for look in self._looks)

    def _begin(self) -> None:
        if self._pid is not None and _is_kept_from_us(self._pid):
            self._hidden = f"process {self._pid} is hidden from this user: run {_as('its user')}"
            return
        self._vantage = Vantage(self._endpoint, self._pid)
        if self._vantage.elsewhere:
            self._vantage.find_port(self._processes.sockets_of_family())
        self._overflows = self._vantage.overflows()
        self._look(0, count=True)
        self._drops_before = {inode: drops or 0 for inode, drops in self._drops.items()}
        self._watch = QueueWatch(self._queue, lambda: _queued(self._vantage), self._now_s)
        self._watch.begin()

    def _end(self) -> None:
        self._end_watch()
        if self._vantage:
            try:
                self._look(0, count=False)
                self._overflowed_in_all = self._overflowed()
            finally:
                self._vantage.close()

    def _in_doubt(self) -> bool:
        """Whether it is not plain that the processes have accepted all that are held."""
        listeners = self._listeners()
        return any(one.queued for one in listeners) or self._overflowed() > 0

    def _listeners(self) -> list[Listener]:
        found = self._vantage.listeners() if self._vantage else []
        self._drops = {one.inode: one.drops for one in found}
        return found

    def _overflowed(self) -> int:
        """How often an accept queue of the target was full since the beginning.

        The kernel counts that for the whole namespace, and for each listener whatever it dropped: it is no more than
        either of them. A listener that is closed took its count with it.
        """
        counted = max(0, self._vantage.overflows() - self._overflows) if self._vantage else 0
        now, before = self._drops, self._drops_before
        if not before.keys() <= now.keys():
            return counted
        dropped = sum((drops or 0) - before.get(inode, 0) for inode, drops in now.items())
        return counted if None in now.values() else min(counted, dropped)

    def _end_watch(self) -> None:
        if self._watch:
            self._watch.end()

    def _look(self, held: int, *, count: bool) -> None:
        look = self._looked(held, count=count)
        if look is not None:
            self._queue.was(look.queued, look.at_s)
            self._looks.append(look)

    def _looked(self, held: int, *, count: bool) -> Look | None:
        if not self._vantage:
            return None
        listeners = self._listeners()
        found = self._processes.find(one.inode for one in listeners)
        self._hidden = self._hidden or self._why_hidden(found, listeners, self._vantage.port)
        backlogs = [one.backlog for one in listeners if one.backlog is not None]
        return Look(
            at_s=self._now_s(),
            held=held,
            listening=bool(listeners),
            listeners=len(listeners),
            queued=sum(one.queued for one in listeners),
            backlog=sum(backlogs) if backlogs else None,
            full=sum(one.backlog is not None and one.queued > one.backlog for one in listeners),
            accepted=self._vantage.accepted(listeners) if count else None,
            processes=described(found.owners),
            processes_count=len(found.owners),
            children=len(found.children),
        )

    def _why_hidden(self, found: Found, listeners: Sequence[Listener], port: int) -> str:
        """What of the target cannot be seen, and how it could be."""
        unseen = [one for one in listeners if one.inode in found.unseen]
        if self._pid in found.closed_to_us:
            return f"what process {self._pid} has open is hidden from this user: run {_as('its user')}"
        if unseen and self._pid is None:
            users = {one.uid for one in unseen} - {os.geteuid()}
            who = f"user {min(users)}" if users else ""
            return f"the process that listens on port {port} is hidden from this user: run {_as(who)}"
        if unseen and len(unseen) == len(listeners):
            return f"process {self._pid} does not listen on port {port}: the accept queue is that of another one"
        if found.closed_to_us:
            return (
                f"{len(found.closed_to_us)} processes that the target forked are hidden from this user: run {_as('')}"
            )
        return ""

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except Exception as exc:  # noqa: BLE001 - what cannot be seen is said, and changes nothing
            self._hidden = self._hidden or f"looking at it failed ({type(exc).__name__}: {exc})"


def _is_kept_from_us(pid: int) -> bool:
    """Whether there is a process ``pid``, and ``/proc`` shows it to others than us (its option ``hidepid``)."""
    if Path(f"/proc/{pid}").exists():
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        pass  # it has ended
    return False


def _queued(vantage: Vantage | None) -> int:
    return sum(one.queued for one in vantage.listeners()) if vantage else 0


def _as(user: str) -> str:
    """``as root, or as user 33``; root is in a container where it sees too little."""
    if not os.geteuid():
        return "outside of this container"
    return f"as root, or as {user}" if user else "as root"
