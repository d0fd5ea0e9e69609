"""The plan: everything that is asked, immutable, valid by construction, to and from plain data."""

import math
from enum import Enum
from typing import Any, Self

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Family, Target, family_of
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.requirements import Requirement, carries_all
from tcpgoon.plan.units import LONGEST_S

MOST_CONNECTIONS = 100_000_000
"""More than any host has descriptors for: a number beyond it is a typing error."""

MOST_SOURCES = 65_536
"""As many as the table can number."""


class Close(Enum):
    """How we close what we opened."""

    FIN = "fin"
    """Politely. The port stays in TIME_WAIT towards that destination for a minute."""
    RESET = "reset"
    """With RST, so that no TIME_WAIT stays behind."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open ``connections`` to ``target``, hold them, close them. Raises `PlanError` for a value out of range."""

    target: Target
    connections: int = 100
    """How many are to be held at once."""
    pacing: AllAtOnce | ConstantRate = ConstantRate(0.010)
    dial_timeout_s: float = 5.0
    max_dialing: int = 512
    """At most so many dials are in flight."""
    hold_s: float = 1.0
    """How long all are held after the last dial ended."""
    close: Close = Close.FIN
    family: Family = Family.ANY
    sources: tuple[str, ...] = ()
    """Local addresses to dial from, in turn; empty: the kernel's choice."""
    assurance: Assurance = Assurance.HANDSHAKE
    requirements: tuple[Requirement, ...] = ()
    """What has to hold for a PASS; empty: `required` says that all are held and none was lost."""
    force: bool = False
    """Go on even where a limit of this client makes the plan impossible."""

    def __post_init__(self) -> None:
        _in_range("number of connections", self.connections, 1, MOST_CONNECTIONS)
        _in_range("number of dials in flight", self.max_dialing, 1, MOST_CONNECTIONS)
        _in_range("hold", self.hold_s, 0, LONGEST_S)
        if self.dial_timeout_s <= 0:
            raise PlanError("a dial timeout of 0 fails every dial: it must be above 0")
        _in_range("dial timeout", self.dial_timeout_s, 0, LONGEST_S)
        _in_range("number of sources", len(self.sources), 0, MOST_SOURCES)
        if len(set(self.sources)) < len(self.sources):
            raise PlanError("a source is given twice: its ports are no more for that")
        for requirement in self.requirements:
            _in_range(f"limit of '{requirement}'", requirement.limit, 0, self.connections)
        if self.assurance is not Assurance.HANDSHAKE:
            raise PlanError(f"the assurance {self.assurance.name.lower()} cannot be given yet: it must be handshake")
        families = {family_of(source) for source in self.sources}
        families |= {family_of(self.target.host)} if self.target.by_address else set()
        families |= {self.family} - {Family.ANY}
        if len(families) > 1:
            raise PlanError("target, sources and -4/-6 do not agree: some are IPv4, some are IPv6")

    @property
    def dialled_family(self) -> Family:
        """The family that the target's name has to be resolved to: what -4/-6 says, or else that of the sources."""
        if self.sources and self.family is Family.ANY:
            return family_of(self.sources[0])
        return self.family

    @property
    def required(self) -> tuple[Requirement, ...]:
        """The requirements in force."""
        return self.requirements or carries_all(self.connections)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data: strings, numbers, lists, dicts."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The plan that `to_dict` gave. Raises `PlanError` where it is none, with the path of what is wrong."""
        try:
            return msgspec.convert(plain, cls)
        except (msgspec.ValidationError, UnicodeError) as exc:
            raise PlanError(f"not a plan: {exc}") from exc


def _in_range(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        shown = "beyond all reason" if 10**18 <= abs(value) < math.inf else value
        raise PlanError(f"the {what} is {shown}: it must be from {least:,} to {most:,.0f}")
