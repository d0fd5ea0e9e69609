"""Whoever breaks what is expected of a source is found out; the example of the documentation is a good one."""

import json
import re
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.registries import consul, dns, eureka, file, srv
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, UnknownService
from tcpgoon.plan.lookup import Lookup, parse_lookup
from tcpgoon.testing import source_check
from tcpgoon.testing.source_check import SECRET, Known, SourceFault, check_source
from tests.discovery.answering import Answer, answering

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "discovery" / "sources.md").read_text()
RECORDED = ROOT / "tests" / "discovery" / "registries" / "recorded"
AT = "acme://alice@{server}/checkout"


def example() -> types.ModuleType:
    """The source that the documentation shows."""
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    module = types.ModuleType("acme")
    exec(compile(code, "docs/discovery/sources.md", "exec"), module.__dict__)
    return module


ACME = example()
ENTRIES = [
    {"id": "a", "address": "192.0.2.1", "port": 80},
    {"id": "b", "address": "192.0.2.2", "port": 80, "healthy": False},
]


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with answering({"/services/checkout": Answer(json.dumps(ENTRIES).encode())}) as server:
        yield f"127.0.0.1:{server.port}"


def check(find: Any, registry: str) -> None:
    known = Known(f"acme://{registry}/checkout", {"a": Status.UP, "b": Status.DOWN})
    check_source(find, known=[known], unknown=f"acme://{registry}/nowhere", at=AT)


def test_the_example_of_the_documentation(registry: str) -> None:
    check(ACME.find, registry)


def test_consul() -> None:
    path = "/v1/health/service/payments"
    data = (RECORDED / "consul" / "payments.json").read_bytes()
    services = Answer((RECORDED / "consul" / "services.json").read_bytes())
    answers = {path: Answer(data), "/v1/catalog/services": services, "/v1/health/service/pay": Answer(b"[]")}
    with answering(answers) as server:
        found = consul.find(parse_lookup(f"consul://127.0.0.1:{server.port}/payments"), Terms())
        known = Known(f"consul://127.0.0.1:{server.port}/payments", {one.id: one.status for one in found.instances})
        unknown = f"consul://127.0.0.1:{server.port}/pay"
        check_source(consul.find, known=[known], unknown=unknown, at="consul://{server}/payments")


def test_eureka() -> None:
    data = (RECORDED / "eureka" / "application.json").read_bytes()
    answers = {
        "/eureka/apps/CHECKOUT": Answer(data),
        "/eureka/apps": Answer((RECORDED / "eureka" / "applications.json").read_bytes()),
    }
    with answering(answers) as server:
        at = f"eureka://127.0.0.1:{server.port}/eureka"
        found = eureka.find(parse_lookup(f"{at}/CHECKOUT"), Terms())
        known = Known(f"{at}/CHECKOUT", {one.id: one.status for one in found.instances})
        check_source(eureka.find, known=[known], unknown=f"{at}/NOWHERE", at="eureka://alice@{server}/eureka/CHECKOUT")


def test_srv() -> None:
    """Whose servers are asked by UDP: nobody is there."""
    check_source(srv.find, known=[], at="srv://_http._tcp.shop.test?server={server}")


class Bad:
    """The good source, spoilt in one way."""

    def __init__(self, registry: str) -> None:
        self.registry = registry
        self.times = 0

    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        self.times += 1
        return self.spoil(ACME.find(lookup, terms))

    def spoil(self, listing: Listing) -> Any:
        return listing


class PlainData(Bad):
    def spoil(self, listing: Listing) -> Any:
        return msgspec.to_builtins(listing)


class WrongTypes(Bad):
    def spoil(self, listing: Listing) -> Any:
        return self.with_first(listing, port="80")

    def with_first(self, listing: Listing, **fields: Any) -> Listing:
        first = msgspec.structs.replace(listing.instances[0], **fields)
        return msgspec.structs.replace(listing, instances=(first, *listing.instances[1:]))


class Lists(Bad):
    def spoil(self, listing: Listing) -> Any:
        return msgspec.structs.replace(listing, instances=list(listing.instances))


class OnlyWhatIsUp(Bad):
    def spoil(self, listing: Listing) -> Any:
        return msgspec.structs.replace(listing, instances=listing.up)


class AnotherOrder(Bad):
    def spoil(self, listing: Listing) -> Any:
        return msgspec.structs.replace(listing, instances=listing.instances[::-1])


class Restless(Bad):
    def spoil(self, listing: Listing) -> Any:
        return msgspec.structs.replace(listing, registry=f"{listing.registry}/{self.times}")


class Nameless(Bad):
    def spoil(self, listing: Listing) -> Any:
        return msgspec.structs.replace(listing, service="")


class NotToBeDialled(WrongTypes):
    def spoil(self, listing: Listing) -> Any:
        return self.with_first(listing, port=0)


class TellsThePassword(Bad):
    def spoil(self, listing: Listing) -> Any:
        return msgspec.structs.replace(listing, registry=f"http://alice:{SECRET}@x")


class TakesAnyParameter(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        return super().__call__(msgspec.structs.replace(lookup, params={}), terms)


class CallsAllUnknown(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        try:
            return super().__call__(lookup, terms)
        except DiscoveryError as exc:
            raise UnknownService(str(exc)) from exc


class KnowsNoUnknown(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        try:
            return super().__call__(lookup, terms)
        except UnknownService as exc:
            raise NoInstance(str(exc)) from exc


class ShoutsInColour(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        try:
            return super().__call__(lookup, terms)
        except UnknownService as exc:
            raise UnknownService(f"\x1b[31m{exc}") from exc


class ComplainsOfThePassword(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        try:
            return super().__call__(lookup, terms)
        except UnknownService as exc:
            raise UnknownService(f"{exc} with {terms.password('x', 'alice')}") from exc


class FailsWhereNobodyIs(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        try:
            return super().__call__(lookup, terms)
        except DiscoveryError as exc:
            raise exc if isinstance(exc, UnknownService) else ConnectionError("x") from exc


class WaitsForEver(Bad):
    over = threading.Event()

    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        if terms.timeout_s == source_check.SHORT_S:
            self.over.wait()
        return super().__call__(lookup, terms)


class TrustsWhatItReads(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        try:
            return super().__call__(lookup, terms)
        except DiscoveryError as exc:
            raise KeyError("id") if "makes no sense" in str(exc) else exc from exc


class EndsTheProcess(Bad):
    def __call__(self, lookup: Lookup, terms: Terms) -> Any:
        raise SystemExit(0)


KNOWN = "acme://REGISTRY/checkout: "


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (PlainData, f"{KNOWN}it gives neither Listing, DiscoveryError nor PlanError: {{'service': 'checkout', "),
        (WrongTypes, f"{KNOWN}it answers no listing: Expected `int`, got `str` - at `$.instances[0].port`"),
        (Lists, f"{KNOWN}what it gives cannot be saved and read back as it is"),
        (OnlyWhatIsUp, f"{KNOWN}it lists 'a' UP"),
        (AnotherOrder, f"{KNOWN}it lists 'b' DOWN, 'a' UP"),
        (Restless, f"{KNOWN}asked again it gives something else"),
        (Nameless, f"{KNOWN}no service to speak of: ''"),
        (NotToBeDialled, f"{KNOWN}instance 'a': port 0 does not exist: ports are 1 to 65535"),
        (TellsThePassword, f"{KNOWN}the password is in the listing"),
        (EndsTheProcess, f"{KNOWN}it gives neither Listing, DiscoveryError nor PlanError: SystemExit(0)"),
        (
            TakesAnyParameter,
            "acme://REGISTRY/checkout?no-such-parameter=1: a parameter that there is not has to be a PlanError that "
            "names it, not Listing(",
        ),
        (
            KnowsNoUnknown,
            "acme://REGISTRY/nowhere: a name that is not known has to be an UnknownService with nowhere, not "
            "NoInstance(",
        ),
        (ShoutsInColour, r"acme://REGISTRY/nowhere: no line to show: '\x1b[31mhttp://"),
        (ComplainsOfThePassword, "acme://REGISTRY/nowhere: the password is in what is wrong"),
        (
            CallsAllUnknown,
            "acme://alice@{server}/checkout, with nobody there: that has to be a DiscoveryError, and not that a "
            "service is unknown: UnknownService(",
        ),
        (FailsWhereNobodyIs, "acme://alice@127.0.0.1:"),
        (WaitsForEver, "acme://alice@127.0.0.1:"),
        (TrustsWhatItReads, "acme://alice@127.0.0.1:"),
    ],
)
def test_what_is_no_source(
    registry: str, source: Callable[[str], Bad], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    WaitsForEver.over.clear()
    if source is WaitsForEver:
        monkeypatch.setattr(source_check, "PATIENCE_S", 1.0)
    try:
        with pytest.raises(SourceFault) as caught:
            check(source(registry), registry)
    finally:
        WaitsForEver.over.set()
    assert str(caught.value).startswith(fault.replace("REGISTRY", registry))


def test_one_that_cannot_be_asked(registry: str) -> None:
    with pytest.raises(SourceFault) as caught:
        check_source(ACME.find, known=[Known(f"acme://{registry}/nowhere", {})])
    assert str(caught.value) == f"acme://{registry}/nowhere: http://{registry} does not know nowhere"


def test_ids_that_come_twice() -> None:
    twice = Listing(service="x", registry="y", instances=(Instance(id="a", host="h", port=1),) * 2)
    with pytest.raises(SourceFault, match="x at y has 2 instances with the id a"):
        check_source(lambda *_: twice, known=[_Twice("acme://x/y")])  # type: ignore[list-item]


class _Twice:
    """No mapping has a key twice; whoever gives such a thing is told about the listing all the same."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.instances = types.SimpleNamespace(items=lambda: [("a", Status.UP)] * 2)


def test_files_and_names(tmp_path: Path) -> None:
    """Of what all sources have in common: they have no parameters, and no server."""
    path = tmp_path / "targets"
    path.write_text("192.0.2.1:80\n")
    with pytest.raises(SourceFault, match="a parameter that there is not has to be a PlanError"):
        check_source(file.find, known=[Known(f"file://{path}", {"192.0.2.1:80": Status.UP})])
    check_source(dns.find, known=[Known("dns://192.0.2.1:80", {"192.0.2.1:80": Status.UP})])
