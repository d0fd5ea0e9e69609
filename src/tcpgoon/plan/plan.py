"""The plan: everything that is asked, immutable, valid by construction, to and from plain data."""

import math
from enum import Enum
from typing import Any, Self

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Family, Target, family_of
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.probe import Exchange, ProbeAt, ProxyProtocol
from tcpgoon.plan.requirements import Field, Requirement, Unit, in_force
from tcpgoon.plan.sources import check_sources
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.plan.units import LONGEST_S

MOST_CONNECTIONS = 100_000_000
"""More than any host has descriptors for: a number beyond it is a typing error."""

MOST_WORKERS = 1_000
"""Processes that one run is split over: each takes some MB, and a thousand of them suffice for any machine."""

SHORTEST_EVERY_S = 0.1
"""What is repeated while connections are held is not repeated more often than that."""

HIGHEST_PID = 4_194_304
"""PID_MAX_LIMIT of Linux; the other systems have less."""

LONGEST_KEEPALIVE_S = 32_767
"""MAX_TCP_KEEPIDLE of Linux, nine hours."""

MOST_CONFIRM_RATE = 50_000.0
"""Beyond it the signs of life of one tick of a slow clock overflow the queue of received packets."""


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
    keepalive_s: float | None = None
    """Our kernel sends a TCP keepalive on each connection that has been idle for so long, in whole seconds; None: none,
    and what is idle sends nothing along the path."""
    close: Close = Close.FIN
    family: Family = Family.ANY
    sources: tuple[str, ...] = ()
    """Where to dial from, in turn: addresses, ranges, networks and interfaces of this host, as `parse_source` reads
    them. Empty, or auto: the kernel's choice, and as many more addresses as are needed where it has too few ports."""
    spread: bool = False
    """Dial all addresses of the target, in turn, rather than the first alone."""
    assurance: Assurance | None = None
    """The level that the verdict is about; None: SERVED where there is something to ask, else ACKNOWLEDGED."""
    probe: Exchange | None = None
    """What each connection is asked, inside of TLS where `tls` is given too."""
    tls: TlsOptions | None = None
    """TLS is spoken: the handshake is a proof by itself."""
    proxy_protocol: ProxyProtocol | None = None
    """The header that is sent before anything else, as soon as a connection is established."""
    probe_at: ProbeAt = ProbeAt.PEAK
    probe_every_s: float | None = None
    """Ask again so often while they are held; None: once."""
    probe_timeout_s: float = 5.0
    """How long an answer may take, TLS handshake and all."""
    confirm_every_s: float | None = None
    """Ask for a sign of life so often while they are held; None: at the end alone."""
    confirm_rate: float = 20_000.0
    """How many connections a second are asked for a sign of life, all processes together."""
    canary: bool | None = None
    """Whether newcomers knock; None: where all are held for longer than a second."""
    canary_every_s: float = 1.0
    """How often a newcomer knocks while all are held; after each two thousand half as often."""
    requirements: tuple[Requirement, ...] = ()
    """What has to hold for a PASS; `required` has what is required besides: where nothing is said of how many may be
    missing, all are held and none was lost."""
    target_pid: int | None = None
    """A process of the target on this machine, whose descriptors, threads and memory are looked at; None: the
    processes that listen on the target's port, where that is on this machine."""
    workers: int | None = None
    """Processes that share the work; None: as many as descriptors and cores ask for."""
    force: bool = False
    """Go on even where a limit of this client makes the plan impossible."""

    def __post_init__(self) -> None:
        _in_range("number of connections", self.connections, 1, MOST_CONNECTIONS)
        _in_range("number of dials in flight", self.max_dialing, 1, MOST_CONNECTIONS)
        _in_range("hold", self.hold_s, 0, LONGEST_S)
        if self.keepalive_s is not None:
            _in_range("time between two keepalives", self.keepalive_s, 1, LONGEST_KEEPALIVE_S)
            if not float(self.keepalive_s).is_integer():
                raise PlanError(f"keepalives are sent every so many whole seconds: not every {self.keepalive_s:g} s")
        if self.dial_timeout_s <= 0:
            raise PlanError("a dial timeout of 0 fails every dial: it must be above 0")
        _in_range("dial timeout", self.dial_timeout_s, 0, LONGEST_S)
        if self.target_pid is not None:
            _in_range("process id of the target", self.target_pid, 1, HIGHEST_PID)
        if self.workers is not None:
            _in_range("number of workers", self.workers, 1, MOST_WORKERS)
        self._check_requirements()
        self._check_proof()
        families = check_sources(self.sources)
        families |= {family_of(self.target.host)} if self.target.by_address else set()
        families |= {self.family} - {Family.ANY}
        if len(families) > 1:
            raise PlanError("target, sources and -4/-6 do not agree: some are IPv4, some are IPv6")

    def _check_requirements(self) -> None:
        for requirement in self.requirements:
            if requirement.unit is Unit.COUNT:
                _in_range(f"limit of '{requirement}'", requirement.limit, 0, self.connections)
            if needed := self._lacks_for(requirement.field):
                raise PlanError(f"'{requirement}' needs {needed}")

    def _lacks_for(self, field: Field) -> str:
        """What has to be asked for so that there is a ``field`` to be bounded; empty where there is one."""
        if field is Field.TLS and not self.tls:
            return "TLS: give --tls"
        if field is Field.ANSWER and not self.probe:
            return "an answer: give a probe"
        if field is Field.NEWCOMER and not self.knocks:
            return "newcomers: hold for longer than 1s, or give --canary"
        return ""

    def _check_proof(self) -> None:
        if self.assurance is Assurance.NONE:
            raise PlanError("an assurance of none proves nothing: it is handshake, acknowledged or served")
        if self.assurance is Assurance.SERVED and not self.asks:
            raise PlanError(
                "the assurance served needs something to ask: give a probe (banner if the server speaks first) or TLS"
            )
        if self.probe_timeout_s <= 0:
            raise PlanError("a probe timeout of 0 fails every probe: it must be above 0")
        _in_range("probe timeout", self.probe_timeout_s, 0, LONGEST_S)
        if self.probe_every_s is not None:
            _in_range("time between two probes", self.probe_every_s, SHORTEST_EVERY_S, LONGEST_S)
            self._check_repetition()
        if self.confirm_every_s is not None:
            _in_range("time between two confirmations", self.confirm_every_s, SHORTEST_EVERY_S, LONGEST_S)
            if self.level is Assurance.HANDSHAKE:
                raise PlanError("a sign of life proves more than a handshake: ask for the assurance acknowledged")
        _in_range("rate of confirmation", self.confirm_rate, 1, MOST_CONFIRM_RATE)
        _in_range("time between two newcomers", self.canary_every_s, SHORTEST_EVERY_S, LONGEST_S)

    def _check_repetition(self) -> None:
        if self.probe is None:
            raise PlanError("there is nothing that could be asked again: give a probe (a TLS handshake is made once)")
        if not self.probe.repeatable:
            raise PlanError(f"the probe {self.probe.name} cannot be asked again on the same connection")
        if self.probe_at is ProbeAt.END:
            raise PlanError("what is asked at the end of the hold cannot be asked again: ask at open or peak")

    @property
    def asks(self) -> bool:
        """Whether the application is asked for anything."""
        return bool(self.probe or self.tls)

    @property
    def level(self) -> Assurance:
        """The assurance that the verdict is about."""
        if self.assurance is None:
            return Assurance.SERVED if self.asks else Assurance.ACKNOWLEDGED
        return self.assurance

    @property
    def knocks(self) -> bool:
        """Whether newcomers knock."""
        return self.hold_s > 1.0 if self.canary is None else self.canary

    @property
    def dialled_family(self) -> Family:
        """The family that the target's name has to be resolved to: what -4/-6 says, or else that of the sources."""
        if self.family is Family.ANY:
            return next(iter(check_sources(self.sources)), Family.ANY)
        return self.family

    @property
    def required(self) -> tuple[Requirement, ...]:
        """The requirements in force: those asked for, and what is required besides."""
        return in_force(self.requirements, self.connections)

    @property
    def as_told(self) -> Self:
        """Itself, without what nobody is to be told: what reports and saved files have."""
        return msgspec.structs.replace(self, probe=self.probe and self.probe.as_told)

    def to_dict(self) -> dict[str, Any]:
        """The plan `as_told`, as plain data: strings, numbers, lists, dicts."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.as_told))
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
