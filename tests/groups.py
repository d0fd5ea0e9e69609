"""Control groups of our own, with limits as tight as a test wants them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tcpgoon.engine.machine.cgroup import folders

LIMITS = {
    "cpu": ("cpu.max", "cpu.cfs_quota_us"),
    "memory": ("memory.max", "memory.limit_in_bytes"),
    "pids": ("pids.max",),
}
"""The file with the limit of each controller, as version 2 and version 1 call it."""


@contextmanager
def child_group(controller: str) -> Iterator[Path]:
    """The file with the limit of a new group of ``controller``; the group goes with the block.

    In version 2 a group that has processes has no children with limits, so that the top of what we see is tried, too.
    Raises `LookupError` where none can be made.
    """
    levels = folders(controller)
    made = (
        _made(parent / f"tcpgoon-test-{os.getpid()}", controller)
        for parent in dict.fromkeys([*levels[:1], *levels[-1:]])
    )
    limit = next(filter(None, made), None)
    if limit is None:
        raise LookupError(f"no group of {controller} can be made here")
    try:
        yield limit
    finally:
        limit.parent.rmdir()


def _made(group: Path, controller: str) -> Path | None:
    with suppress(OSError):
        group.mkdir()
        for name in LIMITS[controller]:
            if os.access(group / name, os.W_OK):
                return group / name
        group.rmdir()
    return None


def can_make_group(controller: str) -> bool:
    """Whether `child_group` works here."""
    try:
        with child_group(controller):
            return True
    except LookupError:
        return False


def inside(limit: Path) -> Sequence[str]:
    """What is put before a command that is to run in the group that has this limit."""
    return ["sh", "-c", f"echo $$ >'{limit.parent}/cgroup.procs' && exec \"$@\"", "sh"]
