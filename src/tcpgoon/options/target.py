"""The target as it stands on the command line."""

from collections.abc import Sequence

import click

from tcpgoon.plan.endpoint import Target, parse_host_and_port, parse_target
from tcpgoon.plan.lookup import Lookup, is_lookup, parse_lookup

METAVAR = "HOST PORT | HOST:PORT | [V6]:PORT | SCHEME://…"


def target_of(words: Sequence[str]) -> Target | Lookup:
    """The target of one or two ``words``. Raises `PlanError`, and a usage error for any other number of them."""
    forms = "HOST PORT or HOST:PORT"
    if len(words) == 1:
        return parse_lookup(words[0]) if is_lookup(words[0]) else parse_target(words[0])
    if len(words) == 2:
        return parse_host_and_port(*words)
    said = f"{' '.join(words)!r} is not a target: give {forms}" if words else f"give a target: {forms}"
    raise click.UsageError(said, click.get_current_context())
