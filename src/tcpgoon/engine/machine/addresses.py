"""Addresses as the system calls take them, and which of them are this machine's."""

import errno
import ipaddress
import os
import socket
import sys

from tcpgoon.plan.endpoint import Family

FAMILY = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
IP_BIND_ADDRESS_NO_PORT = 24
IP_LOCAL_PORT_RANGE = 51
"""linux/in.h; the second since Linux 6.3. The `socket` module of Python 3.11 knows neither."""

_BROADCAST = "255.255.255.255"

Address = tuple[str, int] | tuple[str, int, int, int]
"""As ``connect()`` and ``bind()`` take it, with the zone of a link-local one as a number."""


def socket_address(host: str, port: int) -> Address:
    """The address as ``connect()`` and ``bind()`` take it: Python drops the zone of a link-local one in a string."""
    address, _, zone = host.partition("%")
    if not zone:
        return host, port
    return address, port, 0, int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)


def why_not_local(address: str) -> OSError | None:
    """Why no connection can come from ``address``; None where it is an address of this machine."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as sock:
        try:
            if sys.platform == "linux":  # it is not about a port: all may be in use towards others
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind(socket_address(address, 0))
        except OSError as exc:
            return exc
    return None


def why_no_source(address: str) -> OSError | None:
    """Why no connection would come from ``address`` itself; None where it can be dialled from.

    An address for many, or for any, can be bound to, and says nothing: the kernel chooses then.
    """
    found = ipaddress.ip_address(address)
    if found.is_unspecified or found.is_multicast or _is_broadcast(address):
        return OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return why_not_local(address)


def is_source(address: str) -> bool:
    """Whether connections can come from ``address``."""
    return why_no_source(address) is None


def _is_broadcast(address: str) -> bool:
    """Whether it is for all of a network: then a datagram socket has to be allowed to send there."""
    if ":" in address or address == _BROADCAST:  # which need not have a route
        return address == _BROADCAST
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return sock.connect_ex((address, 9)) == errno.EACCES


def is_local(address: str) -> bool:
    """Whether ``address`` is one of this machine."""
    return why_not_local(address) is None


def has_port_windows() -> bool:
    """Whether this kernel knows ``IP_LOCAL_PORT_RANGE``."""
    if sys.platform != "linux":
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, bytes(4))
        except OSError:
            return False
    return True
