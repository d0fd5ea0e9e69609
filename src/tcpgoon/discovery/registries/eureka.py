"""``eureka://registry:8761/CHECKOUT``: the instances of an application, or behind a VIP address, as Eureka has them.

Its REST operations, as Netflix's server has them below ``/eureka/v2`` and Spring's below ``/eureka``. Both answer 404
to an application that they do not know as to a path that they do not have; their list of applications tells which.
"""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

import msgspec
import requests
from requests.auth import HTTPBasicAuth

from tcpgoon.discovery.allowed import is_here
from tcpgoon.discovery.http.failover import Refused, first_to_answer, servers_of
from tcpgoon.discovery.http.web import Web
from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.discovery.registries.eureka_data import ADDRESSES, Registered, instance_of, parse
from tcpgoon.discovery.terms import PASSWORD, Terms
from tcpgoon.errors import DiscoveryError, NoInstance, PlanError, UnknownService
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import Lookup

BASES = ("/eureka", "/eureka/v2")
"""Where Spring's server and Netflix's have their operations."""

PORT = 8761
"""Of Spring's server; behind TLS it is mostly a proxy that answers, at HTTPS's own."""

PORTS = {"": PORT, "http": PORT, "https": 443}
HOW_TO_GIVE_IT = f"in {PASSWORD}, in ~/.netrc, or by --registry-password-file"
REFUSALS = (requests.codes.unauthorized, requests.codes.forbidden)
TRUTH = {"true": True, "false": False}
MOST_ZONES = 5
"""That are named where another was asked for."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a registry."""

    bases: tuple[str, ...]
    app: str = ""
    vip: str = ""
    svip: str = ""
    zone: str = ""
    region: str = ""
    address: str = ""
    secure: bool = False

    @property
    def name(self) -> str:
        """What to call it."""
        return clipped(self.app or self.vip or self.svip)

    @property
    def path(self) -> str:
        """Where it is to be had, below the base. A region is told of with all applications only."""
        if self.region:
            return f"/apps?regions={quote(self.region, safe='')}"
        kind, name = ("apps", self.app) if self.app else ("vips", self.vip) if self.vip else ("svips", self.svip)
        return f"/{kind}/{quote(name, safe='')}"

    def names_of(self, registered: Registered) -> Iterable[str]:
        """Under which names of the kind that is asked for it goes."""
        return (registered.app,) if self.app else registered.vips if self.vip else registered.secure_vips

    def is_meant(self, registered: Registered) -> bool:
        """Whether it is one of those that are asked for. Eureka takes application names in any case."""
        if self.app:
            return self.app.casefold() == registered.app.casefold()
        return (self.vip or self.svip) in self.names_of(registered)


def find(lookup: Lookup, terms: Terms) -> Listing:
    """All instances of the application, or behind the VIP address, by their ids.

    Raises `UnknownService`, `NoInstance` where none is in the zone, `DiscoveryError` and `PlanError`.
    """
    wanted = wanted_of(lookup)
    servers = servers_of(lookup, PORTS[lookup.transport])
    return first_to_answer(servers, terms, lambda server, own: _Registry(server, lookup, own).listing(wanted))


# What is asked for.


def wanted_of(lookup: Lookup) -> Wanted:
    """What ``lookup`` asks for. Raises `PlanError` where it is not to be understood."""
    if lookup.transport not in PORTS:
        raise PlanError(f"{clipped(lookup.scheme)}:// is not known here: there are eureka:// and eureka+https://")
    params = {name: _known(name)(name, value.strip()) for name, value in lookup.params.items()}
    if "vip" in params and "svip" in params:
        raise PlanError(f"{str(lookup)!r} has both vip and svip: one of them is asked for")
    base = [part for part in lookup.path.split("/") if part]
    by_vip = "vip" in params or "svip" in params
    if not by_vip and not base:
        raise PlanError(f"{str(lookup)!r} names no application: write {lookup.scheme}://SERVER/NAME, or ?vip=ADDRESS")
    app = "" if by_vip else base.pop()
    given = {"secure": "svip" in params, **params}
    return msgspec.convert({"bases": _bases(base), "app": app, **given}, Wanted)


def _bases(parts: list[str]) -> tuple[str, ...]:
    """The base may be given as in the address of the list of applications, which ends in ``/apps``."""
    if not parts:
        return BASES
    return ("".join(f"/{part}" for part in (parts[:-1] if parts[-1] == "apps" else parts)),)


def _known(name: str) -> Callable[[str, str], object]:
    if name not in PARAMS:
        known = ", ".join(PARAMS)
        raise PlanError(f"eureka:// has no option {clipped(name)}{did_you_mean(name, PARAMS)} (there are {known})")
    return PARAMS[name]


def _word(name: str, value: str) -> str:
    if not value:
        raise PlanError(f"{name}= is empty")
    return value


def _truth(name: str, value: str) -> bool:
    if value not in TRUTH:
        raise PlanError(f"{name}={clipped(value)}: write {name}=true or {name}=false")
    return TRUTH[value]


def _address(name: str, value: str) -> str:
    if value not in ADDRESSES:
        near = did_you_mean(value, ADDRESSES)
        raise PlanError(f"{name}={clipped(value)}: there are {', '.join(ADDRESSES)}{near}")
    return value


PARAMS: dict[str, Callable[[str, str], object]] = {
    "zone": _word,
    "region": _word,
    "vip": _word,
    "svip": _word,
    "secure": _truth,
    "address": _address,
}
"""The options, and what makes a value of each."""


# Asking.


class _Registry:
    """One server, asked within its own time."""

    def __init__(self, server: Target, lookup: Lookup, terms: Terms) -> None:
        self._server = server
        self._root = f"{lookup.transport or 'http'}://{server}"
        self._user = lookup.user
        self._password = terms.password(server.host, lookup.user) if lookup.user else None
        self._web = Web(terms)

    def listing(self, wanted: Wanted) -> Listing:
        """What it knows. Raises as `find` does."""
        for base in wanted.bases:
            known = self._known(base, wanted)
            if known is not None:
                return self._listing(base, wanted, known)
        tried = " nor ".join(clipped(base or "/") for base in wanted.bases)
        hint = "" if len(wanted.bases) == 1 else ": give the path before the name: eureka://SERVER/PATH/NAME"
        raise DiscoveryError(f"{self._root} has no Eureka at {tried} (404){hint}")

    def _known(self, base: str, wanted: Wanted) -> tuple[Registered, ...] | None:
        """What is asked for, or all that there is where it is not there; None where there is no Eureka."""
        found = self._get(base, wanted.path)
        if wanted.region or any(map(wanted.is_meant, found or ())):
            return found
        try:
            return self._get(base, "/apps")
        except Refused:
            raise
        except DiscoveryError as exc:
            raise UnknownService(
                f"{self._root}{base} does not know {wanted.name}, and what it knows cannot be listed: {exc}"
            ) from exc

    def _listing(self, base: str, wanted: Wanted, known: tuple[Registered, ...]) -> Listing:
        meant = [one for one in known if wanted.is_meant(one)]
        if not meant:
            raise UnknownService(f"{self._root}{clipped(base)} does not know {wanted.name}{_near(wanted, known)}")
        there = [one for one in meant if wanted.zone in ("", one.zone)]
        if not there:
            raise NoInstance(f"{wanted.name} has no instance in the zone {clipped(wanted.zone)}{_zones(wanted, meant)}")
        instances = [instance_of(one, wanted.address, secure=wanted.secure) for one in there]
        return Listing(
            service=meant[0].app if wanted.app else wanted.vip or wanted.svip,
            registry=f"{self._root}{base}",
            instances=tuple(_told_apart(sorted(instances, key=lambda one: (one.id, str(one))))),
            is_local=is_here(self._server.host),
        )

    def _get(self, base: str, path: str) -> tuple[Registered, ...] | None:
        """What it answers; None: 404."""
        url = f"{self._root}{quote(base)}{path}"
        response = self._web.get(url, headers={"Accept": "application/json"}, auth=self._signature())
        if response.status_code == requests.codes.not_found:
            return None
        if response.status_code in REFUSALS:
            raise self._refusal(response.status_code)
        if response.status_code != requests.codes.ok:
            raise DiscoveryError(f"{self._root}{clipped(base)} answers {_said(response)}")
        try:
            return parse(response.content)
        except DiscoveryError as exc:
            raise DiscoveryError(f"{self._root}{clipped(base)}: {exc}") from exc

    def _signature(self) -> HTTPBasicAuth | None:
        """In UTF-8 (RFC 7617 §2.1); requests would take Latin-1, and fail where that has no such letter."""
        if self._password is None:
            return None
        return HTTPBasicAuth(self._user.encode(), self._password.encode())

    def _refusal(self, status: int) -> DiscoveryError:
        if status == requests.codes.forbidden:
            # So says a server, too, that is waiting for its peers after its start: another may have them.
            whom = clipped(self._user) or "us without a user"
            return DiscoveryError(f"{self._root} does not let {whom} read, or has just started and is not ready (403)")
        if not self._user:
            remedy = f"write eureka://USER@SERVER/NAME, and give the password {HOW_TO_GIVE_IT}"
            return Refused(f"{self._root} asks for a user (401): {remedy}")
        if self._password is None:
            return Refused(
                f"{self._root} asks for the password of {clipped(self._user)} (401): give it {HOW_TO_GIVE_IT}"
            )
        return Refused(f"{self._root} does not take the password that was given for {clipped(self._user)} (401)")


def _said(response: requests.Response) -> str:
    said = f"{response.status_code} {clipped(response.reason or '')}".strip()
    is_tls = response.status_code == requests.codes.bad_request and str(response.url).startswith("http:")
    return f"{said}: it may speak TLS, which is eureka+https://" if is_tls else said


def _told_apart(instances: list[Instance]) -> Iterator[Instance]:
    """Two may have one id where several applications share a VIP address, or several regions an application."""
    seen: set[str] = set()
    for instance in instances:
        named = (
            instance if instance.id not in seen else msgspec.structs.replace(instance, id=f"{instance.id}@{instance}")
        )
        if named.id not in seen:
            seen.add(named.id)
            yield named


def _near(wanted: Wanted, known: Iterable[Registered]) -> str:
    names = sorted({name for one in known for name in wanted.names_of(one)})
    return did_you_mean(wanted.name, names) or ("" if names else ": it knows none")


def _zones(wanted: Wanted, meant: Iterable[Registered]) -> str:
    zones = sorted({one.zone for one in meant if one.zone})
    if not zones:
        return ": none says in which it is"
    return did_you_mean(wanted.zone, zones) or f": there are {', '.join(map(clipped, zones[:MOST_ZONES]))}"
