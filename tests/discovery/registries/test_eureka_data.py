import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.registries import eureka_data
from tcpgoon.discovery.registries.eureka_data import Registered, instance_of, parse
from tcpgoon.errors import DiscoveryError

RECORDED = Path(__file__).parent / "recorded" / "eureka"
ANSWERS = {path.name: path.read_bytes() for path in sorted(RECORDED.iterdir())}

AMAZON = {
    "public-hostname": "ec2-203-0-113-7.example.com",
    "public-ipv4": "203.0.113.7",
    "local-ipv4": "10.0.0.7",
    "local-hostname": "ip-10-0-0-7.internal",
    "availability-zone": "eu-west-1a",
    "instance-id": "i-0a1b2c3d",
    "ami-id": "ami-1",
    "instance-type": "m5.large",
}
PLAIN = Registered(
    app="CHECKOUT",
    id="",
    host="",
    ip="",
    status="UP",
    port=8080,
    port_enabled=True,
    secure_port=8443,
    secure_port_enabled=False,
    vips=frozenset({"checkout"}),
    secure_vips=frozenset(),
    amazon={},
    metadata={},
)


def registered(**fields: Any) -> Registered:
    return msgspec.structs.replace(PLAIN, **fields)


CHECKOUT = {
    one.id: one
    for one in (
        registered(
            id="i-0a1b2c3d",
            host="ip-10-0-0-7.internal",
            ip="10.0.0.7",
            secure_port_enabled=True,
            vips=frozenset({"checkout", "shop"}),
            secure_vips=frozenset({"checkout-tls", "shop-tls"}),
            amazon=AMAZON,
        ),
        registered(
            id="checkout-b:8080",
            host="checkout-b.local",
            ip="10.0.0.8",
            status="OUT_OF_SERVICE",
            metadata={"zone": "rack-2", "weight": "3", "management.port": "8081"},
        ),
        registered(
            id="checkout-c:8443",
            host="checkout-c.local",
            ip="10.0.0.9",
            status="STARTING",
            port_enabled=False,
            secure_port_enabled=True,
        ),
        registered(id="checkout-d", host="checkout-d.local", ip="10.0.0.10", port_enabled=False),
        registered(id="checkout-e", host="checkout-e.local", ip="10.0.0.11", status="DOWN"),
    )
}
CART = registered(app="CART", id="cart-a", host="cart-a.local", ip="10.0.0.20", vips=frozenset({"shop"}))


def by_id(data: bytes) -> dict[str, Registered]:
    return {one.id: one for one in parse(data)}


@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_spring_serves(form: str) -> None:
    assert by_id(ANSWERS[f"application.{form}"]) == CHECKOUT
    assert by_id(ANSWERS[f"applications.{form}"]) == {**CHECKOUT, "cart-a": CART}
    assert by_id(ANSWERS[f"vip.{form}"]) == {"i-0a1b2c3d": CHECKOUT["i-0a1b2c3d"], "cart-a": CART}
    assert parse(ANSWERS[f"none.{form}"]) == ()


def test_what_the_oldest_servers_make_of_one_instance() -> None:
    """XStream's JSON: a list of one is no list, numbers are texts, and instances have no ids."""
    assert parse(ANSWERS["netflix-single.json"]) == (
        registered(
            app="SAMPLE",
            id="10.0.0.5",
            host="10.0.0.5",
            ip="10.0.0.5",
            port=8001,
            secure_port=443,
            vips=frozenset({"sample.mydomain.net"}),
        ),
    )


def test_what_netflix_documents() -> None:
    """Without a host name in the list of vips, with an Amazon id, and without a port: it is optional there."""
    assert parse(ANSWERS["netflix-documented.xml"]) == (
        registered(
            app="SAMPLE",
            id="i-5c6d7e8f",
            host="ec2-203-0-113-9.example.com",
            ip="10.0.0.9",
            status="OUT_OF_SERVICE",
            port=0,
            port_enabled=False,
            secure_port=8443,
            secure_port_enabled=True,
            vips=frozenset(),
            amazon={"instance-id": "i-5c6d7e8f", "availability-zone": "us-east-1c", "public-hostname": ""},
            metadata={"team": "payments & more", "nested": '{"a": "1", "b": ["2", "3"]}'},
        ),
    )


def one_of(**fields: Any) -> Registered:
    (found,) = parse(json.dumps({"application": {"name": "X", "instance": fields}}).encode())
    return found


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"$": 8080, "@enabled": "true"}, (8080, True)),
        ({"$": "8080", "@enabled": True}, (8080, True)),
        ({"$": 8080, "@enabled": "false"}, (8080, False)),
        ({"$": 8080, "@enabled": False}, (8080, False)),
        ({"$": 8080, "@enabled": "yes"}, (8080, False)),
        ({"$": 8080}, (8080, True)),
        (8080, (8080, True)),
        (" 8080 ", (8080, True)),
        (None, (0, False)),
        ({}, (0, False)),
        ("http", (0, True)),
        (-1, (0, True)),
        (80.5, (0, True)),
        (True, (0, True)),
        ([8080], (0, True)),
        ("1" * 400, (0, True)),
        ("８０", (0, True)),
    ],
)
def test_ports(port: object, expected: tuple[int, bool]) -> None:
    found = one_of(port=port)
    assert (found.port, found.port_enabled) == expected


def test_metadata_of_any_kind() -> None:
    metadata = {
        "@class": "java.util.Collections$EmptyMap",
        "text": "täxt",
        "number": 3,
        "fraction": 0.5,
        "truth": True,
        "nothing": None,
        "nested": {"a": [1, {"b": None}]},
        "huge": 10**30,
        "long": "x" * 5000,
        "y" * 5000: "",
    }
    assert one_of(metadata=metadata).metadata == {
        "text": "täxt",
        "number": "3",
        "fraction": "0.5",
        "truth": "true",
        "nothing": "",
        "nested": '{"a": [1, {"b": null}]}',
        "huge": "1" + "0" * 30,
        "long": "x" * eureka_data.LONGEST_VALUE,
        "y" * eureka_data.LONGEST_VALUE: "",
    }


@pytest.mark.parametrize("metadata", [None, "", "text", 3, [], [{"a": 1}], True])
def test_metadata_that_is_none(metadata: object) -> None:
    assert one_of(metadata=metadata).metadata == {}


@pytest.mark.parametrize(
    "centre", [None, "Amazon", [], {}, {"name": "MyOwn"}, {"name": "Amazon", "metadata": None}, {"metadata": "x"}]
)
def test_a_data_centre_that_says_nothing(centre: object) -> None:
    assert one_of(hostName="h", dataCenterInfo=centre).amazon == {}


def test_an_instance_without_anything() -> None:
    assert one_of(actionType="ADDED") == registered(
        app="X", status="", port=0, port_enabled=False, secure_port=0, vips=frozenset()
    )


def test_the_zone_is_what_the_instance_says_or_else_amazon() -> None:
    assert registered().zone == ""
    assert registered(amazon={"availability-zone": "a"}).zone == "a"
    assert registered(amazon={"availability-zone": "a"}, metadata={"zone": "z"}).zone == "z"


# What is dialled.


def test_a_private_name_comes_with_the_public_ones() -> None:
    assert instance_of(CHECKOUT["i-0a1b2c3d"]) == Instance(
        id="i-0a1b2c3d",
        host="ip-10-0-0-7.internal",
        port=8080,
        zone="eu-west-1a",
        others=("ec2-203-0-113-7.example.com", "203.0.113.7", "10.0.0.7"),
    )


def test_elsewhere_the_address_stands_in_for_the_name() -> None:
    assert instance_of(CHECKOUT["checkout-b:8080"]) == Instance(
        id="checkout-b:8080",
        host="checkout-b.local",
        port=8080,
        status=Status.OUT_OF_SERVICE,
        zone="rack-2",
        metadata={"zone": "rack-2", "weight": "3", "management.port": "8081"},
        others=("10.0.0.8",),
    )


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("host", "ip-10-0-0-7.internal"),
        ("ip", "10.0.0.7"),
        ("public-host", "ec2-203-0-113-7.example.com"),
        ("public-ip", "203.0.113.7"),
        ("local-ip", "10.0.0.7"),
    ],
)
def test_the_address_that_was_asked_for_is_the_only_one(address: str, host: str) -> None:
    found = instance_of(CHECKOUT["i-0a1b2c3d"], address)
    assert (found.host, found.others, found.status) == (host, (), Status.UP)


def test_one_without_such_an_address_is_not_up() -> None:
    assert instance_of(CART, "public-ip") == Instance(
        id="cart-a",
        host="cart-a.local",
        port=8080,
        status=Status.UNKNOWN,
        said="it has no address of the kind public-ip",
    )


def test_one_without_any_address() -> None:
    assert instance_of(PLAIN) == Instance(
        id=":8080", host="", port=8080, status=Status.UNKNOWN, said="it has no address of the kind host"
    )


def test_what_cannot_be_dialled_does_not_stand_in() -> None:
    found = instance_of(
        registered(host="a", amazon={"public-hostname": "no host", "public-ipv4": "1:2"}, ip="10.0.0.1")
    )
    assert (found.host, found.others) == ("a", ("10.0.0.1",))


@pytest.mark.parametrize(
    ("ports", "secure", "port", "status", "said"),
    [
        ((True, False), False, 8080, Status.UP, ""),
        ((True, True), False, 8080, Status.UP, ""),
        ((False, True), False, 8443, Status.UP, ""),
        ((False, False), False, 8080, Status.UNKNOWN, "no port of it is enabled"),
        ((True, True), True, 8443, Status.UP, ""),
        ((True, False), True, 8443, Status.UNKNOWN, "its secure port is not enabled"),
    ],
)
def test_which_port(ports: tuple[bool, bool], secure: bool, port: int, status: Status, said: str) -> None:
    found = instance_of(registered(host="a", port_enabled=ports[0], secure_port_enabled=ports[1]), secure=secure)
    assert (found.port, found.status, found.said) == (port, status, said)


@pytest.mark.parametrize(
    ("status", "expected", "said"),
    [
        *((status, Status(status), "") for status in ("UP", "DOWN", "STARTING", "OUT_OF_SERVICE", "UNKNOWN")),
        ("SHAKY", Status.UNKNOWN, "SHAKY"),
        ("", Status.UNKNOWN, "it has no status"),
        ("\x1b[2J", Status.UNKNOWN, "\\x1b[2J"),
    ],
)
def test_statuses(status: str, expected: Status, said: str) -> None:
    found = instance_of(registered(host="a", status=status))
    assert (found.status, found.said) == (expected, said)


def test_what_is_wrong_with_one_that_is_down_is_said_and_it_stays_down() -> None:
    found = instance_of(registered(host="a", status="DOWN"), secure=True)
    assert (found.status, found.said) == (Status.DOWN, "its secure port is not enabled")
    found = instance_of(registered(host="a", status="ODD"), secure=True)
    assert (found.status, found.said) == (Status.UNKNOWN, "ODD, its secure port is not enabled")


# What is no answer.


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the answer is neither JSON nor XML: Input data was truncated"),
        (b"Whitelabel Error Page", "the answer is neither JSON nor XML: JSON is malformed: invalid character (byte 0)"),
        (b"[]", "the answer is none of Eureka's: it has neither applications nor an application"),
        (b"{}", "the answer is none of Eureka's: it has neither applications nor an application"),
        (b"<html/>", "the answer is a web page"),
        (b"<!DOCTYPE HTML><title>Log in</title>", "the answer is a web page"),
        (b"<!DOCTYPE a><a/>", "the answer is XML with a document type of its own: refused"),
        (b"<a><p>one<br></a>", "the answer is no XML that can be read: mismatched tag: line 1, column 15"),
        (
            b'<?xml version="1.0" encoding="no-such"?><a/>',
            "the answer is no XML that can be read: unknown encoding: no-such",
        ),
        (b'{"application": 3}', "what should hold each instance is no object"),
        (b'{"applications": [1]}', "what should hold each application is no object"),
        (b'{"application": {"name": "X", "instance": [1]}}', "an instance of X is no object"),
        (b"<application><instance>up</instance></application>", "an instance of  is no object"),
        (b"[" * 100_000, "the answer is nested too deeply"),
        (b"<a>" * 100_000, "the answer is nested too deeply"),
        (b'{"application": [' + b"{}," * 1_000_001, "the answer has 1,000,002 parts: refused"),
        (b"<a>" * 1_000_001, "the answer has 1,000,001 parts: refused"),
        (b"<a " + b"a='1' " * 200_001, "the answer has 200,001 attributes: refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense(data: bytes, fault: str) -> None:
    with pytest.raises(DiscoveryError) as raised:
        parse(data)
    assert str(raised.value) == fault


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><applications><a>&c;</a></applications>'
    with pytest.raises(DiscoveryError, match="document type of its own"):
        parse(bomb)


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf \n" + ANSWERS["application.json"], b"\n  " + ANSWERS["application.xml"]]
)
def test_what_stands_before_it_is_no_matter(data: bytes) -> None:
    assert by_id(data) == CHECKOUT


@pytest.mark.parametrize("empty", ['""', "null", "[]", "{}"])
def test_no_applications(empty: str) -> None:
    assert parse(f'{{"applications": {empty}}}'.encode()) == ()
    assert (
        parse(
            f'{{"application": {{"name": "X", "instance": {empty}}}}}'.encode() if empty != "{}" else b"<applications/>"
        )
        == ()
    )
