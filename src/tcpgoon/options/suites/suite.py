"""A suite: the checks that belong together, in their order, each with all that is asked."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import NamedTuple

from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.errors import UsageError
from tcpgoon.options.asked import Asked
from tcpgoon.options.suites.kinds import Kind
from tcpgoon.plan.search import Search

OF_AN_INSTANCE = " / "
"""Stands between the name of a check and the instance that a part of it is about."""


class Check(NamedTuple):
    """One question of a suite."""

    name: str
    asked: Asked
    parallel: bool | str = False
    """Whether it may be asked at the same time as its neighbours that say the same: True, or the same word."""
    kind: Kind = Kind.RUN
    search: Search | None = None
    """What is searched for, where it is a search."""

    @property
    def connections(self) -> int:
        """How many it opens at once, at the most."""
        return self.search.most if self.search else self.asked.draft.connections


class Suite(NamedTuple):
    """Checks that give one verdict."""

    name: str
    checks: tuple[Check, ...]
    note: str = ""
    """What is to be said about where it was found; empty: nothing."""

    def only(self, patterns: Collection[str]) -> "Suite":
        """The checks whose names are among ``patterns``, which may have ``*``, ``?`` and ``[…]``; without any: all.

        Raises `UsageError` for one that is the name of none, so that a misspelled name does not pass.
        """
        names = [check.name for check in self.checks]
        for pattern in patterns:
            if not any(_is_meant(name, pattern) for name in names):
                raise UsageError(f"{self.name} has no check {clipped(pattern)!r}{did_you_mean(pattern, names)}")
        chosen = [check for check in self.checks if any(_is_meant(check.name, pattern) for pattern in patterns)]
        return self._replace(checks=tuple(chosen)) if patterns else self

    @property
    def groups(self) -> tuple[tuple[Check, ...], ...]:
        """The checks in their order; neighbours that may be asked at the same time are together."""
        groups: list[list[Check]] = []
        for check in self.checks:
            if check.parallel and groups and _are_alike(groups[-1][-1].parallel, check.parallel):
                groups[-1].append(check)
            else:
                groups.append([check])
        return tuple(map(tuple, groups))


def name_of_part(check: str, instance: str) -> str:
    """What a part of ``check`` is called that is about one instance."""
    return f"{check}{OF_AN_INSTANCE}{instance}"


def _is_meant(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def _are_alike(one: bool | str, other: bool | str) -> bool:
    return type(one) is type(other) and one == other
