import threading

import pytest

from tcpgoon.discovery.http.failover import Refused, first_to_answer, servers_of
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, PlanError, UnknownService
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import parse_lookup

A, B, C = (Target(name, 8761) for name in "abc")


@pytest.mark.parametrize(
    ("servers", "targets"),
    [
        ("a", [A]),
        ("a:80,b", [Target("a", 80), B]),
        ("[::1],[::2]:80", [Target("::1", 8761), Target("::2", 80)]),
        ("10.0.0.1:1", [Target("10.0.0.1", 1)]),
    ],
)
def test_servers_without_a_port_have_the_usual_one(servers: str, targets: list[Target]) -> None:
    assert servers_of(parse_lookup(f"eureka://{servers}/X"), 8761) == tuple(targets)


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("eureka:///X", "'eureka:///X' names no server: write eureka://SERVER:8761/NAME"),
        ("eureka://a:99999/X", "'99999' is not a port: ports are 1 to 65535"),
        (f"eureka://{','.join('a' * 17)}/X", "17 servers are too many: 16 are asked at most"),
    ],
)
def test_what_is_no_server(target: str, fault: str) -> None:
    with pytest.raises(PlanError) as raised:
        servers_of(parse_lookup(target), 8761)
    assert str(raised.value) == fault


def test_the_first_that_answers_is_enough() -> None:
    asked = []

    def ask(server: Target, terms: Terms) -> str:
        asked.append(server)
        if server == A:
            raise DiscoveryError("a is down")
        return f"it is {server}"

    assert first_to_answer([A, B, C], Terms(), ask) == "it is b:8761"
    assert asked == [A, B]


@pytest.mark.parametrize("error", [UnknownService("no"), NoInstance("no"), Refused("no"), PlanError("no")])
def test_some_answers_are_final(error: Exception) -> None:
    asked = []

    def ask(server: Target, terms: Terms) -> None:
        asked.append(server)
        raise error

    with pytest.raises(type(error)) as raised:
        first_to_answer([A, B], Terms(), ask)
    assert raised.value is error
    assert asked == [A]


def failing(server: Target, terms: Terms) -> None:
    raise DiscoveryError(f"{server.host} is down")


@pytest.mark.parametrize(
    ("servers", "said"),
    [
        ([A], "a is down"),
        ([A, B], "none of 2 servers has answered: a is down; b is down"),
        ([A, B, C, A, B], "none of 5 servers has answered: a is down; b is down; c is down; and 2 more"),
    ],
)
def test_where_none_answers_all_that_failed_is_said(servers: list[Target], said: str) -> None:
    with pytest.raises(DiscoveryError) as raised:
        first_to_answer(servers, Terms(), failing)
    assert str(raised.value) == said


def test_each_has_its_share_of_the_time() -> None:
    shares = []

    def ask(server: Target, terms: Terms) -> None:
        shares.append(terms.timeout_s)
        raise DiscoveryError(server.host)

    with pytest.raises(DiscoveryError):
        first_to_answer([A, B], Terms(timeout_s=1000), ask)
    assert 490 < shares[0] <= 500
    assert 900 < shares[1] <= 1000


def test_a_share_can_be_said() -> None:
    """And the last one ends before all of the time is over, so that the failures of all are said."""
    shares = []

    def ask(server: Target, terms: Terms) -> None:
        shares.append(terms.timeout_s)
        raise DiscoveryError(server.host)

    for timeout_s in (10, 0.5):
        with pytest.raises(DiscoveryError):
            first_to_answer([A], Terms(timeout_s=timeout_s), ask)
    assert shares[0] == round(shares[0], 1) < 10
    assert 0 <= shares[1] < 0.5


def test_one_that_never_answers_leaves_time_for_the_next() -> None:
    over = threading.Event()

    def ask(server: Target, terms: Terms) -> str:
        if server == A:
            over.wait()
        return server.host

    assert first_to_answer([A, B], Terms(timeout_s=4), ask) == "b"
    over.set()
