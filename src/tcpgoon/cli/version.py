"""``tcpgoon version``."""

import click

from tcpgoon.version import VERSION


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"tcpgoon {VERSION}")
