"""Requirements by a word and a limit, for those who write them in Python: ``p99="50ms"``."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from tcpgoon.errors import PlanError
from tcpgoon.options.named import OtherOptions


class Bounds(TypedDict, total=False):
    """What is required, by the word of `WORDS`; what is None is not.

    The limit is written as in a requirement: ``"50ms"``, ``"99.9%"``, 1000. It may have a comparison of its own before
    it: ``"<= 50ms"``.
    """

    p50: str | None
    p90: str | None
    p99: str | None
    answer: str | None
    newcomer: str | None
    established: int | str | None
    peak: int | str | None
    lost: int | str | None
    retransmitted: int | str | None


class Held(OtherOptions, Bounds, total=False):
    """How connections are to be held: all options but their number, and bounds."""


class HeldInTrials(OtherOptions, Bounds, total=False):
    """The same in a search; what bounds a number of connections is none of it."""


WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "p50": ("p50 establishment", "<"),
    "p90": ("p90 establishment", "<"),
    "p99": ("p99 establishment", "<"),
    "answer": ("answer", "<"),
    "newcomer": ("newcomer", "<"),
    "established": ("established", ">="),
    "peak": ("peak", ">="),
    "lost": ("lost", "<="),
    "retransmitted": ("retransmitted", "<="),
}
"""What each word bounds, and how where the limit does not say: ``p99="50ms"`` is ``p99 establishment < 50ms``."""


def with_requirements(held: Mapping[str, Any]) -> dict[str, Any]:
    """The options that ``held`` means: its bounds have become requirements beside those of ``require``.

    Raises `PlanError` for a limit that is none.
    """
    bounds = [_requirement(name, held[name]) for name in WORDS if held.get(name) is not None]
    options = {name: value for name, value in held.items() if name not in WORDS}
    if not bounds:
        return options
    required = options.get("require") or ()
    return {**options, "require": [*([required] if isinstance(required, str) else required), *bounds]}


def _requirement(name: str, limit: object) -> str:
    if isinstance(limit, bool) or not isinstance(limit, int | str):
        raise PlanError(f"{name}: {limit!r} is no limit: write it like {name}={_EXAMPLES.get(name, '50ms')!r}")
    what, comparison = WORDS[name]
    text = str(limit).strip()
    return f"{what} {text}" if text.startswith(("<", ">", "=")) else f"{what} {comparison} {text}"


_EXAMPLES = {"established": "99.9%", "peak": 1_000, "lost": 0, "retransmitted": "1%"}
