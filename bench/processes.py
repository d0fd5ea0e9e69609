"""What processes use, read from /proc while they run."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)
_SLAB = re.compile(r"^Slab: +(\d+) kB", re.MULTILINE)
_AVAILABLE = re.compile(r"^MemAvailable: +(\d+) kB", re.MULTILINE)


def family(pid: int) -> Iterator[int]:
    """``pid`` and all its descendants."""
    yield pid
    for children in (_PROC / str(pid) / "task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(int(child))


def pss_bytes(pids: Iterable[int]) -> int:
    """Their user-space memory; what several share is shared out among them."""
    return sum(_number(_PSS, _PROC / str(pid) / "smaps_rollup") for pid in pids)


def cpu_s(pids: Iterable[int]) -> float:
    """User and system CPU since they began."""
    return sum(map(_cpu_s, pids))


def slab_bytes() -> int:
    """What the kernel's own objects take on this machine: sockets, files, and all else of their size."""
    return _number(_SLAB, _PROC / "meminfo")


def available_bytes() -> int:
    """What this machine can still give."""
    return _number(_AVAILABLE, _PROC / "meminfo")


def _cpu_s(pid: int) -> float:
    """By the nanosecond of its threads of now, or by the tick of all that it ever had: the greater is nearer."""
    folder = _PROC / str(pid)
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    threads = (folder / "task").glob("*/schedstat")
    return max(
        (int(fields[11]) + int(fields[12])) * _TICK_S,
        sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9,
    )


def _number(pattern: re.Pattern[str], path: Path) -> int:
    found = pattern.search(path.read_text())
    assert found, path
    return int(found[1]) * 1024
