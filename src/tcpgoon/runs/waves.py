"""Which checks may be asked at the same time.

A verdict is about so many connections as were asked for, so two checks never go to one server at once: under both
together it would carry more than either asks for, and its failure would be that of neither. And all of a wave share
the limits of this one process: what does not fit in together is asked one after another.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

from msgspec import structs

from tcpgoon.discovery.place import Place
from tcpgoon.engine.machine import preflight
from tcpgoon.engine.machine.addresses import is_local
from tcpgoon.judge.lift import at_ease
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.options.suites.suite import Check
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.runs.runner import ours_to_open

MOST_AT_ONCE = 8
"""Each is a thread of this process, and they share one core of Python."""

BESIDE_CONNECTIONS = 16
"""Descriptors of a run beside its connections: the loop's own, and those of newcomers."""

_HERE = "this machine"


class Ready(NamedTuple):
    """A check, and where it goes."""

    check: Check
    places: tuple[Place, ...]
    endpoints: frozenset[Endpoint]
    """Those that it may dial."""
    servers: frozenset[tuple[str, int]]
    """Their addresses and names, each with the port; all addresses of this machine are one."""

    @classmethod
    def to_go(cls, check: Check, places: tuple[Place, ...]) -> Self:
        """``check`` was found to go to ``places``. Raises `Unanswerable` where this client has nothing to look with."""
        endpoints = frozenset(endpoint for place in places for endpoint in place.endpoints)
        names = {(place.target.host.lower(), place.target.port) for place in places}
        with ours_to_open():
            addresses = {(_HERE if is_local(one.address) else one.address, one.port) for one in endpoints}
        return cls(check, places, endpoints, frozenset(names | addresses))

    @property
    def connections(self) -> int:
        """How many it has at once."""
        return self.check.connections


def first_wave(waiting: Sequence[Ready], room: int | None = None) -> list[Ready]:
    """Those of ``waiting``, which are some, that are asked next, all at the same time; the first is among them.

    ``room`` is how many connections this client has room for; by default that is looked up where it matters.
    """
    wave, servers, total = [waiting[0]], waiting[0].servers, waiting[0].connections
    if room is None and len(waiting) > 1:
        room = _room()
    for ready in waiting[1:]:
        more = total + ready.connections
        fits = at_ease(more) + BESIDE_CONNECTIONS * (len(wave) + 1) <= (room or 0)
        if fits and len(wave) < MOST_AT_ONCE and not servers & ready.servers:
            wave, servers, total = [*wave, ready], servers | ready.servers, more
    return wave


def _room() -> int:
    try:
        return room_of(preflight.look((), ()))
    except OSError:  # not even enough to look: there is none
        return 0


def room_of(limits: ClientLimits) -> int:
    """How many connections ``limits`` allow, wherever they go: local ports are another matter for each target."""
    both_ends_here = structs.replace(limits, target_is_local=True)
    bounds = (
        limits.connections_by_descriptors,
        limits.connections_by_host_files,
        limits.connections_by_conntrack,
        both_ends_here.connections_by_memory,
        limits.connections_by_group_memory,
    )
    return min(bound for bound in bounds if bound is not None)
