"""Where a suite is written, and files that are none."""

import os
from pathlib import Path

import pytest

from tcpgoon.errors import UsageError
from tcpgoon.options.suites.file import LARGEST, read_suite_file

TABLE = "[tool.tcpgoon]\nx = 1\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(path: Path | None) -> str:
    with pytest.raises(UsageError) as caught:
        read_suite_file(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("files", "path", "table", "note"),
    [
        ({"tcpgoon.toml": "x = 1"}, "tcpgoon.toml", {"x": 1}, ""),
        ({"pyproject.toml": TABLE}, "pyproject.toml", {"x": 1}, ""),
        ({"tcpgoon.toml": "x = 2", "pyproject.toml": "[project]"}, "tcpgoon.toml", {"x": 2}, ""),
        ({"tcpgoon.toml": "x = 2", "pyproject.toml": "no TOML"}, "tcpgoon.toml", {"x": 2}, ""),
        (
            {"tcpgoon.toml": "x = 2", "pyproject.toml": TABLE},
            "tcpgoon.toml",
            {"x": 2},
            "tcpgoon.toml is taken, and [tool.tcpgoon] of pyproject.toml is not",
        ),
    ],
)
def test_that_of_this_folder(files: dict[str, str], path: str, table: object, note: str) -> None:
    for name, text in files.items():
        Path(name).write_text(text)
    found = read_suite_file(None)
    assert (str(found.path), found.table, found.note) == (path, table, note)


def test_windows_wrote_it() -> None:
    Path("w.toml").write_bytes(b'\xef\xbb\xbfa = """x\r\ny"""\r\nb = 1\r\n')
    found = read_suite_file(Path("w.toml"))
    assert found.table == {"a": "x\ny", "b": 1}
    assert found.lines.of(("b",)) == 3


NOWHERE = "there is no tcpgoon.toml here, and no pyproject.toml with a table [tool.tcpgoon]: give the suite's file"


def test_there_is_none() -> None:
    assert refused(None) == NOWHERE
    Path("pyproject.toml").write_text("[project]")
    assert refused(None) == NOWHERE
    assert refused(Path("pyproject.toml")) == "pyproject.toml has no table [tool.tcpgoon]"
    Path("pyproject.toml").write_text("tool = 3")
    assert refused(Path("pyproject.toml")) == "pyproject.toml has no table [tool.tcpgoon]"
    assert refused(Path("no\x1b.toml")) == r"no\x1b.toml cannot be read: No such file or directory"
    assert refused(Path("no\0.toml")) == r"no\x00.toml cannot be read: embedded null byte"
    assert refused(Path(os.curdir)) == ". cannot be read: Is a directory"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = 1\nb = \xff\n", "x.toml:2: this is not UTF-8, which TOML has to be"),
        (b"a = 1\nb = \n", "x.toml:2: this is not TOML: Invalid value"),
        (b'a = 1\n\nb = "', "x.toml:3: this is not TOML: Unterminated string"),
        (b"a = 1\na = 2\n", "x.toml:2: this is not TOML: Cannot overwrite a value"),
        (b"a = \x1b[2J", r"x.toml:1: this is not TOML: Invalid value"),
        (b"a = 1\n" + b"#" * LARGEST, "x.toml is larger than 1 MiB: that is no suite"),
        (b"a = " + b"[" * 50_000, "x.toml is nested too deeply: that is no suite"),
    ],
)
def test_what_is_no_toml(content: bytes, said: str) -> None:
    Path("x.toml").write_bytes(content)
    assert refused(Path("x.toml")) == said
