"""What the control groups of this process grant it: memory, tasks, CPU time.

A limit of any ancestor binds as well as one of our own group, so all of them are read, and the one that leaves the
least is told. Version 1 has a hierarchy for each controller, version 2 one for all; where both are mounted a
controller is in one of the two. Where a hierarchy is mounted, and which part of it, is in ``/proc/self/mountinfo``: in
a container often the container's own group alone, whose ancestors cannot be seen then.

All readers take the root of the file system that is read. What cannot be read limits nothing here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

HERE = Path("/")

_NO_LIMIT = 1 << 60
"""In version 1 "no limit" is a number a little below 2**63 (or, long ago, 2**64)."""
_RECLAIMABLE = ("active_file", "inactive_file", "slab_reclaimable")
"""What is in use and is given up before anything is refused: the cache of files, of names and of inodes."""


class Room(NamedTuple):
    """How much there may be of something, and how much there is."""

    limit: int | None
    """None: no limit."""
    in_use: int = 0


class _Mount(NamedTuple):
    part: str
    """The group that is seen at `place`: ``/``, or some group below it."""
    place: Path
    kind: str
    """``cgroup`` or ``cgroup2``."""
    controllers: frozenset[str]


def memory(root: Path = HERE) -> Room:
    """Bytes, less those that would be given up. What ``memory.high`` slows down is refused nothing: it is no limit."""
    return _tightest(folders("memory", root), _memory)


def tasks(root: Path = HERE) -> Room:
    """Processes and threads."""
    return _tightest(folders("pids", root), lambda folder: _room(folder, "pids.max", "pids.current"))


def cpu_quota(root: Path = HERE) -> float | None:
    """Cores that may be used at the most; None: no limit."""
    return min(filter(None, map(_cores, folders("cpu", root))), default=None)


def folders(controller: str, root: Path = HERE) -> list[Path]:
    """The folder of our group in the hierarchy of ``controller``, then those of its ancestors as far as they are seen.

    Empty where there is no such hierarchy.
    """
    try:
        groups = dict(_groups(_text(root / "proc/self/cgroup")))
        mounts = list(_mounts(_text(root / "proc/self/mountinfo"), root))
    except OSError:
        return []
    old = [mount for mount in mounts if mount.kind == "cgroup" and controller in mount.controllers]
    new = [mount for mount in mounts if mount.kind == "cgroup2"]
    if old and controller in groups:
        return _upwards(old, groups[controller])
    return _upwards(new, groups[""]) if new and "" in groups else []


def number(path: Path) -> int | None:
    """The number in the file ``path``, None where there is none (``max``, for one)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def numbers(path: Path) -> dict[str, int]:
    """The lines ``name number`` of the file ``path``; empty where it cannot be read."""
    try:
        words = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdigit()}


def _groups(text: str) -> Iterator[tuple[str, str]]:
    """Controller and group; the controller of version 2 is empty."""
    for line in text.splitlines():
        _, controllers, group = line.split(":", 2)
        yield from ((controller, group) for controller in controllers.split(","))


def _mounts(text: str, root: Path) -> Iterator[_Mount]:
    """Those of ``/proc/self/mountinfo`` (see proc_pid_mountinfo(5)) that are hierarchies of control groups."""
    for line in text.splitlines():
        fields, _, of_the_kind = line.partition(" - ")
        part, place = (_unescaped(field) for field in fields.split(" ")[3:5])
        kind, _, options = of_the_kind.split(" ")[:3]
        if kind in ("cgroup", "cgroup2"):
            yield _Mount(part, root / place.lstrip("/"), kind, frozenset(options.split(",")))


def _unescaped(field: str) -> str:
    for code, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        field = field.replace(code, character)
    return field


def _upwards(mounts: list[_Mount], group: str) -> list[Path]:
    """Where what is mounted is no ancestor of the group, it is all that is seen of it: a container's own group."""
    for mount in mounts:
        if PurePosixPath(group).is_relative_to(mount.part) and ".." not in group.split("/"):
            within = PurePosixPath(group).relative_to(mount.part)
            own = mount.place / within
            return [own, *list(own.parents)[: len(within.parts)]]
    return [mounts[0].place]


def _tightest(levels: list[Path], read: Callable[[Path], Room]) -> Room:
    """Of the levels that have a limit, the one with the least room left."""
    limited = [(room.limit - room.in_use, room) for room in map(read, levels) if room.limit is not None]
    return min(limited)[1] if limited else Room(None)


def _memory(folder: Path) -> Room:
    found = _room(folder, "memory.max", "memory.current")
    if found.limit is None:
        found = _room(folder, "memory.limit_in_bytes", "memory.usage_in_bytes")
    if found.limit is None or found.limit >= _NO_LIMIT:
        return Room(None)
    stat = numbers(folder / "memory.stat")
    reclaimable = sum(stat.get(f"total_{name}", stat.get(name, 0)) for name in _RECLAIMABLE)
    return Room(found.limit, max(0, found.in_use - reclaimable))


def _room(folder: Path, limit: str, in_use: str) -> Room:
    return Room(number(folder / limit), number(folder / in_use) or 0)


def _cores(folder: Path) -> float | None:
    try:
        quota, period = map(int, (folder / "cpu.max").read_text().split())
    except (OSError, ValueError):
        quota, period = number(folder / "cpu.cfs_quota_us") or 0, number(folder / "cpu.cfs_period_us") or 0
    return quota / period if quota > 0 and period > 0 else None


def _text(path: Path) -> str:
    return path.read_text(errors="surrogateescape")
