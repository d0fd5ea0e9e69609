"""What this host gives to all of its processes: open files, memory."""

import math
import os
from pathlib import Path
from typing import NamedTuple

from tcpgoon.engine.machine.cgroup import Room, cpu_quota, number

PROC = Path("/proc")
_CAP_SYS_ADMIN = 21
_ALL_USERS = ["0", "0", "4294967295"]


class Memory(NamedTuple):
    """Bytes that the host can still give."""

    available: int | None
    """Without swapping."""
    swap_free: int = 0


def most_descriptors(proc: Path = PROC) -> int | None:
    """fs.nr_open: the most descriptors that any process can have."""
    return number(proc / "sys/fs/nr_open")


def open_files(proc: Path = PROC) -> Room:
    """fs.file-max, and how many are open."""
    try:
        in_use, _, limit = map(int, (proc / "sys/fs/file-nr").read_text().split())
    except (OSError, ValueError):
        return Room(None)
    return Room(limit, in_use)


def is_exempt_from_file_max(proc: Path = PROC) -> bool:
    """Whether this process may open more files than fs.file-max: CAP_SYS_ADMIN, but not of a user namespace.

    ``alloc_empty_file()``, fs/file_table.c.
    """
    try:
        lines = (proc / "self/status").read_text().splitlines()
        users = (proc / "self/uid_map").read_text().split()
    except OSError:
        return False
    effective = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return bool(effective >> _CAP_SYS_ADMIN & 1) and users == _ALL_USERS


def memory(proc: Path = PROC) -> Memory:
    """MemAvailable and SwapFree: what others hold can be swapped out to make room for what we need."""
    try:
        lines = (proc / "meminfo").read_text().splitlines()
    except OSError:
        return Memory(None)
    kilobytes = {line.partition(":")[0]: line.split()[1] for line in lines if len(line.split()) > 1}
    available = kilobytes.get("MemAvailable")
    return Memory(int(available) * 1024 if available else None, int(kilobytes.get("SwapFree", 0)) * 1024)


def cores() -> int:
    """How many cores this process and its children may run on at once."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))
