"""The options that say which instances of a target are asked, and on which terms a registry is."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import click

from tcpgoon.discovery.terms import PASSWORD, TIMEOUT_S, Terms
from tcpgoon.errors import PlanError
from tcpgoon.options.params import DURATION
from tcpgoon.options.sections import SectionedOption
from tcpgoon.plan.choice import FIRST, RANDOM, Choice
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.lookup import Lookup

_discovery = partial(click.option, cls=SectionedOption, section="Discovery")

PICK = (
    _discovery(
        "--pick",
        metavar="first|random|ID|N",
        shell_complete=lambda *typed: [way for way in (FIRST, RANDOM) if way.startswith(typed[-1])],
        help="Which instance is asked: the first that is up, one at random, or the one with this id or number in the "
        "listing of 'tcpgoon resolve', whatever its status.  [default: first]",
    ),
    _discovery("--seed", type=int, metavar="N", help="Makes --pick random repeatable."),
)
EACH = _discovery(
    "--each", is_flag=True, help="Ask all instances that are up, one after another: a verdict each, and the worst."
)
TERMS = (
    _discovery(
        "--allow-local",
        is_flag=True,
        help="Dial loopback, link-local and other special addresses also where a registry elsewhere names them.",
    ),
    _discovery(
        "--registry-timeout",
        type=DURATION,
        default=f"{TIMEOUT_S:.0f}s",
        show_default=True,
        help="How long the registry and the resolution of names may take, all in all.",
    ),
    _discovery(
        "--registry-verify/--no-registry-verify",
        default=True,
        show_default=True,
        help="Whether the registry's certificate has to be trusted, and for its name.",
    ),
    _discovery(
        "--registry-ca",
        type=click.Path(),
        metavar="FILE",
        help="File or folder of certificates to trust for the registry.  [default: those of the system]",
    ),
    _discovery(
        "--registry-password-file",
        type=click.Path(),
        metavar="FILE",
        help=f"The password of the registry's user, a line.  [default: {PASSWORD}, or that of ~/.netrc]",
    ),
)
_REGISTRY = ("allow_local", "registry_timeout", "registry_verify", "registry_ca", "registry_password_file")


def terms_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options that say how a registry is asked."""
    return _with(command, TERMS)


def pick_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those, and the ones that pick an instance."""
    return _with(command, (*PICK, *TERMS))


def discovery_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """All of them."""
    return _with(command, (*PICK, EACH, *TERMS))


def _with(command: Callable[..., Any], options: Collection[Callable[..., Any]]) -> Callable[..., Any]:
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def choice_of(asked: Target | Lookup, options: Mapping[str, Any]) -> Choice:
    """Which instances ``options`` mean. Raises `PlanError`."""
    choice = Choice(
        pick=options["pick"], each=options.get("each", False), spread=options["spread"], seed=options["seed"]
    )
    if isinstance(asked, Target) and asked.by_address and (choice.pick or choice.each):
        flag = "--each" if choice.each else "--pick"
        raise PlanError(f"{flag} chooses among instances, and {asked} is one address: give a name, or a registry")
    if choice.each and options.get("target_pid") is not None:
        raise PlanError("--target-pid is one process, and --each asks several instances: give it with --pick")
    return choice


def terms_of(asked: Target | Lookup, options: Mapping[str, Any], given: Collection[str], family: Family) -> Terms:
    """The terms that ``options`` mean, of which the user gave those named in ``given``. Its time begins now.

    Raises `PlanError`, also for an option that would do nothing.
    """
    for name in _REGISTRY:
        if isinstance(asked, Target) and name in given:
            flag = f"--{'no-' if options[name] is False else ''}{name.replace('_', '-')}"
            raise PlanError(f"{flag} says how a registry is asked, and {asked} needs none: give a SCHEME:// target")
    if options["registry_timeout"] <= 0:
        raise PlanError("a registry timeout of 0 leaves no time to ask: it must be above 0")
    return Terms(
        timeout_s=options["registry_timeout"],
        family=family,
        verify=options["registry_verify"],
        ca=options["registry_ca"] or "",
        password_file=options["registry_password_file"] or "",
        allow_local=options["allow_local"],
    )
