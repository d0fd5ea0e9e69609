"""Which addresses of this host a run dials from: those that the user asks for, or as many as it needs.

The kernel's own choice is first, and where the ports of one address suffice it is alone. Where they do not, more
addresses are taken of those from which the target is reached in the same way: all of 127.0.0.0/8 for an IPv4 target
that is at one of them, and the addresses of the interface that the kernel dials from otherwise. To another address of
this machine 127.0.0.0/8 may be no way: where a rule passes the port on, to a container for instance, its packets are
dropped as martians, and the target would be blamed for it.
"""

import ipaddress
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice, takewhile

from tcpgoon.engine.machine.addresses import FAMILY, is_local, is_source, socket_address, why_no_source
from tcpgoon.engine.machine.port_range import PortRange, port_range, sockets_in_use
from tcpgoon.engine.machine.taken import Taken
from tcpgoon.errors import PlanError
from tcpgoon.judge.lift import at_ease
from tcpgoon.plan.endpoint import Endpoint, Family, family_of, is_loopback
from tcpgoon.plan.sources import MOST_SOURCES, Addresses, Interface, is_automatic, parse_source

KERNELS_CHOICE = ""
"""The source that is no address: the kernel chooses one for each endpoint."""

MOST_OF_ONE = 1_024
"""Addresses of one range or network that are used: 127.0.0.0/8 has 16 million."""

SPARE = 8
"""Ports beside those of the connections: newcomers take some."""

_MOST_TRIED = 65_536
"""Of a range that has more addresses, those alone are tried that interfaces have."""
_LOOPBACK = range(int(ipaddress.ip_address("127.0.0.1")), int(ipaddress.ip_address("127.255.255.255")))


def sources_for(asked: Sequence[str], endpoints: Sequence[Endpoint], connections: int) -> tuple[str, ...]:
    """The addresses to dial ``endpoints`` from, for what the user ``asked`` for; empty is the kernel's choice alone.

    Without endpoints: to dial any one elsewhere. Raises `PlanError` for what is no address of this host, or one from
    which an endpoint cannot be dialled.
    """
    if is_automatic(asked):
        return _as_needed(endpoints, connections) if endpoints else ()
    there = endpoints[0] if endpoints else None
    found = tuple(dict.fromkeys(address for text in asked for address in _expanded(text, there)))
    if len(found) > MOST_SOURCES:
        raise PlanError(f"the sources are {len(found):,} addresses: {MOST_SOURCES:,} at the most can be dialled from")
    _check(found, endpoints)
    return found


def chosen(endpoint: Endpoint) -> str:
    """The address that the kernel would dial ``endpoint`` from; empty where it has no route.

    To connect a datagram socket is to ask for the route: nothing is sent.
    """
    try:
        with socket.socket(FAMILY[endpoint.family], socket.SOCK_DGRAM) as sock:
            sock.connect(socket_address(endpoint.address, endpoint.port))
            address: str = sock.getsockname()[0]
    except OSError:
        return ""
    return address


def addresses_of(sources: Sequence[str], endpoint: Endpoint) -> tuple[str, ...]:
    """The addresses from which ``endpoint`` is dialled; none where that is left to the kernel, and it has no route."""
    return tuple(filter(None, (source or chosen(endpoint) for source in sources or [KERNELS_CHOICE])))


def addresses_used(sources: Sequence[str], endpoints: Sequence[Endpoint]) -> tuple[str, ...]:
    """The addresses from which ``endpoints`` are dialled, in turn; none where all is left to the kernel."""
    if not sources:
        return ()
    return tuple(dict.fromkeys(one for endpoint in endpoints for one in addresses_of(sources, endpoint)))


def _check(found: Sequence[str], endpoints: Sequence[Endpoint]) -> None:
    for source in found:
        if (why := why_no_source(source)) is not None:
            raise PlanError(f"the source {source} cannot be dialled from: {why.strerror or why}") from why
    families = {endpoint.family: endpoint for endpoint in endpoints}
    for source in found:
        if other := next((there for family, there in families.items() if family is not family_of(source)), None):
            raise PlanError(f"the source {source} cannot reach {other.address}, of the other family: give -4 or -6")
    loopback = next(filter(is_loopback, found), None)
    elsewhere = next((endpoint for endpoint in endpoints if not is_local(endpoint.address)), None)
    if loopback and elsewhere:
        raise PlanError(f"the source {loopback} reaches this machine alone, and {elsewhere.address} is elsewhere")


def _expanded(text: str, there: Endpoint | None) -> Sequence[str]:
    source = parse_source(text)
    if isinstance(source, Interface):
        return _of_interface(source.name, there)
    if source.is_one:
        return (_spelt(source),)
    found = tuple(islice(filter(is_source, _within(source)), MOST_OF_ONE))
    if not found:
        raise PlanError(f"no address of {text} is one of this host: 'ip -brief address' shows those that are")
    return found


def _spelt(source: Addresses) -> str:
    """The one way to write the address that ``source`` is: its ports are no more where it is given twice."""
    _, percent, zone = source.text.partition("%")
    if percent and zone.isdecimal():
        with suppress(OSError, OverflowError):  # then it cannot be dialled from, which is said
            zone = socket.if_indextoname(int(zone))
    return next(_within(source)) + percent + zone


def _within(source: Addresses) -> Iterator[str]:
    address = ipaddress.IPv4Address if source.family is Family.IPV4 else ipaddress.IPv6Address
    if source.last - source.first < _MOST_TRIED:
        return (str(address(number)) for number in range(source.first, source.last + 1))
    numbers = {
        int(ipaddress.ip_address(one)) for ours in _interfaces(source.family).values() for one in ours if "%" not in one
    }
    inside = {number for number in numbers if source.first <= number <= source.last}
    if source.family is Family.IPV4:  # all of this net is on the loopback interface, which has one address
        inside.update(islice((number for number in _LOOPBACK if source.first <= number <= source.last), MOST_OF_ONE))
    return (str(address(number)) for number in sorted(inside))


def _of_interface(name: str, there: Endpoint | None) -> Sequence[str]:
    """Its addresses of the family of ``there``, and of one at least; link-local ones for what is link-local alone."""
    every = {family: _interfaces(family) for family in FAMILY}
    if name not in every[Family.IPV4]:
        raise PlanError(f"this host has no interface {name!r}: it has {', '.join(sorted(every[Family.IPV4]))}")
    link_local = there is not None and ipaddress.ip_address(there.address).is_link_local
    for family in [there.family] if there else FAMILY:
        of_scope = (one for one in every[family][name] if ipaddress.ip_address(one).is_link_local == link_local)
        found = tuple(filter(is_source, of_scope))
        if found:
            return found
    raise PlanError(f"the interface {name!r} has no {there.family.value if there else 'IP'} address to dial from")


def _interfaces(family: Family) -> dict[str, list[str]]:
    """The addresses of that family that each interface of this host has; a link-local one with its zone."""
    import psutil

    return {
        name: [one.address for one in found if one.family == FAMILY[family]]
        for name, found in psutil.net_if_addrs().items()
    }


def _as_needed(endpoints: Sequence[Endpoint], connections: int) -> tuple[str, ...]:
    """The kernel's choice, and as many more as leave the ``connections`` at ease, or all that there are."""
    ranges = [found for found in map(port_range, endpoints) if found]
    if len(ranges) < len(endpoints):
        return ()
    one = sum(found.usable for found in ranges)
    if connections + SPARE <= one - sockets_in_use(endpoints[0].family):
        return ()
    free = _Free(endpoints, ranges)
    if connections <= free.of(KERNELS_CHOICE):
        return ()
    found = _enough(chain([KERNELS_CHOICE], _others(endpoints)), free, connections)
    return () if found == (KERNELS_CHOICE,) else found


class _Free:
    """How many ports towards all of ``endpoints`` together are free, by source."""

    def __init__(self, endpoints: Sequence[Endpoint], ranges: Sequence[PortRange]) -> None:
        self._every = [
            (endpoint, found.usable, Taken(endpoint, found.ports))
            for endpoint, found in zip(endpoints, ranges, strict=True)
        ]
        self.most = sum(found.usable for found in ranges)

    def of(self, source: str) -> int:
        """From ``source``; a port in TIME_WAIT, which the kernel may give to us or may not, is not counted."""
        free = 0
        for endpoint, usable, taken in self._every:
            towards = taken.of(addresses_of([source], endpoint))
            free += usable - towards.in_use - towards.time_wait
        return free


def _enough(candidates: Iterable[str], free: _Free, connections: int) -> tuple[str, ...]:
    """The first of ``candidates`` that suffice with ease; all of them where they do not.

    All have the same number of connections to carry. One of which others have taken much is left for last.
    """
    found: list[str] = []
    rather_taken: list[str] = []
    least = free.most
    for source in islice(candidates, MOST_SOURCES):
        ports = free.of(source)
        if at_ease(ports) < free.most:
            rather_taken.append(source)
            continue
        found.append(source)
        least = min(least, ports)
        if len(found) * least >= at_ease(connections + SPARE):
            return tuple(found)
    return tuple(found) if len(found) * least >= connections else (*found, *rather_taken)


def _others(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    """Addresses from which all of ``endpoints`` are reached as they are from those that the kernel chooses.

    No address reaches those of both families.
    """
    if len({endpoint.family for endpoint in endpoints}) > 1:
        return
    firsts = {chosen(endpoint) for endpoint in endpoints}
    if has_loopback_at_hand(endpoints):
        found: Iterator[str] = takewhile(is_source, (str(ipaddress.IPv4Address(number)) for number in _LOOPBACK))
    else:
        found = filter(is_source, _beside(chosen(endpoints[0]), endpoints[0].family))
    yield from (address for address in found if address not in firsts)


def has_loopback_at_hand(endpoints: Sequence[Endpoint]) -> bool:
    """Whether all of 127.0.0.0/8 reaches all of ``endpoints``, without any set-up."""
    return bool(endpoints) and all(
        endpoint.family is Family.IPV4 and is_loopback(endpoint.address) for endpoint in endpoints
    )


def _beside(address: str, family: Family) -> Sequence[str]:
    """The addresses of the interface that has ``address``, and of its scope: others are not routed as it is."""
    ours = next((found for found in _interfaces(family).values() if address in found), [])
    return [one for one in ours if _scope(one) == _scope(address)]


def _scope(address: str) -> tuple[bool, bool]:
    found = ipaddress.ip_address(address)
    return found.is_link_local, found.is_private
