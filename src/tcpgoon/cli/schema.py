"""``tcpgoon schema``: what editors and other programs are told of our files."""

import json

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.output import say
from tcpgoon.errors import ExitStatus


@click.command(
    cls=Command,
    short_help="Print the JSON Schema of suites, for editors.",
    examples=(Example("tcpgoon schema > tcpgoon.schema.json", "beside tcpgoon.toml, whose first line names it"),),
    epilog="In the first line of tcpgoon.toml an editor reads: #:schema ./tcpgoon.schema.json",
)
def schema() -> ExitStatus:
    """Print the JSON Schema of suites: of tcpgoon.toml, and of the table [tool.tcpgoon] of a pyproject.toml.

    An editor that knows it completes the keys, says what they mean, and underlines what is wrong.
    """
    from tcpgoon.options.suites.schema import suite_schema  # nobody else waits for it

    whole = json.dumps(suite_schema(), indent=2, ensure_ascii=False)
    say(whole, "")
    return ExitStatus.PASS
