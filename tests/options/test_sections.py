"""Help with headings."""

import click
from click.testing import CliRunner

from tcpgoon.options.sections import SectionedCommand, SectionedOption

COMMAND = SectionedCommand(
    "x",
    params=[
        click.Argument(["where"]),
        SectionedOption(["--tea"], section="Drinks", help="Green."),
        click.Option(["--plain"], help="No heading."),
        SectionedOption(["--rice"], section="Dishes", help="Fried."),
        SectionedOption(["--coffee"], section="Drinks", help="Black."),
        SectionedOption(["--poison"], section="Drinks", hidden=True),
    ],
)

HELP = """\
Usage: x [OPTIONS] WHERE

Drinks:
  --tea TEXT     Green.
  --coffee TEXT  Black.

Dishes:
  --rice TEXT  Fried.

Options:
  --plain TEXT  No heading.
  --help        Show this message and exit.
"""


def test_each_option_is_under_its_heading() -> None:
    assert CliRunner().invoke(COMMAND, ["--help"]).output == HELP
