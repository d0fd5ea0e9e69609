"""Can this client ask the question? Each of its limits beside what a run needs. Pure.

A limit is *tight* where a run takes more than four fifths of what is left of it: somebody else may take some before we
do. It is tight, too, where it may turn out that the run needs more than is certain.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tcpgoon.judge import lift
from tcpgoon.judge.limits import BYTES_PER_CONNECTION, DESCRIPTORS_OF_A_WORKER, ClientLimits
from tcpgoon.plan.units import format_bytes

_UNLIMITED = 1 << 62
_NOT_KNOWN = "not known here"
_TW_REUSE = {0: "no", 1: "yes", 2: "on loopback alone"}


class Grade(StrEnum):
    """How a limit compares with what is needed."""

    OK = "ok"
    TIGHT = "tight"
    """It suffices, and little is left; or it may not suffice."""
    IMPOSSIBLE = "impossible"
    """It does not suffice."""
    UNKNOWN = "unknown"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of this client, and how many connections it allows."""

    code: str
    """Of the finding that it makes where it does not suffice, such as ``TG101``; empty where it can make none."""
    what: str
    """Such as ``descriptors``."""
    found: str
    """What was found, for people."""
    allows: int | None
    """Connections; None where it bounds none, or where that is not known."""
    grade: Grade
    lift: tuple[str, ...] = ()
    """The commands that lift it; empty where nothing needs to be lifted."""


def checks(limits: ClientLimits, connections: int) -> tuple[Check, ...]:
    """What each of ``limits`` means for a run of so many ``connections``, in the order in which it is shown."""
    return tuple(_check(rule(limits, connections), limits, connections) for rule in RULES)


def is_possible(limits: ClientLimits, connections: int) -> bool:
    """Whether no limit known here forbids so many."""
    return not impossible(checks(limits, connections))


def impossible(found: Iterable[Check]) -> tuple[Check, ...]:
    """Those of the checks ``found`` that forbid the run."""
    return tuple(check for check in found if check.grade is Grade.IMPOSSIBLE)


def tightest(found: Iterable[Check]) -> Check | None:
    """Of the checks ``found`` the one that allows the fewest connections; None where none bounds them."""
    bounding = [check for check in found if check.allows is not None]
    return min(bounding, key=lambda check: check.allows or 0, default=None)


class _Limit(NamedTuple):
    """A limit before it is graded."""

    what: str
    found: str
    allows: int | None = None
    code: str = ""
    known: bool = True
    tight: bool = False
    """Although so many are allowed."""
    is_ours_alone: bool = False
    """Nobody else takes any of it, and there are so many because so many are needed."""
    lift: Callable[[ClientLimits, int], tuple[str, ...]] = lambda _limits, _connections: ()


def _check(limit: _Limit, limits: ClientLimits, connections: int) -> Check:
    grade = _grade(limit, connections)
    lifted = limit.lift(limits, connections) if grade in (Grade.TIGHT, Grade.IMPOSSIBLE) else ()
    return Check(code=limit.code, what=limit.what, found=limit.found, allows=limit.allows, grade=grade, lift=lifted)


def _grade(limit: _Limit, connections: int) -> Grade:
    if not limit.known:
        return Grade.UNKNOWN
    if limit.allows is not None and connections > limit.allows:
        return Grade.IMPOSSIBLE
    needed = connections if limit.is_ours_alone else lift.at_ease(connections)
    little_is_left = limit.allows is not None and needed > limit.allows
    return Grade.TIGHT if limit.tight or little_is_left else Grade.OK


def _descriptors(limits: ClientLimits, _connections: int) -> _Limit:
    soft, hard = limits.descriptors_soft, limits.descriptors_hard
    raised = "the hard limit, the soft one is raised to it" if soft == hard else f"hard limit {_count(hard)}"
    ours = f", {limits.descriptors_in_use:,} for us"
    if limits.workers_most > 1:
        up_to = "" if limits.workers == limits.workers_most else "up to "
        ours = f" × {up_to}{limits.workers_most:,} processes, {DESCRIPTORS_OF_A_WORKER} of each for itself"
    return _Limit(
        "descriptors",
        f"{_count(soft)} ({raised}){ours}",
        limits.connections_by_descriptors,
        "TG101",
        is_ours_alone=limits.workers_most > 1,
        lift=lift.descriptors,
    )


def _processes(limits: ClientLimits, _connections: int) -> _Limit:
    several = f"{limits.workers:,} workers, and one that brings them forth"
    return _Limit("processes", several if limits.workers > 1 else "this one alone")


def _nr_open(limits: ClientLimits, _connections: int) -> _Limit:
    most = limits.descriptors_most
    return _Limit(
        "fs.nr_open",
        _NOT_KNOWN if most is None else f"{most:,}, as far as that can be raised",
        limits.connections_by_nr_open,
        "TG101",
        known=most is not None,
        lift=lift.nr_open,
    )


def _host_files(limits: ClientLimits, connections: int) -> _Limit:
    most, allows = limits.host_files, limits.connections_by_host_files
    found = _NOT_KNOWN if most is None else f"{_count(most)} on this host, {limits.host_files_in_use:,} in use"
    return _Limit(
        "fs.file-max",
        f"{found}; CAP_SYS_ADMIN is exempt" if limits.host_files_exempt else found,
        allows,
        "TG101",
        known=most is not None,
        tight=allows is not None and _both_ends(limits, connections) > allows,
        lift=lift.host_files,
    )


def _local_ports(limits: ClientLimits, connections: int) -> _Limit:
    idle, but_for_waiting = limits.connections_by_idle_ports, limits.connections_but_for_waiting
    waiting = idle is not None and but_for_waiting is not None and idle < connections <= but_for_waiting
    return _Limit(
        "local ports",
        _ports_found(limits),
        None if limits.sources_grow else limits.connections_by_ports,
        "TG103" if waiting else "TG102",
        known=limits.ports is not None,
        # A port in TIME_WAIT can be had from a second after it came to it, and if the peer has timestamps.
        tight=waiting and not limits.sources_grow,
        lift=lift.local_ports,
    )


def _ports_found(limits: ClientLimits) -> str:
    if limits.ports is None:
        return _NOT_KNOWN
    within = " ({}-{})".format(*limits.port_range) if limits.port_range else ""
    sources = f" × {limits.sources:,} sources" if limits.sources != 1 else ""
    there = f" × {limits.destinations:,} destinations" if limits.destinations != 1 else ""
    taken = f"{limits.ports_in_use:,} in use, {limits.ports_waiting:,} in TIME_WAIT"
    more = ", more of 127.0.0.0/8 where needed" if limits.sources_grow else ""
    return f"{limits.ports:,}{within}{sources}{there}{more}; {taken}"


def _tw_reuse(limits: ClientLimits, _connections: int) -> _Limit:
    value = limits.tw_reuse
    if value is None:
        return _Limit("net.ipv4.tcp_tw_reuse", _NOT_KNOWN, known=False)
    usable = "can be had" if limits.ports_waiting_usable else "cannot be had"
    said = _TW_REUSE.get(value, "a value not known here")
    return _Limit("net.ipv4.tcp_tw_reuse", f"{value} ({said}): ports in TIME_WAIT {usable}")


def _conntrack(limits: ClientLimits, _connections: int) -> _Limit:
    room = limits.conntrack
    return _Limit(
        "connection tracking",
        "not of our connections" if room is None else f"{room:,} flows, {limits.conntrack_in_use:,} in use",
        limits.connections_by_conntrack,
        "TG104",
        lift=lift.conntrack,
    )


def _memory(limits: ClientLimits, connections: int) -> _Limit:
    available, each = limits.memory_available, _both_ends(limits, BYTES_PER_CONNECTION)
    found = _NOT_KNOWN
    if available is not None:
        swap = f" and {format_bytes(limits.swap_free)} of swap" if limits.swap_free else ""
        both = " (both ends)" if limits.target_is_local else ""
        found = f"{format_bytes(available)} available{swap}, {format_bytes(each)} each{both}"
    return _Limit(
        "memory of the host",
        found,
        limits.connections_by_memory,
        "TG106",
        known=available is not None,
        # To swap out what others have takes its time.
        tight=available is not None and lift.at_ease(connections * each) > available,
        lift=lift.memory,
    )


def _group_memory(limits: ClientLimits, connections: int) -> _Limit:
    limit, allows = limits.memory_limit, limits.connections_by_group_memory
    return _Limit(
        "memory of the cgroup",
        "no limit" if limit is None else f"{format_bytes(limit)}, {format_bytes(limits.memory_in_use)} in use",
        allows,
        "TG106",
        # The target's end is charged to whoever accepts it: that may be in this cgroup, too.
        tight=allows is not None and _both_ends(limits, connections) > allows,
        lift=lift.group_memory,
    )


def _tasks(limits: ClientLimits, _connections: int) -> _Limit:
    """They bound no number of connections, and forbid no run: without its thread it shows nothing until it is over."""
    free = limits.tasks_free
    if free is None:
        return _Limit("tasks of the cgroup", "no limit", code="TG106")
    return _Limit(
        "tasks of the cgroup",
        f"{limits.tasks:,}, {limits.tasks_in_use:,} in use; a run starts {limits.tasks_of_the_run:,}",
        code="TG106",
        tight=free < lift.at_ease(limits.tasks_of_the_run),
        lift=lift.tasks,
    )


def _cpu(limits: ClientLimits, _connections: int) -> _Limit:
    quota = limits.cpu_quota
    found = "no limit" if quota is None else f"{quota:g} cores"
    return _Limit("CPU of the cgroup", found, tight=quota is not None and quota < 1, lift=lift.cpu)


def _container(limits: ClientLimits, _connections: int) -> _Limit:
    return _Limit("container", limits.container or "none that can be seen")


RULES = (
    _descriptors,
    _processes,
    _nr_open,
    _host_files,
    _local_ports,
    _tw_reuse,
    _conntrack,
    _memory,
    _group_memory,
    _tasks,
    _cpu,
    _container,
)
"""Limits and connections → one row each, in the order in which they are shown."""


def _both_ends(limits: ClientLimits, amount: int) -> int:
    return amount * (1 + limits.target_is_local)


def _count(limit: int) -> str:
    return "unlimited" if limit >= _UNLIMITED else f"{limit:,}"
