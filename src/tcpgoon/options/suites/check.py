"""One table of a suite becomes one check."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tcpgoon.discovery.near import clipped
from tcpgoon.errors import PlanError
from tcpgoon.options.overruled import overruled
from tcpgoon.options.search import check_bounds
from tcpgoon.options.soak import check_soak
from tcpgoon.options.spelled import asked_of
from tcpgoon.options.suites import lines
from tcpgoon.options.suites.kinds import Kind, key_readers, meant
from tcpgoon.options.suites.suite import OF_AN_INSTANCE, Check
from tcpgoon.options.suites.values import Values, read_values
from tcpgoon.options.target import target_of
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.requirements import Requirement

LONGEST_NAME = 100

_ALSO_BY_DEFAULT = frozenset({"canary_every"})
"""Options that mean something more where they are given, be it as a default."""

_FLAG = re.compile(r"(?<![\w-])--(?=[a-z])")
_SLEEP = re.compile(r"(?<![\w-])-s(?![\w-])")


class Found(NamedTuple):
    """What a table says."""

    name: str
    check: Check | None
    """None: something is wrong."""
    faults: tuple[tuple[lines.Path, str], ...]


def read_check(entry: Any, defaults: Values, environment: Mapping[str, str], folder: Path) -> Found:
    """The check that ``entry`` is, with ``defaults`` for what it does not say."""
    if not isinstance(entry, dict):
        return Found("", None, (((), "a check is a table: write [[check]] above its keys"),))
    own = read_values(entry, {"name": _name, **BESIDE}, environment, folder)
    name = own.others.get("name", "")
    faults = list(own.faults)
    if "name" not in entry:
        faults.append(((), "this check has no name"))
    if "target" not in entry and "target" not in defaults.others:
        faults.append(((), f"this check{_called(name)} has no target"))
    if faults or defaults.faults:
        return Found(name, None, tuple(faults))
    try:
        return Found(name, _check(name, own, defaults), ())
    except PlanError as exc:
        said = _without({**defaults.held, **own.held}, _as_keys(str(exc)))
        return Found(name, None, ((_culprit(entry, said), said),))


def _check(name: str, own: Values, defaults: Values) -> Check:
    others = {**defaults.others, **own.others}
    replaced = overruled(own.options)
    inherited = {option: value for option, value in defaults.options.items() if option not in replaced}
    kind = others.get("kind", Kind.RUN)
    means = meant(kind, own.options, inherited, own.others, others)
    # A default that means nothing beside what a check says is no contradiction: it is for others.
    given = {*means.given, *(_ALSO_BY_DEFAULT & inherited.keys() & means.options.keys())}
    asked = asked_of(others["target"], means.options, given)
    if kind is Kind.CAPACITY:
        _check_bounds(asked.draft.requirements)
    elif kind is Kind.SOAK:
        check_soak(asked.draft)
    if own.secret | (defaults.secret & inherited.keys() - own.options.keys()):
        asked.withhold()
    parallel = kind is not Kind.CAPACITY and others.get("parallel", False)
    return Check(name, asked, parallel, kind, means.search)


def _check_bounds(requirements: Collection[Requirement]) -> None:
    try:
        check_bounds(requirements)
    except PlanError as exc:
        raise PlanError(f"require: {exc}") from exc


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PlanError(f"{clipped(repr(value))} is not a name")
    if len(value) > LONGEST_NAME or not value.isprintable():
        raise PlanError(f"a name is one line of at most {LONGEST_NAME} characters")
    if OF_AN_INSTANCE in value:
        raise PlanError(f"{value!r} has {OF_AN_INSTANCE!r} in it, which stands before the name of an instance")
    return value


def _target(value: Any) -> Target | Lookup:
    if not isinstance(value, str):
        raise PlanError(f"{clipped(repr(value))} is not a target: write it like 'db.local:5432'")
    if value.strip() == "-":
        raise PlanError("standard input is no target of a suite: give the name of a file, as file://targets.txt")
    return target_of([value])


def _parallel(value: Any) -> bool | str:
    if isinstance(value, bool) or (isinstance(value, str) and value.strip()):
        return value
    raise PlanError(f"{clipped(repr(value))} is neither true, nor false, nor the name of a group")


BESIDE: Mapping[str, Callable[[Any], Any]] = {"target": _target, "parallel": _parallel, **key_readers()}
"""What reads the keys that a check has beside the options, and its name."""


def _called(name: str) -> str:
    return f" {name!r}" if name else ""


def _as_keys(said: str) -> str:
    """The words of the command line as they are in a file."""
    return _SLEEP.sub("sleep", _FLAG.sub("", said))


def _without(held: Mapping[str, str], said: str) -> str:
    """``said`` without what variables hold."""
    for name, value in sorted(held.items(), key=lambda entry: -len(entry[1])):
        for spelling in {value, repr(value)[1:-1]} - {""}:
            said = said.replace(spelling, f"${{{name}}}")
    return said


def _culprit(entry: Mapping[str, Any], said: str) -> lines.Path:
    """The key of ``entry`` that is named first in what is ``said`` of it; none: the whole of it."""
    named = {
        match.start(): key for key in entry for match in re.finditer(rf"(?<![\w-]){re.escape(key)}(?![\w-])", said)
    }
    return (named[min(named)],) if named else ()
