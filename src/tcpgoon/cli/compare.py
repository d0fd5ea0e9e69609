"""``tcpgoon compare``: what got worse since a run, or several, that were saved."""

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.outputs import Outputs, formats_option
from tcpgoon.comparison.compared import Tolerance
from tcpgoon.errors import ExitStatus, UsageError
from tcpgoon.options.params import PERCENT, SECONDS
from tcpgoon.report.comparison import FORMATS

_DEFAULT = Tolerance()


@click.command(
    cls=Command,
    short_help="Say what got worse from one saved run to another.",
    examples=(
        Example("tcpgoon compare old.tcpgoon new.tcpgoon", "a run before, and now"),
        Example("tcpgoon compare monday.tcpgoon tuesday.tcpgoon new.tcpgoon", "several before: better"),
        Example("tcpgoon compare --tolerance 50% -o markdown=worse.md old.tcpgoon new.tcpgoon", "and a file"),
    ),
    epilog="Exit status: 0 nothing got worse, 2 something did, 3 they cannot be compared, 64 usage, or a file is none "
    "that was saved; 74 nothing got worse, and a report could not be written.",
)
@click.argument("files", nargs=-1, metavar="OLD... NEW", type=click.Path())
@click.option(
    "--tolerance",
    type=PERCENT,
    default=f"{_DEFAULT.times:.0%}",
    show_default=True,
    help="By so much of itself a time may be longer.",
)
@click.option(
    "--tolerance-time",
    type=SECONDS,
    default=f"{_DEFAULT.time_s:g}",
    show_default=True,
    help="By so many seconds a time may be longer in any case.",
)
@click.option(
    "--tolerance-share",
    type=PERCENT,
    default=f"{_DEFAULT.share:.1%}",
    show_default=True,
    help="So much of the connections may be worse off.",
)
@formats_option(FORMATS)
def compare(
    files: tuple[str, ...], tolerance: float, tolerance_time: float, tolerance_share: float, outputs: tuple[str, ...]
) -> ExitStatus:
    """Say what got worse beyond noise in the run that was saved in NEW.

    It is compared with OLD. With several OLD, runs of the same with nothing changed, what was seen in any of them is
    noise, too.
    """
    if len(files) < 2:
        raise UsageError("what is to be compared? give the file of an old run, or of several, and that of the new one")
    allowed = Tolerance(times=tolerance, time_s=tolerance_time, share=tolerance_share)
    reports = Outputs(outputs or ("text",), FORMATS)
    from tcpgoon.comparison.compare import compare as compared  # with numpy, which takes a while
    from tcpgoon.runs.saved import loaded

    *olds, new = map(loaded, files)
    return reports.write(compared(olds, new, allowed))
