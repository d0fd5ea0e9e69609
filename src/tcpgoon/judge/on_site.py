"""What was seen at the target itself, where it runs on this machine."""

import msgspec

TOLERANCE = 1
"""A process that takes no more connections may have kept a descriptor in reserve, to refuse with."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that has the listening socket; what we may not see is None."""

    pid: int
    name: str
    """Escaped: anybody may call a process anything."""
    descriptors: int | None = None
    """Those that it has open."""
    descriptors_limit: int | None = None
    """Those that it may have (its soft limit)."""
    threads: int | None = None
    rss: int | None = None
    """Resident memory in bytes."""

    @property
    def descriptors_left(self) -> int | None:
        """How many more it may open."""
        if self.descriptors is None or self.descriptors_limit is None:
            return None
        return self.descriptors_limit - self.descriptors


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the listeners and at their processes."""

    at_s: float
    """Since the beginning of the run."""
    held: int
    """Connections that we held then, as far as our kernel knew."""
    listening: bool
    """Whether somebody listens on the target's port."""
    listeners: int = 0
    """Sockets that do: with ``SO_REUSEPORT`` several, each with an accept queue of its own."""
    queued: int = 0
    """Connections in the accept queue, which no process has accepted yet; over all listeners of that port."""
    backlog: int | None = None
    """How many the accept queue takes before it is full, as was asked for with ``listen()``; it takes one more. Over
    all listeners of that port; None where it cannot be seen."""
    full: int = 0
    """How many of the listeners had a full accept queue."""
    accepted: int | None = None
    """Connections of the target's port, ours or not, that a process had accepted and not closed; None: not counted, as
    at the peak where nothing was queued and no queue was ever full."""
    processes: tuple[Process, ...] = ()
    """The processes that have the socket, those with the most descriptors first; of very many, the first few."""
    processes_count: int = 0
    """How many have the socket, and could be seen to."""
    children: int = 0
    """Processes that those have forked and that do not have the socket: some servers fork one for each connection."""

    @property
    def pids(self) -> frozenset[int]:
        """The processes that are known by number."""
        return frozenset(process.pid for process in self.processes)

    @property
    def fullest(self) -> Process | None:
        """The process that is nearest to its limit of descriptors; None where no such number is known."""
        known = [process for process in self.processes if process.descriptors_left is not None]
        return min(known, key=lambda process: process.descriptors_left or 0, default=None)


class OnSite(msgspec.Struct, frozen=True, kw_only=True):
    """What the looks came to."""

    before: Look
    """Before the first dial."""
    peak: Look
    """At the end of the hold, before anything is closed."""
    after: Look
    """When all was closed."""
    most_queued: int = 0
    """The longest that the accept queue was seen to be."""
    stood_s: float = 0.0
    """How long, until the peak, the accept queue had not been empty and was never seen to get shorter."""
    listen_overflows: int = 0
    """How often an accept queue of the target was full meanwhile: ListenOverflows of its network namespace, and no more
    than its own listeners dropped, where that is known."""
    hidden: str = ""
    """Why not all could be seen, in one sentence; empty where all could."""

    @property
    def queue_is_full(self) -> bool:
        """Whether an accept queue was full while all were held; `stood_s` says for how long nobody had emptied it."""
        return self.peak.full > 0 or (self.peak.backlog is not None and self.peak.queued > self.peak.backlog)

    @property
    def descriptors_are_full(self) -> bool:
        """Whether a process had as many descriptors as it may have, but for one in reserve, while all were held."""
        fullest = self.peak.fullest
        return fullest is not None and (fullest.descriptors_left or 0) <= TOLERANCE

    @property
    def descriptors_are_to_spare(self) -> bool:
        """Whether every process that listens was seen, and none was at its limit: then that is not what stopped it."""
        peak = self.peak
        known = [process for process in peak.processes if process.descriptors_left is not None]
        return bool(known) and len(known) == peak.processes_count and not (self.descriptors_are_full or self.hidden)

    @property
    def is_gone(self) -> bool:
        """Whether somebody listened before the run, and nobody does any more."""
        return self.before.listening and not self.after.listening

    @property
    def was_replaced(self) -> bool:
        """Whether other processes listen after the run than before it: all of them ended and were started again."""
        before, after = self.before.pids, self.after.pids
        return bool(before and after) and not before & after
