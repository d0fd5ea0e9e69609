"""``tcpgoon resolve``: all that a target stands for. Nothing is dialled."""

import sys
from typing import Any

import click
import msgspec

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.given import given
from tcpgoon.cli.output import say
from tcpgoon.discovery.resolution import found
from tcpgoon.errors import ExitStatus
from tcpgoon.options.discovery import terms_of, terms_options
from tcpgoon.options.target import METAVAR, target_of
from tcpgoon.plan.endpoint import Family
from tcpgoon.report.instances import resolved, summary
from tcpgoon.report.json import harmless


@click.command(
    cls=Command,
    examples=(
        Example("tcpgoon resolve eureka://registry:8761/CHECKOUT", "Eureka"),
        Example("tcpgoon resolve srv://_http._tcp.checkout.example.com", "SRV records"),
        Example("tcpgoon resolve 'consul://localhost:8500/checkout?tag=canary'", "Consul"),
        Example("tcpgoon resolve k8s://namespace/checkout:http", "Kubernetes"),
        Example("tcpgoon resolve dns://checkout.local:8080", "all addresses of a name"),
        Example("tcpgoon resolve file://targets.json", "a file; - is standard input"),
    ),
    short_help="List the instances that a target stands for.",
    epilog="Exit status: 0 an instance is up and can be dialled, 3 none is, or the registry cannot be asked, 64 usage.",
)
@click.argument("target", nargs=-1, metavar=METAVAR)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="As what.")
@click.option("-4", "family", flag_value=Family.IPV4.value, help="IPv4 addresses only.")
@click.option("-6", "family", flag_value=Family.IPV6.value, help="IPv6 addresses only.")
@terms_options
def resolve(target: tuple[str, ...], output: str, family: str | None, **options: Any) -> ExitStatus:
    """List the instances that a target stands for: status, address and port, zone, metadata. Nothing is dialled."""
    asked = target_of(target)
    what = found(asked, terms_of(asked, options, given(options), Family(family or Family.ANY)))
    if output == "json":
        text = harmless(msgspec.json.format(msgspec.json.encode(what.to_dict())).decode())
    else:
        text = resolved(what, sys.stdout)
    say(text, summary(what))
    return ExitStatus.PASS if what.can_be_asked else ExitStatus.INCONCLUSIVE
