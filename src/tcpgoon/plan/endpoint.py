"""What is dialled: a target as it was asked for, and the one address and port that it was resolved to."""

import ipaddress
import re
from enum import Enum

import msgspec

from tcpgoon.errors import PlanError

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)")
_HOST_PORT = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>[^:]*)")
_HOST = re.compile(r"[^\s/\[\]\x00-\x1f\x7f]{1,253}\.?")
_FORMS = "write host:port, [v6]:port or tcp://host:port"


class Family(Enum):
    """Which addresses of a name may be dialled."""

    ANY = "any"
    IPV4 = "IPv4"
    IPV6 = "IPv6"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host (name or address, no brackets) and a port, as the user gave them.

    Raises `PlanError` for an empty host, one with spaces, slashes or what a terminal would obey, and a port outside
    1–65535.
    """

    host: str
    port: int

    def __post_init__(self) -> None:
        if not _is_plain(self.host) or (":" in self.host and not is_address(self.host)):
            raise PlanError(f"{self.host!r} is not a host name or address")
        if not 1 <= self.port <= 65_535:
            raise PlanError(f"port {self.port} does not exist: ports are 1 to 65535")

    @property
    def by_address(self) -> bool:
        """Whether the host is itself an address, so that there is nothing to resolve."""
        return is_address(self.host)

    def __str__(self) -> str:
        return host_port(self.host, self.port)


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One address and port that is dialled: resolved once, never again behind the user's back."""

    address: str
    port: int

    @property
    def family(self) -> Family:
        """The family of its address."""
        return family_of(self.address)

    def __str__(self) -> str:
        return host_port(self.address, self.port)


def parse_target(text: str) -> Target:
    """The target in ``host:port``, ``[v6]:port`` or ``tcp://host:port``. Raises `PlanError`."""
    rest = text.strip()
    if scheme := _SCHEME.fullmatch(rest):
        if scheme["scheme"].lower() != "tcp":
            raise PlanError(f"{text!r}: {scheme['scheme']}:// is not known here; {_FORMS}")
        rest = scheme["rest"].removesuffix("/")
    match = _HOST_PORT.fullmatch(rest)
    if match is None:
        raise PlanError(f"{text!r} {_what_is_missing(rest)}; {_FORMS}")
    if match["v6"] is not None and family_of_or_none(match["v6"]) is not Family.IPV6:
        raise PlanError(f"{text!r}: {match['v6']!r} in brackets is not an IPv6 address")
    return Target(match["v6"] or match["host"] or "", parse_port(match["port"]))


def parse_host_and_port(host: str, port: str) -> Target:
    """The target of the two-word form; an IPv6 address may come with or without brackets. Raises `PlanError`."""
    if host.startswith("[") and host.endswith("]"):
        return parse_target(f"{host}:{port}")
    return Target(host, parse_port(port))


def parse_port(text: str) -> int:
    """The port in ``text``. Raises `PlanError` unless it is a number from 1 to 65535."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65_535):
        raise PlanError(f"{text!r} is not a port: ports are 1 to 65535")
    return int(text)


def host_port(host: str, port: int) -> str:
    """``host:port``, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_address(host: str) -> bool:
    """Whether ``host`` is an IPv4 or IPv6 address rather than a name."""
    return family_of_or_none(host) is not None


def is_loopback(address: str) -> bool:
    """Whether ``address`` is one that no packet leaves its machine from."""
    return ipaddress.ip_address(address).is_loopback


def family_of_or_none(host: str) -> Family | None:
    """The family of the address ``host``, `None` where it is a name."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    if not _is_plain(host):  # the zone of an IPv6 address may have anything in it
        return None
    return Family.IPV4 if version == 4 else Family.IPV6


def family_of(address: str) -> Family:
    """The family of ``address``. Raises `PlanError` where it is none."""
    family = family_of_or_none(address)
    if family is None:
        raise PlanError(f"{address!r} is not an IP address")
    return family


def _is_plain(host: str) -> bool:
    return _HOST.fullmatch(host) is not None and host.isprintable()


def _what_is_missing(rest: str) -> str:
    if is_address(rest) and ":" in rest:
        return "is an IPv6 address without brackets and port"
    if ":" not in rest:
        return "has no port"
    return "is not a target"
