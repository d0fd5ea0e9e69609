"""Can this client ask the question? Its limits, found before the first dial: facts, no prints."""

import os
import resource
import select
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tcpgoon.engine import cgroup, conntrack, host, proc_net, sock_diag
from tcpgoon.engine.addresses import FAMILY, has_port_windows, is_local, socket_address, why_not_local
from tcpgoon.engine.container import container
from tcpgoon.engine.port_range import PortRange, port_range, sockets_in_use
from tcpgoon.engine.sock_diag import Towards
from tcpgoon.errors import PlanError
from tcpgoon.judge.lift import at_ease
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.endpoint import Endpoint, Family, is_loopback

LOOP_DESCRIPTORS = 8
"""What a run opens besides its connections: the epoll set, the waker's pair, and a few for reports and imports."""

SPARE = 8
"""Ports beside those of the connections: newcomers take some."""

_PROC = Path("/proc/sys/net/ipv4")


def look(endpoint: Endpoint | None, sources: Sequence[str], connections: int | None = None) -> ClientLimits:
    """The limits of this client when it dials ``endpoint`` from ``sources``. Raises the soft limit of descriptors.

    None for ``endpoint`` is any one elsewhere. What is open towards it already is counted unless so few ``connections``
    are to be made that it cannot matter. Nothing is dialled.
    """
    soft, hard = raise_descriptor_limit()
    ports = port_range(endpoint)
    local = endpoint is not None and is_local(endpoint.address)
    ours = sources or _chosen_source(endpoint)
    towards = _towards(endpoint, ours, ports, connections) if endpoint else Towards(0, 0)
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
        ports_waiting_usable=_waiting_is_usable(tw_reuse, endpoint, ours),
        sources=len(sources) or 1,
        sources_at_hand=local and endpoint is not None and endpoint.family is Family.IPV4,
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


def check_sources(endpoint: Endpoint | None, sources: Sequence[str]) -> None:
    """Raise `PlanError` for the first of ``sources`` from which ``endpoint`` (None: anything) cannot be dialled."""
    for source in sources:
        if (why := why_not_local(source)) is not None:
            raise PlanError(f"the source {source} cannot be dialled from: {why.strerror}") from why
        if endpoint and is_loopback(source) and not is_local(endpoint.address):
            raise PlanError(f"the source {source} reaches this machine alone, and {endpoint.address} is elsewhere")


def _chosen_source(endpoint: Endpoint | None) -> Sequence[str]:
    """The address that the kernel would dial ``endpoint`` from; none where it has no route.

    To connect a datagram socket is to ask for the route: nothing is sent.
    """
    if endpoint is None:
        return ()
    try:
        with socket.socket(FAMILY[endpoint.family], socket.SOCK_DGRAM) as sock:
            sock.connect(socket_address(endpoint.address, endpoint.port))
            address: str = sock.getsockname()[0]
    except OSError:
        return ()
    return (address,)


def _towards(endpoint: Endpoint, sources: Sequence[str], ports: PortRange | None, connections: int | None) -> Towards:
    """What is open towards ``endpoint`` from ``sources`` and has a port of the range.

    Not counted, since that takes its time where there are many sockets, if there are so few that all of them together
    leave ``connections`` at ease.
    """
    none = Towards(0, 0)
    if ports is None:
        return none
    room = ports.usable * max(1, len(sources)) - sockets_in_use(endpoint.family)
    if connections is not None and at_ease(connections + SPARE) <= room:
        return none
    ours = set(range(ports.low, ports.high + 1)) - ports.forbidden
    try:
        return sock_diag.count_towards(endpoint.family, endpoint.address, endpoint.port, sources, ours)
    except OSError:  # not every sandbox lets us ask
        pass
    try:
        return proc_net.count_towards(endpoint.address, endpoint.port, sources, ours)
    except OSError:
        return none


def _tw_reuse() -> int | None:
    return cgroup.number(_PROC / "tcp_tw_reuse")


def _waiting_is_usable(tw_reuse: int | None, endpoint: Endpoint | None, sources: Sequence[str]) -> bool:
    """Whether ``connect()`` takes ports in TIME_WAIT: ``tcp_twsk_unique()``, net/ipv4/tcp_ipv4.c.

    It wants timestamps, too. A port that is bound explicitly, as ours are where the kernel has no windows of ports, is
    sometimes to be had all the same: it is left open then.
    """
    if cgroup.number(_PROC / "tcp_timestamps") == 0:
        return False
    addresses = (*sources, *([endpoint.address] if endpoint else []))
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
