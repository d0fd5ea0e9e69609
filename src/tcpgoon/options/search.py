"""The options of a search for the largest number of connections that a target carries."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import click

from tcpgoon.errors import PlanError
from tcpgoon.options.asked import Asked
from tcpgoon.options.params import COUNT, DURATION, MILLISECONDS, PERCENT
from tcpgoon.options.sections import SectionedOption
from tcpgoon.options.spelled import defaults, options_beside
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.requirements import Field, Requirement
from tcpgoon.plan.search import Search

_search = partial(click.option, cls=SectionedOption, section="Search")

DIAL_TIMEOUT = "2s"
"""A SYN is repeated after one second: so one that is lost is forgiven, and who is silent does not take long."""

_OPTIONS = (
    _search(
        "--max",
        "most",
        type=COUNT,
        default="10k",
        show_default=True,
        help="The search ends there: nobody is to open a million by a slip.",
    ),
    _search("--from", "first", type=COUNT, default="1", show_default=True, help="The number that is tried first."),
    _search("--step", type=COUNT, help="It grows by no more from one trial to the next.  [default: it doubles]"),
    _search(
        "--precision",
        type=PERCENT,
        default="1%",
        show_default=True,
        help="How wide the interval of the answer may be; a sharp limit is found to the unit all the same.",
    ),
    _search(
        "--confirm-hold",
        "confirm_hold_s",
        type=DURATION,
        default="10s",
        show_default=True,
        help="How long the answer is held before it is believed.",
    ),
    _search("--time-limit", "time_limit_s", type=DURATION, help="Give what is found by then.  [default: none]"),
    _search("--at-least", type=COUNT, help="What has to be carried for a PASS.  [default: one connection]"),
    _search(
        "-d",
        "-t",
        "--dial-timeout",
        type=MILLISECONDS,
        default=DIAL_TIMEOUT,
        show_default=True,
        help="ms that a dial may take; a SYN is repeated after 1s.",
    ),
)

_NOT_ASKED = {
    *("connections", "sleep", "rate", "ramp", "dial_timeout", "hold", "keepalive", "workers", "each", "spread"),
    *("confirm_every", "canary", "canary_every", "probe_at", "probe_every"),
}
"""The options of a run that mean nothing here: the search paces itself, and says when it asks."""

OPTIONS_OF_A_RUN = frozenset(_NOT_ASKED - {"dial_timeout"})
"""Those of them that nobody may give in Python either."""


_SEARCHED_FOR = {Field.ESTABLISHED, Field.LOST, Field.PEAK}


def search_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options that say what is searched for, and how each trial asks."""
    command = options_beside(_NOT_ASKED)(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def search_of(options: Mapping[str, Any]) -> Search:
    """What is searched for. Raises `PlanError`."""
    return Search(**{name: options[name] for name in Search.__struct_fields__})


def asked_in_trials(target: Target | Lookup, options: Mapping[str, Any], given: Collection[str]) -> Asked:
    """How each trial asks ``target``. Raises `PlanError`."""
    asked = {name: value for name, value in options.items() if name not in Search.__struct_fields__}
    check_bounds(asked["requirements"])
    whole = {**defaults(), **asked}
    return Asked(target, whole, set(given) & asked.keys())


def check_bounds(requirements: Collection[Requirement]) -> None:
    """Raise `PlanError` for one that is about what is searched for, or about what no trial measures."""
    for requirement in requirements:
        if requirement.field in _SEARCHED_FOR:
            raise PlanError(f"'{requirement}' is about a number of connections, which is searched for: use --at-least")
        if requirement.field is Field.NEWCOMER:
            raise PlanError(f"'{requirement}': no trial has a newcomer; bound 'establishment < 50ms'")
