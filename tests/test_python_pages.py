"""The examples of docs/python.md and docs/pytest.md, run against servers here; and the first, by a type checker."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from tcpgoon.options.bounds import WORDS
from tcpgoon.pytest_fixtures import Tcpgoon, TcpServer
from tcpgoon.server import ServerConfig, ServerProcess
from tcpgoon.server.config import Knobs

pytest_plugins = "pytester"

DOCS = Path(__file__).parents[1] / "docs"
PYTHON, PYTEST = ((DOCS / f"{name}.md").read_text() for name in ("python", "pytest"))
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(text: str) -> str:
    return "\n\n".join(_BLOCK.findall(text))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What stands in the examples, and what it is here: servers of our own, few connections, short times."""
    with ServerProcess(ServerConfig(echo=True)) as server:
        listed = tmp_path / "targets"
        listed.write_text(json.dumps([{"id": name, "host": "127.0.0.1", "port": server.port} for name in ("a", "b")]))
        yield {
            "checkout.local:8080": server.address,
            "db:5432": server.address,
            "eureka://registry:8761/CHECKOUT": f"file://{listed}",
            "http:/health": "echo",
            "postgres": "echo",
            'p99="50ms"': 'p99="30s"',
            "p99 establishment < 50ms": "p99 establishment < 30s",
            '"5k"': "20",
            "connections=5000": "connections=110",
            "connections=500,": "connections=20,",
            ", 500,": ", 20,",
            "> 400": "> 16",
            '"10s"': '"50ms"',
            '"30s"': '"50ms"',
            '"5s"': '"50ms"',
            "tcp_server.address, 100)": "tcp_server.address, 10)",
            "connections=200)": "connections=120)",
            "=50, above": "=10, above",
            ", connections=100)": ", connections=20)",
            "== 50": "== 10",
        }


def adapted(text: str, here: dict[str, str]) -> str:
    for stands, is_here in here.items():
        assert stands in PYTHON + PYTEST
        text = text.replace(stands, is_here)
    return text


def test_the_examples_in_python(here: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", adapted(examples(PYTHON), here)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("PASS 20 of 20 connections were established, acknowledged and held for 50ms")
    assert lines[1] == "20 20 0"
    assert [line.split()[:2] for line in lines if line.startswith(("a ", "b "))] == [["a", "PASS"], ["b", "PASS"]]
    assert lines[-1].startswith("FAIL: only 100 of 120 connections")
    assert "PASS: 20 of 20" in lines[-2]


def test_the_examples_in_python_are_typed(tmp_path: Path) -> None:
    """Strictly, by what is installed, and nothing but py.typed says so."""
    program = tmp_path / "program.py"
    program.write_text(
        f"{examples(PYTHON)}\n\ntcpgoon.run('host:80', conections=5)\nreveal_type(each.results[0].result)\n"
    )
    checker = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(tmp_path),
        "program.py",
    ]
    done = subprocess.run(checker, capture_output=True, text=True, timeout=100, cwd=tmp_path)
    told = [line.split(": ", 1)[1] for line in done.stdout.splitlines()]
    assert told == [
        'error: Unexpected keyword argument "conections" for "run"; did you mean "connections"?  [call-arg]',
        'note: "run" defined in "tcpgoon.api"',
        'note: Revealed type is "tcpgoon.result.Result | None"',
    ]


def test_the_examples_in_pytest(here: dict[str, str], pytester: pytest.Pytester) -> None:
    awaited = "import asyncio\n\ndef test_async(tcpgoon):\n    asyncio.run(test_capacity_in_a_loop(tcpgoon))\n"
    source = adapted(examples(PYTEST), here).replace("async def test_capacity(", "async def test_capacity_in_a_loop(")
    pytester.makepyfile(f"{source}\n\ntest_capacity_in_a_loop.__test__ = False\n\n{awaited}")
    result = pytester.runpytest("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=7)


def test_the_failure_that_is_shown_is_what_is_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_it(tcpgoon, tcp_server):
            tcpgoon.assert_holds(tcp_server(max_connections=120).address, 500, hold="100ms", sleep="0s")
    """)
    result = pytester.runpytest("-p", "no:cacheprovider")
    shown = re.search(r"^```text\n(.*?)^```", PYTEST, re.MULTILINE | re.DOTALL)
    assert shown
    errors = [line for line in shown[1].splitlines() if line.startswith("E  ")]
    assert [line for line in result.outlines if line.startswith("E  ")] == errors


def first_column(heading: str) -> list[str]:
    table = PYTEST.split(heading)[1].split("|---|---|\n")[1].split("\n\n")[0]
    return [name for line in table.splitlines() for name in re.findall(r"`(\w+)=", line.split(" | ")[0])]


def test_all_bounds_and_knobs_are_there() -> None:
    assert set(first_column("## What is asked")) == set(WORDS)
    assert set(first_column("## A server to test against")) == set(get_type_hints(Knobs))


def test_the_types_for_annotations_are_there() -> None:
    named = re.findall(r"`(tcpgoon\.pytest_fixtures\.\w+)`", PYTEST)
    assert named == [f"{one.__module__}.{one.__name__}" for one in (Tcpgoon, TcpServer)]
