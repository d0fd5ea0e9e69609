"""All that a target stands for: each instance, and where it is. Nothing is dialled."""

from typing import Any

import msgspec

from tcpgoon.discovery.instance import Located
from tcpgoon.discovery.locate import locate
from tcpgoon.discovery.looked_up import listed
from tcpgoon.discovery.terms import TIMEOUT_S, Terms
from tcpgoon.plan.endpoint import Family, Target, parse_target
from tcpgoon.plan.lookup import Lookup, is_lookup, parse_lookup


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a target stands for."""

    lookup: str
    """The target, as it was given."""
    service: str
    """The name that the registry has it under."""
    registry: str
    """Who answered, without secrets."""
    instances: tuple[Located, ...]
    """All of them, whatever their status, the first to pick first."""

    @property
    def can_be_asked(self) -> bool:
        """Whether an instance is up, and can be dialled."""
        return any(one.instance.is_up and not one.problem for one in self.instances)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, which a ``file://`` target may hold: strings, numbers, lists, dicts."""
        instances = [
            {
                **msgspec.structs.asdict(one.instance),
                "addresses": [endpoint.address for endpoint in one.endpoints],
                "problem": one.problem,
            }
            for one in self.instances
        ]
        fields = {"lookup": self.lookup, "service": self.service, "registry": self.registry, "instances": instances}
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(fields))
        return plain


def resolve(
    target: str,
    *,
    family: Family = Family.ANY,
    timeout_s: float = TIMEOUT_S,
    verify: bool = True,
    ca: str = "",
    password_file: str = "",
    allow_local: bool = False,
) -> Found:
    """All instances of ``target``: ``host:port``, ``eureka://server/NAME``, ``srv://_http._tcp.name`` and so on.

    ``timeout_s`` bounds the whole. ``ca`` is a file or folder of certificates to trust, and ``password_file`` has the
    password of the user in ``target``. ``allow_local``: a registry elsewhere may name loopback and link-local
    addresses. Raises `PlanError` for a target that is none, `UsageError` where the library for it is not installed,
    `UnknownService` where the registry does not know the service, and `DiscoveryError` or `ResolutionError` where it
    cannot be asked or answers what makes no sense.
    """
    asked = parse_lookup(target) if is_lookup(target) else parse_target(target)
    terms = Terms(
        family=family, timeout_s=timeout_s, verify=verify, ca=ca, password_file=password_file, allow_local=allow_local
    )
    return found(asked, terms)


def found(asked: Target | Lookup, terms: Terms) -> Found:
    """All instances that ``asked`` stands for."""
    listing, terms = listed(asked, terms)
    return Found(
        lookup=str(asked),
        service=listing.service,
        registry=listing.registry,
        instances=locate(listing, listing.instances, terms),
    )
