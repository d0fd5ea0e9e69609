"""``tcpgoon run``: options → what is asked → result → report."""

from typing import Any

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.given import given
from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.outputs import Outputs, github_option, output_options, save_option
from tcpgoon.cli.prompt import confirm, confirm_each
from tcpgoon.cli.view import View, view_options
from tcpgoon.errors import ExitStatus
from tcpgoon.options.asked import Asked, asked_options
from tcpgoon.options.params import SECONDS
from tcpgoon.options.target import METAVAR, target_of
from tcpgoon.plan.named_probes import named_probes
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.runs.ask import check_interval
from tcpgoon.runs.runner import run as carry_out


class RunCommand(Command):
    """Lists the probes, too: they are looked up for the help alone."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Called by click for the help."""
        super().format_options(ctx, formatter)
        with formatter.section("Probes"):
            formatter.write_dl([(probe.spelling(name), probe.summary) for name, probe in named_probes().items()])


@click.command(
    cls=RunCommand,
    examples=(
        Example("tcpgoon run -y -c 1000 --hold 30s checkout.local:8080", "a thousand at once, held for half a minute"),
        Example("tcpgoon run -y -c 5k --rate 1k/s --probe http:/health 10.0.0.7:80", "each has to be answered, too"),
        Example("tcpgoon run -y -c 500 --tls --require 'p99 establishment < 50ms' db.local:5433", "and in time"),
        Example("tcpgoon run -y -c 2k --each eureka://registry:8761/CHECKOUT", "each instance of a service"),
        Example("tcpgoon -c 100 127.0.0.1 8080", "the short form; it asks before it dials"),
    ),
    epilog="Exit status: 0 pass, 1 interrupted or declined, 2 the target failed, 3 inconclusive, 64 usage.",
)
@click.argument("target", nargs=-1, metavar=METAVAR)
@click.option(
    "-i", "--interval", type=SECONDS, default="1", show_default=True, help="Seconds between two status lines."
)
@click.option("-y", "--assume-yes", is_flag=True, help="Do not ask for confirmation.")
@view_options
@output_options
@github_option
@save_option
@asked_options
def run(
    target: tuple[str, ...],
    assume_yes: bool,
    interval: float,
    quiet: bool,
    plain: bool,
    verbose: bool,
    outputs: tuple[str, ...],
    save: str | None,
    github: bool,
    **options: Any,
) -> ExitStatus:
    """Open connections to a target, hold them, and say whether it carried them all."""
    asked = Asked(target_of(target), options, given(options))
    check_interval(interval)
    reports = Outputs(outputs, save=save, github=github)
    found = asked.places()
    reports.check_rows(asked.draft.connections * len(found))
    view = View(quiet=quiet, plain=plain, verbose=verbose, silent=reports.owns_stdout)
    if asked.choice.each:
        if not assume_yes:
            confirm_each(asked.draft, found, asked.is_secret)
        from tcpgoon.cli.each import ask_each  # with rich, which takes a while, and which no other run needs

        return ask_each(found, asked.plan_for, view, interval, reports)
    (place,) = found
    plan = asked.plan_for(place.target)
    if not assume_yes:
        confirm(plan, place, asked.is_secret)
    with interruptible(view.leave) as stop:
        reports.begin()
        result = carry_out(
            plan, view.monitor, endpoints=place.endpoints, origin=place.origin, interval_s=interval, stop=stop
        )
        view.say(text_report(result), verdict_line(result))
        return reports.write(result)
