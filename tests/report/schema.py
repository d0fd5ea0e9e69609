"""The JSON Schema of what ``-o json`` gives, made of the types; ``python -m tests.report.schema`` writes it anew.

What is said of a field in the code is its description. All fields are always there, and no others.
"""

import ast
import inspect
import json
import textwrap
from enum import IntEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import msgspec

from tcpgoon.capacity import Capacity
from tcpgoon.discovery.instance import Instance
from tcpgoon.judge.verdict import Verdict
from tcpgoon.result import FORMAT, Part, Result
from tcpgoon.results import EachResult, InstanceResult, SuiteResult

NAME = f"result-{FORMAT}.json"
SHIPPED = Path(str(files("tcpgoon.report").joinpath("schemas", NAME)))

_NUMBERED = Literal[1]
assert _NUMBERED.__args__ == (FORMAT,)  # type: ignore[attr-defined]

_Run = msgspec.defstruct(
    "Result",
    [
        ("format", _NUMBERED),
        ("kind", Literal["run"]),
        *((field.name, field.type) for field in msgspec.structs.fields(Result) if field.name != "table"),
    ],
    kw_only=True,
)
_Instance = msgspec.defstruct(
    "InstanceResult",
    [("instance", Instance), ("verdict", Verdict), ("reason", str), ("result", _Run | None)],
)
_Each = msgspec.defstruct(
    "EachResult",
    [
        ("format", _NUMBERED),
        ("kind", Literal["each"]),
        ("lookup", str),
        ("service", str),
        ("registry", str),
        ("verdict", Verdict),
        ("reason", str),
        ("results", list[_Instance]),  # type: ignore[valid-type]
        ("others", list[Instance]),
    ],
)
_Capacity = msgspec.defstruct(
    "Capacity",
    [
        ("format", _NUMBERED),
        ("kind", Literal["capacity"]),
        *((field.name, field.type) for field in msgspec.structs.fields(Capacity) if field.name != "confirmed"),
        ("confirmed", _Run | None),
        ("knee", int | None),
    ],
    kw_only=True,
)
_Check = msgspec.defstruct(
    "Check",
    [("name", str), ("verdict", Verdict), ("reason", str), ("result", _Run | None), ("capacity", _Capacity | None)],
)
_Suite = msgspec.defstruct(
    "SuiteResult",
    [
        ("format", _NUMBERED),
        ("kind", Literal["suite"]),
        ("suite", str),
        ("verdict", Verdict),
        ("reason", str),
        ("begun_at", str),
        ("duration_s", float),
        ("checks", list[_Check]),  # type: ignore[valid-type]
    ],
)
_OURS = {
    "Result": Result,
    "EachResult": EachResult,
    "SuiteResult": SuiteResult,
    "InstanceResult": InstanceResult,
    "Check": Part,
    "Capacity": Capacity,
}
"""Where the words about those made here come from."""

_MADE_HERE = {
    "Check": {
        "result": "null: nothing could be dialled, or it was not asked, and the reason says why; or it is a search.",
        "capacity": "What came of it, where it is a search; null: it is none.",
    },
    "Capacity": {"knee": "The largest number held before newcomers waited for much longer; null: they did not."},
}
"""What is said of fields that are there in the JSON alone, or otherwise."""


def schema() -> dict[str, Any]:
    """The schema, as it is to be shipped."""
    _, parts = msgspec.json.schema_components([_Run, _Each, _Suite, _Capacity], ref_template="#/$defs/{name}")
    for name, part in parts.items():
        if "properties" in part:
            _close(name, part)
        if said := _description(name, part):
            part["description"] = said
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tcpgoon:result:{FORMAT}",
        "title": "What tcpgoon -o json gives",
        "description": "The result of a run, of a run for each instance of a service, of a suite of checks, or of a "
        "search.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("Result", "EachResult", "SuiteResult", "Capacity")],
        "$defs": dict(sorted(parts.items())),
    }


def _close(name: str, part: dict[str, Any]) -> None:
    """Nothing is left out, and nothing is beside; each field is described as it is in the code."""
    part["required"] = list(part["properties"])
    part["additionalProperties"] = False
    for field, described in part["properties"].items():
        described.pop("default", None)  # it is always said
        if said := _said_of_fields(name).get(field):
            described["description"] = said


def _description(name: str, part: dict[str, Any]) -> str:
    """What is said of a type; of numbers, what each of them means."""
    said = inspect.getdoc(_OURS[name]) if name in _OURS else part.get("description")
    cls = _types().get(name)
    if cls and issubclass(cls, IntEnum):
        return f"{_paragraph(said or '')} {', '.join(f'{one:d} {one.name}' for one in cls)}."
    return _paragraph(said or "")


@cache
def _said_of_fields(name: str) -> dict[str, str]:
    """What stands below each field of the type called ``name``."""
    cls = _OURS.get(name) or _types().get(name)
    if cls is None or not cls.__module__.startswith("tcpgoon."):
        return {}
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    said: dict[str, str] = {}
    for field, text in pairwise(tree.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=of)), ast.Expr(value=ast.Constant(value=str(words))):
                said[of] = _paragraph(words)
    return said | _MADE_HERE.get(name, {})


@cache
def _types() -> dict[str, type]:
    """All structures, named tuples and enumerations that a result is made of, by name, and by module and name."""
    found: dict[str, type] = {}

    def add(cls: type) -> None:
        found[f"{cls.__module__}.{cls.__name__}"] = found[cls.__name__] = cls

    ahead: list[object] = [msgspec.inspect.type_info(of) for of in (_Run, _Each, _Suite, _Capacity)]
    while ahead:
        match ahead.pop():
            case list() | tuple() as several:
                ahead += several
            case msgspec.inspect.StructType(cls=cls, fields=fields) if f"{cls.__module__}.{cls.__name__}" not in found:
                add(cls)
                ahead += [field.type for field in fields]
            case msgspec.inspect.NamedTupleType(cls=cls, fields=fields):
                add(cls)
                ahead += [field.type for field in fields]
            case msgspec.inspect.EnumType(cls=cls):
                add(cls)
            case msgspec.inspect.StructType():
                pass
            case msgspec.inspect.Type() as other:
                ahead += [getattr(other, name) for name in other.__struct_fields__]
    return found


def _paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split())


def written() -> str:
    """The file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SHIPPED.write_text(written(), encoding="utf-8")
