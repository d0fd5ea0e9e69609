"""Can this client ask the question? Its limits, found before the first dial: facts, no prints."""

import os
import resource
import select
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tcpgoon.engine.machine import cgroup, conntrack, host
from tcpgoon.engine.machine.addresses import has_port_windows, is_local
from tcpgoon.engine.machine.container import container
from tcpgoon.engine.machine.port_range import PortRange, port_range, sockets_in_use
from tcpgoon.engine.machine.sock_diag import Towards
from tcpgoon.engine.machine.sources import SPARE, addresses_of, has_loopback_at_hand
from tcpgoon.engine.machine.taken import Taken
from tcpgoon.judge.lift import at_ease
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.endpoint import Endpoint, is_loopback

LOOP_DESCRIPTORS = 8
"""What a run opens besides its connections: the epoll set, the waker's pair, and a few for reports and imports."""

_PROC = Path("/proc/sys/net/ipv4")


def look(
    endpoints: Sequence[Endpoint],
    sources: Sequence[str],
    connections: int | None = None,
    addresses: int = 1,
    *,
    automatic: bool = False,
) -> ClientLimits:
    """The limits of this client when it dials ``endpoints`` from ``sources``. Raises the soft limit of descriptors.

    Without ``endpoints`` it is any one elsewhere. What is open towards them already is counted unless so few
    ``connections`` are to be made that it cannot matter. The target has so many ``addresses``. ``automatic``: nobody
    said what to dial from. Nothing is dialled.
    """
    soft, hard = raise_descriptor_limit()
    ports = _least(endpoints)
    local = bool(endpoints) and all(is_local(endpoint.address) for endpoint in endpoints)
    ours = tuple(dict.fromkeys(address for endpoint in endpoints for address in addresses_of(sources, endpoint)))
    ours = ours or tuple(sources)
    towards = _towards(endpoints, sources, ports, connections)
    files, flows = host.open_files(), conntrack.flows(ours[0] if ours else "127.0.0.1", local)
    memory, group, tasks = host.memory(), cgroup.memory(), cgroup.tasks()
    tw_reuse = _tw_reuse()
    return ClientLimits(
        descriptors_soft=soft,
        descriptors_hard=hard,
        descriptors_in_use=_descriptors_in_use() + LOOP_DESCRIPTORS,
        descriptors_most=host.most_descriptors(),
        host_files=files.limit,
        host_files_in_use=files.in_use,
        host_files_exempt=host.is_exempt_from_file_max(),
        ports=ports.usable if ports else None,
        port_range=(ports.low, ports.high) if ports else None,
        ports_in_use=towards.in_use,
        ports_waiting=towards.time_wait,
        ports_waiting_usable=_waiting_is_usable(tw_reuse, endpoints, ours),
        sources=len(sources) or 1,
        sources_grow=automatic and has_loopback_at_hand(endpoints),
        sources_at_hand=has_loopback_at_hand(endpoints),
        destinations=len(endpoints) or 1,
        addresses=addresses,
        tw_reuse=tw_reuse,
        conntrack=flows.limit if flows else None,
        conntrack_in_use=flows.in_use if flows else 0,
        target_is_local=local,
        memory_available=memory.available,
        swap_free=memory.swap_free,
        memory_limit=group.limit,
        memory_in_use=group.in_use,
        tasks=tasks.limit,
        tasks_in_use=tasks.in_use,
        cpu_quota=cgroup.cpu_quota(),
        workers_possible=workers_possible(),
        container=container(),
    )


def workers_possible() -> bool:
    """Whether a run can be split over several processes here."""
    return hasattr(select, "epoll") and hasattr(os, "memfd_create") and hasattr(os, "eventfd")


def as_they_are_now(limits: ClientLimits) -> ClientLimits:
    """``limits`` with the limit of descriptors that is in force now: somebody may have lowered it meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return msgspec.structs.replace(limits, descriptors_soft=_known(soft), descriptors_hard=_known(hard))


def raise_descriptor_limit() -> tuple[int, int]:
    """Raise the soft limit of descriptors to the hard one; both as they are then. Unlimited is ``sys.maxsize``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    except (OSError, ValueError):
        pass  # some platforms have a hard limit that cannot be reached: the soft one stays, and is what counts
    return _known(soft), _known(hard)


def _least(endpoints: Sequence[Endpoint]) -> PortRange | None:
    """The range with the fewest ports towards any of them: they differ where one is on this machine."""
    found = [port_range(endpoint) for endpoint in endpoints] or [port_range(None)]
    return min(found, key=lambda one: one.usable if one else 0)


def _towards(
    endpoints: Sequence[Endpoint], sources: Sequence[str], ports: PortRange | None, connections: int | None
) -> Towards:
    """What is open towards ``endpoints`` from ``sources`` and has a port of the range.

    Not counted, since that takes its time where there are many sockets, if there are so few that all of them together
    leave ``connections`` at ease.
    """
    if ports is None or not endpoints:
        return Towards(0, 0)
    room = ports.usable * max(1, len(sources)) * len(endpoints) - sockets_in_use(endpoints[0].family)
    if connections is not None and at_ease(connections + SPARE) <= room:
        return Towards(0, 0)
    found = [Taken(endpoint, ports.ports).of(addresses_of(sources, endpoint)) for endpoint in endpoints]
    return Towards(sum(one.in_use for one in found), sum(one.time_wait for one in found))


def _tw_reuse() -> int | None:
    return cgroup.number(_PROC / "tcp_tw_reuse")


def _waiting_is_usable(tw_reuse: int | None, endpoints: Sequence[Endpoint], sources: Sequence[str]) -> bool:
    """Whether ``connect()`` takes ports in TIME_WAIT: ``tcp_twsk_unique()``, net/ipv4/tcp_ipv4.c.

    It wants timestamps, too. A port that is bound explicitly, as ours are where the kernel has no windows of ports, is
    sometimes to be had all the same: it is left open then.
    """
    if cgroup.number(_PROC / "tcp_timestamps") == 0:
        return False
    addresses = (*sources, *(endpoint.address for endpoint in endpoints))
    on_loopback = bool(addresses) and any(map(is_loopback, addresses))
    return tw_reuse == 1 or (tw_reuse == 2 and on_loopback) or not has_port_windows()


def _known(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _descriptors_in_use() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder))  # noqa: PTH208 - a count, no paths
        except OSError:
            continue
    return 3  # standard input, output and error
