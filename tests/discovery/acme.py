"""A source that another package brings along: installed as pip would, by its metadata alone."""

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Install = Callable[[Callable[..., Any]], None]
"""Makes a function the source of ``acme://``."""


def write_metadata(folder: Path, entry_points: str) -> None:
    """What pip leaves of a package."""
    info = folder / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, find: Any) -> None:
    """Install ``find`` for the length of a test."""
    write_metadata(folder, "[tcpgoon.discovery]\nacme = acme_source:find\n")
    module = types.ModuleType("acme_source")
    module.find = find  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "acme_source", module)
    monkeypatch.syspath_prepend(folder)
