"""``tcpgoon soak``: options → a run of long → how old connections became, and who ended them."""

from typing import Any

import click

from tcpgoon.cli.checkpoint import Checkpoint
from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.given import given
from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.outputs import Outputs, github_option, output_options, save_option
from tcpgoon.cli.prompt import confirm
from tcpgoon.cli.view import View, view_options
from tcpgoon.errors import ExitStatus
from tcpgoon.options.params import SECONDS
from tcpgoon.options.soak import asked_in_soak, soak_options
from tcpgoon.options.target import METAVAR, target_of
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.runs.ask import check_interval
from tcpgoon.runs.soak import soak as carry_out


@click.command(
    cls=Command,
    short_help="Hold connections for long, and see how old they become.",
    examples=(
        Example("tcpgoon soak -y -c 1000 --for 30m checkout.local:8080", "a thousand, for half an hour"),
        Example("tcpgoon soak -y -c 200 --for 2h --keepalive 30s db:5432", "does the path give up on what is idle?"),
        Example("tcpgoon soak -y --for 8h --save night.tcpgoon db:5432", "for 'tcpgoon report', even if it is killed"),
    ),
    epilog="Exit status: 0 all lived on, 1 interrupted or declined, 2 the target failed, 3 inconclusive, 64 usage.",
)
@click.argument("target", nargs=-1, metavar=METAVAR)
@click.option(
    "-i", "--interval", type=SECONDS, default="60", show_default=True, help="Seconds between two status lines."
)
@click.option("-y", "--assume-yes", is_flag=True, help="Do not ask for confirmation.")
@view_options
@output_options
@github_option
@save_option
@soak_options
def soak(
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
    """Hold connections to a target for long; say at which age they died, if they did, and who ended them.

    A cliff, many deaths at one age, is an idle timeout or a maximum age; a slope is something else. What came so far is
    kept in a file, so that a soak that is killed can be reported.
    """
    asked = asked_in_soak(target_of(target), options, given(options))
    check_interval(interval)
    reports = Outputs(outputs, save=save, github=github)
    (place,) = asked.places()
    reports.check_rows(asked.draft.connections)
    view = View(quiet=quiet, plain=plain, verbose=verbose, silent=reports.owns_stdout)
    plan = asked.plan_for(place.target)
    if not assume_yes:
        confirm(plan, place, asked.is_secret)
    checkpoint = Checkpoint(save)
    with interruptible(view.leave) as stop:
        checkpoint.announce(options["checkpoint_every_s"])
        reports.begin()
        result = carry_out(
            plan,
            view.monitor,
            endpoints=place.endpoints,
            origin=place.origin,
            interval_s=interval,
            stop=stop,
            keep=checkpoint.keep,
            every_s=options["checkpoint_every_s"],
        )
        view.say(text_report(result), verdict_line(result))
        status = reports.write(result)
        checkpoint.over()
        return status
