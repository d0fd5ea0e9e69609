"""The page about what a result holds, made from its types."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args

import msgspec

from commands import as_it_stands, code, table  # this folder is on the path while MkDocs imports its hooks
from tcpgoon.capacity import Capacity
from tcpgoon.record.table import Table
from tcpgoon.result import Result


def result_fields() -> str:
    """A table for `Result`, one for `Capacity`, and for each type that one of their fields is of."""
    return "\n\n".join(block for kind in dict.fromkeys((*kinds(Result), *kinds(Capacity))) for block in fields_of(kind))


def kinds(first: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """``first`` and all that it is made of, in the order in which they are met."""
    met, waiting = [], [first]
    while waiting:
        kind = waiting.pop(0)
        if kind not in met:
            met.append(kind)
            waiting += [inner for field in msgspec.structs.fields(kind) for inner in structs_in(field.type)]
    return met


def structs_in(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    """The types of ours in an annotation such as ``tuple[Knock, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for inner in get_args(annotation):
        yield from structs_in(inner)


def fields_of(kind: type[msgspec.Struct]) -> Iterator[str]:
    """Its heading, what it is, and its fields."""
    said = comments(kind)
    yield f"## {kind.__name__}"
    yield inline(inspect.getdoc(kind) or "")
    yield table(
        ("Field", "Type", "What it is"),
        (
            (code(field.encode_name), code(spelled(field.type)), inline(said.get(field.name, "")))
            for field in msgspec.structs.fields(kind)
            if field.type is not Table  # the rows are in no report
        ),
    )


def spelled(annotation: Any) -> str:
    """A type as one writes it, without the modules."""
    text = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    return " ".join(text.replace("typing.", "").split()) if "tcpgoon." not in text else without_modules(text)


def without_modules(text: str) -> str:
    """``tuple[tcpgoon.record.knock.Knock, ...]`` is ``tuple[Knock, ...]``."""
    return " ".join("".join(_last_parts(text)).split())


def _last_parts(text: str) -> Iterator[str]:
    word = ""
    for char in f"{text} ":
        if char.isalnum() or char in "._":
            word += char
            continue
        yield word if set(word) == {"."} else word.rpartition(".")[2]
        yield char
        word = ""


def comments(kind: type) -> dict[str, str]:
    """The texts below the fields of a class, and of those that it inherits from. They are gone at run time."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        if base.__module__.startswith("tcpgoon."):
            (tree,) = ast.parse(inspect.getsource(base)).body
            found.update(_texts(tree.body) if isinstance(tree, ast.ClassDef) else {})
    return found


def _texts(body: list[ast.stmt]) -> dict[str, str]:
    return {
        field.target.id: " ".join(said.value.value.split())
        for field, said in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }


def inline(said: str) -> str:
    """A docstring's first paragraph in a cell: its code is between double backquotes, and so is the names'."""
    said = " ".join(said.split("\n\n")[0].split()).replace("``", "`")
    return "".join(code(part) if number % 2 else as_it_stands(part) for number, part in enumerate(said.split("`")))
