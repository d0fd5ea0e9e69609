"""The limits of this client, as they were found before the first dial, and how many connections each allows.

Where it is in doubt what a limit means for us, it is not counted: a run that could have been is not to be forbidden,
and a limit that is met on the way is found then.
"""

import msgspec

BYTES_PER_CONNECTION = 4_200
"""Of kernel memory, at each end on this machine: socket, inode, file, dentry, epoll item, and slack; measured."""

TASKS_OF_A_RUN = 1
"""Threads that a run starts: the one that shows how it goes."""

DESCRIPTORS_OF_A_WORKER = 16
"""What a worker has open beside its connections: standard streams, epoll set, wakers, a newcomer; and a few spare."""


class ClientLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about this client; what cannot be known on this platform is None."""

    descriptors_soft: int
    """Descriptors that this process may have open, after the soft limit was raised to the hard one."""
    descriptors_hard: int
    descriptors_in_use: int
    """Those that the process needs for itself: its own files, and the loop's."""
    descriptors_most: int | None = None
    """What the hard limit can be raised to (fs.nr_open)."""
    host_files: int | None = None
    """Open files that all processes of this host may have together (fs.file-max)."""
    host_files_in_use: int = 0
    host_files_exempt: bool = False
    """Whether this process may open more than that: it has CAP_SYS_ADMIN."""
    ports: int | None
    """Local ports that the kernel may choose from, for each source address towards one destination."""
    port_range: tuple[int, int] | None = None
    """The first and the last of them; some in between may be reserved."""
    ports_in_use: int = 0
    """Local ports that other connections to this destination have, over all sources; TIME_WAIT is not among them.

    Before a run this is counted only where it may matter, and is 0 elsewhere; `ports_waiting`, too.
    """
    ports_waiting: int = 0
    """Local ports that earlier connections to this destination left in TIME_WAIT, over all sources."""
    ports_waiting_usable: bool = False
    """Whether the kernel gives ports in TIME_WAIT to new connections here (net.ipv4.tcp_tw_reuse)."""
    sources: int = 1
    """Local addresses that are dialled from."""
    sources_grow: bool = False
    """Whether as many more of 127.0.0.0/8 are dialled from as are needed: then ports bound nothing."""
    sources_at_hand: bool = False
    """Whether more need no set-up: all of 127.0.0.0/8 reaches the target."""
    destinations: int = 1
    """Addresses of the target that are dialled."""
    addresses: int = 1
    """Addresses that the target has, those that are not dialled among them."""
    tw_reuse: int | None = None
    """net.ipv4.tcp_tw_reuse: 0 no, 1 yes, 2 on loopback alone."""
    conntrack: int | None = None
    """Flows that this host's connection tracking has room for; None where it tracks none."""
    conntrack_in_use: int = 0
    target_is_local: bool = False
    """Both ends of each connection are on this machine."""
    memory_available: int | None = None
    """Bytes that this host can still give (MemAvailable)."""
    swap_free: int = 0
    """Bytes of memory that it could give beyond that, by swapping out what others have."""
    memory_limit: int | None = None
    """Bytes that the cgroup of this process may use, the tightest of its ancestors; None: no limit."""
    memory_in_use: int = 0
    """Bytes in use in that cgroup, less what it would give up (caches)."""
    tasks: int | None = None
    """Processes and threads that the cgroup may have; None: no limit."""
    tasks_in_use: int = 0
    workers_possible: bool = False
    """Whether a run can be split over several processes here."""
    workers: int = 1
    """Processes that this run is split over; 1: it is done by this one alone."""
    workers_most: int = 1
    """Processes that it could be split over."""
    cpu_quota: float | None = None
    """Cores that the cgroup may use at the most; None: no limit."""
    container: str | None = None
    """What this process runs in, by the name of its runtime; None where that looks like no container."""

    @property
    def connections_by_descriptors(self) -> int:
        """How many connections the descriptors suffice for: one each, beside those that a process has itself.

        The limit is one of each process, so that of all workers together is as many times as high.
        """
        if self.workers_most > 1:
            return self.connections_of_a_worker * self.workers_most
        return max(0, self._descriptors - self.descriptors_in_use)

    @property
    def connections_of_a_worker(self) -> int:
        """How many the descriptors of one worker suffice for."""
        return max(0, self._descriptors - DESCRIPTORS_OF_A_WORKER)

    @property
    def _descriptors(self) -> int:
        """Those that a process may have open.

        The soft limit is what counts, and it was raised to the hard one; fs.nr_open binds although a limit is higher.
        """
        most = self.descriptors_soft if self.descriptors_most is None else self.descriptors_most
        return min(self.descriptors_soft, most)

    @property
    def connections_by_nr_open(self) -> int | None:
        """How many they would suffice for were the hard limit raised as far as it goes."""
        if self.descriptors_most is None:
            return None
        if self.workers_most > 1:
            return max(0, self.descriptors_most - DESCRIPTORS_OF_A_WORKER) * self.workers_most
        return max(0, self.descriptors_most - self.descriptors_in_use)

    @property
    def connections_by_host_files(self) -> int | None:
        """How many the open files of the host suffice for; None where that limit is not ours.

        One each, also where the target is on this machine: the other end is a file of its own only when the target
        has accepted it, which is not for us to foresee.
        """
        if self.host_files is None or self.host_files_exempt:
            return None
        return max(0, self.host_files - self.host_files_in_use)

    @property
    def connections_by_ports(self) -> int | None:
        """How many connections the ports suffice for.

        The range without the reserved ones, times the sources, times the destinations, less what other connections
        between them have, less what is in TIME_WAIT there unless the kernel gives that to new connections. All of them
        can be had, of either parity; those that somebody listens on or has bound are not known, and not counted.
        """
        return self.connections_but_for_waiting if self.ports_waiting_usable else self.connections_by_idle_ports

    @property
    def connections_by_idle_ports(self) -> int | None:
        """How many the ports suffice for that are not even in TIME_WAIT there."""
        if self.ports is None:
            return None
        return max(0, self.ports * self.lanes - self.ports_in_use - self.ports_waiting)

    @property
    def connections_but_for_waiting(self) -> int | None:
        """How many the ports would suffice for were none of them in TIME_WAIT."""
        return None if self.ports is None else max(0, self.ports * self.lanes - self.ports_in_use)

    @property
    def lanes(self) -> int:
        """Pairs of a source and a destination, each of which has all the ports for itself."""
        return self.sources * self.destinations

    @property
    def connections_by_conntrack(self) -> int | None:
        """How many the table of tracked flows has room for: one flow each, also where both ends are on this machine."""
        return None if self.conntrack is None else max(0, self.conntrack - self.conntrack_in_use)

    @property
    def connections_by_memory(self) -> int | None:
        """How many the memory of the host suffices for: at both ends where the target is on this machine.

        With what can be swapped out: kernel memory itself never is, but it takes the place of what is.
        """
        if self.memory_available is None:
            return None
        return (self.memory_available + self.swap_free) // (BYTES_PER_CONNECTION * (1 + self.target_is_local))

    @property
    def connections_by_group_memory(self) -> int | None:
        """How many the memory of the cgroup suffices for.

        Our end alone: the other end of a connection within this machine is charged to the cgroup that accepts it.
        """
        if self.memory_limit is None:
            return None
        return max(0, self.memory_limit - self.memory_in_use) // BYTES_PER_CONNECTION

    @property
    def tasks_of_the_run(self) -> int:
        """Processes and threads that it starts."""
        return self.tasks_with(self.workers)

    def tasks_with(self, workers: int) -> int:
        """Those that it would start with so many ``workers``: these, and the process that brings them forth."""
        return TASKS_OF_A_RUN + (workers + 1 if workers > 1 else 0)

    @property
    def tasks_free(self) -> int | None:
        """How many threads the cgroup still lets us start."""
        return None if self.tasks is None else max(0, self.tasks - self.tasks_in_use)
