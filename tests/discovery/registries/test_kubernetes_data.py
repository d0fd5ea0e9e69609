"""What a real kube-apiserver (1.37) answered, and what none ever would."""

import itertools
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.registries.kubernetes_data import (
    Slice,
    instances,
    parse,
    parse_failure,
    parse_names,
    parse_service,
    ports,
    service_names,
)
from tcpgoon.errors import DiscoveryError
from tcpgoon.plan.endpoint import Family

ANSWERS = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "recorded" / "kubernetes").glob("*.json")}
SHOWN = "https://here"
SLICES = parse(ANSWERS["slices"], SHOWN)


def slices_of(*slices: dict[str, Any]) -> list[Slice]:
    """What is made of a list of these."""
    return parse(json.dumps({"items": slices}).encode(), SHOWN).items or []


def of_pods(*endpoints: dict[str, Any], kind: str = "IPv4", ports: object = None) -> dict[str, Any]:
    """A slice with the port ``http``."""
    return {
        "addressType": kind,
        "endpoints": list(endpoints),
        "ports": [{"name": "http", "port": 80}] if ports is None else ports,
    }


def pod(address: str, name: str = "", conditions: object = None) -> dict[str, Any]:
    """An endpoint."""
    reference = {"targetRef": {"kind": "Pod", "name": name}} if name else {}
    return {"addresses": [address], "conditions": conditions, **reference}


def test_a_real_answer() -> None:
    def of(name: str, host: str, status: Status = Status.UP, said: str = "", **more: Any) -> Instance:
        zone = more.pop("zone", "eu-west-1a")
        metadata = {"nodeName": "node-1", "targetRef": f"Pod/{name}"}
        return Instance(id=name, host=host, port=9090, status=status, said=said, zone=zone, metadata=metadata, **more)

    assert instances(SLICES.items or [], "metrics", Family.ANY) == (
        of("checkout-1", "10.1.0.1", addresses=("10.1.0.1", "fd00::1")),
        of("checkout-2", "10.1.0.2", Status.DOWN, "not ready", zone="eu-west-1b"),
        of("checkout-3", "10.1.0.3", Status.OUT_OF_SERVICE, "terminating"),
        of("checkout-4", "10.1.0.4", Status.DOWN, "terminating, not serving"),
        Instance(id="10.1.0.5:9090", host="10.1.0.5", port=9090, metadata={"hostname": "bare"}),
        of("checkout-6", "fd00::6"),
    )
    assert SLICES.following == ""
    assert ports(SLICES.items or []) == {"http": 8080, "metrics": 9090}
    assert service_names(SLICES.items or []) == ("checkout",)


def test_a_part_of_an_answer() -> None:
    page = parse(ANSWERS["page"], SHOWN)
    assert [one.metadata.name for one in page.items or []] == ["checkout-0"]
    assert page.following == "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjI2LCJzdGFydCI6Ii9jaGVja291dC0wXHUwMDAwIn0"


def test_other_real_answers() -> None:
    assert parse_names(ANSWERS["namespaces"], SHOWN) == (
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
        "shop",
    )
    assert parse_service(ANSWERS["service"], SHOWN) == ("", {80: "http", 9090: "metrics"})
    assert parse_service(ANSWERS["alias"], SHOWN) == ("db.example.com", {})
    assert parse_failure(ANSWERS["refused"]) == (
        'endpointslices.discovery.k8s.io is forbidden: User "stranger" cannot list resource "endpointslices" in API '
        'group "discovery.k8s.io" in the namespace "shop"'
    )


@pytest.mark.parametrize("data", [b"", b"no JSON", b"{}", b'{"message": 5}', b"[" * 100_000])
def test_a_refusal_without_words(data: bytes) -> None:
    assert parse_failure(data) == ""


def test_what_a_refusal_says_is_bounded() -> None:
    assert parse_failure(json.dumps({"message": "\x1b[31m" + "x" * 1000}).encode()) == "\\x1b[31m" + "x" * 294 + "…"


def test_lists_that_are_null() -> None:
    """As the API writes empty ones."""
    assert parse(b'{"items": null, "metadata": {}}', SHOWN).items is None
    nothing = slices_of({"addressType": "IPv4", "endpoints": None, "ports": None, "metadata": {"labels": None}})
    assert instances(nothing, "http", Family.ANY) == ()
    assert service_names(nothing) == ()
    assert parse_names(b'{"items": null}', SHOWN) == ()
    assert parse_service(b'{"spec": {"ports": null}}', SHOWN) == ("", {})


@pytest.mark.parametrize(
    ("ready", "serving", "terminating", "status", "said"),
    [
        (None, None, None, Status.UP, ""),
        (True, True, False, Status.UP, ""),
        (True, None, None, Status.UP, ""),
        (False, None, None, Status.DOWN, "not ready"),
        (False, False, False, Status.DOWN, "not ready"),
        (False, True, True, Status.OUT_OF_SERVICE, "terminating"),
        (False, False, True, Status.DOWN, "terminating, not serving"),
        (False, None, True, Status.DOWN, "terminating, not serving"),
        (True, None, True, Status.OUT_OF_SERVICE, "terminating"),
    ],
)
def test_conditions(
    ready: bool | None, serving: bool | None, terminating: bool | None, status: Status, said: str
) -> None:
    conditions = {"ready": ready, "serving": serving, "terminating": terminating}
    (one,) = instances(slices_of(of_pods(pod("10.0.0.1", conditions=conditions))), "http", Family.ANY)
    assert (one.status, one.said) == (status, said)


def test_no_conditions_at_all() -> None:
    (one,) = instances(slices_of(of_pods({"addresses": ["10.0.0.1"]})), "http", Family.ANY)
    assert one == Instance(id="10.0.0.1:80", host="10.0.0.1", port=80)


def test_numbers_of_a_name_may_differ() -> None:
    """Pods of one service may have their port of that name elsewhere."""
    old = of_pods(pod("10.0.0.1", "old"), ports=[{"name": "http", "port": 80}])
    new = of_pods(pod("10.0.0.2", "new"), ports=[{"name": "http", "port": 8080}])
    both = slices_of(old, new)
    assert [str(one) for one in instances(both, "http", Family.ANY)] == ["10.0.0.1:80", "10.0.0.2:8080"]
    assert [str(one) for one in instances(both, 8080, Family.ANY)] == ["10.0.0.2:8080"]


@pytest.mark.parametrize(
    ("has", "asked", "number"),
    [
        ([{"name": "http", "port": 80}], "http", 80),
        ([{"name": "http", "port": 80}], 80, 80),
        ([{"name": "http", "port": 80}], 81, None),
        ([{"name": "http", "port": 80}], "", None),
        ([{"port": 80}], "", 80),
        ([{"name": None, "port": 80, "protocol": "TCP"}], "", 80),
        ([{"name": "dns", "port": 53, "protocol": "UDP"}], "dns", None),
        ([{"name": "dns", "port": 53, "protocol": "UDP"}], 53, None),
        ([{"name": "any"}], 81, 81),
        ([{"name": "any"}], "any", None),
        ([], 81, 81),
        ([], "http", None),
        ([{"name": "80", "port": 8080}], "80", 8080),
    ],
)
def test_ports(has: list[dict[str, object]], asked: str | int, number: int | None) -> None:
    (one,) = slices_of(of_pods(ports=has))
    assert one.number(asked) == number


def test_the_same_name_elsewhere() -> None:
    """Two that are not the same are both listed, and told apart."""
    twice = slices_of(of_pods(pod("10.0.0.1", "db"), pod("10.0.0.2", "db")))
    assert [(one.id, one.host) for one in instances(twice, "http", Family.ANY)] == [
        ("db", "10.0.0.1"),
        ("db (10.0.0.2:80)", "10.0.0.2"),
    ]


def test_a_name_and_an_address_are_not_one() -> None:
    both = slices_of(of_pods(pod("fd00::1", "db"), kind="IPv6"), of_pods(pod("db.example.com", "db"), kind="FQDN"))
    assert [(one.id, one.host, one.addresses) for one in instances(both, "http", Family.ANY)] == [
        ("db", "db.example.com", ()),
        ("db ([fd00::1]:80)", "fd00::1", ()),
    ]


def test_a_kind_of_address_that_is_not_known_yet() -> None:
    strange = slices_of(of_pods(pod("somewhere"), kind="IPv8"))
    assert [one.host for one in instances(strange, "http", Family.IPV6)] == ["somewhere"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 100_000,
        b'{"more": ' + b"[" * 100_000,
        b'{"items": ["\xff"]}',
        b'{"items": [{}]}',
        b'{"items": [{"addressType": "IPv4", "endpoints": [{"addresses": []}]}]}',
        b'{"items": [{"addressType": "IPv4", "ports": [{"port": "80"}]}]}',
    ],
    ids=lambda data: data[:70].decode(errors="replace"),
)
def test_what_makes_no_sense(data: bytes) -> None:
    with pytest.raises(DiscoveryError) as raised:
        parse(data, SHOWN)
    why = str(raised.value.__cause__)
    assert str(raised.value) == f"https://here answers no EndpointSlices as Kubernetes has them: {why}"


@pytest.mark.parametrize("data", [b"", b'{"spec": {"ports": 5}}'])
def test_other_nonsense(data: bytes) -> None:
    with pytest.raises(DiscoveryError, match=r"^https://here answers no service as Kubernetes has them: "):
        parse_service(data, SHOWN)
    with pytest.raises(DiscoveryError, match=r"^https://here answers no list as Kubernetes has them: "):
        parse_names(data.replace(b"spec", b"items"), SHOWN)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """The real answer, with something else somewhere in it."""
    answer = json.loads(ANSWERS[name])
    for _ in range(draw(st.integers(1, 3))):
        within = answer
        while isinstance(within, dict | list) and within:
            key = draw(st.sampled_from(list(within) if isinstance(within, dict) else range(len(within))))
            if draw(st.booleans()) or not isinstance(within[key], dict | list):
                within[key] = draw(JSON)
                break
            within = within[key]
    return json.dumps(answer).encode()


def use_all(data: bytes, asked: str | int = "http") -> None:
    """What the source does with an answer; the errors that it may raise are no fault."""
    for parser in (parse_names, parse_service):
        with suppress(DiscoveryError):
            parser(data, SHOWN)
    assert len(parse_failure(data)) < 3_500
    with suppress(DiscoveryError):
        slices = parse(data, SHOWN).items or []
        service_names(slices)
        for port, family in itertools.product((asked, *ports(slices)), Family):
            found = instances(slices, port, family)
            assert len({one.id for one in found}) == len(found)


@given(st.binary(max_size=300), st.text() | st.integers())
def test_any_bytes(data: bytes, asked: str | int) -> None:
    use_all(data, asked)


@given(mutated("slices"), st.sampled_from(["http", "dns", "", 8080, 53]))
def test_mutated_slices(data: bytes, asked: str | int) -> None:
    use_all(data, asked)


@given(mutated("service") | mutated("namespaces") | mutated("refused") | mutated("alias"))
def test_mutated_others(data: bytes) -> None:
    use_all(data)


@given(st.data())
def test_bytes_changed(data: st.DataObject) -> None:
    answer = bytearray(ANSWERS["slices"])
    for _ in range(data.draw(st.integers(1, 5))):
        answer[data.draw(st.integers(0, len(answer) - 1))] = data.draw(st.integers(0, 255))
    use_all(bytes(answer))
