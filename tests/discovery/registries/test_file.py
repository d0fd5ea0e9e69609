"""Files and standard input with lists of targets."""

import io
import os
import sys
from pathlib import Path

import pytest

from tcpgoon.discovery import find as asking
from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.registries.file import find
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.lookup import parse_lookup

ONE = Instance(id="192.0.2.1:80", host="192.0.2.1", port=80)


def listed(expression: str, most_bytes: int = 1_000) -> Listing:
    return find(parse_lookup(expression), Terms(most_bytes=most_bytes))


def fault(expression: str) -> str:
    with pytest.raises(DiscoveryError) as caught:
        listed(expression)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("name", ["targets", "targets.json", "a b?c=d", "é", "a%b", "a,b", "@x"])
def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_text("192.0.2.1:80")
    monkeypatch.chdir(tmp_path)
    written = name.replace("%", "%25")
    assert listed(f"file://{written}") == Listing(service=name, registry=name, instances=(ONE,), is_local=True)
    assert listed(f"file://{tmp_path}/{written}").instances == (ONE,)


def test_a_file_as_large_as_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "targets"
    path.write_bytes(b"192.0.2.1:80".ljust(1_000))
    assert listed(f"file://{path}").instances == (ONE,)
    path.write_bytes(b"192.0.2.1:80".ljust(1_001))
    assert fault(f"file://{path}") == f"{path} has more than 1,000 bytes: refused"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("file:///nowhere", "/nowhere cannot be read: No such file or directory"),
        ("file:///", "/ cannot be read: Is a directory"),
        ("file:///dev/zero", "/dev/zero has more than 1,000 bytes: refused"),
        ("file:///dev/null", "/dev/null holds no targets: write host:port, one on a line, or JSON"),
    ],
)
def test_what_is_no_list(expression: str, text: str) -> None:
    assert fault(expression) == text


def test_no_path_at_all() -> None:
    with pytest.raises(PlanError, match="needs the path of a file"):
        listed("file://")


def test_a_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    """The file cannot be asked how long it takes: whoever waits has a limit."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(DiscoveryError, match=r"no whole answer within 100ms"):
        asking.find(parse_lookup(f"file://{path}"), Terms(timeout_s=0.1))
    with path.open("w") as file:  # and then it comes to its end
        file.write("192.0.2.1:80")


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    content = io.BytesIO(b"192.0.2.1:80\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    return content


def test_standard_input(standard_input: io.BytesIO) -> None:
    assert listed("-") == Listing(service="standard input", registry="standard input", instances=(ONE,), is_local=True)


def test_standard_input_that_is_no_list(standard_input: io.BytesIO) -> None:
    standard_input.write(b"\xff")
    standard_input.seek(0)
    assert fault("-") == "standard input holds no text: byte 1 is not UTF-8"


def test_standard_input_that_is_closed(standard_input: io.BytesIO, monkeypatch: pytest.MonkeyPatch) -> None:
    sys.stdin.close()
    assert fault("-") == "standard input is closed: there are no targets in it"
    monkeypatch.setattr(sys, "stdin", None)
    assert fault("-") == "standard input is closed: there are no targets in it"
