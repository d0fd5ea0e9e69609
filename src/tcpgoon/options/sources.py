"""The options that say where connections come from, and to which of the target's addresses they go."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from tcpgoon.options.sections import SectionedOption

where = partial(click.option, cls=SectionedOption, section="From where, and to where")
"""As `click.option`, under the heading of these."""

_OPTIONS = (
    where(
        "--source",
        "sources",
        multiple=True,
        metavar="ADDRESSES",
        help="Where to dial from, in turn: an address of this host, a range (10.0.0.1-9), a network (10.0.0.0/24), an "
        "interface; more than once.  [default: auto, the kernel's choice, and more where it has too few ports]",
    ),
    where(
        "--spread", is_flag=True, help="Dial all addresses of the target's name, or all instances that are up, in turn."
    ),
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds them to ``command``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
