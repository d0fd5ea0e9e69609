"""``--workers``: over how many processes a run is split."""

import click

from tcpgoon.options.params import Parsed
from tcpgoon.options.sections import SectionedOption
from tcpgoon.plan.units import parse_count

AUTO = "auto"


def _count_or_auto(text: str) -> int | str:
    return AUTO if text == AUTO else parse_count(text)


workers_option = click.option(
    "--workers",
    cls=SectionedOption,
    section="Load",
    type=Parsed("number", _count_or_auto),
    default=AUTO,
    show_default=True,
    metavar="NUMBER|auto",
    help="Processes that share the work; auto: as many as descriptors and cores ask for.",
)
"""The option, as a decorator of a command."""


def workers_of(given: int | str) -> int | None:
    """What the plan is told; None: as many as it needs."""
    return given if isinstance(given, int) else None
