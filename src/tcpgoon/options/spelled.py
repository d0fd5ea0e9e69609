"""The same options, spelled in a file or in Python: by name, with values as on a command line."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any

import click

from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.errors import PlanError
from tcpgoon.options.asked import Asked, asked_options
from tcpgoon.options.params import DURATION, MILLISECONDS, RATE
from tcpgoon.options.target import target_of
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.escapes import format_escapes
from tcpgoon.plan.lookup import Lookup

_DURATIONS = (DURATION, MILLISECONDS)

_TEXTS = (click.Path, click.Choice, click.types.StringParamType)

_FAMILY = click.Option(
    ["--family"],
    type=click.Choice([Family.IPV4.value, Family.IPV6.value], case_sensitive=False),
    help="Dial addresses of this family only.",
)
"""On the command line two flags."""


@click.command()
@asked_options
def _command() -> None:
    """Has the options; nobody calls it."""


@cache
def spelled_options() -> Mapping[str, click.Option]:
    """All options that say what is asked, by the name that they have in Python; in files it has dashes."""
    named = ((name_of(option), option) for option in _options())
    return dict(sorted(named, key=lambda entry: entry[0] != "connections"))


def name_of(option: click.Option) -> str:
    """``dial_timeout``, as its long flag has it."""
    return max(option.opts, key=len).removeprefix("--").replace("-", "_")


def spelled(target: str, options: Mapping[str, Any]) -> Asked:
    """What is asked of ``target`` by ``options``, by name; what is None is as if it were not there.

    A duration or a rate is a text with its unit, as on the command line: ``"5s"``, ``"2k/s"``. Raises `PlanError`.
    """
    if not isinstance(target, str):
        raise PlanError(f"{clipped(repr(target))} is no target: write it like 'host:8080'")
    given = {name: value for name, value in options.items() if value is not None}
    values = {}
    for name, value in given.items():
        try:
            values[name] = converted(name, value)
        except PlanError as exc:
            raise PlanError(f"{name.replace('_', '-')}: {exc}" if name in spelled_options() else str(exc)) from exc
    return asked_of(target_of([target]), values, given)


def converted(name: str, value: Any) -> Any:
    """What the option ``name`` takes ``value`` for. Raises `PlanError`, whose text does not repeat the name."""
    option = spelled_options().get(name)
    if option is None:
        raise PlanError(f"there is no option {clipped(name)}{did_you_mean(name, spelled_options())}")
    return converted_by(option, value)


def converted_by(option: click.Option, value: Any) -> Any:
    """What ``option`` takes ``value`` for. Raises `PlanError`, whose text does not have its name."""
    try:
        return option.type_cast_value(click.Context(_command), _as_on_the_command_line(option, value))
    except click.BadParameter as exc:
        raise PlanError(exc.message.rstrip(".")) from exc


def asked_of(target: Target | Lookup, values: Mapping[str, Any], given: Collection[str]) -> Asked:
    """What is asked of ``target`` by ``values``, which are `converted`; the user gave those named in ``given``."""
    known = spelled_options()
    whole = {str(option.name): values.get(name, defaults()[str(option.name)]) for name, option in known.items()}
    return Asked(target, whole, {str(known[name].name) for name in given})


def _options() -> Iterator[click.Option]:
    for param in _command.params:
        if isinstance(param, click.Option):
            if param.name != _FAMILY.name:
                yield param
            elif "-4" in param.opts:
                yield _FAMILY


@cache
def defaults() -> Mapping[str, Any]:
    """What each option is where it is not given, by the name of its parameter."""
    return {**_command.make_context("asked", []).params}


def options_beside(without: Collection[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What gives a command all the options but those ``without``, by the names of their parameters."""

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        params: list[click.Parameter] = command.__dict__.setdefault("__click_params__", [])
        params.extend(param for param in reversed(_command.params) if param.name not in without)
        return command

    return give


def _as_on_the_command_line(option: click.Option, value: Any) -> Any:
    """``value`` as the option's type takes it. Raises `PlanError` for what is no such value at all."""
    if option.is_flag:
        return value if isinstance(value, bool) else _refuse("true or false", value)
    if option.multiple:
        several = [value] if isinstance(value, str) else value
        if not (isinstance(several, list | tuple) and all(isinstance(one, str) for one in several)):
            _refuse("a list of texts", value)
        return tuple(several)
    return _one(option, value)


def _one(option: click.Option, value: Any) -> Any:
    if isinstance(value, bytes) and option.name == "send":
        return format_escapes(value).replace("@", r"\x40", 1) if value.startswith(b"@") else format_escapes(value)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    # On the command line a bare number of --sleep is milliseconds, elsewhere nobody would know.
    if option.type in _DURATIONS and (not isinstance(value, str) or value.strip().isdigit()):
        _refuse("a duration with its unit, such as '5s' or '250ms'", value)
    if isinstance(value, str):
        return _refuse("the name of a file", value) if isinstance(option.type, click.Path) and "\0" in value else value
    if isinstance(option.type, _TEXTS):
        _refuse("a text", value)
    if isinstance(value, bool) or not isinstance(value, int | float if option.type is RATE else int):
        _refuse(_wanted(option), value)
    return value if option.type is click.INT else str(value)


def _wanted(option: click.Option) -> str:
    """What a value of ``option`` may be, which takes numbers."""
    if option.type is click.INT:
        return "a whole number"
    return f"a {'whole ' * (option.type is not RATE)}number, or a text"


def _refuse(wanted: str, value: Any) -> Any:
    raise PlanError(f"{clipped(repr(value))} is not {wanted}")
