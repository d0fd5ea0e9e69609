"""The options of a search for the largest number of connections that a target carries."""

from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from typing import Any

import click

from tcpgoon.errors import PlanError
from tcpgoon.options.asked import Asked
from tcpgoon.options.params import COUNT, DURATION, MILLISECONDS, PERCENT
from tcpgoon.options.sections import SectionedOption
from tcpgoon.options.spelled import converted, defaults, options_beside, spelled
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.requirements import Field, Requirement
from tcpgoon.plan.search import Search

_search = partial(click.option, cls=SectionedOption, section="Search")

DIAL_TIMEOUT = "2s"
"""A SYN is repeated after one second: so one that is lost is forgiven, and who is silent does not take long."""

PROBE_TIMEOUT = "1s"
"""Above its limit a target may be silent, at each number that is too large."""

_OPTIONS = (
    _search(
        "--max",
        "most",
        type=COUNT,
        help="The search ends there.  [default: 10,000, so that nobody opens a million by a slip; "
        "with -y what this client can hold]",
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
        "--recovery",
        is_flag=True,
        help="Release all, wait until a newcomer is served as before, and search again.",
    ),
    _search(
        "-d",
        "-t",
        "--dial-timeout",
        type=MILLISECONDS,
        default=DIAL_TIMEOUT,
        show_default=True,
        help="ms that a dial may take; a SYN is repeated after 1s.",
    ),
    _search(
        "--probe-timeout",
        type=DURATION,
        default=PROBE_TIMEOUT,
        show_default=True,
        help="How long the answer to a probe may take; who is silent for so long is not served.",
    ),
)

_NOT_ASKED = {
    *("connections", "sleep", "rate", "ramp", "dial_timeout", "hold", "keepalive", "workers", "each", "spread"),
    *("confirm_every", "canary", "canary_every", "probe_at", "probe_every", "probe_timeout"),
}
"""The options of a run that mean nothing here: the search paces itself, and says when it asks."""

OPTIONS_OF_A_RUN = frozenset(_NOT_ASKED - {"dial_timeout", "probe_timeout"})
"""Those of them that nobody may give in Python either."""


_SEARCHED_FOR = {Field.ESTABLISHED, Field.LOST, Field.PEAK}


def search_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options that say what is searched for, and how each trial asks."""
    command = options_beside(_NOT_ASKED)(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def patience(options: Mapping[str, Any]) -> Mapping[str, str]:
    """What is waited for less long in a search than in a run by ``options``, by name; spelled."""
    asks = any(options.get(name) not in (None, False) for name in ("probe", "send", "expect", "tls"))
    return {"dial_timeout": DIAL_TIMEOUT, **({"probe_timeout": PROBE_TIMEOUT} if asks else {})}


@cache
def own_options() -> Mapping[str, click.Option]:
    """Those that say what is searched for, by the key that they are in a file."""

    @click.command()
    def command() -> None:
        """Has the options; nobody calls it."""

    for option in _OPTIONS:
        option(command)
    named = ((max(param.opts, key=len).removeprefix("--"), param) for param in command.params)
    return {
        name: param
        for name, param in named
        if isinstance(param, click.Option) and param.name in Search.__struct_fields__
    }


def spelled_in_trials(target: str, options: Mapping[str, Any]) -> Asked:
    """How each trial asks ``target``, by ``options`` as `spelled` takes them. Raises `PlanError`."""
    try:
        bounds = converted("require", options.get("require") or ())
    except PlanError:  # `spelled` says where it stands
        bounds = ()
    asked = spelled(target, {**patience(options), **options, **newcomers_of(bounds)})
    check_bounds(asked.draft.requirements)
    return asked


def search_of(options: Mapping[str, Any], most: int) -> Search:
    """What is searched for, up to ``most`` where nothing else is said. Raises `PlanError`."""
    asked = {name: options[name] for name in Search.__struct_fields__}
    return Search(**{**asked, "most": most if asked["most"] is None else asked["most"]})


def asked_in_trials(target: Target | Lookup, options: Mapping[str, Any], given: Collection[str]) -> Asked:
    """How each trial asks ``target``. Raises `PlanError`."""
    asked = {name: value for name, value in options.items() if name not in Search.__struct_fields__}
    check_bounds(asked["requirements"])
    whole = {**defaults(), **asked, **newcomers_of(asked["requirements"])}
    return Asked(target, whole, set(given) & asked.keys())


def check_bounds(requirements: Collection[Requirement]) -> None:
    """Raise `PlanError` for one that is about what is searched for."""
    for requirement in requirements:
        if requirement.field in _SEARCHED_FOR:
            raise PlanError(f"'{requirement}' is about a number of connections, which is searched for: use --at-least")


def newcomers_of(requirements: Collection[Requirement]) -> dict[str, bool]:
    """The option by which a plan has newcomers, where ``requirements`` bound their times: the last ones of a trial."""
    return {"canary": True} if any(requirement.field is Field.NEWCOMER for requirement in requirements) else {}
