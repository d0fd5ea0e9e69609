"""Which certificates are trusted where nobody says so."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from tcpgoon.discovery.certificates import of_the_system


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "a.pem").write_text("")
    return str(tmp_path)


def test_those_of_the_system(monkeypatch: pytest.MonkeyPatch, folder: str, tmp_path: Path) -> None:
    """A file before a folder; a folder where something is in it; else none, and whoever asks has to bring some."""
    (tmp_path / "empty").mkdir()
    known: Any = ssl.get_default_verify_paths()
    for cafile, capath, expected in (
        ("/etc/ca.pem", folder, "/etc/ca.pem"),
        (None, folder, folder),
        (None, str(tmp_path / "empty"), ""),
        (None, None, ""),
    ):
        paths = known._replace(cafile=cafile, capath=capath)
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda paths=paths: paths)
        assert of_the_system() == expected
