"""What Consul's HTTP API answers, as instances. Nothing is asked here: bytes come in.

The shape of ``/v1/health/service/NAME``: a list of a node, its instance of the service, and the checks of both. Where
Go has an empty list or map, it may write ``null``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, TypeVar

import msgspec

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.near import clipped
from tcpgoon.errors import DiscoveryError

LONGEST_SAID = 200
"""Characters of what a check says: its output is often a whole page."""

_MAINTENANCE = ("_node_maintenance", "_service_maintenance")
"""The ids of the checks by which an operator takes a node or an instance out."""

_STATUS = {"passing": Status.UP, "warning": Status.DOWN, "critical": Status.DOWN}
"""Whoever asks Consul for what is passing gets no instance with a warning; so does who asks us."""

_WORST_FIRST = ("maintenance", "critical", "", "warning", "passing")
"""As Consul itself adds checks up; the empty one is for what it does not know yet."""

_Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
_T = TypeVar("_T")


class _Struct(msgspec.Struct, frozen=True, rename="pascal"):
    """Its fields have the names that they have in Go."""


class _Locality(_Struct, frozen=True):
    region: str = ""
    zone: str = ""


class _Address(_Struct, frozen=True):
    address: str = ""
    port: _Port = 0


class _NamedPort(_Struct, frozen=True):
    name: str = ""
    port: _Port = 0


class _Weights(_Struct, frozen=True):
    passing: _Port = 1


class _Check(_Struct, frozen=True):
    check_id: str = msgspec.field(default="", name="CheckID")
    name: str = ""
    status: str = ""
    notes: str = ""
    output: str = ""

    @property
    def state(self) -> str:
        """Its status, or that it stands for a maintenance."""
        taken_out = self.check_id.partition(":")[0] in _MAINTENANCE
        return "maintenance" if taken_out else self.status if self.status in _STATUS else ""


class _Node(_Struct, frozen=True):
    node: str = ""
    address: str = ""
    datacenter: str = ""
    tagged_addresses: dict[str, str] | None = None
    locality: _Locality | None = None


class _Service(_Struct, frozen=True):
    id: str = msgspec.field(default="", name="ID")
    service: str = ""
    tags: list[str] | None = None
    address: str = ""
    tagged_addresses: dict[str, _Address] | None = None
    meta: dict[str, str] | None = None
    port: _Port = 0
    ports: list[_NamedPort] | None = None
    weights: _Weights | None = None
    locality: _Locality | None = None


class _Entry(_Struct, frozen=True):
    node: _Node
    service: _Service
    checks: list[_Check] | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the addresses and ports of an instance is dialled."""

    address: str = ""
    """The name of a tagged address (``wan``); empty: the service's own, or else that of its node."""
    port: str = ""
    """The name of one of several ports; empty: the one that is the default."""


def parse(data: bytes, wanted: Wanted) -> tuple[Instance, ...]:
    """The instances in ``data``, in Consul's order. Raises `DiscoveryError` where it is no such answer."""
    entries = _decoded(data, list[_Entry])
    many = Counter(entry.service.id for entry in entries)
    return tuple(_instance(entry, wanted, is_alone=many[entry.service.id] == 1) for entry in entries)


def parse_services(data: bytes) -> dict[str, tuple[str, ...]]:
    """The tags of each service, of ``/v1/catalog/services``. Raises `DiscoveryError` where it is no such answer."""
    known = _decoded(data, dict[str, list[str] | None])
    return {name: tuple(tags or ()) for name, tags in known.items()}


def parse_datacentres(data: bytes) -> list[str]:
    """Their names, of ``/v1/catalog/datacenters``. Raises `DiscoveryError` where it is no such answer."""
    return _decoded(data, list[str])


def _decoded(data: bytes, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=shape)
    except (ValueError, RecursionError) as exc:  # msgspec's own errors, and that of a text that is no UTF-8
        why = "it is nested too deeply" if isinstance(exc, RecursionError) else clipped(str(exc))
        raise DiscoveryError(f"its answer is none of Consul's: {why}") from exc


def _instance(entry: _Entry, wanted: Wanted, *, is_alone: bool) -> Instance:
    """An instance's id is its own agent's: on two nodes it may be the same."""
    service = entry.service
    host, port = _host(entry, wanted.address), _port(service, wanted)
    status, said = _health(entry.checks or ())
    if lacking := _lacking(wanted, host, port):
        status, said = Status.UNKNOWN, lacking
    return Instance(
        id=service.id if is_alone else f"{entry.node.node}/{service.id}",
        host=host or _host(entry, ""),
        port=port or service.port,
        status=status,
        said=said,
        zone=_zone(entry),
        metadata=_metadata(entry),
        weight=service.weights.passing if service.weights else 1,
    )


def _host(entry: _Entry, tag: str) -> str:
    """A service with an address of its own is not to be found at those of its node."""
    service, node = entry.service, entry.node
    if not tag:
        return service.address or node.address
    if tagged := (service.tagged_addresses or {}).get(tag):
        return tagged.address
    return "" if service.address else (node.tagged_addresses or {}).get(tag, "")


def _port(service: _Service, wanted: Wanted) -> int:
    if wanted.port:
        return next((named.port for named in service.ports or () if named.name == wanted.port), 0)
    tagged = (service.tagged_addresses or {}).get(wanted.address, _Address())
    return tagged.port or service.port


def _lacking(wanted: Wanted, host: str, port: int) -> str:
    """What it has not of what was asked for by name."""
    if wanted.address and not host:
        return f"has no {clipped(wanted.address)} address"
    return f"has no port {clipped(wanted.port)}" if wanted.port and not port else ""


def _health(checks: Iterable[_Check]) -> tuple[Status, str]:
    """The status that the worst check stands for, and what that one says; an instance without checks is up."""
    worst = min(checks, key=lambda check: _WORST_FIRST.index(check.state), default=None)
    if worst is None or worst.state == "passing":
        return Status.UP, ""
    if worst.state == "maintenance":
        return Status.OUT_OF_SERVICE, _joined("maintenance", worst.notes)
    said = _joined(worst.status, worst.name, worst.output)
    return _STATUS.get(worst.state, Status.UNKNOWN), said


def _joined(*parts: str) -> str:
    """``critical: disk: 98 % full`` on one line."""
    return clipped(": ".join(filter(None, (" ".join(part.split()) for part in parts))), LONGEST_SAID)


def _zone(entry: _Entry) -> str:
    """The most local place that is known of it."""
    places = (entry.service.locality, entry.node.locality)
    return next((place.zone for place in places if place and place.zone), entry.node.datacenter)


def _metadata(entry: _Entry) -> dict[str, str]:
    """Its own words go before ours."""
    return dict(_known(entry)) | (entry.service.meta or {})


def _known(entry: _Entry) -> Iterator[tuple[str, str]]:
    if entry.node.node:
        yield "node", entry.node.node
    if entry.service.tags:
        yield "tags", ",".join(entry.service.tags)
