"""``tcpgoon run``: options → plan → result → report."""

import sys
from collections.abc import Collection
from typing import Any

import click

from tcpgoon.cli.discovery_options import choice_of, discovery_options, terms_of
from tcpgoon.cli.given import given
from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.output import say
from tcpgoon.cli.params import COUNT, DURATION, MILLISECONDS, RATE, SECONDS, Parsed
from tcpgoon.cli.prompt import confirm, confirm_each
from tcpgoon.cli.proof_options import for_target, proof_fields, proof_options
from tcpgoon.cli.sections import SectionedCommand
from tcpgoon.cli.source_options import source_options
from tcpgoon.cli.target import METAVAR, target_of
from tcpgoon.cli.workers_option import workers_of, workers_option
from tcpgoon.discovery.place import ANY_INSTANCE, check_spread
from tcpgoon.discovery.places import places
from tcpgoon.errors import ExitStatus, PlanError
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.named_probes import named_probes
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate, from_interval, from_ramp, from_rate
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.requirements import parse_requirement
from tcpgoon.report.status import StatusLines
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.runs.runner import run as carry_out


class RunCommand(SectionedCommand):
    """Lists the probes, too: they are looked up for the help alone."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Called by click for the help."""
        super().format_options(ctx, formatter)
        with formatter.section("Probes"):
            formatter.write_dl([(probe.spelling(name), probe.summary) for name, probe in named_probes().items()])


@click.command(
    cls=RunCommand,
    epilog="Exit status: 0 pass, 1 interrupted or declined, 2 the target failed, 3 inconclusive, 64 usage.",
)
@click.argument("target", nargs=-1, metavar=METAVAR)
@click.option(
    "-c", "--connections", type=COUNT, default="100", show_default=True, help="How many are held at once; 10k."
)
@click.option("-s", "--sleep", type=MILLISECONDS, help="ms between the starts of two dials; 0: at once.  [default: 10]")
@click.option("--rate", type=RATE, help="The same as a rate: 5k/s.")
@click.option("--ramp", type=DURATION, help="The same as a time for the whole ramp: 30s.")
@click.option(
    "-d", "-t", "--dial-timeout", type=MILLISECONDS, default="5000", show_default=True, help="ms that a dial may take."
)
@click.option("--max-dialing", type=COUNT, default="512", show_default=True, help="At most so many dials in flight.")
@click.option(
    "--hold", type=DURATION, default="1s", show_default=True, help="How long all are held after the last dial ended."
)
@click.option(
    "-i", "--interval", type=SECONDS, default="1", show_default=True, help="Seconds between two status lines."
)
@click.option("-y", "--assume-yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--close",
    type=click.Choice([close.value for close in Close]),
    default=Close.FIN.value,
    show_default=True,
    help="How we close: politely, or with RST so that no TIME_WAIT stays behind.",
)
@click.option("-4", "family", flag_value=Family.IPV4.value, help="Dial IPv4 addresses only.")
@click.option("-6", "family", flag_value=Family.IPV6.value, help="Dial IPv6 addresses only.")
@source_options
@click.option(
    "--target-pid",
    type=int,
    metavar="PID",
    help="A process of the target on this machine, in a container or not, to look at.  "
    "[default: whoever listens on the port, where the target is on this machine]",
)
@workers_option
@click.option(
    "--require",
    "requirements",
    type=Parsed("requirement", parse_requirement),
    multiple=True,
    metavar="REQUIREMENT",
    help="What has to hold for a PASS: 'established >= 99.9%', 'p99 establishment < 50ms', 'newcomer < 100ms'; may be "
    "given more than once.  [default: all are held at once, and none is lost]",
)
@click.option("--force", is_flag=True, help="Go on although a limit of this client makes it impossible.")
@click.option("-v", "--verbose", "--debug", is_flag=True, help="A line per connection event on stderr.")
@discovery_options
@proof_options
def run(target: tuple[str, ...], assume_yes: bool, interval: float, verbose: bool, **options: Any) -> ExitStatus:
    """Open connections to a target, hold them, and say whether it carried them all."""
    asked = target_of(target)
    choice = choice_of(asked, options)
    named = given(options)
    # What is wrong with the command line is said before a registry is asked for anything.
    draft = _plan(asked if isinstance(asked, Target) else ANY_INSTANCE, options, named)
    if interval <= 0:
        raise PlanError("the interval between two status lines must be above 0")
    found = places(asked, choice, terms_of(asked, options, named, draft.dialled_family))
    if choice.spread:
        check_spread(draft, found[0])
    monitor = StatusLines(sys.stdout, sys.stderr if verbose else None)
    secret = (options["send"] or "").startswith("@")
    if choice.each:
        if not assume_yes:
            confirm_each(draft, found, secret)
        from tcpgoon.cli.each import ask_each  # with rich, which takes a while, and which no other run needs

        return ask_each(found, lambda one: for_target(draft, one, options), monitor, interval)
    (place,) = found
    plan = for_target(draft, place.target, options)
    if not assume_yes:
        confirm(plan, place, secret)
    with interruptible() as stop:
        result = carry_out(
            plan, monitor, endpoints=place.endpoints, origin=place.origin, interval_s=interval, stop=stop
        )
        say(text_report(result), verdict_line(result))
    return result.verdict.exit_status


def _plan(target: Target, options: dict[str, Any], named: Collection[str]) -> Plan:
    return Plan(
        target=target,
        connections=options["connections"],
        pacing=_pacing(options["sleep"], options["rate"], options["ramp"], options["connections"]),
        dial_timeout_s=options["dial_timeout"],
        max_dialing=options["max_dialing"],
        hold_s=options["hold"],
        close=Close(options["close"]),
        family=Family(options["family"] or Family.ANY),
        sources=tuple(options["sources"]),
        spread=options["spread"],
        target_pid=options["target_pid"],
        workers=workers_of(options["workers"]),
        requirements=tuple(options["requirements"]),
        force=options["force"],
        **proof_fields(target, options, named),
    )


def _pacing(
    sleep_s: float | None, rate: float | None, ramp_s: float | None, connections: int
) -> AllAtOnce | ConstantRate:
    if sum(given is not None for given in (sleep_s, rate, ramp_s)) > 1:
        raise PlanError("-s, --rate and --ramp say the same thing: give one of them")
    if rate is not None:
        return from_rate(rate)
    if ramp_s is not None:
        return from_ramp(ramp_s, connections)
    return from_interval(0.010 if sleep_s is None else sleep_s)
