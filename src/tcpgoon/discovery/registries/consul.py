"""``consul://server:8500/checkout?tag=canary&dc=eu``: all instances of a service, as Consul's HTTP API has them.

py-consul knows the API; what it sends goes through our bounded HTTP, and what comes back is parsed by `consul_data`.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn, TypeVar

import consul

from tcpgoon.discovery.allowed import is_here
from tcpgoon.discovery.http.failover import Refused, first_to_answer
from tcpgoon.discovery.http.web import Web
from tcpgoon.discovery.instance import Listing
from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.discovery.registries.consul_data import parse, parse_datacentres, parse_services
from tcpgoon.discovery.registries.consul_lookup import Api, Question, Token, api_of, question_of, token_of, trusted_ca
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, UnknownService
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import Lookup

_HOW = "give one in CONSUL_HTTP_TOKEN, in the file that CONSUL_HTTP_TOKEN_FILE names, or by ?token-file=PATH"
_NO_SUCH_DATACENTRE = b"No path to datacenter"
_POLICY = "X-Consul-Default-Acl-Policy"
_FILTERED = "X-Consul-Results-Filtered-By-ACLs"

_T = TypeVar("_T")


def find(lookup: Lookup, terms: Terms) -> Listing:
    """All instances of the service, whatever their checks say.

    Raises `DiscoveryError` where no server answers, or Consul refuses; `UnknownService` and `NoInstance` where it has
    none; `PlanError` for a lookup that is none of Consul's.
    """
    api, question, token, ca = api_of(lookup), question_of(lookup), token_of(lookup), trusted_ca(terms)

    def ask(server: Target, own: Terms) -> Listing:
        return _Conversation(api, server, question, token, Web(own), ca).listing()

    return first_to_answer(api.servers, terms, ask)


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Http:
    """Stands where py-consul has its HTTP, and hands over what comes: py-consul would parse it, whatever it is."""

    def __init__(self, web: Web, ca: str, uri: Callable[[str, Any], str]) -> None:
        self._web = web
        self._verify = ca or True
        self._uri = uri

    def get(self, callback: object, path: str, params: Any = None, headers: Any = None, **_: object) -> _Answer:
        """The answer to a request, not what ``callback`` would make of it."""
        answer = self._web.get(self._uri(path, params), headers=headers, verify=self._verify)
        return _Answer(answer.status_code, answer.headers, answer.content)


class _Conversation:
    """One server is asked one question."""

    def __init__(self, api: Api, server: Target, question: Question, token: Token, web: Web, ca: str) -> None:
        self._server = server
        self._url = api.url(server)
        self._where = clipped(self._url)
        self._question = question
        self._token = token
        # Host and port are given, so that CONSUL_HTTP_ADDR has no say in it; and what it finds in CONSUL_HTTP_TOKEN
        # is put aside: a file that was named goes before.
        self._client = consul.Consul(host=server.host, port=server.port, scheme=api.scheme, verify=True)
        self._client.token = token.secret
        self._client.http.base_uri = self._url
        self._client.http = _Http(web, ca, self._client.http.uri)

    def listing(self) -> Listing:
        """The instances of the service. Raises `DiscoveryError`."""
        asked = self._question
        answer = self._client.health.service(
            asked.service, tag=list(asked.tags), dc=asked.datacentre or None, near=asked.near or None
        )
        self._check(answer)
        instances = self._parsed(answer, lambda data: parse(data, asked.wanted))
        if not instances:
            self._say_why_none(answer)
        return Listing(
            service=asked.service,
            registry=self._url,
            instances=instances,
            is_local=is_here(self._server.host),
        )

    def _parsed(self, answer: _Answer, parse: Callable[[bytes], _T]) -> _T:
        try:
            return parse(answer.body)
        except DiscoveryError as exc:
            raise DiscoveryError(f"{self._where}: {exc}") from exc

    def _check(self, answer: _Answer) -> None:
        """Raise unless it is an answer to what was asked."""
        if answer.status == 200:
            return
        said = self._token.hidden_in(answer.body[:1000].decode(errors="replace").strip())
        says = f": {clipped(said)}" if said else ""
        if answer.status in (401, 403):
            raise Refused(f"{self._where} refuses to answer ({answer.status}{says}); {self._remedy()}")
        if _NO_SUCH_DATACENTRE in answer.body[:1000]:
            raise Refused(self._no_such_datacentre())
        kind = Refused if answer.status == 400 else DiscoveryError
        raise kind(f"{self._where} answers {answer.status}{says}")

    def _remedy(self) -> str:
        if not self._token.secret:
            return f"it takes an ACL token: {_HOW}"
        return f"the token {self._token.source} has to allow service:read and node:read"

    def _no_such_datacentre(self) -> str:
        asked, answer = self._question.datacentre, self._client.catalog.datacenters()
        known = self._parsed(answer, parse_datacentres) if answer.status == 200 else []
        there_are = f"; there are {', '.join(map(clipped, known[:3]))}{' …' if len(known) > 3 else ''}" if known else ""
        return f"{self._where} knows no datacentre {clipped(asked)}{did_you_mean(asked, known) or there_are}"

    def _say_why_none(self, answer: _Answer) -> NoReturn:
        """Consul answers an empty list for a service that it does not know, and for tags that no instance has."""
        asked, known, hidden = self._question, self._services(), self._hidden(answer)
        service, where = clipped(asked.service), self._where
        if asked.service not in known:
            near = did_you_mean(asked.service, known)
            raise UnknownService(f"{where} {'shows' if hidden else 'knows'} no service {service}{near or hidden}")
        if not asked.tags:
            raise NoInstance(f"{where} shows no instance of {service}{hidden}")
        tags = f"the tag{'s' * (len(asked.tags) > 1)} {', '.join(map(clipped, asked.tags))}"
        near = did_you_mean(asked.tags[0], known[asked.service]) if len(asked.tags) == 1 else ""
        raise NoInstance(f"no instance of {service} at {where} has {tags}{near}")

    def _services(self) -> dict[str, tuple[str, ...]]:
        answer = self._client.catalog.services(dc=self._question.datacentre or None)
        return self._parsed(answer, parse_services) if answer.status == 200 else {}

    def _hidden(self, answer: _Answer) -> str:
        """Consul leaves out what a token may not see, and does not tell who has none."""
        if not self._token.secret and answer.headers.get(_POLICY) != "allow":
            return f"; what takes an ACL token is not shown: {_HOW}"
        if answer.headers.get(_FILTERED) == "true":
            return f"; the token {self._token.source} does not allow to read all"
        return ""
