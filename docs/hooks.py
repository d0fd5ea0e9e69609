"""What the documentation takes from the code: ``<!-- name -->`` alone on a line becomes the table of that name."""

import ast
import inspect
import re
from collections.abc import Callable
from enum import Enum
from itertools import pairwise
from typing import Any

from mkdocs.config.defaults import MkDocsConfig

import tcpgoon
from commands import code, commands, environment, table  # this folder is on the path while MkDocs imports its hooks
from fields import result_fields
from suites import check_keys, suite_keys
from tcpgoon.errors import ExitStatus
from tcpgoon.judge.codes import TITLES, by_side
from tcpgoon.judge.plateaus import MULTIPLIED, Kind, Per, Plateau, plateaus
from tcpgoon.record.connection import TRANSITIONS, Event, State


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Called by MkDocs first: what ``nav`` has under Findings becomes that page and those of all codes, by side."""
    for entry in config.nav or []:
        if "Findings" in entry:
            entry["Findings"] = [entry["Findings"], *pages_by_side()]
    return config


def pages_by_side() -> list[dict[str, list[str]]]:
    """The files of the pages about findings, under a heading for each side."""
    return [{side.capitalize(): [f"findings/{code}.md" for code in codes]} for side, codes in by_side().items()]


def on_page_markdown(markdown: str, **_page: Any) -> str:
    """Called by MkDocs for each page. A name that is none of `TABLES` is a KeyError, and fails the build."""
    return re.sub(r"^<!-- (.*) -->$", lambda marker: TABLES[marker[1]](), markdown, flags=re.MULTILINE)


def exit_statuses() -> str:
    """Each status with what its member in the enum says of it."""
    meaning = docstrings(ExitStatus)
    return table(("Status", "Name", "Meaning"), ((f"`{s:d}`", f"`{s.name}`", meaning[s.name]) for s in ExitStatus))


def states() -> str:
    """The diagram, and what each event in it is."""
    meaning = docstrings(Event)
    rows = (
        (f"`{event.name}`", meaning[event.name], f"`{state.name}`", f"`{after.name}`")
        for state, events in TRANSITIONS.items()
        for event, after in events.items()
    )
    return f"```text\n{diagram()}\n```\n\n" + table(("Event", "What happens", "In state", "Then"), rows)


def diagram() -> str:
    """A line for each two states that follow each other: the arrow, and the events that lead along it."""
    width = max(len(state.name) for state in State)
    return "\n".join(
        f"{state.name:>{width}} → {after.name:<{width}}  "
        + ", ".join(event.name for event, there in events.items() if there is after)
        for state, events in TRANSITIONS.items()
        for after in dict.fromkeys(events.values())
    )


def known_limits() -> str:
    """A heading and a table for each kind of limit."""
    meaning = docstrings(Kind)
    return "\n\n".join(
        f"## {kind.value.removesuffix('_s').replace('_', ' ').capitalize()}\n\n{meaning[kind.name]}\n\n"
        + table(
            ("Limit", "Product", "Setting", "Where it comes from", "How to raise it"),
            (limit_cells(row) for row in plateaus() if row.kind is kind),
        )
        for kind in Kind
    )


def limit_cells(row: Plateau) -> tuple[str, ...]:
    """One row of such a table; the setting is linked to the page that says so."""
    per = f" for each {row.per}" if row.per in MULTIPLIED | {Per.SOURCE_ADDRESS, Per.CONNECTION} else ""
    said = "".join(f"; it says {code(words)}" for words in row.says)
    return (
        ", ".join(f"{value:,.0f}" for value in row.values) or "–",
        row.product,
        f"[{code(row.directive)}]({row.source})",
        f"{row.note}{per and f' ({per.strip()})'}{said}".replace("|", "&#124;"),
        "<br>".join(map(code, row.commands)) or "–",
    )


def findings() -> str:
    """All codes, by side, each with a link to its page."""
    rows = ((side, f"[{code}]({code}.md)", TITLES[code]) for side, codes in by_side().items() for code in codes)
    return table(("Side", "Code", "What happened"), rows)


def docstrings(members: type[Enum]) -> dict[str, str]:
    """Name and docstring of each member. They are gone at run time, so they are read from the source."""
    tree = ast.parse(inspect.getsource(members))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    found = {}
    for member, text in pairwise(body):
        match member, text:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = " ".join(said.split())
    return found


def python_api() -> str:
    """What ``import tcpgoon`` gives: mkdocstrings puts what is known of each into its place."""
    functions = [name for name in tcpgoon.__all__ if name.islower()]
    classes = [name for name in tcpgoon.__all__ if not name.islower()]
    return "\n\n".join(
        block
        for heading, names in (("Functions", functions), ("Types", classes))
        for block in (f"## {heading}", *(f"::: tcpgoon.{name}" for name in names))
    )


TABLES: dict[str, Callable[[], str]] = {
    "check keys": check_keys,
    "suite keys": suite_keys,
    "commands": commands,
    "environment": environment,
    "python api": python_api,
    "result fields": result_fields,
    "exit statuses": exit_statuses,
    "findings": findings,
    "known limits": known_limits,
    "states": states,
}
