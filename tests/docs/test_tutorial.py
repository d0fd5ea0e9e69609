"""The tutorial, as somebody types it: each command is given to one shell, and prints what the page says."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
PORTS = ("28080", "28081")
LIMIT_S = 100
MARK = "--- next ---"

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HERE_DOCUMENT = re.compile(r"<<'(\w+)'$", re.MULTILINE)


class Step(NamedTuple):
    """A command, and the lines that it prints; ``…`` stands for any."""

    command: str
    printed: list[str]


def steps() -> list[Step]:
    found: list[Step] = []
    end = ""
    for line in "".join(_BLOCK.findall(PAGE)).splitlines():
        if end:
            found[-1] = Step(f"{found[-1].command}\n{line}", [])
            end = "" if line == end else end
        elif line.startswith("$ "):
            found.append(Step(line.removeprefix("$ "), []))
            here = _HERE_DOCUMENT.search(line)
            end = here[1] if here else ""
        else:
            found[-1].printed.append(line)
    return found


def script(typed: Sequence[Step]) -> str:
    """All of it, for a shell. Somebody who types begins the next command once the server listens."""
    lines = ["set -m", ": >background"]
    for number, step in enumerate(typed):
        if step.command.endswith(" &"):
            lines.append(f"{step.command.removesuffix('&')} >server-{number} &")
            lines.append(f"until grep -q Listening server-{number}; do kill -0 $! || break; sleep 0.05; done")
            lines.append(f"cat server-{number}")
        else:
            lines.append(
                f"said=$({{ {step.command}\n}} 2>&1); status=$?" if "kill" not in step.command else step.command
            )
            lines.append("printf '%s\\n' \"$said\"; (exit $status)" if "kill" not in step.command else "wait")
        lines.append(f"status=$?; echo '{MARK}'; (exit $status)")
    return "\n".join(lines)


def free_ports() -> list[str]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return [str(listening.getsockname()[1]) for listening in (one, other)]


def on_ports(text: str, ports: Sequence[str]) -> str:
    for known, free in zip(PORTS, ports, strict=True):
        text = text.replace(known, free)
    return text


def matches(printed: list[str], expected: list[str]) -> bool:
    """Whether ``printed`` is what the page says: a ``…`` alone is any lines, and at a line's end the rest of it."""
    parts = [".*" if line == "…" else re.escape(line).replace("…", ".*") for line in expected]
    pattern = "\n".join(f"(?:{part}\n)*?{part}" if part == ".*" else part for part in parts)
    return re.fullmatch(pattern, "\n".join(printed)) is not None


def test_each_step_prints_what_the_page_says(tmp_path: Path) -> None:
    typed = steps()
    ports = free_ports()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", on_ports(script(typed), ports)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
    )
    outputs = done.stdout.split(f"{MARK}\n")
    assert len(outputs) == len(typed) + 1, (done.stdout, done.stderr)
    for step, output in zip(typed, outputs, strict=False):
        if step.command.startswith("kill"):
            continue
        expected = [on_ports(line, ports) for line in step.printed]
        assert matches([line for line in output.splitlines() if line], expected), (step.command, output, expected)


def test_what_matches() -> None:
    assert matches(["a", "b", "c"], ["…", "c"])
    assert matches(["a", "b", "c"], ["a", "…"])
    assert matches(["a 5 b"], ["a …"])
    assert not matches(["a", "c"], ["a", "b"])
    assert not matches(["a", "b", "c"], ["a", "c"])
