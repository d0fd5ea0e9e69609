"""The target as it stands on the command line."""

from collections.abc import Sequence

import click

from tcpgoon.plan.endpoint import Target, parse_host_and_port, parse_target

METAVAR = "HOST PORT | HOST:PORT | [V6]:PORT | tcp://HOST:PORT"


def target_of(words: Sequence[str]) -> Target:
    """The target of one or two ``words``. Raises `PlanError`, and a usage error for any other number of them."""
    if len(words) == 1:
        return parse_target(words[0])
    if len(words) == 2:
        return parse_host_and_port(*words)
    raise click.UsageError("give a target: HOST PORT or HOST:PORT", click.get_current_context())
