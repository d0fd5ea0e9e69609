"""What a target ``srv://…`` asks for, and whom."""

from pathlib import Path

import pytest

from tcpgoon.discovery.registries.srv import has_route, in_order, name_of, server_of, servers_of_the_system
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.lookup import parse_lookup

FORM = "is not of the form srv://_service._proto.name, as srv://_http._tcp.checkout.example.com"
LABEL = "a" * 63


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("_http._tcp.shop.test", b"_http._tcp.shop.test."),
        ("_http._tcp.shop.test.", b"_http._tcp.shop.test."),
        ("_HTTP._tcp.Shop.test/", b"_HTTP._tcp.Shop.test."),
        ("checkout.service.consul", b"checkout.service.consul."),
        ("_http._tcp.bücher.test", b"_http._tcp.xn--bcher-kva.test."),
        ("_http._tcp.STRASSE。ß.test", b"_http._tcp.STRASSE.xn--zca.test."),
        (".".join([LABEL] * 3 + ["a" * 61]), ".".join([LABEL] * 3 + ["a" * 61, ""]).encode()),
    ],
)
def test_a_name(text: str, name: bytes) -> None:
    asked = name_of(parse_lookup(f"srv://{text}"))
    assert b".".join(asked.labels) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("srv://", f"srv:// {FORM}"),
        ("srv:///_http._tcp.shop.test", f"srv:///_http._tcp.shop.test {FORM}"),
        ("srv://.", f"srv://. {FORM}"),
        ("srv://a,b", f"srv://a,b {FORM}"),
        ("srv://a/b", f"srv://a/b {FORM}"),
        ("srv://me@a", f"srv://me@a {FORM}"),
        ("srv+https://a", f"srv+https://a {FORM}"),
        (
            "srv://a:53",
            "srv://a:53: the port is what the SRV record says: srv://_service._proto.name, as "
            "srv://_http._tcp.checkout.example.com",
        ),
        ("srv://a?sever=1", "srv://a?sever=1: there is no sever; did you mean server?"),
        ("srv://a?dc=1", "srv://a?dc=1: there is no dc, only server"),
        ("srv://a..b", "srv://a..b: this is no name of DNS: A DNS label is empty."),
        (f"srv://a{LABEL}", f"srv://a{LABEL}: this is no name of DNS: A DNS label is > 63 octets long."),
        (
            "srv://" + f"{LABEL}." * 4,
            f"srv://{LABEL}.{'a' * 29}…: this is no name of DNS: A DNS name is > 255 octets long.",
        ),
    ],
)
def test_what_is_no_name(text: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        name_of(parse_lookup(text))
    assert str(caught.value) == said


def test_a_label_that_idna_forbids() -> None:
    with pytest.raises(PlanError, match=r"^srv://\\u200da: this is no name of DNS: IDNA processing exception: "):
        name_of(parse_lookup("srv://\u200da"))


@pytest.mark.parametrize(
    ("given", "server"),
    [
        ("192.0.2.53", Endpoint("192.0.2.53", 53)),
        ("192.0.2.53:5353", Endpoint("192.0.2.53", 5353)),
        ("2001:db8::53", Endpoint("2001:db8::53", 53)),
        ("[2001:db8::53]", Endpoint("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", Endpoint("2001:db8::53", 5353)),
        ("fe80::53%25eth0", Endpoint("fe80::53%eth0", 53)),
    ],
)
def test_a_name_server(given: str, server: Endpoint) -> None:
    assert server_of(parse_lookup(f"srv://a?server={given}")) == server


def test_no_name_server_is_the_systems() -> None:
    assert server_of(parse_lookup("srv://a")) is None


@pytest.mark.parametrize("given", ["", "localhost", "ns.test:53", "192.0.2.53:0", "[192.0.2.53", "192.0.2.53:53:53"])
def test_what_is_no_name_server(given: str) -> None:
    with pytest.raises(PlanError) as caught:
        server_of(parse_lookup(f"srv://a?server={given}"))
    assert str(caught.value) == (
        f"srv://a?server={given}: '{given}' is no address of a name server: write server=192.0.2.53, "
        "server=192.0.2.53:5353 or server=[2001:db8::53]:5353"
    )


def test_the_name_servers_of_the_system_are_in_their_order(tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("# one of each\nsearch shop.test\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\noptions edns0\n")
    assert servers_of_the_system(str(conf)) == [Endpoint("192.0.2.53", 53), Endpoint("fe80::1%eth0", 53)]


@pytest.mark.parametrize("content", [b"", b"search a..b\n", b"nameserver ns.test\n", b"\xff\n", None])
def test_a_system_without_name_servers(content: bytes | None, tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    if content is not None:
        conf.write_bytes(content)
    with pytest.raises(DiscoveryError) as caught:
        servers_of_the_system(str(conf))
    assert str(caught.value) == f"there is no name server to ask: {conf} names none (?server=ADDRESS asks one)"


def test_addresses_that_can_be_reached_come_first() -> None:
    addresses = ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]
    assert in_order(addresses, lambda _: True) == ("2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2")
    assert in_order(addresses, lambda _: False) == in_order(addresses, lambda _: True)
    assert in_order(addresses, lambda address: "." in address) == (
        "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2",
    )  # fmt: skip


def test_there_is_a_route_to_loopback_and_none_to_everybody() -> None:
    assert has_route("127.0.0.1")
    assert not has_route("255.255.255.255")
