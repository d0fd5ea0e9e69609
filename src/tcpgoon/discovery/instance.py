"""What a registry knows: a service, and its instances."""

from enum import StrEnum

import msgspec

from tcpgoon.plan.endpoint import Endpoint, Target, host_port


class Status(StrEnum):
    """Whether an instance takes traffic, in the words of Eureka, whose are the finest."""

    UP = "UP"
    DOWN = "DOWN"
    """It is failing its check, or has said so."""
    STARTING = "STARTING"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    """Taken out on purpose: for maintenance, or because it is about to end."""
    UNKNOWN = "UNKNOWN"


class Instance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instance of a service, as its registry has it."""

    id: str
    """The registry's own, or else its ``host:port``; unique in its listing."""
    host: str
    """A name or an address."""
    port: int
    status: Status = Status.UP
    said: str = ""
    """What the registry says beyond the status: ``terminating``."""
    zone: str = ""
    metadata: dict[str, str] = {}
    priority: int = 0
    """Of SRV records: the lower is taken first."""
    weight: int = 1
    """Of SRV records: the share of those of one priority."""
    addresses: tuple[str, ...] = ()
    """The addresses of `host`, where the registry has told them; none: the system's resolver is asked."""
    others: tuple[str, ...] = ()
    """Hosts to dial where `host` does not resolve here, the best first: a name may be private."""

    @property
    def is_up(self) -> bool:
        """Whether it is picked without being asked for by its name."""
        return self.status is Status.UP

    @property
    def target(self) -> Target:
        """What is dialled. Raises `PlanError` where host and port are none."""
        return Target(self.host, self.port)

    def __str__(self) -> str:
        return host_port(self.host, self.port)


class Listing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a registry answered: all instances of a service, whatever their status, the first to pick first."""

    service: str
    """The name to speak of."""
    registry: str
    """Who answered, without secrets: ``http://registry:8761/eureka``."""
    instances: tuple[Instance, ...]
    is_local: bool = False
    """Whether the registry is on this machine: then it may name loopback addresses."""

    @property
    def up(self) -> tuple[Instance, ...]:
        """Those that are up."""
        return tuple(instance for instance in self.instances if instance.is_up)


class Located(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instance, and where it is: its name resolved, once."""

    instance: Instance
    host: str
    """The one of its hosts that `endpoints` are of."""
    endpoints: tuple[Endpoint, ...] = ()
    """The one to dial first."""
    problem: str = ""
    """Why it cannot be dialled; empty where it can."""


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the target of a run was found, and which instances are meant."""

    lookup: str
    """The expression that was looked up."""
    service: str
    registry: str
    how: str
    """How it was chosen: ``first``, ``random (seed 7)``, ``each``."""
    dialled: tuple[Instance, ...]
    """One; or all, in the order of the endpoints, where a plan is spread over them."""
    others: tuple[Instance, ...] = ()
    """Those that are listed too, and not asked."""
