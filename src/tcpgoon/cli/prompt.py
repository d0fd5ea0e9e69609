"""The question before a run: whoever opens thousands of connections to a service should have meant to."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

import click

from tcpgoon.discovery.place import Place
from tcpgoon.errors import Declined
from tcpgoon.plan.escapes import format_escapes, printable
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.units import format_duration
from tcpgoon.report.origin import instance_lines

_FRAME = "*" * 68

MOST_SHOWN = 40
"""Bytes that are shown of what a probe sends."""


def confirm(plan: Plan, place: Place, secret: bool = False) -> None:
    """Ask on the terminal whether to go on. Raises `Declined` unless the answer is yes.

    Where what a probe sends is ``secret``, its length alone is shown.
    """
    _ask(lambda: (*_where(plan, place), *_what(plan, secret)))


def confirm_each(plan: Plan, places: Sequence[Place], secret: bool = False) -> None:
    """The same for a run at each of ``places``, one after another."""
    _ask(lambda: (*_each(places), *_what(plan, secret, " to each")))


def _ask(announcement: Callable[[], Iterable[str]]) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise Declined("there is no terminal to ask for confirmation on: give -y to run without being asked")
    lines = (_FRAME, "* You are going to open TCP connections to a service:", *announcement(), _FRAME)
    click.echo("\n".join(lines), err=True)
    click.echo("Do you want to continue? (y/N): ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Declined("declined, nothing was dialled (give -y to run without being asked)")


def _where(plan: Plan, place: Place) -> Iterator[str]:
    addresses = [endpoint.address for endpoint in place.endpoints]
    if place.origin and len(place.origin.dialled) > 1:
        yield f"*   service:     {printable(place.origin.service)}"
        yield from (f"*   instance:    {line}" for line in instance_lines((place,)))
        return
    if place.origin:
        yield f"*   instance:    {printable(place.origin.dialled[0].id)} of {printable(place.origin.service)}"
    yield f"*   host:        {plan.target.host}"
    yield f"*   address:     {', '.join(_marked(addresses, plan.spread))}"
    yield f"*   port:        {plan.target.port}"


def _each(places: Sequence[Place]) -> Iterator[str]:
    origin = places[0].origin
    yield f"*   service:     {printable(origin.service) if origin else ''}, one instance after another"
    yield from (f"*   instance:    {line}" for line in instance_lines(places))


def _what(plan: Plan, secret: bool, whom: str = "") -> Iterator[str]:
    yield f"*   connections: {plan.connections}{whom}"
    yield from _beyond_opening(plan, secret)


def _marked(addresses: Sequence[str], all_of_them: bool) -> Iterator[str]:
    """Which of several are dialled."""
    for number, address in enumerate(addresses):
        dialled = len(addresses) > 1 and (all_of_them or not number)
        yield f"{address} (dialled)" if dialled else address


def _beyond_opening(plan: Plan, secret: bool) -> Iterator[str]:
    if plan.knocks:
        yield f"*   newcomers:   one more, every {format_duration(plan.canary_every_s)} while they are held"
    if plan.keepalive_s:
        yield f"*   keepalive:   on each that was idle for {format_duration(plan.keepalive_s)}"
    if plan.proxy_protocol:
        yield f"*   first:       a header of the PROXY protocol {plan.proxy_protocol.value}"
    if plan.tls:
        yield f"*   TLS:         {plan.tls.server_name or 'without a name'}"
    if plan.probe:
        again = f", again every {format_duration(plan.probe_every_s)}" if plan.probe_every_s else ""
        yield f"*   each sends:  {_sent(plan.probe.payload, secret)} ({plan.probe.name}{again})"


def _sent(payload: bytes, secret: bool) -> str:
    if not payload:
        return "nothing"
    if secret:
        return f"{len(payload):,} bytes"
    more = f"…, {len(payload):,} bytes in all" if len(payload) > MOST_SHOWN else ""
    return format_escapes(payload[:MOST_SHOWN]) + more
