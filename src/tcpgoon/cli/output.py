"""Standard output that may fail: a reader that has left, a disk that is full. The verdict is never lost with it."""

import errno
import os
import sys
from typing import TextIO

import click

OUTPUT_FAILED = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What is said where nobody reads any more, or the file that we print to takes no more."""


def say(report: str, verdict: str) -> bool:
    """Print ``report``. Where that fails for another reason than that nobody reads, ``verdict`` goes to stderr.

    False in that case alone: what is said later would be lost in silence.
    """
    try:
        click.echo(report)
    except BrokenPipeError:
        abandon_output()
    except OSError as exc:
        abandon_output()
        complain(f"the report cannot be written: {exc.strerror}\n{verdict}")
        return False
    return True


def complain(line: str) -> None:
    """Say ``line`` on stderr, where that can be done: the exit status says it in any case."""
    try:
        click.echo(f"tcpgoon: {line}", err=True)
    except OSError:
        abandon(sys.stderr)


def abandon_output() -> None:
    """Send what is still in the buffer of standard output nowhere: else Python would fail over it once more at exit."""
    abandon(sys.stdout)


def abandon(stream: TextIO | None) -> None:
    """The same for ``stream``."""
    if stream is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
