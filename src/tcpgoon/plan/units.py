"""Durations, counts and rates as people write them: ``5s``, ``250ms``, ``10k``, ``5k/s``.

The libraries that read durations pass over what stands between two of them (``5s-3s``) or know months that nobody
meant (``5mm``); a plan is no place for a guess, so these few lines accept a spelling whole or refuse it.
"""

import re
from fractions import Fraction

from tcpgoon.errors import PlanError

_BARE = re.compile(r"\d{1,18}(?:\.\d{0,18})?|\.\d{1,18}", re.ASCII)
_PART = re.compile(rf"({_BARE.pattern})(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_DURATION = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),  # the micro sign
    "μs": Fraction(1, 10**6),  # the Greek letter
    "ms": Fraction(1, 10**3),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3_600),
    "d": Fraction(86_400),
}
_COUNT = re.compile(r"(?P<number>\d{1,18}(?:\.\d{1,18})?)(?P<factor>[kKmM]?)", re.ASCII)
_FACTOR = {"": 1, "k": 1_000, "m": 1_000_000}
_PERIOD_S = {"s": 1, "m": 60, "min": 60, "h": 3_600}

LONGEST_S = 366 * 86_400.0
"""No duration of a plan is longer than a year."""


def parse_duration_s(text: str, plain_unit: str | None = None) -> float:
    """Seconds in ``text``: ``5s``, ``250ms``, ``1m30s``.

    ``plain_unit`` is the unit of a bare number (``"ms"`` where ``10`` means 10 ms); without it only ``0`` may be
    bare. Raises `PlanError` for anything else, for a negative duration and for more than a year.
    """
    spelled = text.strip().removeprefix("-")
    if _BARE.fullmatch(spelled) and (plain_unit or float(spelled) == 0):
        spelled = f"{spelled}{plain_unit or 's'}"
    if not _DURATION.fullmatch(spelled):
        plain = f", or a bare number of {plain_unit}" if plain_unit else ""
        raise PlanError(f"{text!r} is not a duration: write it like 250ms, 5s or 1m30s{plain}")
    seconds = sum(Fraction(number) * _SECONDS[unit] for number, unit in _PART.findall(spelled))
    if seconds > LONGEST_S or (seconds and text.strip().startswith("-")):
        raise PlanError(f"{text!r} is out of range: a duration is between 0 and a year")
    return float(seconds)


def parse_count(text: str) -> int:
    """The whole number in ``text``, which may end in ``k`` (thousands) or ``m`` (millions): ``10k`` is 10,000."""
    match = _COUNT.fullmatch(text.strip())
    count = Fraction(match["number"]) * _FACTOR[match["factor"].lower()] if match else None
    if count is None or count.denominator != 1:
        raise PlanError(f"{text!r} is not a number of connections: write it like 100, 10k or 1.5m")
    return int(count)


def parse_rate(text: str) -> float:
    """Starts per second in ``text``: ``100``, ``5k/s``, ``600/min``."""
    number, slash, period = text.strip().partition("/")
    match = _COUNT.fullmatch(number.strip())
    period_s = _PERIOD_S.get(period if slash else "s")
    if not match or period_s is None:
        raise PlanError(f"{text!r} is not a rate: write it like 100/s, 5k/s or 600/min")
    return float(match["number"]) * _FACTOR[match["factor"].lower()] / period_s


def parse_percent(text: str) -> float:
    """The share in ``text``: ``25%`` is 0.25; it may be above 1. Raises `PlanError`."""
    number = text.strip().removesuffix("%").rstrip()
    if not (text.strip().endswith("%") and _BARE.fullmatch(number)):
        raise PlanError(f"{text!r} is not a percentage: write it like 25% or 0.1%")
    return float(Fraction(number) / 100)


def format_duration(seconds: float) -> str:
    """``seconds`` in its natural unit, to the µs, as the first tcpgoon had it: ``319µs``, ``49.892ms``, ``1m2.5s``."""
    total_us = round(seconds * 1e6)
    if total_us < 0:
        return f"-{format_duration(-seconds)}"
    if total_us == 0:
        return "0s"
    if total_us < 1_000:
        return f"{total_us}µs"
    if total_us < 1_000_000:
        return f"{_decimals(total_us, 1_000)}ms"
    minutes, rest_us = divmod(total_us, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{clock}{_decimals(rest_us, 1_000_000)}s"


def format_bytes(count: int) -> str:
    """``count`` in its natural unit, to one decimal: ``512 B``, ``4.2 KB``, ``23.8 GB``. 1 KB is 1,000 B."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} B"


def _decimals(amount: int, unit: int) -> str:
    """``amount / unit`` exactly, without trailing zeros; ``unit`` is a power of ten."""
    whole, part = divmod(amount, unit)
    digits = f"{part:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
