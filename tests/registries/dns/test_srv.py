"""``srv://`` against a real name server, NSD."""

from typing import Any

import pytest

from tcpgoon.discovery.find import find
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.registries.srv import in_order
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, UnknownService
from tcpgoon.plan.endpoint import Family
from tcpgoon.plan.lookup import parse_lookup
from tests.registries.dns.zones import MANY

pytestmark = pytest.mark.requires("nsd")

BOTH = in_order(["192.0.2.1", "192.0.2.2", "2001:db8::1"])
"""The addresses of `heavy`; which come first depends on whether this machine has a route by IPv6."""

FORM = "; the form is srv://_service._proto.name, as srv://_http._tcp.checkout.example.com"


def listing(name: str, server: str, family: Family = Family.ANY) -> Listing:
    return find(parse_lookup(f"srv://{name}?server={server}"), Terms(family=family, timeout_s=60))


def instance(name: str, port: int, ttl: str, fields: dict[str, Any]) -> Instance:
    return Instance(id=f"{name}:{port}", host=name, port=port, metadata={"ttl": ttl}, **fields)


def heavy(ttl: str = "300", addresses: tuple[str, ...] = BOTH) -> Instance:
    return instance("heavy.shop.test", 8080, ttl, {"priority": 10, "weight": 60, "addresses": addresses})


def light(ttl: str = "300", **more: object) -> Instance:
    known = {"priority": 10, "weight": 5, "addresses": ("192.0.2.3",)}
    return instance("light.shop.test", 8081, ttl, {**known, **more})


def spare(ttl: str = "300", **more: object) -> Instance:
    known = {"priority": 20, "weight": 0, "addresses": ("2001:db8::4",)}
    return instance("spare.shop.test", 8083, ttl, {**known, **more})


def one(name: str, *addresses: str, ttl: str = "300", **more: object) -> Instance:
    return instance(name, 8080, ttl, {"addresses": addresses, **more})


def test_the_instances_in_the_order_of_priority_and_weight(dns_server: str) -> None:
    assert listing("_http._tcp.checkout.shop.test", dns_server) == Listing(
        service="_http._tcp.checkout.shop.test",
        registry=dns_server,
        instances=(heavy(), light(), spare()),
        is_local=True,
    )


def test_addresses_of_ipv4_only(dns_server: str) -> None:
    said = f"it has no IPv4 address, says {dns_server}"
    assert listing("_http._tcp.checkout.shop.test", dns_server, Family.IPV4).instances == (
        heavy(addresses=("192.0.2.1", "192.0.2.2")),
        light(),
        spare(addresses=(), status=Status.UNKNOWN, said=said),
    )


def test_addresses_of_ipv6_only(dns_server: str) -> None:
    said = f"it has no IPv6 address, says {dns_server}"
    assert listing("_http._tcp.checkout.shop.test", dns_server, Family.IPV6).instances == (
        heavy(addresses=("2001:db8::1",)),
        light(addresses=(), status=Status.UNKNOWN, said=said),
        spare(),
    )


def test_upper_case_and_a_dot_at_the_end(dns_server: str) -> None:
    found = listing("_HTTP._TCP.Checkout.shop.test.", dns_server)
    assert (found.service, found.instances) == ("_HTTP._TCP.Checkout.shop.test", (heavy(), light(), spare()))


def test_an_international_name(dns_server: str) -> None:
    found = listing("_http._tcp.bücher.test", dns_server)
    assert found.service == "_http._tcp.xn--bcher-kva.test"
    assert found.instances == (one("ns.xn--bcher-kva.test", "192.0.2.53"),)


def test_an_answer_that_is_too_large_for_udp(dns_server: str) -> None:
    found = listing("_many._tcp.shop.test", dns_server).instances
    assert sorted(instance.port for instance in found) == list(range(1_000, 1_000 + MANY))
    assert {instance.addresses for instance in found} == {("192.0.2.7",)}


@pytest.mark.parametrize(
    ("name", "instances"),
    [
        pytest.param("_alias", [one("front.shop.test", *BOTH, ttl="60")], id="the target is one"),
        pytest.param("_abroad", [one("far.shop.test", "192.0.2.9")], id="the target is one, of another zone"),
        pytest.param("_renamed", [heavy("30"), light("30"), spare("30")], id="the service is one"),
        pytest.param("_moved", [one("front.depot.test", "192.0.2.9", ttl="30")], id="the service is in another zone"),
    ],
)
def test_aliases(name: str, instances: list[Instance], dns_server: str) -> None:
    assert list(listing(f"{name}._tcp.shop.test", dns_server).instances) == instances


def test_the_same_instance_twice_is_one(dns_server: str) -> None:
    assert listing("_twice._tcp.shop.test", dns_server).instances == (light(priority=0, weight=1),)


def test_targets_without_an_address_are_listed(dns_server: str) -> None:
    said = f"it has no address, says {dns_server}"
    assert listing("_lost._tcp.shop.test", dns_server).instances == (
        one("words.shop.test", weight=2, status=Status.UNKNOWN, said=said),
        one("nowhere.shop.test", status=Status.UNKNOWN, said=said),
    )


def test_a_target_that_names_no_host_is_listed(dns_server: str) -> None:
    said = "its target is not the name of a host"
    assert listing("_odd._tcp.shop.test", dns_server).instances == (
        one(r"a\032b.shop.test", status=Status.UNKNOWN, said=said),
    )


def test_a_target_of_which_the_server_knows_nothing_is_left_to_the_systems_resolver(dns_server: str) -> None:
    assert listing("_foreign._tcp.shop.test", dns_server).instances == (one("www.elsewhere.test"),)


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("_smtp._tcp.shop.test", UnknownService, "_smtp._tcp.shop.test does not exist, says {server}"),
        ("shop.test", UnknownService, f"shop.test has no SRV records, says {{server}}{FORM}"),
        ("nowhere.shop.test", UnknownService, f"nowhere.shop.test does not exist, says {{server}}{FORM}"),
        ("_ghost._tcp.shop.test", UnknownService, "_ghost._tcp.shop.test does not exist, says {server}"),
        (
            "_none._tcp.shop.test",
            NoInstance,
            "_none._tcp.shop.test is not offered, says {server}: the target of its SRV record is the root",
        ),
        (
            "_round._tcp.shop.test",
            DiscoveryError,
            "_round._tcp.shop.test cannot be looked up: "
            "{server} answers what makes no sense: The CNAME chain is too long.",
        ),
    ],
)
def test_no_instances(name: str, error: type[DiscoveryError], text: str, dns_server: str) -> None:
    with pytest.raises(DiscoveryError) as caught:
        listing(name, dns_server)
    assert (type(caught.value), str(caught.value)) == (error, text.format(server=dns_server))


@pytest.mark.parametrize(("zone", "code"), [("broken.test", "SERVFAIL"), ("elsewhere.test", "REFUSED")])
def test_a_server_that_does_not_answer_the_question(zone: str, code: str, dns_server: str) -> None:
    """Why, in its own words, depends on its version."""
    with pytest.raises(DiscoveryError) as caught:
        listing(f"_http._tcp.{zone}", dns_server)
    start = f"_http._tcp.{zone} cannot be looked up: {dns_server} answers with error {code}"
    assert str(caught.value).partition(" (")[0] == start
