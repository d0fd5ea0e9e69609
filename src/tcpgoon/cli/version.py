"""``tcpgoon version``."""

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.version import VERSION


@click.command(cls=Command, examples=(Example("tcpgoon version", "which one is it?"),))
def version() -> None:
    """Print the version."""
    click.echo(f"tcpgoon {VERSION}")
