"""The types of our command-line values: each hands the text to its parser in ``plan/units.py``."""

from collections.abc import Callable
from typing import Any

import click

from tcpgoon.errors import PlanError
from tcpgoon.plan import units


class Parsed(click.ParamType[Any]):
    """A value that ``parse`` reads; what it refuses becomes a usage error that names the option."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The parsed value; a default that is a value already is left as it is."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except PlanError as exc:
            self.fail(str(exc), param, ctx)


COUNT = Parsed("number", units.parse_count)
RATE = Parsed("rate", units.parse_rate)
DURATION = Parsed("duration", units.parse_duration_s)
SECONDS = Parsed("s", lambda text: units.parse_duration_s(text, "s"))
PERCENT = Parsed("percentage", units.parse_percent)
MILLISECONDS = Parsed("ms", lambda text: units.parse_duration_s(text, "ms"))
"""All durations are seconds once parsed; the name says what a bare number is."""
