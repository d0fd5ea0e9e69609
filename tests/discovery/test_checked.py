"""What a registry says is bounded, and one bad instance is no reason to ask none."""

from typing import Any

import pytest

from tcpgoon.discovery.checked import LONGEST_ID, LONGEST_NAME, MOST_HOSTS, checked
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, UnknownService

GOOD = Instance(id="good", host="192.0.2.1", port=80)


def listing(*instances: Instance, service: str = "checkout", registry: str = "http://r") -> Listing:
    return Listing(service=service, registry=registry, instances=instances)


def one(**fields: Any) -> Instance:
    """What is made of an instance with such fields."""
    given = Instance(**{"id": "a", "host": "192.0.2.1", "port": 80, **fields})
    return checked(listing(given), Terms()).instances[0]


def test_a_good_one_is_left_alone() -> None:
    good = listing(GOOD, Instance(id="b", host="b.example", port=1, status=Status.DOWN, said="x", zone="z", weight=0))
    assert checked(good, Terms()) == good


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": ""}, "its id has 0 characters"),
        ({"id": "x" * (LONGEST_ID + 1)}, "its id has 301 characters"),
        ({"host": ""}, "'' is not a host name or address"),
        ({"host": "a b"}, "'a b' is not a host name or address"),
        ({"host": "a/b"}, "'a/b' is not a host name or address"),
        ({"host": "\x9b31m"}, r"'\x9b31m' is not a host name or address"),
        ({"host": "\u202eevil"}, r"'\u202eevil' is not a host name or address"),
        ({"host": "a\r\nb"}, r"'a\r\nb' is not a host name or address"),
        ({"host": "x" * 10_000_000}, f"'{'x' * 98}…"),
        ({"port": 0}, "port 0 does not exist: ports are 1 to 65535"),
        ({"port": -1}, "its port is not within 0 and 65535"),
        ({"port": 2**70}, "its port is not within 0 and 65535"),
        ({"port": 10**6_000}, "its port is not within 0 and 65535"),
        ({"weight": -1}, "its weight is not within 0 and 65535"),
        ({"weight": 2**70}, "its weight is not within 0 and 65535"),
        ({"priority": 65_536}, "its priority is not within 0 and 65535"),
        ({"addresses": ("192.0.2.1",) * 101}, "it has more than 100 addresses"),
        ({"others": ("b",) * 1_000_000}, "it has more than 100 addresses"),
    ],
)
def test_a_bad_one_is_listed_and_not_up(fields: dict[str, Any], said: str) -> None:
    found = one(**fields)
    assert (found.status, found.said) == (Status.UNKNOWN, said)
    assert 1 <= len(found.id) <= LONGEST_ID
    assert len(found.host) <= LONGEST_NAME
    assert 0 <= found.port <= 65_535
    assert 0 <= found.weight <= 65_535
    assert 0 <= found.priority <= 65_535
    assert max(len(found.addresses), len(found.others)) <= MOST_HOSTS


def test_what_is_said_is_bounded() -> None:
    found = one(said="s" * 10_000_000, zone="z" * 10_000_000)
    assert (found.said, found.zone) == (f"{'s' * 299}…", f"{'z' * 299}…")
    assert found.is_up
    whole = checked(listing(GOOD, service="s" * 10_000_000, registry="r" * 10_000_000), Terms())
    assert (whole.service, whole.registry) == (f"{'s' * 299}…", f"{'r' * 299}…")


def test_two_ids_that_begin_alike_stay_two() -> None:
    long = "x" * LONGEST_ID
    found = checked(listing(*(GOOD, *(Instance(id=f"{long}{end}", host="h", port=1) for end in "ab"))), Terms())
    assert [instance.id for instance in found.instances] == ["good", f"{'x' * 289}…#2", f"{'x' * 289}…#3"]


def test_those_without_an_id() -> None:
    nameless = Instance(id="", host="h", port=1)
    assert [instance.id for instance in checked(listing(nameless, nameless), Terms()).instances] == ["#1", "#2"]


def test_no_instances() -> None:
    with pytest.raises(UnknownService, match=r"checkout at http://r has no instances"):
        checked(listing(), Terms())


@pytest.mark.parametrize(
    ("instances", "text"),
    [
        ((GOOD,) * 2, "checkout at http://r has 2 instances with the id good"),
        ((GOOD,) * 4, "checkout at http://r has 4 instances: 3 are allowed"),
        (
            (Instance(id="\x1b[31m", host="h", port=1),) * 2,
            r"checkout at http://r has 2 instances with the id \x1b[31m",
        ),
        (
            (Instance(id="#2", host="h", port=1), Instance(id="", host="h", port=1)),
            "checkout at http://r has 2 instances with the id #2",
        ),
    ],
)
def test_a_listing_that_makes_no_sense(instances: tuple[Instance, ...], text: str) -> None:
    with pytest.raises(DiscoveryError) as caught:
        checked(listing(*instances), Terms(most_instances=3))
    assert str(caught.value) == text


def test_hostile_names_in_its_words() -> None:
    with pytest.raises(UnknownService) as caught:
        checked(listing(service="\x1b[31m" * 100, registry="\n" * 1_000_000), Terms())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
