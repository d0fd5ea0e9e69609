"""Name servers that lie, drip, flood and cut off: an error in one line, in time; or the truth, where it is there."""

import threading
from collections.abc import Callable, Iterator
from itertools import islice, repeat

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcpgoon.discovery.find import find
from tcpgoon.discovery.instance import Listing
from tcpgoon.discovery.registries import name_servers, srv
from tcpgoon.discovery.registries.name_servers import NameServers
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.lookup import parse_lookup
from tests.registries.dns.nsd import ADDRESS, free_ports
from tests.registries.dns.responder import Query, Responder, answered, framed

NAME = "_http._tcp.shop.test"
TRUTH = f"{NAME}. 300 IN SRV 0 1 8080 a.shop.test."
ADDRESSES = ["a.shop.test. 300 IN A 192.0.2.1"]
NAME_ON_WIRE = b"\5_http\4_tcp\4shop\4test\0"
LATE = "has not answered within {} (--registry-timeout)"


def truth(query: Query) -> bytes:
    return answered(query, TRUTH, additional=ADDRESSES)


def cut_off(query: Query) -> list[bytes]:
    return [answered(query, flags=dns.flags.TC)]


def renumbered(answer: bytes) -> bytes:
    """``answer`` with another id: to a question of somebody else."""
    return bytes([answer[0] ^ 1]) + answer[1:]


def ask(server: Responder, timeout_s: float = 60, terms: Terms | None = None) -> Listing:
    """Not by `tcpgoon.discovery.find.find`, which keeps to the time whatever the source does."""
    return srv.find(parse_lookup(f"srv://{NAME}?server={server.address}"), terms or Terms(timeout_s=timeout_s))


def said(server: Responder, timeout_s: float = 60) -> str:
    with pytest.raises(DiscoveryError) as caught:
        ask(server, timeout_s)
    text = str(caught.value)
    assert text.isprintable()
    start = f"{NAME} cannot be looked up: {server.address} "
    assert text.startswith(start)
    return text.removeprefix(start)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked twice where this machine is slow."""
    monkeypatch.setattr(name_servers, "_PATIENCE_S", 60)


def a_question(_: Query) -> bytes:
    return dns.message.make_query("shop.test", "SRV").to_wire()


def another_name(query: Query) -> bytes:
    other = dns.message.make_query("_http._tcp.evil.test", "SRV")
    other.id = query.id
    return answered(other, TRUTH.replace("shop", "evil"))


NO_ANSWERS: list[Callable[[Query], bytes]] = [
    lambda _: b"",
    lambda _: b"\xff" * 1_000,
    lambda query: truth(query)[:-1],
    lambda query: truth(query) + b"\0",
    lambda query: renumbered(answered(query, TRUTH.replace("8080", "1"))),
    a_question,
    another_name,
]
"""What is no answer to the question, or none at all."""


@pytest.mark.parametrize("no_answer", NO_ANSWERS)
def test_what_may_be_forged_is_passed_over(no_answer: Callable[[Query], bytes]) -> None:
    with Responder(lambda query: [no_answer(query), truth(query)]) as server:
        (instance,) = ask(server).instances
    assert (str(instance), instance.addresses) == ("a.shop.test:8080", ("192.0.2.1",))


@pytest.mark.parametrize("answers", [[], [b"\0" * 12]])
def test_nobody_waits_longer_than_the_time_for_all(answers: list[bytes]) -> None:
    with Responder(lambda _: answers) as server:
        assert said(server, 0.5) == LATE.format("500ms")


def test_nobody_listens_longer_than_the_time_for_all_to_what_is_no_answer() -> None:
    over = threading.Event()

    def flood(_: Query) -> Iterator[bytes]:
        while not over.is_set():
            yield b"\xff" * 1_000

    with Responder(flood) as server:
        try:
            assert said(server, 0.5) == LATE.format("500ms")
        finally:
            over.set()


def asking(*servers: str) -> NameServers:
    endpoints = [Endpoint(ADDRESS, int(server.rpartition(":")[2])) for server in servers]
    return NameServers(endpoints, Terms(timeout_s=60))


# What follows is said by TCP, after an answer by UDP that is cut off.


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (lambda _: b"", "ends the connection before its answer"),
        (lambda query: framed(truth(query))[:-1], "ends the connection before its answer"),
        (lambda _: framed(b""), "answers what makes no sense: The DNS packet passed to from_wire() is too short."),
        (lambda _: framed(b"\xff" * 1_000), "answers what makes no sense: "),
        (lambda query: framed(renumbered(truth(query))), "answers what makes no sense: "),
        (lambda query: framed(another_name(query)), "answers what makes no sense: "),
        (lambda query: framed(truth(query) + b"\0"), "answers what makes no sense: "),
        (
            lambda query: framed(answered(query, TRUTH, flags=dns.flags.TC)),
            "answers with less than there is, by TCP, too",
        ),
    ],
)
def test_what_makes_no_sense_by_tcp(stream: Callable[[Query], bytes], text: str) -> None:
    with Responder(cut_off, lambda query: [stream(query)]) as server:
        assert said(server).startswith(text)


def test_nobody_listens_by_tcp() -> None:
    with Responder(cut_off) as server:
        assert said(server) == "cannot be asked: Connection refused"


def test_a_stream_that_drips() -> None:
    over = threading.Event()

    def drip(query: Query) -> Iterator[bytes]:
        for byte in framed(b"\0" * 65_535):
            yield bytes([byte])
            if over.wait(0.01):
                return

    with Responder(cut_off, drip) as server:
        try:
            assert said(server, 0.5) == LATE.format("500ms")
        finally:
            over.set()


def test_a_stream_without_end_is_read_up_to_its_first_answer() -> None:
    with Responder(cut_off, lambda query: repeat(framed(truth(query)))) as server:
        assert [str(instance) for instance in ask(server).instances] == ["a.shop.test:8080"]


def crowd(query: Query) -> bytes:
    """As many records as an answer can hold: 3,000, each with a target and port of its own."""
    head = query.id.to_bytes(2) + b"\x81\x80\0\1" + (3_000).to_bytes(2) + b"\0\0\0\0"
    question = NAME_ON_WIRE + b"\0\x21\0\1"
    target = (12 + NAME_ON_WIRE.index(b"\4shop")).to_bytes(1)
    record = b"\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\x08\0\0\0\1"
    return head + question + b"".join(record + port.to_bytes(2) + b"\xc0" + target for port in range(1, 3_001))


def test_as_many_instances_as_an_answer_holds(patient: None) -> None:
    def speak(query: Query) -> list[bytes]:
        kind = query.question[0].rdtype
        if kind == dns.rdatatype.SRV:
            return cut_off(query)
        return [answered(query, *(["shop.test. 1 IN A 192.0.2.1"] if kind == dns.rdatatype.A else []))]

    with Responder(speak, lambda query: [framed(crowd(query))]) as server:
        instances = ask(server).instances
        assert [instance.port for instance in instances] == list(range(1, 3_001))
        assert {(instance.host, instance.addresses) for instance in instances} == {("shop.test", ("192.0.2.1",))}
        # Each question once, however many instances are there: what would change meanwhile is the same for all.
        assert server.asked == [
            f"{NAME}. IN SRV UDP", f"{NAME}. IN SRV TCP", "shop.test. IN AAAA UDP", "shop.test. IN A UDP",
        ]  # fmt: skip


def test_more_instances_than_are_allowed() -> None:
    with Responder(cut_off, lambda query: [framed(crowd(query))]) as server, pytest.raises(DiscoveryError) as caught:
        find(parse_lookup(f"srv://{NAME}?server={server.address}"), Terms(timeout_s=60, most_instances=2_999))
    assert str(caught.value) == f"{NAME} at {server.address} has 3,000 instances: 2,999 are allowed"


def test_aliases_without_end_each_in_an_answer_of_its_own(patient: None) -> None:
    def speak(query: Query) -> list[bytes]:
        name = query.question[0].name
        return [answered(query, f"{name} 1 IN CNAME x.{name}")]

    with Responder(speak) as server, pytest.raises(DiscoveryError) as caught:
        ask(server)
    assert str(caught.value) == f"{NAME} cannot be looked up: it is an alias of an alias, and so on without end"
    assert server.asked == [f"{'x.' * number}{NAME}. IN SRV UDP" for number in range(8)]


def test_a_server_that_is_silent_on_addresses_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_servers, "_PATIENCE_S", 0.1)
    over = threading.Event()

    class UntilAsked(Terms):
        def left_s(self) -> float:
            return 0 if over.is_set() else 60

    def speak(query: Query) -> list[bytes]:
        if query.question[0].rdtype == dns.rdatatype.SRV:
            return [answered(query, TRUTH)]
        over.set()
        return []

    with Responder(speak) as server, pytest.raises(DiscoveryError) as caught:
        ask(server, terms=UntilAsked())
    assert str(caught.value) == f"a.shop.test cannot be looked up: {server.address} {LATE.format('10s')}"


def test_a_server_that_has_failed_is_passed_over_and_not_asked_again() -> None:
    with Responder(lambda query: [truth(query)]) as server:
        closed = next(free_ports(100))
        servers = asking(f"{ADDRESS}:{closed}", server.address)
        for _ in range(2):
            assert servers.find(dns.name.from_text(NAME), dns.rdatatype.SRV).exists
            assert str(servers.first) == server.address


def test_a_server_that_is_silent_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_servers, "_PATIENCE_S", 0.1)
    with Responder(lambda _: []) as silent, Responder(lambda query: [truth(query)]) as server:
        servers = asking(silent.address, server.address)
        assert servers.find(dns.name.from_text(NAME), dns.rdatatype.SRV).exists
        assert str(servers.first) == server.address


def test_a_datagram_that_is_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_servers, "_PATIENCE_S", 0.1)
    questions = iter([False])
    with Responder(lambda query: [truth(query)] if next(questions, True) else []) as server:
        assert [str(instance) for instance in ask(server).instances] == ["a.shop.test:8080"]
    assert len(server.asked) >= 2


def test_each_server_that_fails_is_named() -> None:
    first, second = islice(free_ports(100), 2)
    with pytest.raises(DiscoveryError) as caught:
        asking(f"{ADDRESS}:{first}", f"{ADDRESS}:{second}").find(dns.name.from_text(NAME), dns.rdatatype.SRV)
    assert str(caught.value) == (
        f"{NAME} cannot be looked up: {ADDRESS}:{first} cannot be asked: Connection refused; "
        f"{ADDRESS}:{second} cannot be asked: Connection refused"
    )


@pytest.mark.parametrize("address", ["::1", "fe80::1%no-such-zone"])
def test_a_server_by_ipv6_that_cannot_be_asked(address: str) -> None:
    """In whose words depends on the machine: there may be no IPv6 at all."""
    port = next(free_ports(100))
    with pytest.raises(DiscoveryError) as caught:
        srv.find(parse_lookup(f"srv://{NAME}?server=[{address.replace('%', '%25')}]:{port}"), Terms(timeout_s=60))
    assert str(caught.value).startswith(f"{NAME} cannot be looked up: [{address}]:{port} cannot be asked: ")


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Responder, list[bytes]]]:
    """Says by TCP what is put into the list, as an answer to the question that was asked."""
    words: list[bytes] = []

    def speak(query: Query) -> list[bytes]:
        question = query.to_wire()
        return [framed(question[:2] + word) for word in words]

    with Responder(cut_off, speak) as server:
        yield server, words


@given(st.binary(max_size=400))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_answered_is_an_answer_or_an_error(parrot: tuple[Responder, list[bytes]], word: bytes) -> None:
    server, words = parrot
    words[:] = [word]
    text = said(server)
    assert text
    assert len(text) < 200
