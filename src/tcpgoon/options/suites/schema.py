"""The JSON Schema of suites, for editors: made from the options, so that it knows what they do.

Draft 7 is what editors know (Taplo and Even Better TOML, the JetBrains ones). Where it has a pattern, whatever matches
is of the right form; whether it is in range, and whether the options go together, only `load_suite` says.
"""

from typing import Any

import click

from tcpgoon.options.params import COUNT, DURATION, MILLISECONDS, PERCENT, RATE
from tcpgoon.options.spelled import spelled_options
from tcpgoon.options.suites.check import LONGEST_NAME
from tcpgoon.options.suites.kinds import Kind, kind_options
from tcpgoon.options.workers import AUTO

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
ID = "urn:tcpgoon:suite:1"

_VARIABLE = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"
"""Where a text has one of these it may become anything."""

_NUMBER = r"[0-9]{1,18}(\.[0-9]{1,18})?"
_COUNT = r"[0-9]{1,18}(\.[0-9]{1,3}[kKmM]|\.[0-9]{4,6}[mM]|[kKmM])?"
_PATTERNS = {
    id(COUNT): rf"^{_COUNT}$",
    id(RATE): rf"^{_NUMBER}[kKmM]?(/(s|m|min|h))?$",
    id(DURATION): rf"^({_NUMBER}(ns|us|µs|ms|s|m|h|d))+$",
    id(PERCENT): rf"^{_NUMBER}%$",
    id(MILLISECONDS): rf"^({_NUMBER}(ns|us|µs|ms|s|m|h|d))+$",
}


def suite_schema() -> Schema:
    """The schema of a suite: of ``tcpgoon.toml``, and of the table ``[tool.tcpgoon]``."""
    return {
        "$schema": DRAFT,
        "$id": ID,
        "title": "A suite of tcpgoon",
        "description": "Checks of how many TCP connections services carry at the same time: tcpgoon check.",
        "type": "object",
        "additionalProperties": False,
        "required": ["check"],
        "properties": {
            "name": {
                "type": "string",
                "pattern": r"\S",
                "description": "What the suite is called in reports.  [default: its file]",
            },
            "defaults": {
                "type": "object",
                "description": "What holds for each check that does not say it itself.",
                "additionalProperties": False,
                "properties": keys(),
            },
            "check": {
                "type": "array",
                "minItems": 1,
                "description": "The checks, in the order in which they are asked.",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name"],
                    "properties": {"name": _name(), **keys()},
                },
            },
        },
    }


def keys() -> dict[str, Schema]:
    """The schema of each key that a check may have beside its name."""
    options = {name.replace("_", "-"): _of_option(option) for name, option in spelled_options().items()}
    of_kinds = {key: _of_option(option) for key, option in kind_options().items()}
    return {"target": _target(), "parallel": _parallel(), "kind": _kind(), **options, **of_kinds}


def _kind() -> Schema:
    said = "What it is: a run (default), a search for the largest number that is carried, or a soak."
    return {"anyOf": [{"enum": list(map(str, Kind))}, _with_variable()], "description": said}


def _name() -> Schema:
    said = "What the check is called; no two have the same name."
    return {"type": "string", "pattern": r"\S", "maxLength": LONGEST_NAME, "description": said}


def _target() -> Schema:
    said = "HOST:PORT, [V6]:PORT, or SCHEME://… for what is looked up. ${NAME} is a variable of the environment."
    return {"type": "string", "minLength": 1, "description": said}


def _parallel() -> Schema:
    said = "It may be asked at the same time as its neighbours that say the same: true, or the name of a group."
    return {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": r"\S"}], "description": said}


def _of_option(option: click.Option) -> Schema:
    described: Schema = {"description": option.help}
    default = option.to_info_dict()["default"]
    if isinstance(default, bool | str | int):
        described["default"] = _spelled(option, default)
    return {**_values(option), **described}


def _spelled(option: click.Option, default: bool | str | int) -> bool | str | int:
    """The default of ``option`` as it is written in a file, where a number has no unit."""
    if option.type is COUNT:
        return int(default)
    return f"{default}ms" if option.type is MILLISECONDS else default


def _values(option: click.Option) -> Schema:
    if option.is_flag:
        return {"type": "boolean"}
    if option.multiple:
        text = {"type": "string", "minLength": 1}
        return {"anyOf": [{"type": "array", "items": text}, text]}
    if isinstance(option.type, click.Choice):
        return {"anyOf": [{"enum": list(option.type.choices)}, _with_variable()]}
    if option.type is click.INT:
        return {"anyOf": [{"type": "integer", "minimum": 0}, _with_variable()]}
    if pattern := _PATTERNS.get(id(option.type)):
        return {"anyOf": [*_numbers(option), {"type": "string", "pattern": pattern}, _with_variable()]}
    if option.name == "workers":
        return {"anyOf": [*_numbers(option), {"type": "string", "pattern": rf"^({AUTO}|{_COUNT})$"}, _with_variable()]}
    return {"type": "string", "minLength": 1}


def _numbers(option: click.Option) -> list[Schema]:
    """As what numbers it may be given: a duration as none, since nobody would know their unit."""
    if option.type in (DURATION, MILLISECONDS, PERCENT):
        return []
    kind = {"type": "number", "minimum": 0.001} if option.type is RATE else {"type": "integer", "minimum": 1}
    return [{**kind, "maximum": 10**9}]


def _with_variable() -> Schema:
    return {"type": "string", "pattern": _VARIABLE}
