"""Addresses as the system calls take them, and which of them are this machine's."""

import errno
import socket

import pytest

from tcpgoon.engine.machine import addresses
from tcpgoon.engine.machine.addresses import (
    has_port_windows,
    is_local,
    is_source,
    socket_address,
    why_no_source,
    why_not_local,
)


def test_an_address_as_connect_takes_it() -> None:
    assert socket_address("192.0.2.1", 80) == ("192.0.2.1", 80)
    assert socket_address("2001:db8::1", 80) == ("2001:db8::1", 80)


def test_the_zone_of_a_link_local_one_is_a_number() -> None:
    name = socket.if_nameindex()[0]
    assert socket_address("fe80::1%7", 80) == ("fe80::1", 80, 0, 7)
    assert socket_address(f"fe80::1%{name[1]}", 80) == ("fe80::1", 80, 0, name[0])
    with pytest.raises(OSError, match="no interface"):  # what looks like a number to Python, and is none
        socket_address("fe80::1%²", 80)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
def test_an_address_of_this_machine(address: str) -> None:
    assert why_not_local(address) is None
    assert is_local(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_somebody_else(address: str) -> None:
    why = why_not_local(address)
    assert why is not None
    assert why.errno == errno.EADDRNOTAVAIL
    assert not is_local(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254", "::1"])
def test_an_address_that_connections_come_from(address: str) -> None:
    assert why_no_source(address) is None
    assert is_source(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "127.255.255.255", "255.255.255.255", "224.0.0.1", "ff02::1"])
def test_what_is_for_many_can_be_bound_to_and_is_no_source(address: str) -> None:
    why = why_no_source(address)
    assert why is not None
    assert why.errno == errno.EADDRNOTAVAIL
    assert not is_source(address)


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_windows_are_only_looked_for_on_linux(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(addresses, "IP_LOCAL_PORT_RANGE", 9_999)
    assert has_port_windows() is False
