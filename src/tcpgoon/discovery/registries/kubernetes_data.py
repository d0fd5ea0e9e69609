"""What the API of Kubernetes serves (``discovery.k8s.io/v1`` and ``v1``, as JSON) becomes instances. No I/O.

An EndpointSlice holds endpoints of one service and one kind of address, and the ports that all of them have. A service
has several: one for each hundred endpoints, for each kind of address, and for each set of port numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, TypeVar

import msgspec

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.near import clipped
from tcpgoon.errors import DiscoveryError
from tcpgoon.plan.endpoint import Family, family_of_or_none, host_port

SERVICE_LABEL = "kubernetes.io/service-name"
"""The label of a slice that names its service."""

LONGEST_SAID = 300
"""Characters of the API's own words that are repeated."""

_ADDRESSES = {"IPv4": 0, "FQDN": 1, "IPv6": 2}
"""The kinds of address, the first to dial first."""

_T = TypeVar("_T")


class _Conditions(msgspec.Struct):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class _Reference(msgspec.Struct):
    kind: str = ""
    name: str = ""


class _Endpoint(msgspec.Struct, rename="camel"):
    addresses: Annotated[list[str], msgspec.Meta(min_length=1)]
    conditions: _Conditions | None = None
    hostname: str | None = None
    node_name: str | None = None
    target_ref: _Reference | None = None
    zone: str | None = None


class _Port(msgspec.Struct):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class _Metadata(msgspec.Struct):
    name: str = ""
    labels: dict[str, str] | None = None


class Slice(msgspec.Struct, rename="camel"):
    """An EndpointSlice, as far as it is of use here."""

    address_type: str
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    endpoints: list[_Endpoint] | None = None
    ports: list[_Port] | None = None

    @property
    def tcp_ports(self) -> Iterator[_Port]:
        """Those that can be dialled."""
        return (port for port in self.ports or () if (port.protocol or "TCP") == "TCP")

    def number(self, asked: str | int) -> int | None:
        """The number of the port that is ``asked`` for by its name or its number; None: it has no such port."""
        if isinstance(asked, str):
            return next((port.port for port in self.tcp_ports if (port.name or "") == asked), None)
        # A headless service needs no ports, and a port without a number stands for all of them.
        numbers = {port.port for port in self.tcp_ports}
        return asked if not self.ports or numbers & {asked, None} else None


class _ListMetadata(msgspec.Struct):
    continue_: str | None = msgspec.field(name="continue", default=None)


class Page(msgspec.Struct):
    """A list of slices, or the part of it that came at once."""

    items: list[Slice] | None = None
    metadata: _ListMetadata = msgspec.field(default_factory=_ListMetadata)

    @property
    def following(self) -> str:
        """What to ask the next part with; empty: this is the last."""
        return self.metadata.continue_ or ""


class _Named(msgspec.Struct):
    metadata: _Metadata


class _Names(msgspec.Struct):
    items: list[_Named] | None = None


class _Spec(msgspec.Struct, rename="camel"):
    external_name: str | None = None
    ports: list[_Port] | None = None


class _Service(msgspec.Struct):
    spec: _Spec


class _Failure(msgspec.Struct):
    message: str


def parse(data: bytes, shown: str) -> Page:
    """The EndpointSlices in a list. Raises `DiscoveryError`, which names ``shown``."""
    return _parsed(data, Page, f"{shown} answers no EndpointSlices as Kubernetes has them")


def parse_names(data: bytes, shown: str) -> tuple[str, ...]:
    """The names of the objects in a list. Raises `DiscoveryError`, which names ``shown``."""
    wrong = f"{shown} answers no list as Kubernetes has them"
    return tuple(item.metadata.name for item in _parsed(data, _Names, wrong).items or ())


def parse_service(data: bytes, shown: str) -> tuple[str, dict[int, str]]:
    """Which name a service stands for, if it is but an alias; and the names of its TCP ports by their numbers.

    Raises `DiscoveryError`, which names ``shown``.
    """
    spec = _parsed(data, _Service, f"{shown} answers no service as Kubernetes has them").spec
    ports = [port for port in spec.ports or () if (port.protocol or "TCP") == "TCP"]
    return spec.external_name or "", {port.port: port.name or "" for port in ports if port.port is not None}


def parse_failure(data: bytes) -> str:
    """Why the API refuses, in its own words; empty where it has none."""
    try:
        return clipped(_parsed(data, _Failure, "").message, LONGEST_SAID)
    except DiscoveryError:
        return ""


def _parsed(data: bytes, kind: type[_T], wrong: str) -> _T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError) as exc:
        raise DiscoveryError(f"{wrong}: {clipped(str(exc))}") from exc


def service_names(slices: Iterable[Slice]) -> tuple[str, ...]:
    """The services that the slices are of."""
    names = ((one.metadata.labels or {}).get(SERVICE_LABEL, "") for one in slices)
    return tuple(dict.fromkeys(filter(None, names)))


def ports(slices: Iterable[Slice]) -> dict[str, int | None]:
    """The TCP ports of all that have endpoints: name → number (of the first that has it)."""
    found: dict[str, int | None] = {}
    for one in slices:
        for port in one.tcp_ports if one.endpoints else ():
            found.setdefault(port.name or "", port.port)
    return found


def instances(slices: Sequence[Slice], asked: str | int, family: Family) -> tuple[Instance, ...]:
    """Each endpoint that has the port ``asked``, once, in the order of the API.

    A pod that has an IPv4 and an IPv6 address is in a slice of each: it is one instance with two addresses.
    """
    found: dict[str, Instance] = {}
    for one in sorted(slices, key=lambda one: _ADDRESSES.get(one.address_type, len(_ADDRESSES))):
        number = one.number(asked)
        if number is None or not _is_wanted(one.address_type, family):
            continue
        for endpoint in one.endpoints or ():
            _add(found, _instance(endpoint, number))
    return tuple(found.values())


def _is_wanted(address_type: str, family: Family) -> bool:
    return family is Family.ANY or address_type not in ("IPv4", "IPv6") or address_type == family.value


def _add(found: dict[str, Instance], new: Instance) -> None:
    known = found.get(new.id)
    if known is None:
        found[new.id] = new
    elif str(new) == str(known):
        pass  # endpoints are in two slices while they are moved from one to the other
    elif _family(known) is Family.IPV4 and _family(new) is Family.IPV6 and known.port == new.port:
        found[new.id] = msgspec.structs.replace(known, addresses=(known.host, new.host))
    else:
        # Another of the same name: told apart by where it is.
        other = f"{new.id} ({new})"
        found.setdefault(other, msgspec.structs.replace(new, id=other))


def _family(instance: Instance) -> Family | None:
    return family_of_or_none(instance.host)


def _instance(endpoint: _Endpoint, port: int) -> Instance:
    # All addresses of an endpoint are alike, and clients may take the first (there never is another).
    host = endpoint.addresses[0]
    reference = endpoint.target_ref or _Reference()
    status, said = _status(endpoint.conditions or _Conditions())
    metadata = {
        "hostname": endpoint.hostname or "",
        "nodeName": endpoint.node_name or "",
        "targetRef": "/".join(filter(None, (reference.kind, reference.name))),
    }
    return Instance(
        id=reference.name or host_port(host, port),
        host=host,
        port=port,
        status=status,
        said=said,
        zone=endpoint.zone or "",
        metadata={name: value for name, value in metadata.items() if value},
    )


def _status(conditions: _Conditions) -> tuple[Status, str]:
    """A condition that is not there is unknown: then ready is taken for true, and serving for the same as ready."""
    ready = conditions.ready is not False
    serving = ready if conditions.serving is None else conditions.serving
    if conditions.terminating:
        return (Status.OUT_OF_SERVICE, "terminating") if serving else (Status.DOWN, "terminating, not serving")
    return (Status.UP, "") if ready else (Status.DOWN, "not ready")
