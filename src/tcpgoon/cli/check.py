"""``tcpgoon check``: a suite → what came of each of its checks → one verdict."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tcpgoon.capacity import Step
from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.output import complain, say
from tcpgoon.cli.outputs import Outputs, github_option, output_options, save_option
from tcpgoon.cli.view import Voice
from tcpgoon.discovery.place import Place
from tcpgoon.errors import ExitStatus
from tcpgoon.options.params import SECONDS
from tcpgoon.options.suites.load import load_suite
from tcpgoon.options.suites.suite import Check
from tcpgoon.plan.escapes import printable
from tcpgoon.report.capacity import step_line
from tcpgoon.report.status import StatusLines
from tcpgoon.report.suite import beginning, ending, listed, suite_report
from tcpgoon.report.text import verdict_line
from tcpgoon.result import Part
from tcpgoon.runs.ask import check_interval
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.suite import Audience, run_suite


@click.command(
    cls=Command,
    short_help="Ask all that a file asks: many checks, one verdict.",
    examples=(
        Example("tcpgoon check", "all of tcpgoon.toml, or of [tool.tcpgoon] in pyproject.toml"),
        Example("tcpgoon check --list ci/capacity.toml", "what is in it; this reads it, and dials nothing"),
        Example("tcpgoon check --only 'db*' --fail-fast", "some, up to the first that does not pass"),
        Example("tcpgoon check -o json=capacity.json", "for machines, too"),
    ),
    epilog="Exit status, of the worst check: 0 all passed, 1 interrupted, 2 a target failed, 3 inconclusive; 64: the "
    "suite is wrong.",
)
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@click.option(
    "--only", multiple=True, metavar="NAME", help="Only the check of this name, which may have * in it; more than once."
)
@click.option("--fail-fast", is_flag=True, help="Begin no further check after one that did not pass.")
@click.option("--list", "list_only", is_flag=True, help="Say what is in the suite, and dial nothing.")
@click.option(
    "-i", "--interval", type=SECONDS, default="1", show_default=True, help="Seconds between two status lines of -v."
)
@click.option("-q", "--quiet", is_flag=True, help="Print the verdict and nothing else.")
@click.option("-v", "--verbose", is_flag=True, help="Status lines on stderr, each with the name of its check.")
@output_options
@github_option
@save_option
def check(
    file: Path | None,
    only: tuple[str, ...],
    fail_fast: bool,
    list_only: bool,
    interval: float,
    quiet: bool,
    verbose: bool,
    outputs: tuple[str, ...],
    github: bool,
    save: str | None,
) -> ExitStatus:
    """Ask all checks of the suite in FILE, and say whether each passed.

    Without FILE: of tcpgoon.toml in this folder, or of the table [tool.tcpgoon] of its pyproject.toml. All of the suite
    is looked at before anything is dialled. Nobody is asked for confirmation: whoever writes a suite means it.
    """
    suite = load_suite(file)
    if suite.note:
        complain(suite.note)
    suite = suite.only(only)
    check_interval(interval)
    reports = Outputs(outputs, save=save, github=github)
    reports.check_rows(sum(one.connections for one in suite.checks))
    if list_only:
        say(listed(suite, sys.stdout), "")
        return ExitStatus.PASS
    voice = Voice(quiet=quiet, silent=reports.owns_stdout)
    with interruptible() as stop:
        reports.begin()
        came = run_suite(
            suite,
            _Said(voice, verbose),
            fail_fast=fail_fast,
            interval_s=interval,
            stop=stop,
            keep_rows=reports.needs_rows,
        )
        voice.say(f"\n{suite_report(came, sys.stdout)}", verdict_line(came))
        return reports.write(came)


class _Said(Audience):
    """Says what comes, as it comes."""

    def __init__(self, voice: Voice, verbose: bool) -> None:
        self._voice = voice
        self._verbose = verbose

    def begins(self, check: Check, places: Sequence[Place]) -> None:
        """A line."""
        self._voice.say_between(beginning(check, places), check.name)

    def ended(self, check: Check, parts: Sequence[Part]) -> None:
        """A line, or the whole report."""
        for part in parts:
            self._voice.say_between(ending(part), verdict_line(part))

    def tried(self, check: Check, step: Step) -> None:
        """A line, where status lines are wanted."""
        if self._verbose:
            click.echo(f"{printable(check.name)}: {step_line(step).strip()}", err=True)

    def monitor_of(self, check: Check) -> Monitor | None:
        """Status lines, where they are wanted."""
        return StatusLines(sys.stderr, head=f"{printable(check.name)}: ") if self._verbose else None
