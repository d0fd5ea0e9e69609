"""What a run shows while it goes on, and how much when it is over: ``--plain``, ``--quiet``, ``--verbose``."""

import sys
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

import click

from tcpgoon.cli.output import complain, say
from tcpgoon.report.status import StatusLines, can_be_drawn_on
from tcpgoon.runs.monitor import Monitor

_Command = TypeVar("_Command", bound=Callable[..., Any])


def view_options(command: _Command) -> _Command:
    """Add the options that `View` is made of."""
    for option in reversed(
        [
            click.option("-q", "--quiet", is_flag=True, help="Print the verdict and nothing else."),
            click.option("--plain", is_flag=True, help="Status lines, also on a terminal, which has a live view else."),
            click.option(
                "-v",
                "--verbose",
                "--debug",
                is_flag=True,
                help="A line per connection event on stderr; where that is a terminal, status lines and no live view.",
            ),
        ]
    ):
        command = option(command)
    return command


class Voice:
    """What is said on standard output: all; the last of it alone where that is to be ``quiet``; nothing if ``silent``.

    Once standard output has failed, the last verdict goes to stderr: it would be lost in silence.
    """

    def __init__(self, *, quiet: bool = False, silent: bool = False) -> None:
        self._quiet = quiet
        self._silent = silent
        self._is_heard = True

    def say(self, report: str, verdict: str) -> None:
        """Print ``report``; where that is too much, its ``verdict``."""
        if self._silent:
            return
        if self._is_heard:
            say(verdict if self._quiet else report, verdict)
        else:
            complain(verdict)

    def say_between(self, report: str, verdict: str) -> None:
        """The same of what is not the end of all: where that is too much, nothing."""
        if not (self._quiet or self._silent):
            self._is_heard = self._is_heard and say(report, verdict)


class View(Voice):
    """It, and what is shown of a run while it goes on; connection events on stderr where it is ``verbose``.

    Nothing is shown on standard output where it is ``silent``: that is for something else.
    """

    def __init__(
        self, *, quiet: bool = False, plain: bool = False, verbose: bool = False, silent: bool = False
    ) -> None:
        super().__init__(quiet=quiet, silent=silent)
        log = sys.stderr if verbose else None
        self.monitor: Monitor | None = _quietly(log) if quiet or silent else _aloud(sys.stdout, log, plain)
        """Who watches the runs."""

    def leave(self) -> None:
        """Tidy up the terminal; for a signal handler that ends the process."""
        getattr(self.monitor, "leave", _nothing)()


def _quietly(log: TextIO | None) -> Monitor | None:
    return StatusLines(None, log) if log else None


def _aloud(out: TextIO, log: TextIO | None, plain: bool) -> Monitor:
    if plain or not can_be_drawn_on(out) or (log is not None and log.isatty()):
        return StatusLines(out, log)
    from tcpgoon.report.live import LiveView  # with rich, which takes a while, and which no pipe needs

    return LiveView(out, log)


def _nothing() -> None:
    """Whoever draws nothing leaves nothing behind."""
