"""Where runs go: what is dialled is what is named, and nobody is left out without a word."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tcpgoon.discovery.instance import Instance, Origin, Status
from tcpgoon.discovery.place import Place
from tcpgoon.discovery.places import places
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, ResolutionError
from tcpgoon.plan.choice import Choice
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.lookup import Lookup, parse_lookup


@pytest.fixture
def targets(tmp_path: Path) -> Any:
    def write(*instances: dict[str, Any]) -> Lookup:
        path = tmp_path / "targets.json"
        path.write_text(json.dumps(instances))
        return parse_lookup(f"file://{path}")

    return write


def described(name: str, host: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "host": host, "port": 80, **fields}


def instance(name: str, host: str, **fields: Any) -> Instance:
    return Instance(**described(name, host, **fields))


def fault(kind: type[Exception], asked: Any, choice: Choice) -> str:
    with pytest.raises(kind) as caught:
        places(asked, choice, Terms())
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_host_and_port_is_dialled_as_it_is() -> None:
    target = Target("127.0.0.1", 80)
    (place,) = places(target, Choice(), Terms())
    assert place == Place(target=target, endpoints=(Endpoint("127.0.0.1", 80),))


def test_one_of_several(targets: Any) -> None:
    asked = targets(
        described("a", "192.0.2.1", status="DOWN"), described("b", "192.0.2.2"), described("c", "192.0.2.3")
    )
    path = str(asked).removeprefix("file://")
    down, b, c = instance("a", "192.0.2.1", status=Status.DOWN), instance("b", "192.0.2.2"), instance("c", "192.0.2.3")
    for choice, chosen, how in ((Choice(), b, "first"), (Choice(pick="c"), c, "c"), (Choice(pick="1"), down, "1")):
        others = tuple(one for one in (down, b, c) if one is not chosen)
        assert places(asked, choice, Terms()) == (
            Place(
                target=chosen.target,
                endpoints=(Endpoint(chosen.host, 80),),
                origin=Origin(
                    lookup=str(asked), service=path, registry=path, how=how, dialled=(chosen,), others=others
                ),
            ),
        )


def test_each(targets: Any) -> None:
    """Those that are up; one that cannot be dialled is among them, and says why."""
    asked = targets(
        described("a", "192.0.2.1"), described("b", "b.invalid"), described("c", "169.254.1.1"),
        described("d", "192.0.2.4", status="DOWN"),
    )  # fmt: skip
    found = places(asked, Choice(each=True), Terms())
    assert [(place.target.host, place.endpoints, bool(place.problem)) for place in found] == [
        ("192.0.2.1", (Endpoint("192.0.2.1", 80),), False),
        ("b.invalid", (), True),
        ("169.254.1.1", (), True),
    ]
    for place, name in zip(found, "abc", strict=True):
        assert place.origin
        assert [one.id for one in place.origin.dialled] == [name]
        assert [one.id for one in place.origin.others] == ["d"]


def test_spread(targets: Any) -> None:
    asked = targets(
        described("a", "192.0.2.1"), described("b", "192.0.2.2"), described("c", "192.0.2.3", status="DOWN")
    )
    (place,) = places(asked, Choice(spread=True), Terms())
    assert place.endpoints == (Endpoint("192.0.2.1", 80), Endpoint("192.0.2.2", 80))
    assert place.origin
    assert [one.id for one in place.origin.dialled] == ["a", "b"]
    assert [(one.id, one.status) for one in place.origin.others] == [("c", "DOWN")]


def test_two_names_of_one_address_are_dialled_once_and_both_are_named(targets: Any) -> None:
    asked = targets(described("a", "192.0.2.1"), described("b", "192.0.2.1"), described("c", "192.0.2.3"))
    (place,) = places(asked, Choice(spread=True), Terms())
    assert place.endpoints == (Endpoint("192.0.2.1", 80), Endpoint("192.0.2.3", 80))
    assert place.origin
    assert [one.id for one in place.origin.dialled] == ["a", "c"]
    assert [one.id for one in place.origin.others] == ["b"]


@pytest.mark.parametrize("choice", [Choice(spread=True), Choice(pick="b")])
def test_one_that_cannot_be_dialled_is_not_left_out(targets: Any, choice: Choice) -> None:
    asked = targets(described("a", "192.0.2.1"), described("b", "169.254.169.254"))
    path = str(asked).removeprefix("file://")
    assert fault(DiscoveryError, asked, choice).endswith(
        ": 169.254.169.254 is a link-local address, where no registry is to send us: --allow-local dials it"
    )
    assert fault(DiscoveryError, asked, choice).startswith("instance b of ")
    assert path


def test_the_first_that_is_up_is_not_passed_over(targets: Any) -> None:
    """Where it cannot be dialled another one would be another question."""
    asked = targets(described("a", "a.invalid"), described("b", "192.0.2.2"))
    assert fault(DiscoveryError, asked, Choice()).startswith("instance a of ")


def test_hostile_words(targets: Any) -> None:
    asked = targets(described("\x1b[31m", "a.invalid"), described("b\n", "b.invalid", status="DOWN"))
    assert r"instance \x1b[31m of " in fault(DiscoveryError, asked, Choice())
    assert r"instance b\n of " in fault(DiscoveryError, asked, Choice(pick="2"))
    assert fault(NoInstance, asked, Choice(pick="3")).endswith("has 2 instances: there is no number 3")


@pytest.mark.parametrize("choice", [Choice(pick="first"), Choice(each=True)])
@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.1.1"])
def test_who_names_a_host_may_name_any(monkeypatch: pytest.MonkeyPatch, choice: Choice, address: str) -> None:
    """No registry has a say in it: this machine's own name is often that of a loopback address."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", (address, 80))])
    (place,) = places(Target("myself", 80), choice, Terms())
    assert (place.endpoints, place.problem) == ((Endpoint(address, 80),), "")
    with pytest.raises(DiscoveryError):
        places(parse_lookup("dns://myself:80"), Choice(), Terms())


def test_a_name_that_does_not_resolve() -> None:
    assert fault(ResolutionError, Target("a.invalid", 80), Choice(pick="first")).startswith(
        "a.invalid does not resolve"
    )
