"""What a ``consul://`` lookup and Consul's own environment variables say: whom to ask, what, with which token."""

import os
import re
from typing import NamedTuple
from urllib.parse import quote

from tcpgoon.discovery.certificates import check_certificates
from tcpgoon.discovery.http.failover import servers_of
from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.discovery.registries.consul_data import Wanted
from tcpgoon.discovery.secrets import read_secret
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Target, parse_target
from tcpgoon.plan.lookup import Lookup

FORM = "write consul://server:8500/service"
PORTS = {"http": 8500, "https": 8501}
"""Consul's own."""

PARAMS = ("address", "dc", "near", "port", "tag", "token-file")
"""What may follow the question mark."""

_ADDRESS, _SSL, _CA = "CONSUL_HTTP_ADDR", "CONSUL_HTTP_SSL", "CONSUL_CACERT"
_TOKEN, _TOKEN_FILE = "CONSUL_HTTP_TOKEN", "CONSUL_HTTP_TOKEN_FILE"
_PORTS_OF_URLS = {"http": 80, "https": 443}
_ADDRESS_FORM = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<server>(?:\[[^\]@/]*\]|[^:\[\]@/?#]+)(?P<port>:\d+)?)(?P<path>(?:/[^/?#@]+)*)/?"
)
_TOKEN_FORM = re.compile(r"[\x21-\x7e]{1,1000}")


class Api(NamedTuple):
    """Where Consul's HTTP API is: the servers that have it, and the path below which it begins."""

    scheme: str
    servers: tuple[Target, ...]
    prefix: str = ""

    def url(self, server: Target) -> str:
        """Below which ``/v1`` is."""
        return f"{self.scheme}://{server}{quote(self.prefix)}"


class Token(NamedTuple):
    """An ACL token, which is never shown."""

    secret: str = ""
    source: str = ""
    """Where it comes from, in words."""

    def __repr__(self) -> str:
        return f"Token(source={self.source!r})"

    def hidden_in(self, text: str) -> str:
        """``text`` without it."""
        return text.replace(self.secret, "[the token]") if self.secret else text


class Question(NamedTuple):
    """What Consul is asked."""

    service: str
    tags: tuple[str, ...] = ()
    datacentre: str = ""
    near: str = ""
    wanted: Wanted = Wanted()


def question_of(lookup: Lookup) -> Question:
    """Raises `PlanError` where it names no service, or has an option that there is not."""
    for name in lookup.params:
        if name not in PARAMS:
            near = did_you_mean(name, PARAMS) or f"; there are {', '.join(PARAMS)}"
            raise PlanError(f"consul:// has no option {clipped(name)}{near}")
    if lookup.user:
        raise PlanError(f"consul:// takes an ACL token and no user: it is read from {_TOKEN} or ?token-file=PATH")
    *_, service = _segments(lookup.path)
    given = lookup.params.get
    return Question(
        service=service,
        tags=tuple(filter(None, given("tag", "").split(","))),
        datacentre=given("dc", ""),
        near=given("near", ""),
        wanted=Wanted(address=given("address", ""), port=given("port", "")),
    )


def api_of(lookup: Lookup) -> Api:
    """Of the servers in order; none named: of that in CONSUL_HTTP_ADDR, or else of this machine. Raises `PlanError`."""
    if lookup.transport not in ("", *PORTS):
        raise PlanError(f"{clipped(lookup.scheme)}:// is not known here: there are consul:// and consul+https://")
    if not lookup.servers:
        return _of_the_environment(lookup)
    scheme = lookup.transport or "http"
    return Api(scheme, servers_of(lookup, PORTS[scheme]), _prefix(lookup.path))


def token_of(lookup: Lookup) -> Token:
    """The token, of the file that the lookup names or as Consul's own commands find it. Raises `PlanError`."""
    if path := lookup.params.get("token-file"):
        return _checked(Token(read_secret(path, "token-file"), f"of {clipped(path)}"))
    if path := os.environ.get(_TOKEN_FILE):
        return _checked(Token(read_secret(path, _TOKEN_FILE), f"of {_TOKEN_FILE}"))
    if secret := os.environ.get(_TOKEN):
        return _checked(Token(secret, f"of {_TOKEN}"))
    return Token()


def trusted_ca(terms: Terms) -> str:
    """The file that CONSUL_CACERT names, where nothing else was said. Raises `PlanError` where it holds none."""
    path = os.environ.get(_CA, "")
    if terms.ca or not terms.verify or not path:
        return ""
    check_certificates(path, _CA)
    return path


def _checked(token: Token) -> Token:
    """What is no header would be refused later, in words that show it."""
    if not _TOKEN_FORM.fullmatch(token.secret):
        raise PlanError(f"the token {token.source} is none: it has to be one word of printable ASCII")
    return token


def _segments(path: str) -> list[str]:
    segments = path.removeprefix("/").split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise PlanError(f"consul://…{clipped(path)} names no service; {FORM}")
    return segments


def _prefix(path: str) -> str:
    """What stands before the service: the path below which a proxy has the API."""
    return "".join(f"/{segment}" for segment in _segments(path)[:-1])


def _of_the_environment(lookup: Lookup) -> Api:
    """As Consul's own commands read it. It is not shown: there may be a password in it."""
    given = os.environ.get(_ADDRESS, "")
    is_secure = lookup.transport == "https" or os.environ.get(_SSL, "").lower() in ("1", "t", "true")
    default = "https" if is_secure else "http"
    if not given:
        return Api(default, (Target("127.0.0.1", PORTS[default]),), _prefix(lookup.path))
    match = _ADDRESS_FORM.fullmatch(given)
    if not match:
        raise PlanError(f"{_ADDRESS} is not of the form host:port, http://host:port or https://host:port")
    scheme = default if is_secure else match["scheme"] or default
    server = match["server"] if match["port"] else f"{match['server']}:{_PORTS_OF_URLS[scheme]}"
    return Api(scheme, (parse_target(server),), (match["path"] or "") + _prefix(lookup.path))
