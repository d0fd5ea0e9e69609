"""Addresses that a registry elsewhere has no business to name, in whatever dress."""

import socket

import pytest

from tcpgoon.discovery.allowed import is_here, objection

LOOPBACK = "a loopback address"
NO_HOST = "an address of no host"
MANY = "an address of many hosts"
LINK_LOCAL = "a link-local address"
CREDENTIALS = "an address where clouds hand out credentials"


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("127.0.0.1", LOOPBACK),
        ("127.255.255.254", LOOPBACK),
        ("::1", LOOPBACK),
        ("::1%lo", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("::ffff:7f00:1%1", LOOPBACK),
        ("::127.0.0.1", LOOPBACK),
        ("64:ff9b::127.0.0.1", LOOPBACK),
        ("64:ff9b:1::7f00:1", LOOPBACK),
        ("2002:7f00:1::", LOOPBACK),
        ("2002:7f00:1::1%eth0", LOOPBACK),
        ("2001:0:0:0:0:0:80ff:fffe", LOOPBACK),
        ("0.0.0.0", NO_HOST),
        ("0.1.2.3", NO_HOST),
        ("::", NO_HOST),
        ("::%lo", NO_HOST),
        ("::ffff:0.0.0.0", NO_HOST),
        ("224.0.0.1", MANY),
        ("239.255.255.255", MANY),
        ("255.255.255.255", MANY),
        ("::ffff:255.255.255.255", MANY),
        ("ff02::1", MANY),
        ("ff02::1%eth0", MANY),
        ("169.254.169.254", LINK_LOCAL),
        ("169.254.0.1", LINK_LOCAL),
        ("::ffff:169.254.169.254", LINK_LOCAL),
        ("64:ff9b::a9fe:a9fe", LINK_LOCAL),
        ("2002:a9fe:a9fe::1", LINK_LOCAL),
        ("fe80::1", LINK_LOCAL),
        ("fe80::1%lo", LINK_LOCAL),
        ("febf::1%2", LINK_LOCAL),
        ("fd00:ec2::254", CREDENTIALS),
        ("fd00:ec2::254%1", CREDENTIALS),
        ("fd20:ce::254", CREDENTIALS),
        ("100.100.100.200", CREDENTIALS),
        ("192.0.0.192", CREDENTIALS),
        ("168.63.129.16", CREDENTIALS),
        ("::ffff:100.100.100.200", CREDENTIALS),
        ("10.0.0.5", ""),
        ("172.16.0.1", ""),
        ("192.168.1.1", ""),
        ("100.64.0.1", ""),
        ("192.0.2.1", ""),
        ("8.8.8.8", ""),
        ("fd00::1", ""),
        ("2001:db8::1", ""),
        ("::ffff:10.0.0.5", ""),
        ("64:ff9b::808:808", ""),
        ("2002:808:808::1", ""),
    ],
)
def test_what_is_special_about_it(address: str, what: str) -> None:
    assert objection(address) == what
    assert objection(address, to_loopback=False) == ("" if what == LOOPBACK else what)


@pytest.mark.parametrize(("host", "here"), [("127.0.0.1", True), ("::1", True), ("127.1", True), ("2130706433", True),
                                            ("192.0.2.1", False), ("no-such-host.invalid", False), ("a..b", False),
                                            ("x" * 10_000, False), ("", False), ("\ud800", False)])  # fmt: skip
def test_who_is_here(host: str, here: bool) -> None:
    assert is_here(host) is (here or (host == "" and _means_loopback("")))


def _means_loopback(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except OSError:
        return False


def test_who_is_here_and_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is not known whom we have asked."""
    found = [(0, 0, 0, "", ("127.0.0.1", 0)), (0, 0, 0, "", ("192.0.2.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert not is_here("both.example")
    del found[1]
    assert is_here("one.example")
    found.clear()
    assert not is_here("none.example")
