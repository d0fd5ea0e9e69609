"""Addresses that a registry elsewhere has no business to name.

Who can write into a registry would else make this client knock at this machine's own services, or at the one that hands
out a cloud's credentials.
"""

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = {
    ipaddress.ip_address(text)
    for text in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
}
"""Where clouds hand out credentials, beside the link-local 169.254.169.254."""

_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_TRANSLATED = tuple(ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))
"""RFC 6052, RFC 8215 and RFC 4291 §2.5.5.1: the last 32 bits are an IPv4 address."""


def objection(address: str, *, to_loopback: bool = True) -> str:
    """What is special about ``address``: ``a loopback address``; empty where nothing is.

    ``to_loopback``: whether that it is loopback matters.
    """
    there = _meant(ipaddress.ip_address(address))
    if there.is_loopback:
        return "a loopback address" if to_loopback else ""
    if there.is_unspecified or there in _THIS_NETWORK:
        return "an address of no host"
    if there.is_multicast or there == ipaddress.ip_address("255.255.255.255"):
        return "an address of many hosts"
    if there.is_link_local:
        return "a link-local address"
    return "an address where clouds hand out credentials" if there in _METADATA else ""


def is_here(host: str) -> bool:
    """Whether ``host``, a name or an address, is loopback: all of its addresses are."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_meant(ipaddress.ip_address(str(sockaddr[0]))).is_loopback for *_, sockaddr in found)


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, or itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    plain = ipaddress.IPv6Address(int(address))  # the same address with another zone compares unequal
    if int(plain) > 1 and any(plain in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(plain) & 0xFFFF_FFFF)
    return plain.ipv4_mapped or plain.sixtofour or (plain.teredo or (None, None))[1] or plain
