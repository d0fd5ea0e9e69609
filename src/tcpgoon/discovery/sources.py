"""Which sources there are: our own, and those that other packages bring along."""

import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from tcpgoon.discovery.instance import Listing
from tcpgoon.discovery.near import clipped, near_names
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, UsageError
from tcpgoon.plan.lookup import Lookup

GROUP = "tcpgoon.discovery"
"""The group of entry points; the name of each is the scheme that it is for."""

Source = Callable[[Lookup, Terms], Listing]
"""Looks a target up, and keeps to the terms.

It raises `DiscoveryError` where the registry cannot be asked or makes no sense, `UnknownService` where that does not
know the service, and `PlanError` for an expression that is none. `tcpgoon.testing.check_source` tries whether it does.
"""


class BuiltIn(NamedTuple):
    """A source of our own."""

    where: str
    """``module:function``."""
    extra: str = ""
    """What has to be installed for it."""


BUILT_IN = {
    "consul": BuiltIn("tcpgoon.discovery.registries.consul:find", "consul"),
    "dns": BuiltIn("tcpgoon.discovery.registries.dns:find"),
    "eureka": BuiltIn("tcpgoon.discovery.registries.eureka:find", "eureka"),
    "file": BuiltIn("tcpgoon.discovery.registries.file:find"),
    "k8s": BuiltIn("tcpgoon.discovery.registries.kubernetes:find", "kubernetes"),
    "srv": BuiltIn("tcpgoon.discovery.registries.srv:find", "dns"),
}

_WEB = {
    "http": "; write host:port, and --probe http:/PATH to have each connection answered",
    "https": "; write host:port, and --tls --probe http:/PATH to have each connection answered",
}
"""What to write instead of the address of a page, which is at hand when somebody tests a web server."""


def source_for(lookup: Lookup) -> Source:
    """The source that ``lookup`` is for, imported now. Raises `UsageError` where there is none, or it lacks something.

    Raises `DiscoveryError` where one that another package brings along cannot be imported.
    """
    if own := BUILT_IN.get(lookup.kind):
        return _imported(lookup.kind, own)
    others = _others(lookup.kind)
    if lookup.kind not in others:
        known = sorted([*BUILT_IN, *others, "tcp"])
        alike = " or ".join(f"{clipped(kind)}://" for kind in near_names(lookup.kind, known))
        near = f"; did you mean {alike}?" if alike else ""
        there = f"; there are host:port, {', '.join(f'{kind}://' for kind in known)} and - (standard input)"
        raise PlanError(f"{clipped(lookup.scheme)}:// is not known here{_WEB.get(lookup.kind, near or there)}")
    try:
        source: Source = others[lookup.kind].load()
    except (Exception, SystemExit) as exc:  # nobody but us may end the process: its status is a verdict
        raise DiscoveryError(f"{lookup.kind}:// cannot be loaded: {type(exc).__name__}: {clipped(str(exc))}") from exc
    return source


def is_built_in(lookup: Lookup) -> bool:
    """Whether the source is one of ours."""
    return lookup.kind in BUILT_IN


def _imported(kind: str, own: BuiltIn) -> Source:
    module, _, name = own.where.partition(":")
    try:
        source: Source = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as exc:
        if not own.extra or (exc.name or "").startswith("tcpgoon"):
            raise
        raise UsageError(
            f"{kind}:// needs more than is installed here ({exc.name}): pip install 'tcpgoon[{own.extra}]'"
        ) from exc
    return source


def _others(kind: str) -> dict[str, EntryPoint]:
    try:
        return {point.name: point for point in entry_points(group=GROUP)}
    except Exception as exc:  # of any package that is installed here, however little it has to do with us
        why = clipped(f"{type(exc).__name__}: {exc}")
        raise DiscoveryError(f"{kind}:// cannot be looked for: a package has broken entry points: {why}") from exc
