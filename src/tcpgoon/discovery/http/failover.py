"""Several servers of one registry are asked in turn, until one answers."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from tcpgoon.discovery.find import within
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, PlanError, UnknownService
from tcpgoon.plan.endpoint import Target, parse_target
from tcpgoon.plan.lookup import Lookup

MOST_SERVERS = 16
"""Of one registry: each has its share of the time."""

MOST_SAID = 3
"""Servers whose failures are told."""

_T = TypeVar("_T")


class Refused(DiscoveryError):  # noqa: N818 - it is no bug of ours
    """The registry does not want to answer us; nor would another server of it."""


def servers_of(lookup: Lookup, port: int) -> tuple[Target, ...]:
    """The servers in ``lookup``; ``port`` is that of those that are given without. Raises `PlanError`."""
    if not lookup.servers:
        raise PlanError(f"{str(lookup)!r} names no server: write {lookup.scheme}://SERVER:{port}/NAME")
    if len(lookup.servers) > MOST_SERVERS:
        raise PlanError(f"{len(lookup.servers):,} servers are too many: {MOST_SERVERS} are asked at most")
    return tuple(parse_target(_with_port(server, port)) for server in lookup.servers)


def _with_port(server: str, port: int) -> str:
    has_port = ":" in server.rpartition("]")[2]
    return server if has_port else f"{server}:{port}"


def first_to_answer(servers: Iterable[Target], terms: Terms, ask: Callable[[Target, Terms], _T]) -> _T:
    """What ``ask`` returns of the first server that answers.

    Each is asked on terms of its own: an even share of the time that is left, so that one that drips or is silent does
    not use up that of the others. One that does not know the service, or refuses to speak with us, has answered.
    Raises `DiscoveryError` where none does, with the failures of them all.
    """
    todo = list(servers)
    faults: list[str] = []
    while todo:
        own = _share(terms, len(todo))
        server = todo.pop(0)
        try:
            return within(own, partial(ask, server, own), str(server))
        except (UnknownService, NoInstance, Refused):
            raise
        except DiscoveryError as exc:
            faults.append(str(exc))
    raise DiscoveryError(_all(faults))


def _share(terms: Terms, count: int) -> Terms:
    """Terms with a ``count``-th of the time that is left, rounded down so that it can be said: ``4.9s``, ``330ms``."""
    share_s = terms.left_s() / count
    steps = 10 if share_s >= 1 else 100
    return replace(terms, timeout_s=math.floor(share_s * steps) / steps, _begun=time.monotonic())


def _all(faults: list[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    more = len(faults) - MOST_SAID
    said = "; ".join(faults[:MOST_SAID])
    return f"none of {len(faults)} servers has answered: {said}{f'; and {more} more' if more > 0 else ''}"
