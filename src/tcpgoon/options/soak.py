"""The options of a soak: those of a run, but that it is said how long it is to last."""

from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from typing import Any

import click

from tcpgoon.errors import PlanError
from tcpgoon.options.asked import Asked
from tcpgoon.options.params import DURATION
from tcpgoon.options.sections import SectionedOption
from tcpgoon.options.spelled import defaults, options_beside
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.units import format_duration

_soak = partial(click.option, cls=SectionedOption, section="Soak")

DURATION_OF_A_SOAK = "30m"
CHECKPOINT_EVERY = "1m"

SHORTEST_CHECKPOINT_S = 0.1

_OPTIONS = (
    _soak(
        "--for",
        "duration_s",
        type=DURATION,
        default=DURATION_OF_A_SOAK,
        show_default=True,
        help="How long all are held after the last dial ended.",
    ),
    _soak(
        "--checkpoint-every",
        "checkpoint_every_s",
        type=DURATION,
        default=CHECKPOINT_EVERY,
        show_default=True,
        help="How often what came so far is kept in a file, for 'tcpgoon report' should the soak be killed.",
    ),
)

NOT_ASKED = frozenset({"hold", "each"})
"""The options of a run that mean nothing here."""


def soak_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options that say what is asked."""
    command = options_beside(NOT_ASKED)(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@cache
def duration_option() -> click.Option:
    """That which says how long it lasts."""

    @click.command()
    @_OPTIONS[0]
    def command() -> None:
        """Has the option; nobody calls it."""

    (option,) = (param for param in command.params if isinstance(param, click.Option))
    return option


def asked_in_soak(target: Target | Lookup, options: Mapping[str, Any], given: Collection[str]) -> Asked:
    """What is asked of ``target``. Raises `PlanError`."""
    asked = {name: value for name, value in options.items() if name not in ("duration_s", "checkpoint_every_s")}
    check_checkpoints(options["checkpoint_every_s"])
    whole = {**defaults(), **asked, "hold": options["duration_s"]}
    found = Asked(target, whole, {*given} & asked.keys())
    check_soak(found.draft)
    return found


def check_checkpoints(every_s: float) -> None:
    """Raise `PlanError` where two checkpoints would be less apart than can be."""
    if every_s < SHORTEST_CHECKPOINT_S:
        shortest = format_duration(SHORTEST_CHECKPOINT_S)
        raise PlanError(
            f"the time between two checkpoints is {format_duration(every_s)}: it must be {shortest} or more"
        )


def check_soak(plan: Plan) -> None:
    """Raise `PlanError` for a ``plan`` by which nobody would find out who is gone without a word."""
    if plan.level is Assurance.HANDSHAKE:
        raise PlanError("a soak by the assurance handshake would miss whoever is gone without a word: leave it out")
