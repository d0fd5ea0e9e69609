"""``${NAME}`` and ``${NAME:-default}`` in the texts of a suite.

They are filled into values that were read already, never into the file: whatever a variable holds stays within its
value. A dollar that is not followed by a brace or another dollar is a dollar, as regular expressions want it.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tcpgoon.discovery.near import clipped
from tcpgoon.errors import PlanError

_DOLLAR = re.compile(r"\$(?:\$|(?P<brace>\{)(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})?)")


class Filled(NamedTuple):
    """A value with its variables filled in."""

    value: Any
    held: Mapping[str, str] = {}
    """What each of its variables holds, by name; of one at its default that is not said."""


def filled(value: Any, environment: Mapping[str, str]) -> Filled:
    """``value`` with the variables in its texts filled in from ``environment``.

    As in a shell the default is for a variable that is empty, too. Raises `PlanError` for one that is not there.
    """
    if isinstance(value, list):
        items = [filled(one, environment) for one in value]
        return Filled([one.value for one in items], {name: held for one in items for name, held in one.held.items()})
    if not isinstance(value, str):
        return Filled(value)
    used: dict[str, str] = {}
    return Filled(_DOLLAR.sub(lambda match: _held(match, value, environment, used), value), used)


def _held(match: re.Match[str], text: str, environment: Mapping[str, str], used: dict[str, str]) -> str:
    if not match["brace"]:
        return "$"
    name, default = match["name"], match["default"]
    if name is None:
        raise PlanError(f"{clipped(text)!r}: a variable is written ${{NAME}} or ${{NAME:-default}}, and a dollar $$")
    held = environment.get(name)
    if default is not None and not held:
        return default
    if held is None:
        raise PlanError(f"the environment variable {name} is not set: set it, or write ${{{name}:-default}}")
    used[name] = held
    return held
