"""Where each dial goes: from which source address, to which endpoint, and by which of the ports that lie between them.

A port can be had once for each pair of addresses (and the port at the other end), so every such pair is a *lane* with
all the ports of the range to itself. Lanes are used in turn, by the number of the row, so that any of a lane's limits
shows as late as it can, and no row has to say which lane it took: of ``S`` sources row ``r`` has number ``r % S``, of
``D`` endpoints number ``r // S % D``.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from tcpgoon.engine.machine.port_range import PortRange, port_range, sockets_in_use
from tcpgoon.engine.ports import Ports, Slice
from tcpgoon.plan.endpoint import Endpoint


class Lane(NamedTuple):
    """A way to dial."""

    source: str
    """The address to dial from; empty is the kernel's choice."""
    endpoint: Endpoint
    ports: Ports


def lanes(endpoints: Sequence[Endpoint], sources: Sequence[str], dials: range, of: int) -> list[Lane]:
    """The lanes of a process that makes the ``dials`` out of ``of``; lane ``k`` of ``L`` has the rows ``r % L == k``.

    No ``sources`` are the kernel's choice alone. A process that makes all of the dials lets the kernel choose ports
    while that is quick; several that share them name their own: see `tcpgoon.engine.ports`.
    """
    seed, froms = time.monotonic_ns(), sources or [""]
    turns = len(froms) * len(endpoints)
    made: list[Lane] = []
    for endpoint in endpoints:
        found = port_range(endpoint)
        busy = 0 if found is None else found.high if found.name_all else sockets_in_use(endpoint.family)
        for source in froms:
            mine = None if len(dials) == of else _slice(len(made), turns, dials, of)
            made.append(Lane(source, endpoint, _ports(found, busy, seed + len(made), mine)))
    return made


def _ports(found: PortRange | None, busy: int, seed: int, mine: Slice | None) -> Ports:
    """The port chooser of one lane; where the range is not known it leaves them to the kernel."""
    if found is None:
        return Ports.of_the_kernel()
    return Ports(found.low, found.high, busy, seed, found.forbidden, mine)


def _slice(lane: int, turns: int, dials: range, of: int) -> Slice:
    """Which of the dials of ``lane`` are among ``dials``: those of ``range(of)`` are numbered as they come."""
    first, stop, every = (len(range(lane, end, turns)) for end in (dials.start, dials.stop, of))
    return Slice(first, stop, every)
