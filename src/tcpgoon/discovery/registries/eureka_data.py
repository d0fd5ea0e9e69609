"""What a Eureka server answers, JSON or XML, as Netflix's and Spring's write it; and what is dialled of it.

The same tree, whichever of the two it is written in: ``applications`` > ``application`` > ``instance``. Either may be
one or a list of them, since the oldest servers made their JSON of the XML. So do numbers and truth values come as such
or as strings, and a port as ``{"$": 8080, "@enabled": "true"}`` or as ``<port enabled="true">8080</port>``.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.near import clipped
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.endpoint import Target, host_port

MOST_PARTS = 1_000_000
"""Values of an answer; the largest that may be sent has half as many when it is genuine. Each takes memory."""

MOST_ATTRIBUTES = 200_000
"""Of XML: an instance has three, and each takes more memory and time than an element."""

DEEPEST = 32
"""Elements in one another; a genuine answer has eight."""

LONGEST_VALUE = 1_000
"""Characters of a name or a value in the metadata of an instance."""

AMAZON = {"public-host": "public-hostname", "public-ip": "public-ipv4", "local-ip": "local-ipv4"}
"""The addresses that only Amazon's instances have, and what Amazon calls them."""

ADDRESSES = ("host", *AMAZON, "ip")
"""The kinds of addresses that an instance may have."""

_WEB_PAGE = re.compile(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as it is registered."""

    app: str
    id: str
    host: str
    ip: str
    status: str
    port: int
    port_enabled: bool
    secure_port: int
    secure_port_enabled: bool
    vips: frozenset[str]
    secure_vips: frozenset[str]
    amazon: dict[str, str]
    """What Amazon says of it; empty elsewhere."""
    metadata: dict[str, str]

    @property
    def zone(self) -> str:
        """Where it is, as it says itself or Amazon does."""
        return self.metadata.get("zone") or self.amazon.get("availability-zone", "")


def parse(data: bytes) -> tuple[Registered, ...]:
    """All instances in ``data``, of whatever applications. Raises `DiscoveryError` where it is not of Eureka."""
    content = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    parts = max(map(content.count, (b"{", b"[", b",", b"<")))
    if parts > MOST_PARTS:
        raise DiscoveryError(f"the answer has {parts:,} parts: refused")
    try:
        return tuple(_instances(_from_xml(content) if content[:1] == b"<" else _from_json(content)))
    except RecursionError as exc:
        raise DiscoveryError("the answer is nested too deeply") from exc


def instance_of(registered: Registered, address: str = "", *, secure: bool = False) -> Instance:
    """What is dialled of ``registered``.

    ``address`` says which of its addresses; without it, that is its host name, and the others are known for where that
    does not resolve. ``secure``: the secure port. What it lacks of that is said, and then it is not up.
    """
    hosts = _hosts(registered, address)
    port, fault = _port(registered, secure=secure)
    fault = fault if hosts else f"it has no address of the kind {address or 'host'}"
    status = Status(registered.status) if registered.status in Status.__members__ else Status.UNKNOWN
    foreign = "" if registered.status == status else clipped(registered.status) or "it has no status"
    first, *others = hosts or (registered.host or registered.ip,)
    return Instance(
        id=registered.id or host_port(first, port),
        host=first,
        port=port,
        status=Status.UNKNOWN if fault and status is Status.UP else status,
        said=", ".join(filter(None, (foreign, fault))),
        zone=registered.zone,
        metadata=registered.metadata,
        others=() if address else tuple(filter(_can_be_dialled, others)),
    )


def _hosts(registered: Registered, address: str) -> tuple[str, ...]:
    """Its addresses of that kind, or all of them, the best first. A private host name comes with a public one."""
    known = {name: registered.amazon.get(word, "") for name, word in AMAZON.items()}
    known = {"host": registered.host, **known, "ip": registered.ip}
    return tuple(dict.fromkeys(host for name, host in known.items() if host and address in ("", name)))


def _can_be_dialled(host: str) -> bool:
    try:
        Target(host, 1)
    except PlanError:
        return False
    return True


def _port(registered: Registered, *, secure: bool) -> tuple[int, str]:
    """The port, and why it is not to be dialled. Where the plain one is closed, the secure one is meant."""
    if not secure and registered.port_enabled:
        return registered.port, ""
    if registered.secure_port_enabled:
        return registered.secure_port, ""
    if secure:
        return registered.secure_port, "its secure port is not enabled"
    return registered.port, "no port of it is enabled"


# From the tree to what is registered.


def _instances(tree: Any) -> Iterator[Registered]:
    if not isinstance(tree, dict) or not tree.keys() & {"applications", "application"}:
        raise DiscoveryError("the answer is none of Eureka's: it has neither applications nor an application")
    top = tree.get("applications", tree)
    for application in _each(top, "application"):
        for instance in _each(application, "instance"):
            if not isinstance(instance, dict):
                raise DiscoveryError(f"an instance of {clipped(_text(application, 'name'))} is no object")
            yield _registered(instance, _text(application, "name"))


def _each(parent: Any, name: str) -> list[Any]:
    """The children of that name: none, one or a list. Where there are none, there may be an empty text as well."""
    if not isinstance(parent, dict):
        if parent in (None, "", []):
            return []
        raise DiscoveryError(f"what should hold each {name} is no object")
    found = parent.get(name)
    if isinstance(found, list):
        return found
    return [] if found in (None, "") else [found]


def _registered(instance: dict[str, Any], app: str) -> Registered:
    centre = instance.get("dataCenterInfo")
    amazon = _strings(centre.get("metadata")) if isinstance(centre, dict) else {}
    port, port_enabled = _number(instance.get("port"), enabled=True)
    secure_port, secure_port_enabled = _number(instance.get("securePort"), enabled=False)
    host = _text(instance, "hostName")
    return Registered(
        app=app or _text(instance, "app"),
        id=_text(instance, "instanceId") or amazon.get("instance-id") or host,
        host=host,
        ip=_text(instance, "ipAddr"),
        status=_text(instance, "status").upper(),
        port=port,
        port_enabled=port_enabled,
        secure_port=secure_port,
        secure_port_enabled=secure_port_enabled,
        vips=_names(instance, "vipAddress"),
        secure_vips=_names(instance, "secureVipAddress"),
        amazon=amazon,
        metadata=_strings(instance.get("metadata")),
    )


def _text(parent: Any, name: str) -> str:
    value = parent.get(name) if isinstance(parent, dict) else None
    return _string(value).strip()


def _names(instance: dict[str, Any], name: str) -> frozenset[str]:
    return frozenset(filter(None, (one.strip() for one in _text(instance, name).split(","))))


def _number(value: Any, *, enabled: bool) -> tuple[int, bool]:
    """A port, 0 where it is none; and whether it is enabled, ``enabled`` where nothing says so."""
    if isinstance(value, dict):
        enabled = _string(value.get("@enabled", enabled)).strip().lower() == "true"
        value = value.get("$")
    digits = _string(value).strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 5
    return int(digits) if is_number else 0, enabled and value is not None


def _strings(value: Any) -> dict[str, str]:
    """Metadata. An empty one has the name of its Java class in it."""
    if not isinstance(value, dict):
        return {}
    own = {name: one for name, one in value.items() if name != "$" and not name.startswith("@")}
    return {name[:LONGEST_VALUE]: _string(one)[:LONGEST_VALUE] for name, one in own.items()}


def _string(value: Any) -> str:
    """``value`` as text; what is nested, as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# From bytes to the tree.


def _from_json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:  # the latter for what is no UTF-8
        raise DiscoveryError(f"the answer is neither JSON nor XML: {clipped(str(exc))}") from exc


def _from_xml(data: bytes) -> Any:
    if _WEB_PAGE.match(data):
        raise DiscoveryError("the answer is a web page")
    if (attributes := data.count(b"=")) > MOST_ATTRIBUTES:
        raise DiscoveryError(f"the answer has {attributes:,} attributes: refused")
    tree = _Tree()
    parser = DefusedXMLParser(target=tree, forbid_dtd=True)
    try:
        parser.feed(data)
        return parser.close()
    except DefusedXmlException as exc:
        raise DiscoveryError("the answer is XML with a document type of its own: refused") from exc
    except (ParseError, ValueError, LookupError) as exc:  # the latter two for encodings
        raise DiscoveryError(f"the answer is no XML that can be read: {clipped(str(exc))}") from exc


class _Tree:
    """Makes of XML what JSON says of the same."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self._root, [])]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Called by the parser."""
        if len(self._open) > DEEPEST:
            raise DiscoveryError("the answer is nested too deeply")
        self._open.append(({f"@{name}": value for name, value in attributes.items()}, []))

    def data(self, text: str) -> None:
        """Called by the parser."""
        self._open[-1][1].append(text)

    def end(self, tag: str) -> None:
        """Called by the parser."""
        children, texts = self._open.pop()
        text = "".join(texts)
        has_elements = any(not name.startswith("@") for name in children)
        value: Any = children if has_elements else {**children, "$": text} if children else text
        parent = self._open[-1][0]
        known = parent.get(tag)
        if known is None:
            parent[tag] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            parent[tag] = [known, value]

    def close(self) -> dict[str, Any]:
        """Called by the parser; the root, by its name."""
        return self._root
