"""Can this client ask the question? Its limits, found before the first dial: facts, no prints."""

import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from tcpgoon.engine.ports import Ports
from tcpgoon.engine.sockets import is_local, why_not_local
from tcpgoon.errors import PlanError
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.endpoint import Endpoint, Family, is_loopback

LOOP_DESCRIPTORS = 8
"""What a run opens besides its connections: the epoll set, the waker's pair, and a few for reports and imports."""

_PROC = Path("/proc/sys/net/ipv4")
_SOCKSTAT = {Family.IPV4: Path("/proc/net/sockstat"), Family.IPV6: Path("/proc/net/sockstat6")}


class PortRange(NamedTuple):
    """The local ports that the kernel may choose from."""

    low: int
    high: int
    """Inclusive."""
    forbidden: frozenset[int]
    """Ports in between that are to be left alone."""
    name_all: bool = False
    """The kernel is not to choose, since it might choose one of them."""

    @property
    def usable(self) -> int:
        """How many a connection can have."""
        return max(0, self.high - self.low + 1 - len(self.forbidden))


def look(endpoint: Endpoint, sources: Sequence[str]) -> ClientLimits:
    """The limits of this client when it dials ``endpoint`` from ``sources``. Raises the soft limit of descriptors."""
    soft, hard = raise_descriptor_limit()
    ports = port_range(endpoint)
    return ClientLimits(
        descriptors_soft=soft,
        descriptors_hard=hard,
        descriptors_in_use=_descriptors_in_use() + LOOP_DESCRIPTORS,
        ports=ports.usable if ports else None,
        sources=len(sources) or 1,
    )


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


def port_range(endpoint: Endpoint) -> PortRange | None:
    """The kernel's range of ephemeral ports, None where it cannot be known.

    Towards a target on this machine its own port is no port for us: a socket that dials itself finds itself, and is
    ESTABLISHED where nobody listens (RFC 9293 §3.5, simultaneous open).
    """
    try:
        low, high = (int(word) for word in (_PROC / "ip_local_port_range").read_text().split())
        reserved = (_PROC / "ip_local_reserved_ports").read_text().strip()
    except (OSError, ValueError):
        return None
    forbidden = _within(reserved, low, high)
    own = low <= endpoint.port <= high and is_local(endpoint.address)
    return PortRange(low, high, forbidden | {endpoint.port} if own else forbidden, name_all=own)


def ports_for(endpoint: Endpoint, sources: Sequence[str]) -> list[Ports]:
    """The port choosers of a run, one for each source; where the range is not known they leave it to the kernel."""
    found, seed = port_range(endpoint), time.monotonic_ns()
    if found is None:
        return [Ports.of_the_kernel() for _ in sources or [""]]
    busy = found.high if found.name_all else _sockets_in_use(endpoint.family)
    return [Ports(found.low, found.high, busy, seed + k, found.forbidden) for k, _ in enumerate(sources or [""])]


def check_sources(endpoint: Endpoint, sources: Sequence[str]) -> None:
    """Raise `PlanError` for the first of ``sources`` from which ``endpoint`` cannot be dialled."""
    for source in sources:
        if (why := why_not_local(source)) is not None:
            raise PlanError(f"the source {source} cannot be dialled from: {why.strerror}") from why
        if is_loopback(source) and not is_local(endpoint.address):
            raise PlanError(f"the source {source} reaches this machine alone, and {endpoint.address} is elsewhere")


def _known(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _descriptors_in_use() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder))  # noqa: PTH208 - a count, no paths
        except OSError:
            continue
    return 3  # standard input, output and error


def _sockets_in_use(family: Family) -> int:
    """TCP sockets of this network namespace that may hold a local port, TIME_WAIT included."""
    in_use = 0
    for path in {_SOCKSTAT[Family.IPV4], _SOCKSTAT[family]}:
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[0] in ("TCP:", "TCP6:"):
                numbers = dict(zip(words[1::2], words[2::2], strict=True))
                in_use += int(numbers.get("inuse", 0)) + int(numbers.get("tw", 0))
    return in_use


def _within(ranges: str, low: int, high: int) -> frozenset[int]:
    """The ports of ``ranges`` (``8080,9148-9150``) that lie between ``low`` and ``high``."""
    ports: set[int] = set()
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        ports.update(range(max(low, int(first)), min(high, int(last or first)) + 1))
    return frozenset(ports)
