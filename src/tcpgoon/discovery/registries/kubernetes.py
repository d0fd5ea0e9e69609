"""``k8s://namespace/service:port``: the endpoints of a service of Kubernetes, of its EndpointSlices."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import urllib3
from kubernetes.client.rest import RESTClientObject

from tcpgoon.discovery.allowed import is_here
from tcpgoon.discovery.http.measured import Measuring
from tcpgoon.discovery.http.web import CHUNK, origin, reason, too_large, too_late
from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.discovery.registries import kubernetes_data as data
from tcpgoon.discovery.registries.kubernetes_config import Access, access
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, UnknownService
from tcpgoon.plan.endpoint import Family
from tcpgoon.plan.lookup import Lookup

FORM = "k8s://NAMESPACE/SERVICE:PORT, or k8s:///SERVICE for the namespace of the context and the only port"
PARAMS = ("context", "kubeconfig")

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tcpgoon"}
MOST_PORT = 65_535
PAGE = 100
"""Slices that are asked for at once: ten thousand endpoints at most, some megabytes."""

SLICES = "endpointslices.discovery.k8s.io"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1123: what names of namespaces, services and ports are."""


class Asked(NamedTuple):
    """What the expression asks for; empty where it says nothing."""

    namespace: str
    service: str
    port: str | int
    """Its name, or its number."""


def find(lookup: Lookup, terms: Terms) -> Listing:
    """The endpoints of the service. Raises `DiscoveryError`; `UsageError` where there is no way to the cluster."""
    asked = asked_by(lookup)
    way = access(lookup.params.get("context", ""), lookup.params.get("kubeconfig", ""))
    asked = asked._replace(namespace=asked.namespace or way.namespace)
    api = Api(way, terms)
    slices = api.slices(asked.namespace, asked.service)
    if slices:
        port = _port(api, slices, asked)
        instances = _instances(slices, port, asked, terms.family)
    else:
        port, instances = asked.port, _none(api, asked)
    return Listing(
        service=f"{asked.namespace}/{asked.service}" + (f":{port}" if port else ""),
        registry=api.address,
        instances=instances,
        is_local=is_here(urlsplit(api.address).hostname or ""),
    )


def asked_by(lookup: Lookup) -> Asked:
    """What ``lookup`` asks for. Raises `PlanError` where it is not of the form."""
    service, colon, port = lookup.path.removeprefix("/").partition(":")
    namespace = "".join(lookup.servers)
    if lookup.transport or lookup.user or len(lookup.servers) > 1 or not service or (colon and not port):
        raise PlanError(f"{str(lookup)!r} is not of the form {FORM}")
    for name in lookup.params:
        if name not in PARAMS:
            known = did_you_mean(name, PARAMS) or f"; there are {' and '.join(PARAMS)}"
            raise PlanError(f"{str(lookup)!r}: k8s:// knows no {clipped(name)}{known}")
    for what, name in (("namespace", namespace), ("service", service), ("port", port)):
        if name and not _LABEL.fullmatch(name):
            raise PlanError(f"{clipped(name)!r} is no name of a {what}: those have a-z, 0-9 and -, 63 at most")
    if not port.isdigit():
        return Asked(namespace, service, port)
    if not 1 <= int(port) <= MOST_PORT:
        raise PlanError(f"port {port} is not between 1 and {MOST_PORT}")
    return Asked(namespace, service, int(port))


class Api:
    """The API of one cluster. All of its methods raise `DiscoveryError`."""

    def __init__(self, way: Access, terms: Terms) -> None:
        self._way = way
        self._terms = terms
        self._left = terms.most_bytes
        configuration = way.configuration
        self._base = str(configuration.host).rstrip("/")
        self.address = origin(self._base)
        """Who answers, without what is secret."""
        self._late, self._large = f"{self.address} {too_late(terms)}", f"{self.address} {too_large(terms)}"
        configuration.verify_ssl = configuration.verify_ssl and terms.verify
        if not configuration.verify_ssl:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # whoever said so knows
        self._pool = RESTClientObject(configuration).pool_manager
        if terms.ca:
            ours = ("ca_cert_dir", "ca_certs") if Path(terms.ca).is_dir() else ("ca_certs", "ca_cert_dir")
            self._pool.connection_pool_kw |= dict(zip(ours, (terms.ca, None), strict=True))

    def slices(self, namespace: str, service: str) -> list[data.Slice]:
        """The slices of the service, all of them."""
        selector = f"{data.SERVICE_LABEL}={service}"
        slices: list[data.Slice] = []
        endpoints = 0
        for page in self._pages(namespace, selector):
            slices += page.items or ()
            endpoints += sum(len(one.endpoints or ()) for one in page.items or ())
            if endpoints > 2 * self._terms.most_instances:  # a pod has one in two families
                raise DiscoveryError(f"{self.address} lists more than {endpoints:,} endpoints of {service}: refused")
        return slices

    def service_names(self, namespace: str) -> tuple[str, ...]:
        """Services of the namespace that have endpoints, as many as come at once."""
        return data.service_names(next(self._pages(namespace, "")).items or ())

    def service(self, namespace: str, service: str) -> tuple[str, dict[int, str]] | None:
        """What `parse_service` makes of it; None: there is none, or we may not know."""
        status, answer = self._get(f"/api/v1/namespaces/{namespace}/services/{service}")
        return data.parse_service(answer, self.address) if status == 200 else None

    def namespaces(self) -> tuple[str, ...]:
        """As many as come at once; none where we may not know."""
        status, answer = self._get("/api/v1/namespaces", limit=str(PAGE))
        return data.parse_names(answer, self.address) if status == 200 else ()

    def _pages(self, namespace: str, selector: str) -> Iterator[data.Page]:
        query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
        while True:
            status, answer = self._get(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", **query)
            if status != 200:
                raise DiscoveryError(self._refusal(status, answer, namespace))
            page = data.parse(answer, self.address)
            yield page
            if not page.following:
                return
            query["continue"] = page.following

    def _refusal(self, status: int, answer: bytes, namespace: str) -> str:
        said = data.parse_failure(answer)
        if status == 401:
            return f"{self.address} does not accept the credentials of {self._way.identity} (401): log in again"
        if status == 403:
            takes = f"may not list {SLICES} in namespace {namespace} (403): that takes a role with the verb list on it"
            return f"{self._way.identity} {takes}" + (f"; {self.address} says: {said}" if said else "")
        if status == 404:
            return f"{self.address} serves no {SLICES} of version v1 (404): is it a Kubernetes of 1.21 or later?"
        if 300 <= status < 400:
            return f"{self.address} redirects to another place ({status}): refused"
        return f"{self.address} answers {status}" + (f": {said}" if said else "")

    def _get(self, path: str, **query: str) -> tuple[int, bytes]:
        """Status and content of what is at ``path``."""
        url = f"{self._base}{path}?{urlencode(query)}".rstrip("?")
        left_s = self._terms.left_s()
        if left_s <= 0:
            raise DiscoveryError(self._late)
        try:
            self._measure()
            response = self._pool.request(
                "GET",
                url,
                headers=HEADERS | self._way.headers,
                timeout=urllib3.Timeout(total=left_s),
                preload_content=False,
                redirect=False,
                retries=False,
            )
            try:
                return response.status, b"".join(self._read(response))
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            raise DiscoveryError(f"{self.address} cannot be asked: {reason(exc)}") from exc

    def _measure(self) -> None:
        """See to it that the connections are measured: the client bounds neither the size of an answer nor its time."""
        pool = self._pool.connection_from_url(self._base)
        if not isinstance(pool.ConnectionCls, Measuring):
            pool.ConnectionCls = Measuring(pool.ConnectionCls, self._terms, self._late, self._large)

    def _read(self, response: Any) -> Iterator[bytes]:
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise DiscoveryError(f"{self.address} sends a compressed answer ({clipped(encoding)}): refused")
        for chunk in response.stream(CHUNK, decode_content=False):
            # What is bounded is the whole look-up: its answer comes in as many parts as the server likes.
            self._left -= len(chunk)
            if self._left < 0:
                raise DiscoveryError(self._large)
            yield chunk


def _port(api: Api, slices: list[data.Slice], asked: Asked) -> str | int:
    """The port that is meant, by a name or a number that the slices know. Raises `UnknownService`."""
    known = data.ports(slices)
    if not any(one.endpoints for one in slices):
        return asked.port
    if not asked.port and len(known) == 1:
        return next(iter(known))
    if asked.port and any(one.endpoints and one.number(asked.port) is not None for one in slices):
        return asked.port
    # Clients of the service dial its own number, which need not be that of the endpoints.
    if isinstance(asked.port, int) and (service := api.service(asked.namespace, asked.service)):
        name = service[1].get(asked.port)
        if name in known:
            return name
    raise UnknownService(_which_port(known, asked))


def _which_port(known: dict[str, int | None], asked: Asked) -> str:
    shown = ", ".join(f"{clipped(name)} ({number})" if name else str(number) for name, number in known.items())
    where = f"service {asked.service} in namespace {asked.namespace}"
    if not known:
        return f"{where} has no TCP port"
    if not asked.port:
        return f"{where} has several ports: {clipped(shown, data.LONGEST_SAID)}: name one: {asked.service}:PORT"
    near = did_you_mean(str(asked.port), filter(None, known))
    return f"{where} has no TCP port {asked.port}{near or f'; it has {clipped(shown, data.LONGEST_SAID)}'}"


def _instances(slices: list[data.Slice], port: str | int, asked: Asked, family: Family) -> tuple[Instance, ...]:
    instances = data.instances(slices, port, family)
    if not instances and family is not Family.ANY and data.instances(slices, port, Family.ANY):
        raise UnknownService(
            f"service {asked.service} in namespace {asked.namespace} has no {family.value} endpoints, but others"
        )
    return instances


def _none(api: Api, asked: Asked) -> tuple[Instance, ...]:
    """Why there are no slices. Raises `UnknownService`, unless the service is there."""
    if service := api.service(asked.namespace, asked.service):
        alias = service[0]
        if alias:
            raise UnknownService(
                f"service {asked.service} in namespace {asked.namespace} has no endpoints: it is another name of "
                f"{clipped(alias)}: dns://{clipped(alias)}:PORT asks that"
            )
        return ()
    others = api.service_names(asked.namespace)
    namespaces = () if others else api.namespaces()
    if namespaces and asked.namespace not in namespaces:
        near = did_you_mean(asked.namespace, namespaces)
        raise UnknownService(f"{api.address} has no namespace {asked.namespace}{near}")
    near = did_you_mean(asked.service, others)
    raise UnknownService(f"{api.address} knows no service {asked.service} in namespace {asked.namespace}{near}")
