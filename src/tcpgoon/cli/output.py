"""Standard output that may fail: a reader that has left, a disk that is full. The verdict is never lost with it."""

import os
import sys

import click


def say(report: str, verdict: str) -> None:
    """Print ``report``. Where that fails for another reason than that nobody reads, ``verdict`` goes to stderr."""
    try:
        click.echo(report)
    except BrokenPipeError:
        abandon_output()
    except OSError as exc:
        abandon_output()
        click.echo(f"tcpgoon: the report cannot be written: {exc.strerror}\n{verdict}", err=True)


def abandon_output() -> None:
    """Send what is still in the buffer of standard output nowhere: else Python would fail over it once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
