"""Where a suite is written: ``tcpgoon.toml``, or the table ``[tool.tcpgoon]`` of ``pyproject.toml``."""

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from tcpgoon.errors import UsageError
from tcpgoon.options.suites import lines
from tcpgoon.options.suites.lines import Lines
from tcpgoon.plan.escapes import printable

NAME = "tcpgoon.toml"
SHARED = "pyproject.toml"
TABLE = ("tool", "tcpgoon")
"""Where it is in a file that is not ours alone."""

LARGEST = 1 << 20
"""Bytes of such a file: thousands of checks."""

_WHERE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


class Fault(NamedTuple):
    """Something that is wrong with a suite."""

    path: lines.Path
    """Where, below the table that is the suite."""
    said: str
    of: str = ""
    """The name of the check, where that is known."""


class SuiteFile(NamedTuple):
    """A suite as it was read, before anybody looked at what it says."""

    path: Path
    table: Any
    inside: lines.Path
    """Where the table is in the file."""
    lines: Lines
    note: str = ""
    """What is to be said about where it was found."""

    def at(self, fault: Fault) -> tuple[int, str]:
        """The line of ``fault``, and what is said: ``tcpgoon.toml:14: check[1].hold of 'db': …``."""
        whole = (*self.inside, *fault.path)
        whose = f" of {fault.of!r}" if fault.of else ""
        where = f"{printable(lines.spelled_path(whole))}{whose}: " if whole else ""
        line = self.lines.of(whole)
        return line, f"{printable(str(self.path))}:{line}: {where}{fault.said}"


def read_suite_file(given: Path | None) -> SuiteFile:
    """The file ``given``, or that of this folder. Raises `UsageError` where it cannot be read, or is no TOML."""
    if given is not None:
        return _read(given)
    own, shared = Path(NAME), Path(SHARED)
    if own.exists():
        also = shared.exists() and _has_table(shared)
        return _read(own)._replace(note=f"{NAME} is taken, and [tool.tcpgoon] of {SHARED} is not" if also else "")
    if shared.exists() and _has_table(shared):
        return _read(shared)
    raise UsageError(f"there is no {NAME} here, and no {SHARED} with a table [tool.tcpgoon]: give the suite's file")


def _read(path: Path) -> SuiteFile:
    text = _text(path)
    data = _data(path, text)
    if path.name != SHARED:
        return SuiteFile(path, data, (), Lines(text))
    tool = data.get("tool", {})
    if not isinstance(tool, dict) or "tcpgoon" not in tool:
        raise UsageError(f"{printable(str(path))} has no table [tool.tcpgoon]")
    return SuiteFile(path, tool["tcpgoon"], TABLE, Lines(text))


def _has_table(path: Path) -> bool:
    """Whether it has one that can be read: what else is wrong with the file is no business of ours."""
    try:
        _read(path)
    except UsageError:
        return False
    return True


def _text(path: Path) -> str:
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as exc:
        raise UsageError(f"{name} cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    if len(content) > LARGEST:
        raise UsageError(f"{name} is larger than 1 MiB: that is no suite")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise UsageError(f"{name}:{line}: this is not UTF-8, which TOML has to be") from exc


def _data(path: Path, text: str) -> dict[str, Any]:
    name = printable(str(path))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        where = _WHERE.search(str(exc))
        line = (where and where["line"]) or text.rstrip("\n").count("\n") + 1
        raise UsageError(f"{name}:{line}: this is not TOML: {printable(_WHERE.sub('', str(exc)))}") from exc
    except RecursionError as exc:
        raise UsageError(f"{name} is nested too deeply: that is no suite") from exc
