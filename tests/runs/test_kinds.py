"""Suites with searches and soaks, against real servers."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import tcpgoon
from tcpgoon.capacity import SearchPart
from tcpgoon.judge.verdict import Verdict
from tcpgoon.options.suites.load import load_suite
from tcpgoon.runs.suite import run_suite
from tcpgoon.server import Server, ServerConfig

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server, and gives its address."""
    with ExitStack() as servers:

        def serve(**config: Any) -> str:
            return f"127.0.0.1:{servers.enter_context(Server(ServerConfig(**config))).port}"

        yield serve


def suite(folder: Path, *checks: str) -> Path:
    path = folder / "tcpgoon.toml"
    path.write_text("".join(f"[[check]]\n{check}\n" for check in checks))
    return path


def search(target: str, rest: str = "", name: str = "limit") -> str:
    return f'name = "{name}"\nkind = "capacity"\ntarget = "{target}"\nconfirm-hold = "200ms"\nmax = 300\n{rest}'


def soak(target: str, name: str = "night") -> str:
    return f'name = "{name}"\nkind = "soak"\ntarget = "{target}"\nconnections = 20\nfor = "2s"\nsleep = "0s"\n'


def run(target: str) -> str:
    return f'name = "run"\ntarget = "{target}"\nconnections = 20\nsleep = "0s"\nhold = "0s"\n'


def test_one_of_each_kind(serve: Serve, tmp_path: Path) -> None:
    small = serve(max_connections=40)
    came = tcpgoon.run_suite(suite(tmp_path, run(serve()), search(small, "at-least = 40"), soak(serve())))
    assert came.verdict is Verdict.PASS, came
    plain, limit, night = came.parts
    assert isinstance(limit, SearchPart)
    assert (limit.name, limit.capacity.carries, limit.capacity.answer.bad) == ("limit", 40, 41)
    assert night.result is not None
    assert night.result.lifetimes is not None
    assert (plain.name, night.name) == ("run", "night")
    entry = came.to_dict()["checks"][1]
    assert entry["capacity"]["answer"]["carries"] == 40


def test_too_few_fail_the_suite_and_the_next_one_is_asked(serve: Serve, tmp_path: Path) -> None:
    small = serve(max_connections=40)
    came = run_suite(load_suite(suite(tmp_path, search(small, "at-least = 41"), run(small))), keep_rows=False)
    limit, plain = came.parts
    assert (limit.verdict, plain.verdict, came.verdict) == (Verdict.FAIL, Verdict.PASS, Verdict.FAIL)
    assert limit.reason.endswith("at least 41 are required")
    assert limit.result is None or limit.result.table.rows == 0


def test_who_is_not_there_carries_none(tmp_path: Path) -> None:
    came = tcpgoon.run_suite(suite(tmp_path, search("127.0.0.1:1")))
    assert came.verdict is Verdict.FAIL
    came = tcpgoon.run_suite(suite(tmp_path, search("nosuch.invalid:1")))
    assert came.verdict is Verdict.INCONCLUSIVE


def test_the_command_writes_it_all_and_reads_it_again(serve: Serve, tmp_path: Path) -> None:
    path = suite(tmp_path, search(serve(max_connections=40)), soak(serve()))
    formats = ("junit", "csv", "html", "markdown", "prometheus", "json")
    words = [word for name in formats for word in ("-o", f"{name}={tmp_path / name}")]
    done = subprocess.run(
        [sys.executable, "-m", "tcpgoon", "check", "-v", *words, "--save", tmp_path / "saved", path],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "limit: 40" in done.stderr) == (0, True), done
    assert "limit: up to 300 connections to" in done.stdout
    assert json.loads((tmp_path / "json").read_text())["checks"][0]["capacity"]["answer"]["carries"] == 40
    again = subprocess.run(
        [sys.executable, "-m", "tcpgoon", "report", tmp_path / "saved", "-o", "json"], capture_output=True, text=True
    )
    assert again.stdout == (tmp_path / "json").read_text()
    listed = subprocess.run([sys.executable, "-m", "tcpgoon", "check", "--list", path], capture_output=True, text=True)
    assert "capacity" in listed.stdout
    assert "up to 300" in listed.stdout


def test_ctrl_c_ends_a_search_and_the_suite(serve: Serve, tmp_path: Path) -> None:
    path = suite(tmp_path, search(serve()).replace("200ms", "60s"), run(serve()))
    process = subprocess.Popen(
        [sys.executable, "-m", "tcpgoon", "check", "-v", "-o", f"json={tmp_path / 'json'}", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("limit: 300"):
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 1
    checks = json.loads((tmp_path / "json").read_text())["checks"]
    assert [check["verdict"] for check in checks] == ["INTERRUPTED", "INTERRUPTED"]
