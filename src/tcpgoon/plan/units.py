"""Durations, counts and rates as people write them: ``5s``, ``250ms``, ``10k``, ``5k/s``."""

import math
import re

import durationpy

from tcpgoon.errors import PlanError

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
_COUNT = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<factor>[kKmM]?)")
_FACTOR = {"": 1, "k": 1_000, "m": 1_000_000}
_PERIOD_S = {"s": 1, "m": 60, "min": 60, "h": 3600}


def parse_duration_s(text: str, plain_unit: str | None = None) -> float:
    """Seconds in ``text``: ``5s``, ``250ms``, ``1m30s``.

    ``plain_unit`` is the unit of a bare number (``"ms"`` where ``10`` means 10 ms); without it only ``0`` may be
    bare. Raises `PlanError` for anything else, for a negative duration and for more than a year.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text) and (plain_unit or float(text) == 0):
        text = f"{text}{plain_unit or 's'}"
    try:
        seconds = float(durationpy.from_str(text).total_seconds())
    except (durationpy.DurationError, ValueError, OverflowError) as exc:
        plain = f", or a bare number of {plain_unit}" if plain_unit else ""
        raise PlanError(f"{text!r} is not a duration: write it like 250ms, 5s or 1m30s{plain}") from exc
    if not 0 <= seconds <= 366 * 86_400:
        raise PlanError(f"{text!r} is out of range: a duration is between 0 and a year")
    return seconds


def parse_count(text: str) -> int:
    """The whole number in ``text``, which may end in ``k`` (thousands) or ``m`` (millions): ``10k`` is 10,000."""
    match = _COUNT.fullmatch(text.strip())
    count = float(match["number"]) * _FACTOR[match["factor"].lower()] if match else math.nan
    if not count.is_integer():
        raise PlanError(f"{text!r} is not a number of connections: write it like 100, 10k or 1.5m")
    return int(count)


def parse_rate(text: str) -> float:
    """Starts per second in ``text``: ``100``, ``5k/s``, ``600/min``."""
    number, _, period = text.strip().partition("/")
    match = _COUNT.fullmatch(number.strip())
    if not match or (period or "s") not in _PERIOD_S:
        raise PlanError(f"{text!r} is not a rate: write it like 100/s, 5k/s or 600/min")
    return float(match["number"]) * _FACTOR[match["factor"].lower()] / _PERIOD_S[period or "s"]


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


def _decimals(amount: int, unit: int) -> str:
    """``amount / unit`` exactly, without trailing zeros; ``unit`` is a power of ten."""
    whole, part = divmod(amount, unit)
    digits = f"{part:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
