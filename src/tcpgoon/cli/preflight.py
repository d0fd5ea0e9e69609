"""``tcpgoon preflight``: the limits of this client, before anything is dialled."""

import sys
from collections.abc import Sequence

import click

from tcpgoon.cli.output import say
from tcpgoon.cli.params import COUNT
from tcpgoon.cli.source_options import source_options
from tcpgoon.cli.target import METAVAR, target_of
from tcpgoon.cli.workers_option import workers_of, workers_option
from tcpgoon.discovery.resolver import resolve
from tcpgoon.engine.machine.host import cores
from tcpgoon.engine.machine.preflight import look
from tcpgoon.engine.machine.sources import sources_for
from tcpgoon.errors import ExitStatus
from tcpgoon.judge.preflight import checks, impossible
from tcpgoon.judge.workers import with_workers
from tcpgoon.plan.endpoint import Endpoint, Family, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.sources import is_automatic
from tcpgoon.report.preflight import preflight_report, summary

_ANY = Target("any", 1)
"""In the place of a target that is not given: a name, so that it is of neither family."""


@click.command(
    short_help="Can this client hold so many? Its limits.",
    epilog="Exit status: 0 possible, 3 impossible or the name does not resolve, 64 usage.",
)
@click.argument("target", nargs=-1, metavar=f"[{METAVAR}]")
@click.option("-c", "--connections", type=COUNT, default="100", show_default=True, help="How many are to be held; 10k.")
@click.option("-4", "family", flag_value=Family.IPV4.value, help="Dial IPv4 addresses only.")
@click.option("-6", "family", flag_value=Family.IPV6.value, help="Dial IPv6 addresses only.")
@source_options
@workers_option
def preflight(
    target: tuple[str, ...],
    connections: int,
    family: str | None,
    sources: tuple[str, ...],
    spread: bool,
    workers: int | str,
) -> ExitStatus:
    """Show each limit of this client, and how many connections it allows. Nothing is dialled.

    Without a target: towards any one that is elsewhere.
    """
    plan = Plan(
        target=target_of(target) if target else _ANY,
        connections=connections,
        family=Family(family or Family.ANY),
        sources=sources,
        spread=spread,
        workers=workers_of(workers),
    )
    endpoints = resolve(plan.target, plan.dialled_family) if target else ()
    dialled = endpoints if spread else endpoints[:1]
    chosen, automatic = sources_for(plan.sources, dialled, connections), is_automatic(plan.sources)
    limits = look(dialled, chosen, addresses=len(endpoints) or 1, automatic=automatic)
    found = checks(with_workers(limits, plan, cores()), connections)
    asked = (found, connections, _named(plan.target, dialled))
    say(preflight_report(*asked, sys.stdout), summary(*asked))
    return ExitStatus.INCONCLUSIVE if impossible(found) else ExitStatus.PASS


def _named(target: Target, dialled: Sequence[Endpoint]) -> str:
    if not dialled:
        return "any one target"
    addresses = ", ".join(endpoint.address for endpoint in dialled)
    return str(target) if target.by_address else f"{target} ({addresses})"
