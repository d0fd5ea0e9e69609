"""Instances become endpoints: in time, and only where a registry may send us."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tcpgoon.discovery.instance import Instance, Listing, Located
from tcpgoon.discovery.locate import MOST_AT_ONCE, locate
from tcpgoon.discovery.terms import Terms
from tcpgoon.plan.endpoint import Endpoint, Family


def instance(host: str, **fields: Any) -> Instance:
    return Instance(**{"id": host, "host": host, "port": 80, **fields})


def located(*instances: Instance, is_local: bool = False, **terms: Any) -> tuple[Located, ...]:
    listing = Listing(service="checkout", registry="r", instances=instances, is_local=is_local)
    return locate(listing, instances, Terms(**terms))


def problem(one: Instance, is_local: bool = False, **terms: Any) -> str:
    (found,) = located(one, is_local=is_local, **terms)
    assert not (found.problem and found.endpoints)
    assert found.problem.isprintable()
    return found.problem


Resolver = Callable[[dict[str, list[str]]], list[str]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Names that resolve as the test says; addresses to themselves. Gives the names that were asked for."""

    def use(known: dict[str, list[str]]) -> list[str]:
        asked: list[str] = []

        def answer(host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
            asked.append(host)
            if host not in known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(0, 0, 0, "", (address, port)) for address in known[host]]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return asked

    return use


def test_all_in_their_order() -> None:
    many = tuple(instance(f"192.0.2.{number}") for number in range(200))
    assert located(*many) == tuple(
        Located(instance=one, host=one.host, endpoints=(Endpoint(one.host, 80),)) for one in many
    )
    assert located() == ()


LOOPBACK = "127.0.0.1 is a loopback address, where no registry is to send us: --allow-local dials it"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "127.0.0.1."])
def test_loopback_however_it_is_written(host: str) -> None:
    # The resolver may not know all of them, nor have anybody to ask.
    found = problem(instance(host))
    assert found == LOOPBACK or found.startswith(f"{host} does not resolve: ")
    allowed = problem(instance(host), is_local=True)
    assert not allowed or allowed.startswith(f"{host} does not resolve: ")


def test_a_name_that_means_loopback(names: Resolver) -> None:
    """Who can name a host can say in DNS where it is."""
    names({"rebound.example": ["192.0.2.1", "127.0.0.1"], "inside.example": ["169.254.169.254"]})
    assert problem(instance("rebound.example")) == LOOPBACK
    assert problem(instance("rebound.example"), is_local=True) == ""
    assert problem(instance("rebound.example"), allow_local=True) == ""
    link_local = "169.254.169.254 is a link-local address, where no registry is to send us: --allow-local dials it"
    assert problem(instance("inside.example")) == link_local
    assert problem(instance("inside.example"), is_local=True) == link_local
    assert problem(instance("inside.example"), allow_local=True) == ""


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "fd00:ec2::254%1", "0.0.0.0"])
def test_an_address_that_the_registry_has_told(address: str, names: Resolver) -> None:
    asked = names({})
    assert problem(instance("good.example", addresses=("192.0.2.1", address))).startswith(f"{address} is a")
    assert problem(instance("good.example", addresses=("192.0.2.1",))) == ""
    assert asked == []


def test_another_host_that_means_loopback(names: Resolver) -> None:
    names({"other.example": ["127.0.0.1"]})
    assert problem(instance("private.example", others=("other.example",))) == LOOPBACK


def test_the_first_host_that_resolves(names: Resolver) -> None:
    names({"b.example": ["192.0.2.2"], "c.example": ["192.0.2.3"]})
    one = instance("a.example", others=("bad host", "\x1b[31m", "nowhere.example", "b.example", "c.example"))
    (found,) = located(one)
    assert (found.host, found.endpoints) == ("b.example", (Endpoint("192.0.2.2", 80),))
    assert problem(instance("a.example", others=("d.example",))) == (
        "a.example does not resolve: Name or service not known"
    )


def test_the_host_itself_goes_before_the_others(names: Resolver) -> None:
    asked = names({"a.example": ["192.0.2.1"], "b.example": ["192.0.2.2"]})
    (found,) = located(instance("a.example", others=("b.example",)))
    assert (found.host, asked) == ("a.example", ["a.example"])


def test_families() -> None:
    both = instance("both.example", addresses=("2001:db8::1", "192.0.2.1"))
    (four,), (six,) = located(both, family=Family.IPV4), located(both, family=Family.IPV6)
    assert (four.endpoints, six.endpoints) == ((Endpoint("192.0.2.1", 80),), (Endpoint("2001:db8::1", 80),))
    only = instance("only.example", addresses=("2001:db8::1",))
    assert problem(only, family=Family.IPV4) == "only.example has no IPv4 address"
    assert problem(instance("h.example", addresses=("nonsense", "\x1b[31m"))) == "h.example has no address"


def test_what_is_no_host() -> None:
    assert problem(instance("a\x1b[31m b")) == r"'a\x1b[31m b' is not a host name or address"
    assert problem(instance("h", port=0)) == "port 0 does not exist: ports are 1 to 65535"


def test_names_that_never_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand of them, and a few that do: nobody waits for longer than was said."""
    over = threading.Event()
    asked: list[str] = []

    def hang(host: str, *_: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        found = located(*(instance(f"h{number}.example") for number in range(10_000)), timeout_s=0.2)
    finally:
        over.set()
    late = "its name was not resolved within 200ms (--registry-timeout)"
    assert [one.problem for one in found] == [late] * 10_000
    assert len(asked) == MOST_AT_ONCE


def test_one_that_hangs_keeps_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs until all others are found."""
    others: list[str] = []
    found_all = threading.Event()

    def answer(host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
        if host == "slow.example":
            found_all.wait()
        else:
            others.append(host)
        if len(others) == 100:
            found_all.set()
        return [(0, 0, 0, "", ("192.0.2.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    found = located(instance("slow.example"), *(instance(f"h{n}.example") for n in range(100)), timeout_s=100)
    assert [one.problem for one in found] == [""] * 101


def test_what_is_found_too_late_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = located(instance("192.0.2.1"), timeout_s=0)
    assert found.problem in ("", "its name was not resolved within 0s (--registry-timeout)")


def test_where_few_threads_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    begun: list[threading.Thread] = []

    def one_only(self: threading.Thread) -> None:
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", one_only)
    found = located(*(instance(f"192.0.2.{number}") for number in range(50)))
    assert [one.problem for one in found] == [""] * 50
