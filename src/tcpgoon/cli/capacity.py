"""``tcpgoon capacity``: options → search → how many the target carries, and what stopped it."""

from typing import Any

import click
import msgspec

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.given import given
from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.outputs import Outputs, github_option, output_options, save_option
from tcpgoon.cli.prompt import confirm
from tcpgoon.cli.view import Voice
from tcpgoon.errors import ExitStatus
from tcpgoon.options.search import asked_in_trials, search_of, search_options
from tcpgoon.options.target import METAVAR, target_of
from tcpgoon.plan.plan import MOST_CONNECTIONS
from tcpgoon.plan.search import Search
from tcpgoon.report.capacity import answer_text, capacity_line, step_line
from tcpgoon.runs.capacity import find_capacity


@click.command(
    cls=Command,
    short_help="Find how many connections a target carries.",
    examples=(
        Example("tcpgoon capacity -y 127.0.0.1:8080", "up to 10,000, and the number that is one too many"),
        Example("tcpgoon capacity -y --probe http:/health --at-least 2k checkout:80", "a PASS from 2,000 on"),
        Example("tcpgoon capacity -y --max 100k --require 'p99 establishment < 50ms' db:5432", "in time"),
    ),
    epilog="Exit status: 0 found, and enough, 1 interrupted or declined, 2 none, or too few, 3 inconclusive: "
    "this client's limit came first, or no number held twice; 64 usage.",
)
@click.argument("target", nargs=-1, metavar=METAVAR)
@click.option("-y", "--assume-yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("-q", "--quiet", is_flag=True, help="Print the verdict and nothing else.")
@output_options
@github_option
@save_option
@search_options
def capacity(
    target: tuple[str, ...],
    assume_yes: bool,
    quiet: bool,
    outputs: tuple[str, ...],
    save: str | None,
    github: bool,
    **options: Any,
) -> ExitStatus:
    """Find the largest number of connections that a target carries at once.

    One search on connections that are held: up in growing steps, down to the number between good and bad, which is then
    held, proved, and followed by one more.
    """
    asked = asked_in_trials(target_of(target), options, given(options))
    search = search_of(options, MOST_CONNECTIONS if assume_yes else Search().most)
    reports = Outputs(outputs, save=save, github=github)
    (place,) = asked.places()
    reports.check_rows(options["most"] or 0)  # as many are seldom held as -y alone allows
    plan = msgspec.structs.replace(asked.plan_for(place.target), connections=search.most)
    if not assume_yes:
        confirm(plan, place, asked.is_secret)
    voice = Voice(quiet=quiet, silent=reports.owns_stdout)
    with interruptible() as stop:
        reports.begin()
        found = find_capacity(
            plan,
            search,
            endpoints=place.endpoints,
            origin=place.origin,
            tried=lambda step: voice.say_between(step_line(step), ""),
            stop=stop,
        )
        voice.say(answer_text(found), capacity_line(found))
        return reports.write(found)
