"""``tcpgoon report``: the reports of a run that is over, from what ``--save`` kept."""

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.outputs import Outputs, output_options
from tcpgoon.errors import ExitStatus


@click.command(
    cls=Command,
    short_help="Report on a run that was saved.",
    examples=(
        Example("tcpgoon run -y -c 1000 --save run.tcpgoon checkout.local:8080", "keep all of a run"),
        Example("tcpgoon report run.tcpgoon", "the report that was printed then"),
        Example("tcpgoon report run.tcpgoon -o json=run.json", "and any other"),
    ),
    epilog="Exit status: 0 reported, whatever the verdict is; 64 usage, or FILE is none that was saved; 74 a report "
    "could not be written.",
)
@click.argument("file", type=click.Path())
@output_options
def report(file: str, outputs: tuple[str, ...]) -> ExitStatus:
    """Report on the run that was saved in FILE. Nothing is dialled, and the verdict is the one that was given then."""
    reports = Outputs(outputs or ("text",))
    from tcpgoon.runs.saved import loaded  # with numpy, which takes a while

    return reports.render(loaded(file))
