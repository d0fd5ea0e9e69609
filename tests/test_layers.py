"""The rooms of the design, held to by a walk over all imports; and each rule is seen to fail where it is broken."""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOMS = (
    "errors", "version", "plan", "discovery", "options", "record", "judge", "result", "capacity", "results", "saved",
    "comparison", "engine", "runs", "report", "api", "server", "testing", "cli", "pytest_fixtures", "pytest_plugin",
    "__main__", "tcpgoon",
)  # fmt: skip
"""A module imports from its own room and from those before it. The last is the package's own ``__init__``."""

PURE = {"errors", "plan", "record", "judge", "result", "capacity", "results", "saved", "comparison"}
IMPURE_LIBRARIES = {
    "_asyncio", "_socket", "_ssl", "_thread", "_threading_local", "asyncio", "os", "posix", "select", "selectors",
    "socket", "ssl", "threading", "time",
}  # fmt: skip

ON_THE_NETWORK = {"engine", "discovery", "runs", "server"}
NETWORK_LIBRARIES = {"_socket", "_ssl", "resource", "select", "selectors", "socket", "ssl", "time"}

STRANGERS = {
    "engine": {"discovery", "plan.requirements", "report"},
    "report": {"engine", "record.table"},
    "server": {"engine", "runs", "report"},
}
"""Rooms, or modules in them, that a room does not know although the order would let it."""

WITH_NUMPY = {
    f"record/{name}.py"
    for name in (
        "course", "distribution", "ending", "events", "extract", "histogram", "level", "lookout", "losses", "metrics",
        "newcomers", "rows", "samples", "shape", "survival", "timeline",
    )
} | {"saved/columns.py", "comparison/changes.py"}  # fmt: skip

MOST_LINES = 400
NAMES_THAT_SAY_NOTHING = {
    "base", "common", "handler", "handlers", "helper", "helpers", "manager", "managers", "util", "utils",
}  # fmt: skip

COMPUTED = "a computed name"
"""What is imported where the name is no literal."""

ROOT = Path(__file__).parents[1]


class Module:
    """A module of the package: its path below ``src/tcpgoon`` and its source."""

    def __init__(self, path: str, source: str) -> None:
        self.path = PurePosixPath(path)
        self.source = source
        self.tree = ast.parse(source)
        self.is_package = self.path.name == "__init__.py"
        self.names = ("tcpgoon", *self.path.with_suffix("").parts)
        if self.is_package:
            self.names = self.names[:-1]
        self.name = ".".join(self.names)
        self.room = room_of(self.name)

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and absolute name of each import, wherever it stands; of ``from a import b`` it is ``a.b``."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=aliases):
                    yield from ((node.lineno, alias.name) for alias in aliases)
                case ast.ImportFrom(module=origin, names=aliases, level=level):
                    whole = self._absolute(origin, level)
                    names = (whole if alias.name == "*" else f"{whole}.{alias.name}" for alias in aliases)
                    yield from ((node.lineno, name) for name in names)
                case ast.Call(func=ast.Name(id="__import__" | "import_module"), args=args):
                    yield node.lineno, literal(args)
                case ast.Call(func=ast.Attribute(attr="__import__" | "import_module"), args=args):
                    yield node.lineno, literal(args)

    def _absolute(self, origin: str | None, level: int) -> str:
        if level == 0:
            return origin or ""
        parents = self.names[: len(self.names) - level + self.is_package]
        return ".".join([*parents, *([origin] if origin else [])])


def literal(args: list[ast.expr]) -> str:
    match args:
        case [ast.Constant(value=str(name)), *_]:
            return name
        case _:
            return COMPUTED


def room_of(name: str) -> str:
    """``tcpgoon.plan.units`` is in the room ``plan``; the package itself is a room of its own."""
    return name.split(".")[1] if "." in name else name


def is_in(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


class Package:
    """All modules of the package, and what the names in their imports are."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.modules = [Module(path, source) for path, source in sorted(sources.items())]
        self._named = {module.name: module for module in self.modules}

    def imports_of(self, module: Module) -> list[tuple[int, str]]:
        return sorted({(line, self._origin(name)) for line, name in module.imports()})

    def _origin(self, name: str) -> str:
        """Where a public name of a room comes from: ``tcpgoon.record.Table`` is ``tcpgoon.record.table.Table``."""
        whole, _, attribute = name.rpartition(".")
        owner = self._named.get(whole)
        if name in self._named or owner is None or not owner.is_package:
            return name
        origins = (there for _, there in owner.imports() if there.endswith(f".{attribute}") and there != name)
        return next((self._origin(there) for there in origins), name)


def wrong_order(package: Package, module: Module) -> Iterator[str]:
    """A room imports only from those before it, and nothing is outside of the rooms."""
    if module.room not in ROOMS:
        yield f"{module.path}: {module.room} is no room of the design"
        return
    later = ROOMS[ROOMS.index(module.room) + 1 :]
    for line, name in package.imports_of(module):
        if is_in(name, "tcpgoon") and room_of(name) in later:
            yield f"{module.path}:{line}: {module.room} imports {name}, of a later room"


def stranger(package: Package, module: Module) -> Iterator[str]:
    """Some rooms do not know each other; nor do they import a whole room to reach a module in it."""
    unknown = {f"tcpgoon.{name}" for name in STRANGERS.get(module.room, ())}
    for line, name in package.imports_of(module):
        is_package = any(other.name == name and other.is_package for other in package.modules)
        if any(is_in(name, whole) or (is_package and is_in(whole, name)) for whole in unknown):
            yield f"{module.path}:{line}: {module.room} imports {name}, which it is not to know"


def wrong_library(package: Package, module: Module) -> Iterator[str]:
    """What decides has no sockets and no clock, and what is not on the network does not import it."""
    forbidden: set[str] = set() if str(module.path) in WITH_NUMPY else {"numpy"}
    if module.room in PURE:
        forbidden |= IMPURE_LIBRARIES | {COMPUTED}
    if module.room not in ON_THE_NETWORK:
        forbidden |= NETWORK_LIBRARIES
    for line, name in package.imports_of(module):
        if any(is_in(name, library) for library in forbidden):
            yield f"{module.path}:{line}: {module.room} imports {name}"


def code_in_init(package: Package, module: Module) -> Iterator[str]:
    """An ``__init__.py`` says what the room is for and names what is public.

    That of the whole package has the code that imports what is public when it is used, and not before.
    """
    if not module.is_package or module.name == "tcpgoon":
        return
    if not ast.get_docstring(module.tree):
        yield f"{module.path}: has no docstring"
    rest = module.tree.body[1:] if ast.get_docstring(module.tree) else module.tree.body
    for node in rest:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Assign(targets=[ast.Name(id="__all__")]):
                pass
            case _:
                yield f"{module.path}:{node.lineno}: code"


def too_long(package: Package, module: Module) -> Iterator[str]:
    """A module that outgrows its room is a sign to look at the plan again."""
    lines = len(module.source.splitlines())
    if lines > MOST_LINES:
        yield f"{module.path}: {lines} lines, more than {MOST_LINES}"


def says_nothing(package: Package, module: Module) -> Iterator[str]:
    """A name says what a thing is."""
    for part in module.path.with_suffix("").parts:
        if NAMES_THAT_SAY_NOTHING & set(part.split("_")):
            yield f"{module.path}: {part} says nothing"


RULES = (wrong_order, stranger, wrong_library, code_in_init, too_long, says_nothing)


def faults(sources: dict[str, str]) -> list[str]:
    package = Package(sources)
    return [fault for rule in RULES for module in package.modules for fault in rule(package, module)]


def without_own_test(sources: dict[str, str], tests: set[str]) -> list[str]:
    """The pure modules that have no test file of their own."""
    return [
        f"{module.path}: there is no tests/{own}"
        for module in Package(sources).modules
        if module.room in PURE and not module.is_package
        if (own := str(module.path.with_name(f"test_{module.path.name}"))) not in tests
    ]


def sources_in_tree() -> dict[str, str]:
    top = ROOT / "src" / "tcpgoon"
    return {path.relative_to(top).as_posix(): path.read_text() for path in top.rglob("*.py")}


def test_the_rooms_keep_their_order_and_their_rules() -> None:
    assert faults(sources_in_tree()) == []


def test_each_pure_module_has_a_test_file_of_its_own() -> None:
    tests = {path.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    assert without_own_test(sources_in_tree(), tests) == []


def test_the_walk_sees_the_tree() -> None:
    package = Package(sources_in_tree())
    rooms = {module.room for module in package.modules}
    (units,) = (module for module in package.modules if module.name == "tcpgoon.plan.units")

    assert rooms <= set(ROOMS)
    assert rooms >= {"errors", "plan", "record", "judge", "engine", "runs", "report", "server", "cli", "tcpgoon"}
    assert "tcpgoon.errors.PlanError" in [name for _, name in package.imports_of(units)]


ROOM = '"""A room."""\n'


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param(
            {"plan/plan.py": "from tcpgoon.errors import PlanError\nimport tcpgoon.plan.units\nimport math, msgspec"},
            [],
            id="earlier rooms and its own",
        ),
        pytest.param(
            {"plan/plan.py": "import tcpgoon.record.table"},
            ["plan/plan.py:1: plan imports tcpgoon.record.table, of a later room"],
            id="later room",
        ),
        pytest.param(
            {"record/table.py": "from tcpgoon import errors, runs"},
            ["record/table.py:1: record imports tcpgoon.runs, of a later room"],
            id="later room, from the package",
        ),
        pytest.param(
            {"record/table.py": "from . import outcome\nfrom .. import plan\nfrom ..judge.facts import Facts"},
            ["record/table.py:3: record imports tcpgoon.judge.facts.Facts, of a later room"],
            id="later room, relative",
        ),
        pytest.param(
            {"engine/probes/__init__.py": f"{ROOM}from ..kernel import read\nfrom ...runs import runner"},
            ["engine/probes/__init__.py:3: engine imports tcpgoon.runs.runner, of a later room"],
            id="later room, relative, from a room within a room",
        ),
        pytest.param(
            {"judge/facts.py": "def f():\n    from tcpgoon.result import Result"},
            ["judge/facts.py:2: judge imports tcpgoon.result.Result, of a later room"],
            id="later room, in a function",
        ),
        pytest.param(
            {"plan/plan.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tcpgoon.cli.main"},
            ["plan/plan.py:3: plan imports tcpgoon.cli.main, of a later room"],
            id="later room, for its types only",
        ),
        pytest.param(
            {"engine/loop.py": 'import importlib\nimportlib.import_module("tcpgoon.runs.runner")'},
            ["engine/loop.py:2: engine imports tcpgoon.runs.runner, of a later room"],
            id="later room, by importlib",
        ),
        pytest.param(
            {"cli/main.py": "import tcpgoon"},
            ["cli/main.py:1: cli imports tcpgoon, of a later room"],
            id="the package as a whole",
        ),
        pytest.param({"cli/run.py": "import tcpgoon.runs\nimport signal\nimport sys"}, [], id="cli may"),
        pytest.param({"pytest_plugin.py": "from tcpgoon import cli, runs, testing"}, [], id="the plugin is last"),
        pytest.param(
            {"cli/main.py": "from tcpgoon import pytest_plugin"},
            ["cli/main.py:1: cli imports tcpgoon.pytest_plugin, of a later room"],
            id="nobody knows the plugin",
        ),
        pytest.param({"attic/old.py": ""}, ["attic/old.py: attic is no room of the design"], id="no room"),
        pytest.param({"attic.py": ""}, ["attic.py: attic is no room of the design"], id="no room, one module"),
        pytest.param(
            {"server/server.py": "from tcpgoon.engine import kernel\nimport tcpgoon.runs.runner\nimport socket"},
            [
                "server/server.py:1: server imports tcpgoon.engine.kernel, which it is not to know",
                "server/server.py:2: server imports tcpgoon.runs.runner, which it is not to know",
            ],
            id="the server is no client",
        ),
        pytest.param(
            {"server/server.py": "from tcpgoon.report import text"},
            ["server/server.py:1: server imports tcpgoon.report.text, which it is not to know"],
            id="the server reports nothing",
        ),
        pytest.param(
            {"engine/loop.py": "from tcpgoon.discovery import dns\nfrom tcpgoon.plan.requirements import Requirement"},
            [
                "engine/loop.py:1: engine imports tcpgoon.discovery.dns, which it is not to know",
                "engine/loop.py:2: engine imports tcpgoon.plan.requirements.Requirement, which it is not to know",
            ],
            id="the engine knows no names and no requirements",
        ),
        pytest.param(
            {"engine/loop.py": "import tcpgoon.report.text"},
            [
                "engine/loop.py:1: engine imports tcpgoon.report.text, of a later room",
                "engine/loop.py:1: engine imports tcpgoon.report.text, which it is not to know",
            ],
            id="the engine knows no reports",
        ),
        pytest.param(
            {"report/text.py": "from tcpgoon.engine.loop import Loop\nfrom tcpgoon.record.table import Table"},
            [
                "report/text.py:1: report imports tcpgoon.engine.loop.Loop, which it is not to know",
                "report/text.py:2: report imports tcpgoon.record.table.Table, which it is not to know",
            ],
            id="a report sees neither the engine nor the table",
        ),
        pytest.param(
            {
                "record/__init__.py": f"{ROOM}from tcpgoon.record.counts import Counts\nfrom .table import Table",
                "record/table.py": "",
                "report/text.py": "from tcpgoon.record import Counts\nfrom tcpgoon.record import Table",
            },
            ["report/text.py:2: report imports tcpgoon.record.table.Table, which it is not to know"],
            id="the table by its public name",
        ),
        pytest.param(
            {"record/__init__.py": ROOM, "report/text.py": "from tcpgoon import record\nfrom tcpgoon.record import *"},
            [
                "report/text.py:1: report imports tcpgoon.record, which it is not to know",
                "report/text.py:2: report imports tcpgoon.record, which it is not to know",
            ],
            id="the table by its room",
        ),
        pytest.param(
            {"plan/pacing.py": "import time"}, ["plan/pacing.py:1: plan imports time"], id="a clock in the plan"
        ),
        pytest.param(
            {"record/table.py": "import mmap\nimport os.path\nfrom os import environ"},
            ["record/table.py:2: record imports os.path", "record/table.py:3: record imports os.environ"],
            id="the system in the record, by a submodule",
        ),
        pytest.param(
            {"judge/verdict.py": "def f():\n    import asyncio.events as e, threading"},
            [
                "judge/verdict.py:2: judge imports asyncio.events",
                "judge/verdict.py:2: judge imports threading",
            ],
            id="concurrency in the judge, by another name",
        ),
        pytest.param(
            {"result.py": "import select\nimport selectors\nimport socket\nimport ssl\nimport _socket"},
            [
                "result.py:1: result imports select",
                "result.py:2: result imports selectors",
                "result.py:3: result imports socket",
                "result.py:4: result imports ssl",
                "result.py:5: result imports _socket",
            ],
            id="sockets in the result",
        ),
        pytest.param(
            {"result.py": '__import__("os")\nimport builtins\nbuiltins.__import__("time")'},
            ["result.py:1: result imports os", "result.py:3: result imports time"],
            id="by __import__",
        ),
        pytest.param(
            {"plan/plan.py": 'from importlib import import_module\nimport_module("s" "sl")\nimport_module("o" + "s")'},
            ["plan/plan.py:2: plan imports ssl", "plan/plan.py:3: plan imports a computed name"],
            id="by import_module",
        ),
        pytest.param(
            {"judge/plateaus.py": "from importlib import resources"}, [], id="data files are no way around it"
        ),
        pytest.param(
            {f"{room}/x.py": "import socket\nimport time" for room in sorted(ON_THE_NETWORK)},
            [],
            id="these are on the network",
        ),
        pytest.param(
            {"testing/clock.py": "import time", "cli/run.py": "import resource", "report/text.py": "import select"},
            [
                "cli/run.py:1: cli imports resource",
                "report/text.py:1: report imports select",
                "testing/clock.py:1: testing imports time",
            ],
            id="these are not",
        ),
        pytest.param(
            {"record/metrics.py": "import numpy as np", "runs/x.py": "import numpy.typing"},
            ["runs/x.py:1: runs imports numpy.typing"],
            id="numpy in the metrics only",
        ),
        pytest.param(
            {"plan/__init__.py": "x = 1", "runs/__init__.py": ""},
            ["plan/__init__.py: has no docstring", "plan/__init__.py:1: code", "runs/__init__.py: has no docstring"],
            id="an init without a docstring",
        ),
        pytest.param(
            {"plan/__init__.py": f'{ROOM}from .plan import Plan\n__all__ = ["Plan"]\nPlan.x = 1\ndef f(): ...'},
            ["plan/__init__.py:4: code", "plan/__init__.py:5: code"],
            id="code in an init",
        ),
        pytest.param({"runs/runner.py": "\n" * 400}, [], id="400 lines"),
        pytest.param({"runs/runner.py": "\n" * 401}, ["runs/runner.py: 401 lines, more than 400"], id="one line more"),
        pytest.param(
            {"runs/utils.py": "", "engine/connection_manager.py": "", "cli/helpers/x.py": "", "plan/database.py": ""},
            [
                "cli/helpers/x.py: helpers says nothing",
                "engine/connection_manager.py: connection_manager says nothing",
                "runs/utils.py: utils says nothing",
            ],
            id="names that say nothing",
        ),
    ],
)
def test_a_broken_rule_is_reported(sources: dict[str, str], expected: list[str]) -> None:
    assert faults(sources) == expected


def test_a_pure_module_without_its_test_file_is_reported() -> None:
    sources = dict.fromkeys(["plan/__init__.py", "plan/units.py", "plan/plan.py", "result.py", "runs/runner.py"], "")
    tests = {"plan/test_units.py", "test_plan.py", "runs/test_result.py"}

    assert without_own_test(sources, tests) == [
        "plan/plan.py: there is no tests/plan/test_plan.py",
        "result.py: there is no tests/test_result.py",
    ]
