"""How this client fares while a run goes on: read before it and after it, so that nothing is done meanwhile.

What is counted for whom differs. The CPU time is that of this process. The cgroups' counters are those of our groups:
whatever else is in them counts too. Connection tracking is counted for each network namespace. ``softnet_stat`` shows
the same numbers in every network namespace: they are those of the host's CPUs, and the packets may have been anybody's
(``softnet_seq_show()``, net/core/net-procfs.c). The OOM killer's victims are those of the whole host, too.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tcpgoon.engine.machine.cgroup import HERE, folders, number, numbers
from tcpgoon.judge.strain import Strain


class _Counters(NamedTuple):
    """The counters of the kernel, as they stand."""

    throttled_s: float
    softnet_dropped: int
    conntrack_dropped: int
    conntrack_clashed: int
    memory_refused: int
    oom_kills: int
    tasks_refused: int


class Gauge:
    """Says what happened since it was made. ``root`` is the root of the file system that is read."""

    def __init__(self, root: Path = HERE) -> None:
        self._root = root
        self._cpu, self._memory, self._tasks = (folders(name, root) for name in ("cpu", "memory", "pids"))
        self._before = self._counters()
        self._most_tracked = self._tracked()
        self._cpu_s, self._at_s = time.process_time(), time.monotonic()
        self._busy: tuple[float, float] | None = None

    def lap(self) -> None:
        """All are open, and have been asked: from now on nobody cares how busy we are."""
        self._busy = self._used()
        self._most_tracked = max(self._most_tracked, self._tracked())

    def strain(self, lag_s: float, ramp_lag_s: float, lagged_since_s: float | None = None) -> Strain:
        """What it came to; the arguments are what the loop knows."""
        now_used = self._used()
        cpu_s, wall_s = self._busy or now_used
        now, then = self._counters(), self._before
        return Strain(
            lag_s=lag_s,
            ramp_lag_s=ramp_lag_s,
            lagged_since_s=lagged_since_s,
            run_s=now_used[1],
            cpu_s=cpu_s,
            wall_s=wall_s,
            throttled_s=now.throttled_s - then.throttled_s,
            softnet_dropped=now.softnet_dropped - then.softnet_dropped,
            conntrack_dropped=now.conntrack_dropped - then.conntrack_dropped,
            conntrack_clashed=now.conntrack_clashed - then.conntrack_clashed,
            conntrack_in_use=max(self._most_tracked, self._tracked()),
            memory_refused=now.memory_refused - then.memory_refused,
            oom_kills=now.oom_kills - then.oom_kills,
            tasks_refused=now.tasks_refused - then.tasks_refused,
        )

    def _used(self) -> tuple[float, float]:
        return time.process_time() - self._cpu_s, time.monotonic() - self._at_s

    def _counters(self) -> _Counters:
        dropped, clashed = conntrack(self._root)
        return _Counters(
            throttled_s=_most(_throttled_s, self._cpu),
            softnet_dropped=softnet_dropped(self._root),
            conntrack_dropped=dropped,
            conntrack_clashed=clashed,
            memory_refused=int(_most(_memory_refused, self._memory)),
            oom_kills=numbers(self._root / "proc/vmstat").get("oom_kill", 0),
            tasks_refused=int(_most(_tasks_refused, self._tasks)),
        )

    def _tracked(self) -> int:
        return number(self._root / "proc/sys/net/netfilter/nf_conntrack_count") or 0


def softnet_dropped(root: Path = HERE) -> int:
    """Packets dropped since the queue of a CPU for what it received was full (net.core.netdev_max_backlog)."""
    return sum(int(line.split()[1], 16) for line in _lines(root / "proc/net/softnet_stat"))


def conntrack(root: Path = HERE) -> tuple[int, int]:
    """Packets that connection tracking dropped, and those of them that NAT had no port for; zeros where it cannot tell.

    A full table counts as ``drop``, a flow that another one is in the way of as ``insert_failed`` as well: that is how
    NAT without a free port shows (``nf_conntrack_in()``, ``nf_ct_resolve_clash()``, net/netfilter/nf_conntrack_core.c).
    """
    names, *rows = _lines(root / "proc/net/stat/nf_conntrack") or [""]
    of_each_cpu = [dict(zip(names.split(), row.split(), strict=False)) for row in rows]
    dropped, clashed = (sum(int(one.get(name, "0"), 16) for one in of_each_cpu) for name in ("drop", "insert_failed"))
    return dropped, min(dropped, clashed)


def _most(read: Callable[[Path], float], levels: Iterable[Path]) -> float:
    """The greatest of all levels: a limit of an ancestor is counted there, in version 2 at each level below it too."""
    return max(map(read, levels), default=0.0)


def _throttled_s(folder: Path) -> float:
    stat = numbers(folder / "cpu.stat")
    return stat.get("throttled_usec", 0) / 1e6 + stat.get("throttled_time", 0) / 1e9


def _memory_refused(folder: Path) -> int:
    return numbers(folder / "memory.events").get("max", 0) or number(folder / "memory.failcnt") or 0


def _tasks_refused(folder: Path) -> int:
    return numbers(folder / "pids.events").get("max", 0)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
