"""Where an option is given, a default of another one does not count: together they would contradict each other.

A default here is what somebody said for many runs: a variable of the environment, the defaults of a suite.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple


def anything(_value: Any) -> bool:
    """Whatever it is."""
    return True


class Overruled(NamedTuple):
    """Where ``name`` is given, and its value is so, the defaults of ``those`` do not count."""

    name: str
    so: Callable[[Any], bool]
    those: tuple[str, ...]


OVERRULED = (
    Overruled("sleep", anything, ("rate", "ramp")),
    Overruled("rate", anything, ("sleep", "ramp")),
    Overruled("ramp", anything, ("sleep", "rate")),
    Overruled("probe", anything, ("send", "expect")),
    Overruled("send", anything, ("probe",)),
    Overruled("expect", anything, ("probe",)),
    Overruled("pick", anything, ("each", "spread")),
    Overruled("pick", lambda pick: pick != "random", ("seed",)),
    Overruled("each", bool, ("pick", "seed", "spread")),
    Overruled("spread", bool, ("pick", "seed", "each")),
    Overruled("canary", lambda wanted: not wanted, ("canary_every",)),
    Overruled("canary_every", anything, ("canary",)),
    Overruled("assurance", lambda level: level == "handshake", ("confirm_every", "confirm_rate")),
)


def overruled(given: Mapping[str, Any]) -> Collection[str]:
    """The options whose defaults do not count beside those ``given``, by name."""
    return {other for name, so, those in OVERRULED if name in given and so(given[name]) for other in those}
