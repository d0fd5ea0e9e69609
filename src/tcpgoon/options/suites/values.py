"""The values of a table: variables filled in, files found beside the suite's own, each converted as its option is."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.errors import PlanError
from tcpgoon.options.spelled import converted, spelled_options
from tcpgoon.options.suites import lines
from tcpgoon.options.suites.variables import Filled, filled

_FILE_SCHEME = "file://"
_FROM_FILES = ("send", "expect")
"""Options whose text may be ``@FILE``, which is a secret then, as what a variable holds is."""


class Values(NamedTuple):
    """What a table says."""

    options: Mapping[str, Any]
    """By the names that they have in Python, converted."""
    others: Mapping[str, Any] = {}
    """What is beside the options, by key."""
    held: Mapping[str, str] = {}
    """What the variables hold, by name."""
    secret: frozenset[str] = frozenset()
    """Options that may hold a secret: what a probe sends or expects, where a variable is in it."""
    faults: tuple[tuple[lines.Path, str], ...] = ()


def read_values(
    table: Mapping[str, Any],
    beside: Mapping[str, Callable[[Any], Any]],
    environment: Mapping[str, str],
    folder: Path,
) -> Values:
    """What ``table`` says; ``beside`` has what reads those of its keys that are no options.

    What is wrong does not raise: it is among the faults, with the key.
    """
    options: dict[str, Any] = {}
    others: dict[str, Any] = {}
    held: dict[str, str] = {}
    secret: set[str] = set()
    faults: list[tuple[lines.Path, str]] = []
    for key, given in table.items():
        try:
            value = filled(given, environment)
            held |= value.held
            if value.held and key in _FROM_FILES:
                secret.add(key)
            if key in beside:
                others[key] = _read(beside[key], key, value, given, folder)
            else:
                options[key.replace("-", "_")] = _read(partial(_option, key, beside), key, value, given, folder)
        except PlanError as exc:
            faults.append(((key,), str(exc)))
    return Values(options, others, held, frozenset(secret), tuple(faults))


def known_keys(beside: Iterable[str]) -> list[str]:
    """All keys of such a table."""
    return [*beside, *(name.replace("_", "-") for name in spelled_options())]


def _read(read: Callable[[Any], Any], key: str, value: Filled, given: Any, folder: Path) -> Any:
    """Raises `PlanError`, whose text does not have what a variable holds: that may be a secret."""
    try:
        return read(_beside_the_suite(key, value.value, folder))
    except PlanError as exc:
        if not value.held:
            raise
        names = " and ".join(value.held)
        shown = clipped(repr(given))
        raise PlanError(f"{shown} is not what this key takes; what {names} holds is not shown") from exc


def _option(key: str, beside: Iterable[str], value: Any) -> Any:
    name = key.replace("-", "_")
    if "_" in key or name not in spelled_options():
        known = known_keys(("name", *beside))
        raise PlanError(f"a check has no such key{did_you_mean(key.replace('_', '-'), known)}")
    return converted(name, value)


def _beside_the_suite(key: str, value: Any, folder: Path) -> Any:
    """``value``, where it names a file, as seen from here: in a suite it is as seen from the suite's folder."""
    if not isinstance(value, str) or not value:
        return value
    if key == "target" and value.startswith(_FILE_SCHEME):
        return _FILE_SCHEME + str(folder / value.removeprefix(_FILE_SCHEME))
    if key in _FROM_FILES and value.startswith("@"):
        return f"@{folder / value.removeprefix('@')}"
    option = spelled_options().get(key.replace("-", "_"))
    return str(folder / value) if option and isinstance(option.type, click.Path) else value
