"""What is fuzzed: each parser, what it may raise, and what is made of its result.

A harness takes bytes. What it raises, beyond the errors that its parser says it does, is a finding.
"""

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import dns.exception
import dns.message
import msgspec

from tcpgoon.discovery.checked import checked
from tcpgoon.discovery.instance import Instance, Listing, Located
from tcpgoon.discovery.registries import consul_data, eureka_data, file_data, kubernetes_data, srv_data
from tcpgoon.discovery.resolution import Found
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, SavedFileError, UnknownService
from tcpgoon.plan.endpoint import Family, parse_target
from tcpgoon.plan.lookup import Lookup, parse_lookup
from tcpgoon.report.csv import csv
from tcpgoon.report.instances import resolved
from tcpgoon.report.whole import text
from tcpgoon.saved import file as saved_file
from tests.example import example

TESTS = Path(__file__).parents[1] / "discovery"
RECORDED = TESTS / "registries" / "recorded"
KUBERNETES = RECORDED / "kubernetes"


class Parser(NamedTuple):
    """A parser, and what to begin with."""

    harness: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def _file(data: bytes) -> None:
    try:
        instances = file_data.parse(data, "targets")
    except DiscoveryError as exc:
        _require_line(exc)
    else:
        listing = _listed(instances)
        if listing:
            # What is printed as JSON is a target too.
            again = file_data.parse(msgspec.json.encode(_found(listing).to_dict()), "targets")
            _require([one.id for one in again] == [one.id for one in listing.instances], "it is not read back")


def _lookup(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        lookup = parse_lookup(text)
    except PlanError as exc:
        _require(str(exc).isprintable(), "a terminal would obey it")
    else:
        _require(parse_lookup(str(lookup)) == lookup, "it is not read back")
        msgspec.json.decode(msgspec.json.encode(lookup), type=Lookup)


def _target(data: bytes) -> None:
    try:
        target = parse_target(data.decode("utf-8", "surrogateescape"))
    except PlanError as exc:
        _require(str(exc).isprintable(), "a terminal would obey it")
    else:
        _require(parse_target(str(target)) == target, "it is not read back")
        _require(str(target).isprintable(), "a terminal would obey it")


def _eureka(data: bytes) -> None:
    try:
        found = eureka_data.parse(data)
    except DiscoveryError as exc:
        _require_line(exc)
        return
    for address in ("", *eureka_data.ADDRESSES):
        _listed([eureka_data.instance_of(one, address, secure=bool(address)) for one in found])


def _consul(data: bytes) -> None:
    for parse in (consul_data.parse_services, consul_data.parse_datacentres):
        try:
            parse(data)
        except DiscoveryError as exc:
            _require_line(exc)
    for wanted in (consul_data.Wanted(), consul_data.Wanted(address="wan", port="http")):
        try:
            _listed(consul_data.parse(data, wanted))
        except DiscoveryError as exc:
            _require_line(exc)


def _kubernetes(data: bytes) -> None:
    _require(kubernetes_data.parse_failure(data).isprintable(), "a terminal would obey it")
    for parse in (kubernetes_data.parse_names, kubernetes_data.parse_service):
        try:
            parse(data, "it")
        except DiscoveryError as exc:
            _require_line(exc)
    try:
        slices = kubernetes_data.parse(data, "it").items or ()
    except DiscoveryError as exc:
        _require_line(exc)
        return
    kubernetes_data.service_names(slices)
    names: list[str | int] = ["http", "", 80, *kubernetes_data.ports(slices)]
    for port in names[:6]:
        for family in Family:
            _listed(kubernetes_data.instances(slices, port, family))


def _srv(data: bytes) -> None:
    try:
        found = srv_data.found_in(dns.message.from_wire(data))
    except dns.exception.DNSException as exc:
        _require_line(srv_data.nonsense(exc))
    except DiscoveryError as exc:
        _require_line(exc)
    else:
        _require(srv_data.spoken(found.name).isprintable(), "a terminal would obey it")
        known = srv_data.addresses_in(found.records)
        _listed([srv_data.instance_of(offer, found.ttl, known) for offer in srv_data.offers_in(found)])


def _saved(data: bytes) -> None:
    """A file, of which text and table are reported."""
    try:
        outcome = saved_file.load(io.BytesIO(data))
    except SavedFileError as exc:
        _require_line(exc)
        return
    for line in text(outcome).splitlines():
        _require(line.isprintable(), "a terminal would obey it")
    for _ in csv(outcome):
        pass
    _require(saved_file.load(io.BytesIO(saved_file.saved(outcome))).to_dict() == outcome.to_dict(), "it is not kept")


def _saved_text(data: bytes) -> None:
    """What such a file says, with the rows that it had."""
    _saved(_archived(_MEMBERS | {"outcome.json": data}))


def _archived(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_SAVED = saved_file.saved(example())
_MEMBERS = _members(_SAVED)


def _listed(instances: Iterable[Instance]) -> Listing | None:
    """All that is made of ``instances``, up to what is printed; None where they are refused."""
    try:
        listing = checked(Listing(service="x", registry="y", instances=tuple(instances)), Terms())
    except (DiscoveryError, UnknownService) as exc:
        _require_line(exc)
        return None
    found = _found(listing)
    for line in resolved(found, None).splitlines():
        _require(line.isprintable(), "a terminal would obey it")
    msgspec.json.encode(found.to_dict())
    for instance in listing.up:
        _require(str(instance.target).isprintable(), "a terminal would obey it")
    return listing


def _found(listing: Listing) -> Found:
    located = tuple(Located(instance=one, host=one.host) for one in listing.instances)
    return Found(lookup="x", service=listing.service, registry=listing.registry, instances=located)


def _require_line(exc: Exception) -> None:
    _require(str(exc).isprintable() and len(str(exc)) < 3_000, f"no line that can be shown: {exc!r}"[:300])


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise AssertionError(fault)


def _recorded(folder: Path) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(folder.iterdir()))


def _answer(*records: str) -> bytes:
    """An answer of a name server, with ``records`` in its answer section."""
    text = "\n".join(
        ("id 1", "opcode QUERY", "rcode NOERROR", "flags QR AA", ";QUESTION", "_x._tcp.a. IN SRV", ";ANSWER", *records)
    )
    return dns.message.from_text(text).to_wire()


PARSERS = {
    "file": Parser(
        _file,
        (
            b"10.0.0.5:8080 # one\ncheckout.local:80\n[::1]:443\n",
            b'["10.0.0.5:8080", "checkout.local:8080"]',
            b'[{"host": "10.0.0.5", "port": 8080, "id": "a", "weight": 2, "addresses": ["10.0.0.6"], "others": ["b"]}]',
            b'{"instances": [{"host": "a", "port": 1, "status": "DOWN", "said": "x", "metadata": {"a": "b"}}]}',
            b'[{"targets": ["10.0.0.5:8080"], "labels": {"job": "x"}}]',
        ),
    ),
    "lookup": Parser(
        _lookup,
        (
            b"eureka+https://user@a:1,b/eureka/CHECKOUT?zone=eu&x=%20",
            b"file:///etc/targets.json",
            b"k8s://namespace/checkout:http",
            b"-",
        ),
    ),
    "target": Parser(_target, (b"a:80", b"[::1]:80", b"tcp://h:1/", b"[fe80::1%eth0]:1")),
    "eureka": Parser(_eureka, _recorded(RECORDED / "eureka")),
    "consul": Parser(_consul, _recorded(RECORDED / "consul")),
    "kubernetes": Parser(_kubernetes, _recorded(KUBERNETES)),
    "saved": Parser(_saved, (_archived(_MEMBERS), _SAVED)),
    "saved-text": Parser(_saved_text, (_MEMBERS["outcome.json"],)),
    "srv": Parser(
        _srv,
        (
            _answer("_x._tcp.a. 300 IN SRV 1 2 80 h.a.", "h.a. 60 IN A 192.0.2.1", "h.a. 60 IN AAAA 2001:db8::1"),
            _answer("_x._tcp.a. 300 IN CNAME _y._tcp.a.", "_y._tcp.a. 60 IN SRV 0 0 1 ."),
        ),
    ),
}
"""Each by the name that it is asked for by."""
