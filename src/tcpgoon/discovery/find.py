"""A look-up becomes a listing: the source is asked, within its time, and what it answers is checked.

A registry can drip its answer byte by byte, and a resolver can hang: no timeout of a single step bounds the whole. So
the source runs in a thread of its own, which is left alone when its time is over.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from tcpgoon.discovery.checked import checked, conforming
from tcpgoon.discovery.instance import Listing
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.sources import Source, is_built_in, source_for
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, TcpgoonError, Unanswerable, UsageError
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.units import format_duration

LONGEST_ERROR = 1_000
"""Characters of what somebody else's source says is wrong."""

_T = TypeVar("_T")


def find(lookup: Lookup, terms: Terms) -> Listing:
    """All instances that ``lookup`` stands for.

    Raises `DiscoveryError` where the registry cannot be asked, is late, or answers what makes no sense;
    `UnknownService` where it does not know the service, or has no instance of it; `UsageError` for what cannot be
    looked up.
    """
    source = source_for(lookup)
    ask = source if is_built_in(lookup) else _guarded(source)
    return checked(within(terms, lambda: ask(lookup, terms), str(lookup)), terms)


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


def _guarded(source: Source) -> Source:
    """``source``, which is somebody else's: a fault in it is no bug of ours, and no reason for a traceback."""

    def asked(lookup: Lookup, terms: Terms) -> Listing:
        try:
            answer = source(lookup, terms)
        except (UsageError, Unanswerable) as exc:
            raise _kind_of(exc)(clipped(str(exc), LONGEST_ERROR)) from exc
        # Also what says that the process is to end: only whoever runs it may, and its status would be a verdict.
        except BaseException as exc:
            what = type(exc).__name__ if isinstance(exc, TcpgoonError) else f"{type(exc).__name__}: {exc}"
            raise DiscoveryError(f"the source for {lookup.kind}:// failed: {clipped(what)}") from exc
        return conforming(answer, f"the source for {lookup.kind}://")

    return asked


def _kind_of(exc: UsageError | Unanswerable) -> type[UsageError | Unanswerable]:
    """The nearest of the errors that a source may raise: one of its own need not be made of a text alone."""
    return next(kind for kind in type(exc).__mro__ if kind.__module__ == TcpgoonError.__module__)
