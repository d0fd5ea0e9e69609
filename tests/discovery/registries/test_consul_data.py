"""What Consul answers, parsed: answers recorded of Consul 1.22.7 as tests/registries/test_consul.py fills it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.registries.consul_data import Wanted, parse, parse_datacentres, parse_services
from tcpgoon.errors import DiscoveryError

RECORDED = Path(__file__).parent / "recorded" / "consul"
CHECKOUT = (RECORDED / "checkout.json").read_bytes()
PAYMENTS = (RECORDED / "payments.json").read_bytes()
DEFAULT = Wanted()


def entry(checks: list[dict[str, str]] | None = None, node: Any = None, **service: Any) -> dict[str, Any]:
    """An instance as Consul writes it, with what matters to a test."""
    known = {"ID": "web-1", "Service": "web", "Port": 80, "Tags": None, "Meta": None, "Weights": None}
    return {
        "Node": {"Node": "n1", "Address": "10.0.0.1", "Datacenter": "eu", **(node or {})},
        "Service": known | service,
        "Checks": checks,
    }


def parsed(*entries: dict[str, Any], wanted: Wanted = DEFAULT) -> tuple[Instance, ...]:
    return parse(json.dumps(entries).encode(), wanted)


def on_agent(number: int, status: Status, said: str, tags: dict[str, str], **more: Any) -> Instance:
    return Instance(
        id=more.get("id", f"checkout-{number}"),
        host="127.0.0.1",
        port=8080 + number,
        status=status,
        said=said,
        zone="eu",
        metadata={"node": "agent-eu", **tags, "version": str(number)},
        weight=10,
    )


def test_a_recorded_answer() -> None:
    assert parse(CHECKOUT, DEFAULT) == (
        on_agent(1, Status.UP, "", {"tags": "blue"}, id="agent-eu/checkout-1"),
        on_agent(2, Status.DOWN, "warning: told: p99 is 900 ms of 500 ms allowed", {"tags": "blue,canary"}),
        on_agent(3, Status.DOWN, "critical: told: disk full", {}),
        on_agent(4, Status.OUT_OF_SERVICE, "maintenance: new kernel", {}),
        Instance(
            id="rack-2/checkout-1",
            host="checkout.rack-2.example.com",
            port=8080,
            status=Status.OUT_OF_SERVICE,
            said="maintenance: rack moves",
            zone="eu-west-1a",
            metadata={"node": "rack-2"},
        ),
        Instance(id="checkout-7", host="10.0.0.3", port=8080, zone="eu-west-1b", metadata={"node": "rack-3"}),
    )


def test_the_other_recorded_answers() -> None:
    assert parse((RECORDED / "none.json").read_bytes(), DEFAULT) == ()
    assert parse_datacentres((RECORDED / "datacentres.json").read_bytes()) == ["eu", "us"]
    assert parse_services((RECORDED / "services.json").read_bytes()) == {
        "batch": (),
        "checkout": ("blue", "canary"),
        "consul": (),
        "payments": (),
    }
    assert parse_services(b'{"web": null}') == {"web": ()}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (DEFAULT, ("127.0.0.1", 8080, Status.UP, "")),
        (Wanted(port="admin"), ("127.0.0.1", 9090, Status.UP, "")),
        (Wanted(port="grpc"), ("127.0.0.1", 8080, Status.UNKNOWN, "has no port grpc")),
        (Wanted(address="wan"), ("127.0.0.1", 8080, Status.UP, "")),
        (Wanted(address="vpn", port="grpc"), ("127.0.0.1", 8080, Status.UNKNOWN, "has no vpn address")),
    ],
)
def test_an_instance_with_several_ports(wanted: Wanted, expected: object) -> None:
    (found,) = parse(PAYMENTS, wanted)
    assert (found.host, found.port, found.status, found.said) == expected


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, "198.51.100.1:80"),
        ({"Address": "10.0.0.9"}, "10.0.0.9:80 has no wan address"),
        ({"Address": "10.0.0.9", "TaggedAddresses": {"wan": {"Address": "198.51.100.9"}}}, "198.51.100.9:80"),
        ({"TaggedAddresses": {"wan": {"Address": "198.51.100.9", "Port": 443}}}, "198.51.100.9:443"),
        ({"TaggedAddresses": {"wan": {"Port": 443}}}, "10.0.0.1:443 has no wan address"),
        ({"TaggedAddresses": {"wan": {"Address": "2001:db8::9", "Port": 443}}}, "[2001:db8::9]:443"),
    ],
)
def test_a_tagged_address_is_the_services_or_else_that_of_its_node(service: dict[str, Any], expected: str) -> None:
    (found,) = parsed(entry(node={"TaggedAddresses": {"wan": "198.51.100.1"}}, **service), wanted=Wanted(address="wan"))
    assert f"{found} {found.said}".strip() == expected


CRITICAL = {"CheckID": "c", "Name": "disk", "Status": "critical", "Output": "98 %\n\x1b[31mfull"}
WARNING = {"CheckID": "w", "Name": "", "Status": "warning", "Output": "slow"}
PASSING = {"CheckID": "p", "Name": "ping", "Status": "passing", "Output": "fine"}
UNSURE = {"CheckID": "u", "Name": "new", "Status": "bewildered", "Output": ""}
OUT = {"CheckID": "_service_maintenance:web-1", "Name": "Service Maintenance Mode", "Status": "critical", "Notes": ""}
NODE_OUT = {
    "CheckID": "_node_maintenance",
    "Name": "Node Maintenance Mode",
    "Status": "critical",
    "Notes": "rack moves",
}
OTHER = {"CheckID": "_service_maintenance_of_mine", "Name": "mine", "Status": "critical", "Output": "no"}


@pytest.mark.parametrize(
    ("checks", "status", "said"),
    [
        (None, Status.UP, ""),
        ([], Status.UP, ""),
        ([PASSING, PASSING], Status.UP, ""),
        ([PASSING, WARNING], Status.DOWN, "warning: slow"),
        ([WARNING, UNSURE], Status.UNKNOWN, "bewildered: new"),
        ([{}], Status.UNKNOWN, ""),
        ([WARNING, CRITICAL, UNSURE, PASSING], Status.DOWN, r"critical: disk: 98 % \x1b[31mfull"),
        ([CRITICAL, OUT], Status.OUT_OF_SERVICE, "maintenance"),
        ([NODE_OUT], Status.OUT_OF_SERVICE, "maintenance: rack moves"),
        ([OTHER], Status.DOWN, "critical: mine: no"),
    ],
)
def test_the_worst_check_counts(checks: Any, status: Status, said: str) -> None:
    (found,) = parsed(entry(checks))
    assert (found.status, found.said) == (status, said)


def test_what_a_check_says_is_bounded() -> None:
    (found,) = parsed(entry([CRITICAL | {"Output": "x" * 10_000}]))
    assert found.said == f"critical: disk: {'x' * 183}…"
    assert len(found.said) == 200


def test_the_same_id_on_two_nodes() -> None:
    found = parsed(entry(), entry(node={"Node": "n2"}), entry(ID="web-2"))
    assert [instance.id for instance in found] == ["n1/web-1", "n2/web-1", "web-2"]


@pytest.mark.parametrize(
    ("of_service", "of_node", "zone"),
    [
        (None, None, "eu"),
        ({"Region": "r", "Zone": ""}, None, "eu"),
        ({"Region": "r"}, {"Region": "r", "Zone": "b"}, "b"),
        ({"Region": "r", "Zone": "a"}, {"Region": "r", "Zone": "b"}, "a"),
    ],
)
def test_the_zone_is_the_most_local_place(of_service: Any, of_node: Any, zone: str) -> None:
    (found,) = parsed(entry(Locality=of_service, node={"Locality": of_node}))
    assert found.zone == zone


def test_its_own_metadata_go_before_ours() -> None:
    (found,) = parsed(entry(Meta={"node": "mine"}, Tags=["a", "b"]))
    assert found.metadata == {"node": "mine", "tags": "a,b"}
    (bare,) = parsed(entry(node={"Node": ""}))
    assert bare.metadata == {}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Input data was truncated"),
        (b"<html>", "JSON is malformed: invalid character (byte 0)"),
        (b"{}", "Expected `array`, got `object`"),
        (b"[{}]", "Object missing required field `Node` - at `$[0]`"),
        (b'[{"Node":{},"Service":{"Port":"80"}}]', "Expected `int`, got `str` - at `$[0].Service.Port`"),
        (b'[{"Node":{},"Service":{"Port":-1}}]', "Expected `int` >= 0 - at `$[0].Service.Port`"),
        (b'[{"Node":{},"Service":{"Port":65536}}]', "Expected `int` <= 65535 - at `$[0].Service.Port`"),
        (b'[{"Node":{"Meta":' + b"[" * 100_000, "it is nested too deeply"),
        (b'[{"Node":{"Node":"\xff"}}]', "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b'[{"Node":{"Node":"\\ud800"}}]', "Input data was truncated"),
    ],
)  # fmt: skip
def test_what_is_no_answer_of_consuls(data: bytes, why: str) -> None:
    with pytest.raises(DiscoveryError) as caught:
        parse(data, DEFAULT)
    assert str(caught.value) == f"its answer is none of Consul's: {why}"


def survives(data: bytes, wanted: Wanted = DEFAULT) -> None:
    """Whatever it is, it is instances or a `DiscoveryError`, on one line; anything else raises."""
    for attempt in (lambda: parse(data, wanted), lambda: parse_services(data), lambda: parse_datacentres(data)):
        try:
            found: Any = attempt()
        except DiscoveryError as exc:
            found = [str(exc)]
            assert found[0].isprintable()
        assert all(isinstance(one, Instance | str) for one in found)


WANTED = st.builds(Wanted, address=st.sampled_from(["", "wan", "lan"]), port=st.sampled_from(["", "http", "admin"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.binary())
@example(b"[" * 1_000_000)
@example(b"1" * 1_000_000)
def test_any_bytes(data: bytes) -> None:
    survives(data)


@given(st.sampled_from([CHECKOUT, PAYMENTS]), st.data(), WANTED)
def test_a_real_answer_with_other_bytes_in_it(answer: bytes, data: st.DataObject, wanted: Wanted) -> None:
    begin = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(begin, min(len(answer), begin + 40)))
    survives(answer[:begin] + data.draw(st.binary(max_size=40)) + answer[end:], wanted)


@given(st.sampled_from([CHECKOUT, PAYMENTS]), st.data(), WANTED)
def test_a_real_answer_with_other_values_in_it(answer: bytes, data: st.DataObject, wanted: Wanted) -> None:
    tree = json.loads(answer)
    where: Any = tree
    while True:
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        if not (isinstance(where[key], dict | list) and where[key] and data.draw(st.booleans())):
            break
        where = where[key]
    where[key] = data.draw(JSON)
    survives(json.dumps(tree).encode(), wanted)
