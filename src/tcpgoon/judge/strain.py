"""What a run demanded of this client: whether its times and timeouts can be trusted."""

import msgspec


class Strain(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about this client while the run went on; nothing happened where they are 0."""

    lag_s: float = 0.0
    """The longest that the loop did not look at its connections: it was busy, or was not let run."""
    ramp_lag_s: float = 0.0
    """That of the time in which connections were dialled."""
    lagged_since_s: float | None = None
    """Since when, from the beginning of the run, it did so for a quarter of a second or longer; None: it never did."""
    run_s: float = 0.0
    """How long all of it took, from the first dial to the last close."""
    cpu_s: float = 0.0
    """CPU time of this process, user and system, until all were open and had been asked."""
    wall_s: float = 0.0
    """The time in which it used that."""
    throttled_s: float = 0.0
    """How long the CPU quota of a cgroup kept its tasks from running, all cores together."""
    softnet_dropped: int = 0
    """Packets that this host received and dropped, since their queue was full (/proc/net/softnet_stat).

    Of the whole host: whose they were is not known, nor in which network namespace.
    """
    conntrack_dropped: int = 0
    """Packets that connection tracking dropped in our network namespace: its table was full, or NAT had no port."""
    conntrack_clashed: int = 0
    """Those of them that NAT had no port for."""
    conntrack_in_use: int = 0
    """Flows in that table, at the most that was seen."""
    memory_refused: int = 0
    """How often the cgroup's memory limit was hit. Caches are given up then: that alone is no harm."""
    tasks_refused: int = 0
    """How often the cgroup's limit of processes and threads was hit."""

    @property
    def cpu_share(self) -> float:
        """How much of one core the run used while times were taken."""
        return self.cpu_s / self.wall_s if self.wall_s else 0.0
