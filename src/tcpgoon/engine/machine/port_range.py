"""The local ports that the kernel may choose from, and how many sockets there are that may have one."""

from pathlib import Path
from typing import NamedTuple

from tcpgoon.engine.machine.addresses import is_local
from tcpgoon.plan.endpoint import Endpoint, Family

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

    @property
    def ports(self) -> set[int]:
        """They."""
        return set(range(self.low, self.high + 1)) - self.forbidden


def port_range(endpoint: Endpoint | None) -> PortRange | None:
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
    if endpoint is None or not low <= endpoint.port <= high or not is_local(endpoint.address):
        return PortRange(low, high, forbidden)
    return PortRange(low, high, forbidden | {endpoint.port}, name_all=True)


def sockets_in_use(family: Family) -> int:
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
