"""The header with which a proxy tells who its client is (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt)."""

import ipaddress
import struct

from tcpgoon.errors import Bug
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.probe import ProxyProtocol

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_VERSION_2_PROXY = 0x21
_STREAM = {4: 0x11, 6: 0x21}
"""Family and transport (§2.2): TCP over IPv4, TCP over IPv6."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def proxy_header(version: ProxyProtocol, source: Endpoint, destination: Endpoint) -> bytes:
    """The header of a connection from ``source`` to ``destination``, whose addresses are of one family."""
    here, there = _address(source), _address(destination)
    if here.version != there.version:
        raise Bug(f"no connection goes from {source} to {destination}")
    ports = source.port, destination.port
    if version is ProxyProtocol.V1:
        return "PROXY TCP{} {} {} {} {}\r\n".format(here.version, here, there, *ports).encode()
    addresses = here.packed + there.packed + struct.pack("!HH", *ports)
    return _SIGNATURE + struct.pack("!BBH", _VERSION_2_PROXY, _STREAM[here.version], len(addresses)) + addresses


def _address(endpoint: Endpoint) -> _Address:
    # A zone means nothing at the other end, and the header has no room for it.
    return ipaddress.ip_address(endpoint.address.partition("%")[0])
