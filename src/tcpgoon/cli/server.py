"""``tcpgoon server``."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, get_args

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.options.params import COUNT, DURATION, Parsed
from tcpgoon.plan.escapes import parse_escapes
from tcpgoon.server import Above, Server, ServerConfig

BANNER = Parsed("text", parse_escapes)


@click.command(
    cls=Command,
    short_help="Listen as a target with fault knobs.",
    examples=(
        Example("tcpgoon server --port 8080 --max-connections 1000", "a limit: what is above it is closed"),
        Example("tcpgoon server --port 8080 --never-accept --backlog 10", "an accept queue that nobody empties"),
        Example("tcpgoon server --echo --duration 1m", "what a probe can ask, for a minute, on a free port"),
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Name or address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port; 0, the default, is any free one.")
@click.option("--max-connections", type=COUNT, help="Hold at most this many at the same time, over all workers.")
@click.option(
    "--above",
    type=click.Choice(get_args(Above)),
    default="close",
    show_default=True,
    help="Above the limit: close at once, reset at once, or stop accepting until there is a place.",
)
@click.option(
    "--backlog",
    type=COUNT,
    default=4096,
    show_default=True,
    help="Length of the accept queue; the kernel caps it at net.core.somaxconn.",
)
@click.option("--duration", "duration_s", type=DURATION, help="End after this long. [default: never]")
@click.option("--echo", is_flag=True, help="Send back what arrives; without it, it is read and dropped.")
@click.option(
    "--banner", type=BANNER, default=b"", help=r"Send this to each connection first; \r, \n and \x00 are known."
)
@click.option("--close-after", "close_after_s", type=DURATION, help="Close each connection at this age, with FIN.")
@click.option("--reset-after", "reset_after_s", type=DURATION, help="Reset each connection at this age, with RST.")
@click.option("--accept-delay", "accept_delay_s", type=DURATION, default=0.0, help="Wait before each accept.")
@click.option("--never-accept", is_flag=True, help="Listen, and never accept.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that share the port.")
@click.option("--while-stdin-open", is_flag=True, hidden=True, help="End when standard input does.")
def server(while_stdin_open: bool, **knobs: Any) -> None:
    """Listen as a target with fault knobs: a limit, slow accepts, early closes.

    Prints where it listens, and, when it ends (by SIGTERM, SIGINT or --duration), what it counted.
    """
    target = Server(ServerConfig(**knobs), lifeline=_standard_input() if while_stdin_open else None)
    target.listen()
    with _ended_by_signals(target):
        click.echo(f"Listening on {target.address}")
        sys.stdout.flush()
        target.serve()
        click.echo(str(target.counts))
    _report_starvation(target)


def _standard_input() -> int:
    if sys.stdin is None:
        raise click.UsageError("--while-stdin-open: standard input is closed")
    return sys.stdin.fileno()


@contextmanager
def _ended_by_signals(target: Server) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda *_: target.stop())
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _report_starvation(target: Server) -> None:
    if target.counts.starved:
        click.echo(
            "tcpgoon: accepting had to wait, as there was no descriptor left: raise this process's limit (ulimit -n)",
            err=True,
        )
