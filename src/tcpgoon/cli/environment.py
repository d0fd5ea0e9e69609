"""``TCPGOON_<FLAG>``: what the environment says where the command line says nothing.

A variable gives its flag another default, for whoever cannot reach the command line: an image, a CI pipeline. The
command line comes first, also where it says the same thing with another flag (`OVERRULED`). A variable that looks like
a mistyped one is refused, as a mistyped flag is: the verdict would be about something else than was asked.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NoReturn

import click
from click.core import ParameterSource

from tcpgoon.cli.output import complain
from tcpgoon.discovery.terms import PASSWORD
from tcpgoon.errors import UsageError
from tcpgoon.options import overruled
from tcpgoon.options.overruled import anything
from tcpgoon.plan.lookup import is_lookup

PREFIX: Final = "TCPGOON_"

OTHERS = {PASSWORD}
"""Variables that are no flag's."""


OWN_NAMES: Mapping[str, Callable[[str], bool]] = {
    "server": anything,  # the other end: its --workers are not those of a run
    "resolve": lambda name: name == "output",
}
"""Flags that mean something else than those of the same name elsewhere: their variables name the command, too."""

_SEPARATOR = re.compile(r"[;\n]")
_OF_A_CLUSTER = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$")
"""What Kubernetes, and Docker before it, puts into the environment for a service that is called tcpgoon…"""
_ALIKE = 0.8
"""How much of a name has to be that of another to be that one mistyped."""


def _needs_no_registry(words: tuple[str, ...]) -> bool:
    return not (len(words) == 1 and is_lookup(words[0]))


_OF_A_REGISTRY = ("allow_local", "registry_timeout", "registry_verify", "registry_ca", "registry_password_file")

OVERRULED = (
    *overruled.OVERRULED,
    overruled.Overruled("plain", bool, ("quiet",)),
    overruled.Overruled("quiet", bool, ("plain",)),
    overruled.Overruled("target", _needs_no_registry, _OF_A_REGISTRY),
)
"""Where one is on the command line, the variables of the others do not count."""


class Environment(click.Context):
    """The context of a command whose flags may be in the environment."""

    def __init__(self, command: click.Command, *args: Any, **kwargs: Any) -> None:
        super().__init__(command, *args, **kwargs)
        self.default_map = (
            {} if self.resilient_parsing else values(command)
        )  # a shell that completes asks for no values

    def lookup_default(self, name: str, call: bool = True) -> Any:
        """Called by click for what is not on the command line, once it knows all that is."""
        if self.default_map and name in self.default_map and self._is_overruled(name):
            del self.default_map[name]
        return super().lookup_default(name, call)  # type: ignore[call-overload]

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        """Called by click to run the command."""
        if variables(self.command):
            self._refuse_mistyped()
        try:
            return super().invoke(*args, **kwargs)
        except UsageError as exc:
            exc.add_note(self.origin(str(exc)))
            raise

    def origin(self, said: str) -> str:
        """Which flags that ``said`` names come from the environment; or else which do at all. May be empty."""
        used = {
            name: flags
            for name, flags in variables(self.command).items()
            if self.get_parameter_source(flags[0].name) is ParameterSource.DEFAULT_MAP
        }
        named = {name: flag for name, flags in used.items() for flag in map(flag_of, flags) if says(said, flag)}
        return ", ".join(f"{flag} is from {name}" for name, flag in named.items()) or ", ".join(
            f"{flag_of(flags[0])} is from {name}" for name, flags in used.items()
        )

    def _is_overruled(self, name: str) -> bool:
        return any(
            self.get_parameter_source(said) is ParameterSource.COMMANDLINE and so(self.params[said])
            for said, so, those in OVERRULED
            if name in those
        )

    def _refuse_mistyped(self) -> None:
        for name, near in unknown(self):
            if near:
                raise UsageError(f"there is no variable {name}: did you mean {near}?")
            complain(f"the variable {name} means nothing to tcpgoon")


def variables(command: click.Command) -> dict[str, list[click.Option]]:
    """The variables of ``command``, each with its flag; more than one where flags switch the same thing, as -4 and -6.

    Such a one takes the values of the flags; any other takes what the flag does.
    """
    found: dict[str, list[click.Option]] = {}
    for param in command.params:
        if isinstance(param, click.Option) and param.expose_value and not param.hidden:
            found.setdefault(_variable(command.name or "", param), []).append(param)
    return found


def values(command: click.Command) -> dict[str, Any]:
    """What the environment says of the flags of ``command``, by the name of the parameter."""
    return {
        flags[0].name: _value(name, flags, os.environ[name])
        for name, flags in variables(command).items()
        if os.environ.get(name) and not (name.endswith("_PORT") and "://" in os.environ[name])  # see _OF_A_CLUSTER
    }


def unknown(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Variables that look like ours and are none, each with the one that may have been meant, or nothing."""
    found = {name for name in os.environ if name.startswith(PREFIX)} - OTHERS - variables(ctx.command).keys()
    if not (found := {name for name in found if not _OF_A_CLUSTER.search(name)}):
        return  # the others need not be imported
    group = ctx.find_root().command
    assert isinstance(group, click.Group)  # noqa: S101 - every command of ours is in one
    commands = [group.get_command(ctx, name) for name in group.list_commands(ctx)]
    known = {name for command in commands if command for name in variables(command)} | OTHERS
    for name in sorted(found - known):
        bare = {candidate.removeprefix(PREFIX): candidate for candidate in sorted(known)}
        near = get_close_matches(name.removeprefix(PREFIX), bare, n=1, cutoff=_ALIKE)
        yield ascii(name)[1:-1], bare[near[0]] if near else ""


def flag_of(option: click.Option) -> str:
    """The flag that ``option`` is called by: its first long one."""
    return next((flag for flag in option.opts if flag.startswith("--")), option.opts[0])


def says(text: str, flag: str) -> bool:
    """Whether ``flag`` is named in ``text``, be it as what it is not (``--no-canary``)."""
    return re.search(rf"(?<![\w-])--?(no-)?{re.escape(flag.lstrip('-'))}(?![\w-])", text) is not None


def _variable(command: str, option: click.Option) -> str:
    flag = flag_of(option)
    name = flag.lstrip("-") if flag.startswith("--") else option.name
    owner = f"{command}-" if command in OWN_NAMES and OWN_NAMES[command](option.name) else ""
    return PREFIX + f"{owner}{name}".replace("-", "_").upper()


def _value(variable: str, flags: list[click.Option], text: str) -> Any:
    if flags[0].multiple:
        return [value.strip() for value in _SEPARATOR.split(text) if value.strip()]
    if is_switch(flags[0]):
        return _switched(variable, [str(flag.flag_value) for flag in flags], text)
    return text


def is_switch(option: click.Option) -> bool:
    """Whether it stands for one of a few values, as -4 does."""
    return option.is_flag and not option.is_bool_flag


def _switched(variable: str, possible: list[str], text: str) -> Any:
    for value in possible:
        if value.lower() == text.strip().lower():
            return value

    def refuse() -> NoReturn:  # by click, and only if it asks: not for the help
        raise UsageError(f"{variable} is {text!a}: it must be {' or '.join(possible)}")

    return refuse
