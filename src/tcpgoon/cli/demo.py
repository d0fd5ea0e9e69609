"""``tcpgoon demo``: the main job, twice, against a bundled server with a limit."""

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.view import View
from tcpgoon.errors import Bug, ExitStatus
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.report.text import text_report
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.runner import run
from tcpgoon.runs.stop import Stop
from tcpgoon.server import ServerConfig, ServerProcess

LIMIT = 100
"""How many connections the demo's server carries."""

ACTS = ((LIMIT, Verdict.PASS), (LIMIT + 50, Verdict.FAIL))
"""How many are asked for, and what the verdict is then."""


@click.command(cls=Command, examples=(Example("tcpgoon demo", "some seconds, and nothing else is needed"),))
def demo() -> ExitStatus:
    """Start a server that carries 100 connections; ask it for 100, then for 150.

    Exit status 0 when the first run passed and the second failed, as they should.
    """
    view = View()
    with interruptible(view.leave) as stop:
        for connections, expected in ACTS:
            verdict = _act(connections, view.monitor, stop)
            if stop.requested:
                return ExitStatus.INTERRUPTED
            if verdict is not expected:
                raise Bug(f"the demo's verdict on {connections} connections was {verdict}, not {expected}")
    click.echo("\nThat was the demo: the exit status of the first run is 0, that of the second 2.")
    return ExitStatus.PASS


def _act(connections: int, monitor: Monitor | None, stop: Stop) -> Verdict:
    with ServerProcess(ServerConfig(max_connections=LIMIT)) as server:
        click.echo(f"\n# A server that carries {LIMIT} connections is asked for {connections}:")
        click.echo(f"$ tcpgoon run -y -c {connections} {server.host} {server.port}")
        plan = Plan(target=Target(server.host, server.port), connections=connections)
        result = run(plan, monitor, endpoints=[Endpoint(server.host, server.port)], stop=stop)
        click.echo(text_report(result))
        return result.verdict
