"""What has to hold for a PASS: bounds on numbers of the result.

::

    established >= 99.9%         peak >= 1000        lost = 0            retransmitted < 1%
    p99 establishment < 50ms     newcomer < 100ms    mean answer <= 5ms  max tls < 1s

A requirement is ``[statistic] field comparison value``. What is counted is compared with a number, or with a share of
the connections of the plan; what is timed with a duration. Without a statistic the longest time is meant.
"""

import operator
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor, isfinite

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.units import format_duration, parse_count, parse_duration_s


class Field(StrEnum):
    """A number of the result that can be bounded."""

    ESTABLISHED = "established"
    """Connections at the level asked for and still there at the end of the hold."""
    LOST = "lost"
    """Connections that the peer or the path ended before we did."""
    PEAK = "peak"
    """The most connections that were there at the same instant, at the level asked for."""
    RETRANSMITTED = "retransmitted"
    """Connections of which a SYN had to be repeated."""
    ESTABLISHMENT = "establishment"
    """From ``connect()`` to writable, of those that reached the level asked for."""
    HANDSHAKE = "handshake"
    """From SYN to SYN-ACK, as the kernel saw it."""
    TLS = "tls"
    """The TLS handshake."""
    ANSWER = "answer"
    """From the beginning of the probe to its answer, without the TLS handshake."""
    NEWCOMER = "newcomer"
    """How long a client waited that knocked while all were held; one that was not welcome waited for ever."""


TIMES = frozenset({Field.ESTABLISHMENT, Field.HANDSHAKE, Field.TLS, Field.ANSWER, Field.NEWCOMER})
"""The fields that are times, of which a statistic is bounded."""


class Statistic(StrEnum):
    """Of a set of times."""

    MIN = "min"
    MEAN = "mean"
    P50 = "p50"
    P90 = "p90"
    P99 = "p99"
    MAX = "max"


class Bound(StrEnum):
    """How a field is compared with its limit."""

    AT_LEAST = ">="
    MORE = ">"
    AT_MOST = "<="
    LESS = "<"
    EXACTLY = "="


class Unit(StrEnum):
    """Of a limit."""

    COUNT = "count"
    SHARE = "share"
    """Of the connections of the plan: 0.999."""
    SECONDS = "seconds"


_HOLDS = {
    Bound.AT_LEAST: operator.ge,
    Bound.MORE: operator.gt,
    Bound.AT_MOST: operator.le,
    Bound.LESS: operator.lt,
    Bound.EXACTLY: operator.eq,
}
_PARTS = re.compile(
    r"\s*(?:(?P<statistic>[^\s<>=]+)\s+)?(?P<field>[^\s<>=]+)\s*(?P<bound>[<>]=?|==?)\s*(?P<value>\S.*?)\s*"
)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)\s*%", re.ASCII)
_LEAST = {Bound.AT_LEAST: Bound.AT_LEAST, Bound.MORE: Bound.MORE, Bound.EXACTLY: Bound.AT_LEAST}
"""The bounds that ask for so many at the least, and what they ask of the peak."""

_MOST = frozenset({Bound.AT_MOST, Bound.LESS, Bound.EXACTLY})

FORM = "write it like 'established >= 99.9%', 'p99 establishment < 50ms' or 'lost = 0'"


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``field bound limit``, such as ``established >= 100``. Raises `PlanError` for one that means nothing."""

    field: Field
    bound: Bound
    limit: float
    unit: Unit = Unit.COUNT
    statistic: Statistic | None = None
    """Of times only; None: the longest."""

    def __post_init__(self) -> None:
        if (self.unit is Unit.SECONDS) is not (self.field in TIMES):
            takes = "a duration, such as 50ms" if self.field in TIMES else "a number, or a percentage such as 99.9%"
            raise PlanError(f"a requirement on {self.field} takes {takes}")
        if self.statistic is not None and self.field not in TIMES:
            raise PlanError(f"{self.field} is a number of connections: it has no {self.statistic}")
        if not 0 <= self.limit < float("inf") or (self.unit is Unit.SHARE and self.limit > 1):
            raise PlanError(f"the limit of {self.field} is {self.limit}: it must be 0 or more, and 100% at most")
        if self.unit is Unit.COUNT and self.limit % 1:
            raise PlanError(f"the limit of {self.field} is {self.limit}: there is no part of a connection")

    def limit_of(self, connections: int) -> Fraction:
        """The limit in connections, of so many, or in seconds: exactly what was written."""
        limit = Fraction(str(self.limit))
        return limit * connections if self.unit is Unit.SHARE else limit

    def holds(self, measured: float, connections: int) -> bool:
        """Whether ``measured`` satisfies it, in a plan of so many connections."""
        return bool(_HOLDS[self.bound](_exact(measured), self.limit_of(connections)))

    def may_hold(self, low: float, high: float, connections: int) -> bool:
        """Whether something from ``low`` to ``high`` satisfies it."""
        if self.bound is Bound.EXACTLY:
            return _exact(low) <= self.limit_of(connections) <= _exact(high)
        return self.holds(low, connections) or self.holds(high, connections)

    @property
    def limit_text(self) -> str:
        """The limit as it is written."""
        if self.unit is Unit.SECONDS:
            return format_duration(self.limit)
        return f"{float(Fraction(str(self.limit)) * 100):.12g}%" if self.unit is Unit.SHARE else f"{self.limit:.0f}"

    @property
    def name(self) -> str:
        """What is bounded: ``p99 establishment``."""
        return f"{self.statistic} {self.field}" if self.statistic else str(self.field)

    def __str__(self) -> str:
        return f"{self.name} {self.bound} {self.limit_text}"


def _exact(measured: float) -> Fraction | float:
    """Without what a float rounds; what never ends is no fraction."""
    return Fraction(measured) if isfinite(measured) else measured


def parse_requirement(text: str) -> Requirement:
    """The requirement that ``text`` spells. Raises `PlanError`, with what it may have been meant to be."""
    match = _PARTS.fullmatch(text)
    if match is None:
        raise PlanError(f"{text!r} is no requirement: {FORM}")
    field = Field(_known(text, "field", match["field"], Field))
    statistic = Statistic(_known(text, "statistic", match["statistic"], Statistic)) if match["statistic"] else None
    bound, value = Bound(match["bound"].replace("==", "=")), match["value"]
    try:
        limit, unit = _limit(field, value)
        return Requirement(field, bound, limit, unit, statistic)
    except PlanError as exc:
        raise PlanError(f"{text!r}: {exc}") from exc


def _known(text: str, what: str, word: str, names: type[StrEnum]) -> str:
    if word in list(names):
        return word
    near = get_close_matches(word.lower(), list(names), 1)
    there = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    raise PlanError(f"{text!r}: there is no {what} {word!r}; {there}")


def _limit(field: Field, value: str) -> tuple[float, Unit]:
    if field in TIMES:
        return parse_duration_s(value), Unit.SECONDS
    if percent := _PERCENT.fullmatch(value):
        return float(Fraction(percent[1]) / 100), Unit.SHARE
    return float(parse_count(value)), Unit.COUNT


def carries_all(connections: int) -> tuple[Requirement, ...]:
    """What is required where nothing else is said: all are held, all at the same time, and none was lost."""
    return in_force((), connections)


def in_force(asked: Sequence[Requirement], connections: int) -> tuple[Requirement, ...]:
    """``asked``, and what is required besides, of so many connections.

    Whoever bounds a time means connections that are there. So all have to be established and held, and none lost,
    unless it is said how many may be missing.
    """
    return (*asked, *_besides(asked, connections))


def _besides(asked: Sequence[Requirement], connections: int) -> Iterator[Requirement]:
    fields = {requirement.field for requirement in asked}
    if Field.ESTABLISHED not in fields:
        needed = float(connections - _lost_at_most(asked, connections))
        yield Requirement(Field.ESTABLISHED, Bound.AT_LEAST, needed)
        if Field.PEAK not in fields:
            yield Requirement(Field.PEAK, Bound.AT_LEAST, needed)
        if Field.LOST not in fields:
            yield Requirement(Field.LOST, Bound.EXACTLY, 0.0)
    elif Field.PEAK not in fields:
        # Those that have to be established have to be so at the same time.
        for one in asked:
            if one.field is Field.ESTABLISHED and one.bound in _LEAST:
                yield Requirement(Field.PEAK, _LEAST[one.bound], one.limit, one.unit)


def _lost_at_most(asked: Sequence[Requirement], connections: int) -> int:
    """How many may be lost, by what is asked of them; 0 where nothing is."""
    limits = [(one.bound, one.limit_of(connections)) for one in asked if one.field is Field.LOST]
    most = [ceil(limit) - 1 if bound is Bound.LESS else floor(limit) for bound, limit in limits if bound in _MOST]
    return max(0, min(most, default=0))
