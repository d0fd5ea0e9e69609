"""A file by its path: read, or refused in one line that names it."""

import os
from pathlib import Path

import pytest

from tcpgoon.errors import SavedFileError
from tcpgoon.runs.saved import loaded
from tcpgoon.saved.file import saved
from tests.example import example


def problem(path: str) -> str:
    with pytest.raises(SavedFileError) as caught:
        loaded(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(saved(example()))
    assert loaded(str(path)).to_dict() == example().to_dict()


def test_what_is_no_such_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    assert problem(str(path)) == f"{path}: no file that tcpgoon saved, or damaged: File is not a zip file"
    assert problem(str(tmp_path / "b\x1b")) == rf"{tmp_path}/b\x1b cannot be read: No such file or directory"
    assert problem(str(tmp_path)) == f"{tmp_path}: it is no plain file"
    assert problem(str(tmp_path / "pipe")) == f"{tmp_path}/pipe: it is no plain file"
    assert problem("/dev/zero") == "/dev/zero: it is no plain file"
    assert problem("") == "a path of no letters: it is no plain file"
    assert problem("a\0b") == r"a\x00b is no path of a file"
    assert problem("x" * 300) == f"{'x' * 300} cannot be read: File name too long"
