"""``tcpgoon preflight``: the limits of this client, before anything is dialled."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.given import given
from tcpgoon.cli.output import say
from tcpgoon.discovery.place import Place
from tcpgoon.discovery.places import places
from tcpgoon.engine.machine.host import cores
from tcpgoon.engine.machine.preflight import look
from tcpgoon.engine.machine.sources import sources_for
from tcpgoon.errors import ExitStatus
from tcpgoon.judge.preflight import checks, impossible
from tcpgoon.judge.workers import with_workers
from tcpgoon.options.discovery import choice_of, pick_options, terms_of
from tcpgoon.options.params import COUNT
from tcpgoon.options.sources import source_options
from tcpgoon.options.target import METAVAR, target_of
from tcpgoon.options.workers import workers_of, workers_option
from tcpgoon.plan.endpoint import Endpoint, Family, Target
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.sources import is_automatic
from tcpgoon.report.preflight import preflight_report, summary

_ANY = Target("any", 1)
"""In the place of a target that is not given: a name, so that it is of neither family."""

_NOWHERE = Place(target=_ANY, endpoints=())


@click.command(
    cls=Command,
    examples=(
        Example("tcpgoon preflight -c 30k", "towards anything that is elsewhere"),
        Example("tcpgoon preflight -c 30k --source 10.0.0.0/28 10.0.0.7 8080", "with the ports of 14 addresses"),
    ),
    short_help="Can this client hold so many? Its limits.",
    epilog="Exit status: 0 possible, 3 impossible or the name does not resolve, 64 usage.",
)
@click.argument("target", nargs=-1, metavar=f"[{METAVAR}]")
@click.option("-c", "--connections", type=COUNT, default="100", show_default=True, help="How many are to be held; 10k.")
@click.option("-4", "family", flag_value=Family.IPV4.value, help="Dial IPv4 addresses only.")
@click.option("-6", "family", flag_value=Family.IPV6.value, help="Dial IPv6 addresses only.")
@source_options
@workers_option
@pick_options
def preflight(
    target: tuple[str, ...],
    connections: int,
    family: str | None,
    sources: tuple[str, ...],
    spread: bool,
    workers: int | str,
    **options: Any,
) -> ExitStatus:
    """Show each limit of this client, and how many connections it allows. Nothing is dialled.

    Without a target: towards any one that is elsewhere.
    """
    asked = target_of(target) if target else _ANY
    plan = Plan(
        target=asked if isinstance(asked, Target) else _ANY,
        connections=connections,
        family=Family(family or Family.ANY),
        sources=sources,
        spread=spread,
        workers=workers_of(workers),
    )
    terms = terms_of(asked, options, given(options), plan.dialled_family)
    place = places(asked, choice_of(asked, {**options, "spread": spread}), terms)[0] if target else _NOWHERE
    endpoints = place.endpoints
    dialled = endpoints if spread else endpoints[:1]
    chosen, automatic = sources_for(plan.sources, dialled, connections), is_automatic(plan.sources)
    limits = look(dialled, chosen, addresses=len(endpoints) or 1, automatic=automatic)
    found = checks(with_workers(limits, plan, cores()), connections)
    shown = (found, connections, _named(place, dialled))
    say(preflight_report(*shown, sys.stdout), summary(*shown))
    return ExitStatus.INCONCLUSIVE if impossible(found) else ExitStatus.PASS


def _named(place: Place, dialled: Sequence[Endpoint]) -> str:
    target = place.target
    if not dialled:
        return "any one target"
    if place.origin:
        several = len(place.origin.dialled) > 1
        what = f"{len(dialled)} instances" if several else f"instance {printable(place.origin.dialled[0].id)}"
        return f"{what} of {printable(place.origin.service)}"
    addresses = ", ".join(endpoint.address for endpoint in dialled)
    return str(target) if target.by_address else f"{target} ({addresses})"
