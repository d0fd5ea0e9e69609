"""A look-up becomes a listing: the source is asked, within its time, and what it answers is checked.

A registry can drip its answer byte by byte, and a resolver can hang: no timeout of a single step bounds the whole. So
the source runs in a thread of its own, which is left alone when its time is over.
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import msgspec

from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.sources import Source, is_built_in, source_for
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, TcpgoonError, UnknownService
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.units import format_duration

LONGEST_ID = 300
"""Characters of the id of an instance."""

_T = TypeVar("_T")


def find(lookup: Lookup, terms: Terms) -> Listing:
    """All instances that ``lookup`` stands for.

    Raises `DiscoveryError` where the registry cannot be asked, is late, or answers what makes no sense;
    `UnknownService` where it does not know the service, or has no instance of it; `UsageError` for what cannot be
    looked up.
    """
    source = source_for(lookup)
    if is_built_in(lookup):
        listing = within(terms, lambda: source(lookup, terms), str(lookup))
    else:
        listing = _conforming(lookup, within(terms, lambda: _asked(lookup, terms, source), str(lookup)))
    return _checked(listing, terms)


def within(terms: Terms, act: Callable[[], _T], what: str) -> _T:
    """What ``act`` returns or raises, if it does so in time. Raises `DiscoveryError` where it does not."""
    done: list[_T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(act())
        except BaseException as exc:  # noqa: BLE001 - it is raised where it is waited for
            failed.append(exc)

    thread = threading.Thread(target=work, name="tcpgoon-discovery", daemon=True)
    try:
        thread.start()
    except RuntimeError as exc:  # "can't start new thread" is all that Python makes of EAGAIN
        raise DiscoveryError("this client may start no thread to ask a registry with") from exc
    thread.join(terms.left_s())
    if failed:
        raise failed[0]
    if not done:
        raise DiscoveryError(
            f"{clipped(what)}: no whole answer within {format_duration(terms.timeout_s)} (--registry-timeout)"
        )
    return done[0]


def _asked(lookup: Lookup, terms: Terms, source: Source) -> Listing:
    """What somebody else's source answers. A fault in it is no bug of ours, and no reason for a traceback."""
    try:
        return source(lookup, terms)
    except TcpgoonError:
        raise
    except Exception as exc:
        why = clipped(f"{type(exc).__name__}: {exc}")
        raise DiscoveryError(f"the source for {lookup.kind}:// failed: {why}") from exc


def _conforming(lookup: Lookup, listing: object) -> Listing:
    """``listing`` with all types as they should be: nothing has checked those of somebody else's source."""
    try:
        return msgspec.convert(msgspec.to_builtins(listing), Listing)
    except (msgspec.ValidationError, TypeError, ValueError) as exc:
        raise DiscoveryError(f"the source for {lookup.kind}:// answers no listing: {clipped(str(exc))}") from exc


def _checked(listing: Listing, terms: Terms) -> Listing:
    where = f"{clipped(listing.service)} at {clipped(listing.registry)}"
    if not listing.instances:
        raise UnknownService(f"{where} has no instances")
    if len(listing.instances) > terms.most_instances:
        raise DiscoveryError(f"{where} has {len(listing.instances):,} instances: {terms.most_instances:,} are allowed")
    ((twice, times),) = Counter(instance.id for instance in listing.instances).most_common(1)
    if times > 1:
        raise DiscoveryError(f"{where} has {times} instances with the id {clipped(twice)}")
    return msgspec.structs.replace(listing, instances=tuple(map(_checked_instance, listing.instances)))


def _checked_instance(instance: Instance) -> Instance:
    """``instance``; one that cannot be dialled is listed, and not up: one is no reason to ask none."""
    try:
        fault = "" if 1 <= len(instance.id) <= LONGEST_ID else f"its id has {len(instance.id):,} characters"
        _ = instance.target
    except PlanError as exc:
        fault = clipped(str(exc))
    if not fault:
        return instance
    return msgspec.structs.replace(instance, id=instance.id[:LONGEST_ID] or "?", status=Status.UNKNOWN, said=fault)
