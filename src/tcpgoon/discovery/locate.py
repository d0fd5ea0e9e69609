"""An instance becomes endpoints: its name is resolved, and its addresses are looked at before anything is dialled."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from tcpgoon.discovery.allowed import objection
from tcpgoon.discovery.instance import Instance, Listing, Located
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.resolver import resolve
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import PlanError, ResolutionError
from tcpgoon.plan.endpoint import Endpoint, Family, Target, family_of_or_none
from tcpgoon.plan.units import format_duration

MOST_AT_ONCE = 16
"""Names that are resolved at the same time."""


def locate(listing: Listing, instances: Sequence[Instance], terms: Terms) -> tuple[Located, ...]:
    """Where each of ``instances`` is, in their order; why not is said of those that cannot be dialled.

    Names that are not resolved within the time of ``terms`` are left alone.
    """
    found: dict[int, Located] = {}
    todo = deque(enumerate(instances))
    over = threading.Event()

    def work() -> None:
        while todo and not over.is_set():
            try:
                number, instance = todo.popleft()
            except IndexError:  # another was faster
                return
            found[number] = _located(listing, instance, terms)

    _in_threads(work, min(MOST_AT_ONCE, len(instances)), terms)
    over.set()
    late = f"its name was not resolved within {format_duration(terms.timeout_s)} (--registry-timeout)"
    return tuple(
        found.get(number) or Located(instance=instance, host=instance.host, problem=late)
        for number, instance in enumerate(instances)
    )


def _in_threads(work: Callable[[], None], count: int, terms: Terms) -> None:
    threads = [threading.Thread(target=work, name="tcpgoon-resolver", daemon=True) for _ in range(count)]
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:  # no more threads: those that there are do the work
            break
    for thread in threads:
        if thread.ident is not None:
            thread.join(terms.left_s())


def _located(listing: Listing, instance: Instance, terms: Terms) -> Located:
    host, problem = instance.host, ""
    endpoints: tuple[Endpoint, ...] = ()
    try:
        host, endpoints = _endpoints(instance, terms.family)
        problem = _forbidden(listing, endpoints, terms)
    except (ResolutionError, PlanError) as exc:
        problem = clipped(str(exc), 300)
    return Located(instance=instance, host=host, endpoints=() if problem else endpoints, problem=problem)


def _endpoints(instance: Instance, family: Family) -> tuple[str, tuple[Endpoint, ...]]:
    """The first of its hosts that has addresses, and these. Raises `ResolutionError` and `PlanError`."""
    first = instance.target
    if instance.addresses:
        return instance.host, _known(instance, family)
    try:
        return first.host, resolve(first, family)
    except ResolutionError:
        for other in instance.others:
            with suppress(ResolutionError, PlanError):
                return other, resolve(Target(other, instance.port), family)
        raise


def _known(instance: Instance, family: Family) -> tuple[Endpoint, ...]:
    wanted = (Family.IPV4, Family.IPV6) if family is Family.ANY else (family,)
    known = tuple(
        Endpoint(address, instance.port) for address in instance.addresses if family_of_or_none(address) in wanted
    )
    if not known:
        kind = "" if family is Family.ANY else f"{family.value} "
        raise ResolutionError(f"{instance.host} has no {kind}address")
    return known


def _forbidden(listing: Listing, endpoints: Sequence[Endpoint], terms: Terms) -> str:
    """Why ``endpoints`` are not to be dialled on the word of a registry; empty where they are."""
    if terms.allow_local:
        return ""
    for endpoint in endpoints:
        if what := objection(endpoint.address, to_loopback=not listing.is_local):
            return f"{endpoint.address} is {what}, where no registry is to send us: --allow-local dials it"
    return ""
