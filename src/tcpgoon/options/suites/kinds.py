"""What a check of a suite may be: a run, a search for the largest number, a soak; and the keys that one kind has."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final, NamedTuple

import click

from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.errors import PlanError
from tcpgoon.options.search import OPTIONS_OF_A_RUN, newcomers_of, own_options, patience
from tcpgoon.options.soak import DURATION_OF_A_SOAK, NOT_ASKED, duration_option
from tcpgoon.options.spelled import converted, converted_by
from tcpgoon.plan.search import Search


class Kind(StrEnum):
    """What a check is."""

    RUN = "run"
    CAPACITY = "capacity"
    SOAK = "soak"


FOR = "for"
"""The key of a soak that says how long it holds."""


class Meant(NamedTuple):
    """What the keys of a check mean for its kind."""

    options: Mapping[str, Any]
    """By the names that they have in Python, converted."""
    given: frozenset[str]
    """Those of them that the check gives."""
    search: Search | None = None


def kind_options() -> Mapping[str, click.Option]:
    """The keys that some kinds have beside what is asked, as options."""
    return {**own_options(), FOR: duration_option()}


def key_readers() -> Mapping[str, Callable[[Any], Any]]:
    """What reads the keys that some kinds have, and that of the kind."""
    return {"kind": _kind, **{key: partial(converted_by, option) for key, option in kind_options().items()}}


def meant(
    kind: Kind,
    own: Mapping[str, Any],
    inherited: Mapping[str, Any],
    beside: Mapping[str, Any],
    others: Mapping[str, Any],
) -> Meant:
    """What a check of that ``kind`` means by its ``own`` options, and by those that it has ``inherited``.

    ``beside`` has what it says itself by keys that are no options, ``others`` that and the defaults. A key that its
    kind does not have is a mistake; a default that its kind does not have is for others. Raises `PlanError`.
    """
    for key in beside:
        if key in _OF and _OF[key] is not kind:
            raise PlanError(f'{key} is a key of kind = "{_OF[key]}"')
    match kind:
        case Kind.CAPACITY:
            return _of_search(own, inherited, beside, others)
        case Kind.SOAK:
            return _of_soak(own, inherited, others)
        case _:
            return Meant({**inherited, **own}, frozenset(own))


def _of_search(
    own: Mapping[str, Any], inherited: Mapping[str, Any], beside: Mapping[str, Any], others: Mapping[str, Any]
) -> Meant:
    _refuse(own, OPTIONS_OF_A_RUN, "is no key of a search, which paces itself")
    if beside.get("parallel"):
        raise PlanError("parallel is no key of a search: it needs this client for itself")
    kept = {name: value for name, value in inherited.items() if name not in OPTIONS_OF_A_RUN}
    asked = {**kept, **own}
    waited = {name: converted(name, value) for name, value in patience(asked).items()}
    watched = newcomers_of(asked.get("require", ()))
    search = {str(option.name): others[key] for key, option in own_options().items() if key in others}
    return Meant({**waited, **asked, **watched}, frozenset({*own, *watched}), Search(**search))


def _of_soak(own: Mapping[str, Any], inherited: Mapping[str, Any], others: Mapping[str, Any]) -> Meant:
    _refuse(own, NOT_ASKED, f"is no key of a soak: {FOR} says how long it lasts, and one instance is asked")
    kept = {name: value for name, value in inherited.items() if name not in NOT_ASKED}
    hold = others.get(FOR, converted("hold", DURATION_OF_A_SOAK))
    return Meant({**kept, **own, "hold": hold}, frozenset({*own, "hold"}))


def _refuse(own: Mapping[str, Any], names: frozenset[str], why: str) -> None:
    for name in own:
        if name in names:
            raise PlanError(f"{name.replace('_', '-')} {why}")


def _kind(value: Any) -> Kind:
    if value not in list(Kind):
        near = did_you_mean(value, list(Kind)) if isinstance(value, str) else ""
        raise PlanError(f"{clipped(repr(value))} is no kind of check: it is run, capacity or soak{near}")
    return Kind(value)


_OF: Final[Mapping[str, Kind]] = {**dict.fromkeys(own_options(), Kind.CAPACITY), FOR: Kind.SOAK}
