"""The question before a run: whoever opens thousands of connections to a service should have meant to."""

import sys
from collections.abc import Sequence

import click

from tcpgoon.errors import Declined
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan

_FRAME = "*" * 68


def confirm(plan: Plan, endpoints: Sequence[Endpoint]) -> None:
    """Ask on the terminal whether to go on. Raises `Declined` unless the answer is yes."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise Declined("there is no terminal to ask for confirmation on: give -y to run without being asked")
    click.echo(_announcement(plan, endpoints), err=True)
    click.echo("Do you want to continue? (y/N): ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Declined("declined, nothing was dialled (give -y to run without being asked)")


def _announcement(plan: Plan, endpoints: Sequence[Endpoint]) -> str:
    dialled, *others = (endpoint.address for endpoint in endpoints)
    return "\n".join(
        (
            _FRAME,
            "* You are going to open TCP connections to a service:",
            f"*   host:        {plan.target.host}",
            f"*   address:     {', '.join([dialled + (' (dialled)' if others else ''), *others])}",
            f"*   port:        {plan.target.port}",
            f"*   connections: {plan.connections}",
            _FRAME,
        )
    )
