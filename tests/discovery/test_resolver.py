"""Names become addresses once, by the system's own resolver."""

import socket

import pytest

from tcpgoon.discovery import resolver
from tcpgoon.discovery.resolver import resolve
from tcpgoon.errors import ResolutionError
from tcpgoon.plan.endpoint import Endpoint, Family, Target


def test_an_address_is_itself() -> None:
    assert resolve(Target("127.0.0.1", 80)) == (Endpoint("127.0.0.1", 80),)
    assert resolve(Target("::1", 80)) == (Endpoint("::1", 80),)


def test_localhost() -> None:
    found = resolve(Target("localhost", 8080), Family.IPV4)
    assert found == (Endpoint("127.0.0.1", 8080),)


def test_a_link_local_address_keeps_its_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python keeps the zone apart, as the number of the interface."""
    index, name = socket.if_nameindex()[0]
    found = [(0, 0, 0, "", ("fe80::1", 80, 0, index))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    assert resolve(Target("printer.local", 80)) == (Endpoint(f"fe80::1%{name}", 80),)


def test_all_addresses_are_kept_in_their_order_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(*question: object) -> list[tuple[object, ...]]:
        asked.append(question)
        sockaddrs: list[tuple[object, ...]] = [("192.0.2.7", 80), ("2001:db8::7", 80, 0, 0), ("192.0.2.7", 80)]
        return [(0, 0, 0, "", sockaddr) for sockaddr in sockaddrs]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert resolve(Target("checkout.example", 80)) == (Endpoint("192.0.2.7", 80), Endpoint("2001:db8::7", 80))
    assert asked == [("checkout.example", 80, socket.AF_UNSPEC, socket.SOCK_STREAM, socket.IPPROTO_TCP)]


@pytest.mark.parametrize(
    ("host", "family", "text"),
    [
        ("no-such-host.invalid", Family.ANY, "no-such-host.invalid does not resolve: "),
        ("a..b", Family.ANY, "a..b does not resolve: it is not a valid name"),
        ("fe80::1%2147483647", Family.ANY, "fe80::1%2147483647 does not resolve: No such device or address"),
        ("127.0.0.1", Family.IPV6, "127.0.0.1 does not resolve to an IPv6 address: "),
    ],
)
def test_a_name_that_does_not_resolve(host: str, family: Family, text: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        resolve(Target(host, 80), family)
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_no_family_is_forgotten() -> None:
    assert set(resolver._FAMILY) == set(Family)
