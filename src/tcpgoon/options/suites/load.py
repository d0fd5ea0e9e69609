"""A file becomes a suite; all that is wrong with it is said at once, each with its line."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.errors import UsageError
from tcpgoon.options.suites import lines
from tcpgoon.options.suites.check import BESIDE, read_check
from tcpgoon.options.suites.file import Fault, SuiteFile, read_suite_file
from tcpgoon.options.suites.suite import Check, Suite
from tcpgoon.options.suites.values import Values, read_values

TOP = ("name", "defaults", "check")
"""The keys of a suite."""

NAMELESS = "name"
"""The one key of a check that has no default: no two may have the same."""

MOST_SAID = 50
"""Errors that are said at once."""


def load_suite(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Suite:
    """The suite in the file ``path``; without one: that of this folder.

    Nothing is resolved, and no registry is asked for anything. Raises `UsageError` for a file that is no suite; its
    text has a line for each fault.
    """
    file = read_suite_file(path)
    faults: list[Fault] = []
    checks = tuple(_checks(file, environment, faults))
    name = _name(file, faults)
    if faults:
        raise UsageError(_said(file, faults))
    return Suite(name, checks, file.note)


def _checks(file: SuiteFile, environment: Mapping[str, str], faults: list[Fault]) -> Iterator[Check]:
    if not isinstance(file.table, dict):
        faults.append(Fault((), "a suite is a table"))
        return
    unknown = (key for key in file.table if key not in TOP)
    faults.extend(
        Fault((key,), f"a suite has no such key{did_you_mean(key, TOP)}; it has {', '.join(TOP)}") for key in unknown
    )
    folder = file.path.parent
    defaults = _defaults(file, environment, faults)
    entries = file.table.get("check", [])
    if not isinstance(entries, list) or not entries:
        faults.append(Fault(("check",), "there are no checks: write [[check]] above the keys of each"))
        return
    named: dict[str, int] = {}
    for number, entry in enumerate(entries):
        at: lines.Path = ("check", number)
        found = read_check(entry, defaults, environment, folder)
        faults.extend(Fault((*at, *where), said, found.name) for where, said in found.faults)
        if found.name and found.name in named:
            faults.append(
                Fault((*at, "name"), f"{clipped(found.name)!r} is the name of check[{named[found.name]}], too")
            )
        named.setdefault(found.name, number)
        if found.check:
            yield found.check


def _defaults(file: SuiteFile, environment: Mapping[str, str], faults: list[Fault]) -> Values:
    table = file.table.get("defaults", {})
    if not isinstance(table, dict):
        faults.append(Fault(("defaults",), "the defaults are a table: write [defaults] above its keys"))
        return Values({})
    unnamed = {key: value for key, value in table.items() if key != NAMELESS}
    if NAMELESS in table:
        faults.append(Fault(("defaults", NAMELESS), "a name is of one check alone"))
    found = read_values(unnamed, BESIDE, environment, file.path.parent)
    faults.extend(Fault(("defaults", *where), said) for where, said in found.faults)
    return found


def _name(file: SuiteFile, faults: list[Fault]) -> str:
    given = file.table.get("name") if isinstance(file.table, dict) else None
    if given is None:
        return str(file.path)
    if not isinstance(given, str) or not given.strip():
        faults.append(Fault(("name",), f"{clipped(repr(given))} is not a name"))
    return str(given)


def _said(file: SuiteFile, faults: list[Fault]) -> str:
    said = [text for _, text in sorted(map(file.at, faults[:MOST_SAID]), key=lambda entry: entry[0])]
    if len(faults) == 1:
        return said[0]
    more = [f"and {len(faults) - MOST_SAID:,} more"] if len(faults) > MOST_SAID else []
    return "\n".join([f"{len(faults):,} things are wrong with this suite:", *said, *more])
