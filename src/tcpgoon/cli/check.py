"""``tcpgoon check``: a suite → what came of each of its checks → one verdict."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.output import complain, say
from tcpgoon.discovery.place import Place
from tcpgoon.errors import ExitStatus, PlanError
from tcpgoon.options.params import SECONDS
from tcpgoon.options.suites.load import load_suite
from tcpgoon.options.suites.suite import Check
from tcpgoon.plan.escapes import printable
from tcpgoon.report.status import StatusLines
from tcpgoon.report.suite import beginning, ending, listed, suite_report
from tcpgoon.report.text import verdict_line
from tcpgoon.result import Part
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.suite import Audience, run_suite


@click.command(
    short_help="Ask all that a file asks: a suite of checks, one verdict.",
    epilog="Exit status: that of the worst check: 0 all passed, 1 interrupted, 2 a target failed, 3 inconclusive; "
    "64 the suite is wrong.",
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
@click.option("-v", "--verbose", is_flag=True, help="Status lines on stderr, each with the name of its check.")
def check(
    file: Path | None, only: tuple[str, ...], fail_fast: bool, list_only: bool, interval: float, verbose: bool
) -> ExitStatus:
    """Ask all checks of the suite in FILE, and say whether each passed.

    Without FILE: tcpgoon.toml in this folder, or the table [tool.tcpgoon] of its pyproject.toml. The whole suite is
    looked at before anything is dialled. Nobody is asked for confirmation: a suite is meant.
    """
    suite = load_suite(file)
    if suite.note:
        complain(suite.note)
    suite = suite.only(only)
    if interval <= 0:
        raise PlanError("the interval between two status lines must be above 0")
    if list_only:
        say(listed(suite, sys.stdout), f"{len(suite.checks):,} checks")
        return ExitStatus.PASS
    with interruptible() as stop:
        came = run_suite(suite, _Said(verbose), fail_fast=fail_fast, interval_s=interval, stop=stop, keep_rows=False)
        say(suite_report(came, sys.stdout), verdict_line(came))
    return came.verdict.exit_status


class _Said(Audience):
    """Prints what comes, as it comes."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose

    def begins(self, check: Check, places: Sequence[Place]) -> None:
        """A line."""
        say(beginning(check, places), "")

    def ended(self, check: Check, parts: Sequence[Part]) -> None:
        """A line, or the whole report."""
        for part in parts:
            say(ending(part), verdict_line(part))

    def monitor_of(self, check: Check) -> Monitor | None:
        """Status lines, where they are wanted."""
        return StatusLines(sys.stderr, head=f"{printable(check.name)}: ") if self._verbose else None
