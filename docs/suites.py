"""The tables of the keys of suites, made from their schema."""

from collections.abc import Iterator, Mapping

from commands import code, table, text
from tcpgoon.options.suites.schema import Schema, suite_schema


def suite_keys() -> str:
    """Those at the top."""
    return _table(suite_schema()["properties"])


def check_keys() -> str:
    """Those of a check."""
    return _table(suite_schema()["properties"]["check"]["items"]["properties"])


def _table(keys: Mapping[str, Schema]) -> str:
    rows = ((code(key), _takes(schema), text(schema["description"]), _default(schema)) for key, schema in keys.items())
    return table(("Key", "Takes", "Meaning", "Default"), rows)


def _takes(schema: Schema) -> str:
    return " or ".join(dict.fromkeys(_kinds(schema)))


def _kinds(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        yield from (code(f'"{value}"') for value in schema["enum"])
    for one in schema.get("anyOf", ()):
        yield from _kinds(one)
    match schema.get("type"):
        case "boolean":
            yield "true or false"
        case "integer" | "number":
            yield "a number"
        case "array" | "object" as kind:
            yield {"array": "a list", "object": "a table"}[kind]
        case "string":
            yield "a text"


def _default(schema: Schema) -> str:
    if "default" not in schema:
        return "–"
    default = schema["default"]
    return code(str(default).lower() if isinstance(default, bool) else str(default))
