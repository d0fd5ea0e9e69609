"""Numbers by the names that users know: which products stop at such a number, and how it is raised."""

from collections.abc import Iterable
from typing import NamedTuple

from tcpgoon.judge.plateaus import Kind, Plateau, by_words, matches
from tcpgoon.plan.units import format_duration

MOST_NAMED = 3
"""A number that a dozen products have is no sign of any of them; the first few are named as examples."""

RUNTIMES = frozenset(
    {"beam.smp", "bun", "deno", "docker-proxy", "dotnet", "java", "node", "perl", "php", "python", "ruby"}
)
"""Processes of these names may be any product; a number at the end is a version."""

_VERSION = "0123456789.-"


class Products(NamedTuple):
    """What is known of the target's product."""

    processes: tuple[str, ...] = ()
    """The names of its processes, where it runs on this machine and we may see them."""
    probe: str = ""
    """The name of the probe, which is that of a product or of a protocol."""
    are_whole: bool = True
    """Whether all that were counted were held by us to the end, and by one address of the target: where a process of
    ours died, or several addresses were dialled, a number of connections is no limit of any one."""

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, with their versions and without."""
        return tuple(filter(None, (*self.processes, *map(_without_version, self.processes), self.probe)))

    @property
    def is_known(self) -> bool:
        """Whether its processes say what it is: then it is nothing else."""
        return bool(self.processes) and not RUNTIMES.intersection(map(_without_version, self.processes))


class Named(NamedTuple):
    """Known limits that a number, or words, come near to."""

    text: str
    """The end of a sentence: ``likely nginx worker_connections (512)``."""
    commands: tuple[str, ...] = ()
    """How the first of them is raised; empty where nothing says that it is that one but the number."""
    is_certain: bool = False
    """Whether a product said so in words that are its own."""


def named(value: float, kinds: Iterable[Kind], products: Products, *, exactly: bool = False) -> Named | None:
    """The known limits of these ``kinds`` that ``value`` comes nearest to; None where it comes near to none.

    Where ``products`` says what the target is, only its limits count, and those of what is below any application.
    ``exactly``: near is not enough.
    """
    wanted = tuple(kinds)
    if not products.are_whole and Kind.IDLE_TIMEOUT_S not in wanted:
        return None
    rows = matches(value, wanted, products.names) if products.names else ()
    theirs = products.is_known or any(not row.platform for row in rows)
    rows = rows if theirs else matches(value, wanted)
    rows = tuple(row for row in rows if row.distance(value) == 0) if exactly else rows
    if not rows:
        return None
    texts = dict.fromkeys(f"{row.name} ({_limit(row, value)})" for row in rows)
    first, *others = list(texts)[:MOST_NAMED]
    if theirs or rows[0].platform:
        return Named(f"likely {' or '.join([first, *others])}", rows[0].commands)
    return Named(f"the default of {' or '.join([first, *others])}")


def _without_version(name: str) -> str:
    return name.rstrip(_VERSION)


def said_by(text: str) -> Named | None:
    """The known limit of the product that says ``text``; None where no known one does."""
    row = by_words(text)
    if row is None:
        return None
    return Named(f"these are the words of {row.name}", row.commands, is_certain=not row.is_generic)


def _limit(row: Plateau, value: float) -> str:
    """The one of its values that ``value`` is near to."""
    nearest = min(row.values, key=lambda limit: abs(limit - value))
    return format_duration(nearest) if row.kind is Kind.IDLE_TIMEOUT_S else f"{nearest:,.0f}"


def plural(count: int, what: str, several: str = "") -> str:
    """``1 connection``; ``1,013 connections``; ``several`` is what is said of more than one where it is not that."""
    return f"{count:,} {what if count == 1 else several or f'{what}s'}"


def were(count: int, what: str) -> str:
    """``1 connection was``; ``1,013 connections were``."""
    return f"{plural(count, what)} {'was' if count == 1 else 'were'}"


def are(count: int, what: str) -> str:
    """``1 connection is``; ``1,013 connections are``."""
    return f"{plural(count, what)} {'is' if count == 1 else 'are'}"


def age(seconds: float) -> str:
    """To a hundredth of a second: peers look at their timers no more often."""
    return format_duration(round(seconds, 2))
