"""A name becomes addresses, once: what is found here is dialled, printed, and never looked up again."""

import socket

from tcpgoon.errors import ResolutionError
from tcpgoon.plan.endpoint import Endpoint, Family, Target

_FAMILY = {Family.ANY: socket.AF_UNSPEC, Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}


def resolve(target: Target, family: Family = Family.ANY) -> tuple[Endpoint, ...]:
    """All endpoints of ``target``, the one to dial first; in the order of the system's resolver (RFC 6724).

    Raises `ResolutionError` where there is none of ``family``.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, _FAMILY[family], socket.SOCK_STREAM, socket.IPPROTO_TCP)
        addresses = dict.fromkeys(_address(sockaddr) for *_, sockaddr in found)
    except (OSError, UnicodeError) as exc:
        # A name that IDNA cannot encode is a UnicodeError; it has no strerror.
        why = getattr(exc, "strerror", None) or "it is not a valid name"
        kind = "" if family is Family.ANY else f" to an {family.value} address"
        raise ResolutionError(f"{target.host} does not resolve{kind}: {why}") from exc
    return tuple(Endpoint(address, target.port) for address in addresses)


def _address(sockaddr: tuple[object, ...]) -> str:
    """The address of a socket address, with the zone of a link-local one: Python keeps it apart, as a number."""
    address, *_, zone = sockaddr if len(sockaddr) == 4 else (*sockaddr, 0)
    named = isinstance(zone, int) and zone > 0
    return f"{address}%{socket.if_indextoname(int(str(zone)))}" if named else str(address)
