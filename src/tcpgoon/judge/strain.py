"""What a run demanded of this client: whether its times and timeouts can be trusted."""

from collections.abc import Sequence
from typing import Self

import msgspec


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One of several processes of ours that did a run together, and what the run demanded of it."""

    number: int
    """From 0."""
    pid: int
    connections: int
    """How many of all connections are its share."""
    lag_s: float = 0.0
    ramp_lag_s: float = 0.0
    lagged_since_s: float | None = None
    cpu_s: float = 0.0
    """These four are of its loop and of its process alone: `Strain` says what they mean, and how long the time was."""
    ended: str = ""
    """What ended it before it was told to: ``SIGKILL``, ``exit status 70``, ``stalled``; empty: nothing did."""
    ended_s: float | None = None
    """When it was found dead, since the beginning of the run; None: it ended as planned."""

    @property
    def died(self) -> bool:
        """Whether it ended before it was told to."""
        return bool(self.ended)


class Strain(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about this client while the run went on; nothing happened where they are 0.

    Where several processes did it, their worst is that of the client: a lag of one is a lag of its connections.
    """

    lag_s: float = 0.0
    """The longest that the loop did not look at its connections: it was busy, or was not let run."""
    ramp_lag_s: float = 0.0
    """That of the time in which connections were dialled."""
    lagged_since_s: float | None = None
    """Since when, from the beginning of the run, it did so for a quarter of a second or longer; None: it never did."""
    run_s: float = 0.0
    """How long all of it took, from the first dial to the last close."""
    cpu_s: float = 0.0
    """CPU time of all processes of ours, user and system, until all were open and had been asked."""
    wall_s: float = 0.0
    """The time in which they used that."""
    cores: int = 1
    """How many cores they could have used at once."""
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
    oom_kills: int = 0
    """Processes of this host that the kernel's OOM killer ended."""
    tasks_refused: int = 0
    """How often the cgroup's limit of processes and threads was hit."""
    waited_s: float = 0.0
    """The longest that several processes waited at a gate for nothing that a plan asks for.

    The process that opens it was late, or one of them stood still until it was given up: all hold for longer by that.
    """
    workers: tuple[Worker, ...] = ()
    """The processes that did it, by number; empty: this one alone."""

    def shared(self, workers: Sequence[Worker], cores: int, waited_s: float = 0.0) -> Self:
        """The same of a run that ``workers`` did, where what is known now is that of the process that waited for them.

        ``cores`` is how many of them may run on at once, ``waited_s`` how long all waited for nothing.
        """
        since_s = (one.lagged_since_s for one in workers if one.lagged_since_s is not None)
        return msgspec.structs.replace(
            self,
            lag_s=max((one.lag_s for one in workers), default=0.0),
            ramp_lag_s=max((one.ramp_lag_s for one in workers), default=0.0),
            lagged_since_s=min(since_s, default=None),
            cpu_s=self.cpu_s + sum(one.cpu_s for one in workers),
            cores=cores,
            waited_s=waited_s,
            workers=tuple(workers),
        )

    def share_of(self, worker: Worker) -> float:
        """How much of one core that worker used then, which can use no more than one."""
        return worker.cpu_s / self.wall_s if self.wall_s else 0.0

    @property
    def slowest(self) -> Worker | None:
        """The worker with the longest lag; None where this process did it alone."""
        return max(self.workers, key=lambda worker: worker.lag_s, default=None)

    @property
    def died(self) -> tuple[Worker, ...]:
        """The workers that ended before they were told to."""
        return tuple(one for one in self.workers if one.died)

    @property
    def cpu_share(self) -> float:
        """How much of one core the run used while times were taken."""
        return self.cpu_s / self.wall_s if self.wall_s else 0.0
