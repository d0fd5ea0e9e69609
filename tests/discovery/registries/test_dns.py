"""The addresses of a name, an instance each."""

import socket

import pytest

from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.registries.dns import RESOLVER, find, listing_of
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import PlanError, ResolutionError
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.lookup import parse_lookup


@pytest.fixture
def _two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", ("192.0.2.7", 80)), (0, 0, 0, "", ("2001:db8::7", 80, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)


@pytest.mark.usefixtures("_two_addresses")
def test_each_address_is_an_instance() -> None:
    expected = Listing(
        service="checkout.example:80",
        registry=RESOLVER,
        instances=(
            Instance(id="192.0.2.7:80", host="checkout.example", port=80, addresses=("192.0.2.7",)),
            Instance(id="[2001:db8::7]:80", host="checkout.example", port=80, addresses=("2001:db8::7",)),
        ),
    )
    assert find(parse_lookup("dns://checkout.example:80"), Terms()) == expected
    assert find(parse_lookup("dns://checkout.example:80/"), Terms()) == expected
    assert listing_of(Target("checkout.example", 80), Terms()) == expected


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("127.0.0.1", True), ("localhost", True), ("a.localhost.", True), ("checkout.example", False),
     ("localhost.example", False), ("notlocalhost", False)],
)  # fmt: skip
@pytest.mark.usefixtures("_two_addresses")
def test_who_says_localhost_means_it(host: str, is_local: bool) -> None:
    assert listing_of(Target(host, 80), Terms()).is_local is is_local


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("dns://a:80,b:80", "'dns://a:80,b:80' is not of the form dns://name:port"),
        ("dns://a:80/x", "'dns://a:80/x' is not of the form dns://name:port"),
        ("dns://a:80?x=y", "'dns://a:80?x=y' is not of the form dns://name:port"),
        ("dns://me@a:80", "'dns://me@a:80' is not of the form dns://name:port"),
        ("dns://", "'dns://' is not of the form dns://name:port"),
        ("dns://a", "'a' has no port; write host:port, [v6]:port or tcp://host:port"),
        ("dns://a:0", "'0' is not a port: ports are 1 to 65535"),
    ],
)
def test_what_is_no_name(expression: str, text: str) -> None:
    with pytest.raises(PlanError) as caught:
        find(parse_lookup(expression), Terms())
    assert str(caught.value) == text


def test_a_name_without_addresses() -> None:
    with pytest.raises(ResolutionError, match=r"^no-such-host.invalid does not resolve to an IPv6 address: "):
        find(parse_lookup("dns://no-such-host.invalid:80"), Terms(family=Family.IPV6))
