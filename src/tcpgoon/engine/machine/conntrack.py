"""The table of flows that netfilter keeps, where it does: its size, its fill, and whether our connections get into it.

That the files are there says little. The module may be loaded and track nothing in this network namespace, since no
rule asks for it; or a rule may exempt what stays on this machine. So we look: some datagrams that we send to ourselves
are in the table a moment later, or they are not. No other host sees them.
"""

import errno
import socket
from pathlib import Path

from tcpgoon.engine.machine.addresses import socket_address
from tcpgoon.engine.machine.cgroup import Room, number

PROC = Path("/proc")
_FLOWS = 4
"""More than come and go by chance in the tenth of a millisecond that it takes."""


def flows(address: str, local: bool, proc: Path = PROC) -> Room | None:
    """Room for flows, None where a connection takes none. ``address`` is one of this machine.

    ``local`` is whether the connections stay on this machine. Where they leave it a table that is in use is taken to
    have them, too: what leaves is what firewalls and NAT are for. A rule that exempts them alone is not seen.
    """
    room = _table(proc)
    if room is None or room.limit is None:
        return None
    refused = _talk_to_ourselves(address)
    now = _table(proc) or room
    full_of = refused and room.in_use >= room.limit
    seen = now.in_use - room.in_use >= _FLOWS or full_of or (not local and room.in_use > 0)
    return now if seen else None


def _table(proc: Path) -> Room | None:
    folder = proc / "sys/net/netfilter"
    limit, in_use = number(folder / "nf_conntrack_max"), number(folder / "nf_conntrack_count")
    return None if not limit or in_use is None else Room(limit, in_use)  # a limit of 0 is none at all


def _talk_to_ourselves(address: str) -> bool:
    """Start flows from ``address`` to itself; whether the kernel refused one, as it does where the table is full."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        for _ in range(_FLOWS):
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.bind(socket_address(address, 0))
                sock.sendto(b"", sock.getsockname())
    except OSError as exc:
        return exc.errno == errno.EPERM
    return False
