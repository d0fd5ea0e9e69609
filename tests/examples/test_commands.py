"""The commands of the examples, run as whoever reads them would run them, against the bundled server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from defusedxml import ElementTree

from tcpgoon.server import ServerProcess
from tests.examples.files import ACTION, GITLAB, JENKINS, REPOSITORY, content, groovy_calls, steps

BIN = Path(sys.executable).parent
LIMIT_S = 100

pytestmark = pytest.mark.requires("ensurepip")
"""The action makes a virtual environment."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(flags=["--max-connections", "50", "--echo"]) as server:
        yield server


class Done(NamedTuple):
    """What a script did."""

    exit_status: int
    output: str


def do(shell: list[str], script: str, folder: Path, **variables: str) -> Done:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "TCPGOON_"))}
    done = subprocess.run(
        [*shell, script],
        cwd=folder,
        env={**env, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    return Done(done.returncode, done.stdout)


def failures(path: Path) -> int:
    """How many test cases of a JUnit file have failed."""
    return sum(1 for case in ElementTree.parse(path).iter("testcase") if case.find("failure") is not None)


@pytest.mark.parametrize(("connections", "exit_status"), [("50", 0), ("80", 2)])
@pytest.mark.parametrize("path", [GITLAB, JENKINS], ids=["gitlab", "jenkins"])
def test_a_pipeline_passes_and_fails(
    path: Path, server: ServerProcess, connections: str, exit_status: int, tmp_path: Path
) -> None:
    scripts = groovy_calls(path.read_bytes(), "sh") if path == JENKINS else content(path)["capacity"]["script"]
    assert scripts
    asked = {"TARGET": f"127.0.0.1:{server.port}", "CONNECTIONS": connections, "HOLD": "100ms"}
    done = do(["sh", "-e", "-c"], "\n".join(scripts), tmp_path, PATH=f"{BIN}:{os.environ['PATH']}", **asked)
    assert done.exit_status == exit_status, done.output
    assert bool(failures(tmp_path / "tcpgoon.xml")) == bool(exit_status)


class Action:
    """The action, with GitHub's part in it: expressions, files for outputs, a shell."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary

    def step(self, index: int, folder: Path, **inputs: str) -> Done:
        """Do a step in ``folder``."""
        step = steps()[index]
        values = {f"inputs.{name}": one.get("default", "") for name, one in content(ACTION)["inputs"].items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values |= {"github.action_path": str(REPOSITORY), "steps.python.outputs.python-path": sys.executable}
        env = {name: evaluated(value, values) for name, value in step["env"].items()}
        env |= {"RUNNER_TEMP": str(self.temporary), "GITHUB_ACTIONS": "true"}
        env |= {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
        assert step["shell"] == "bash"
        script = folder / "script.sh"
        script.write_text(step["run"])
        return do(["bash", "--noprofile", "--norc", "-eo", "pipefail"], str(script), folder, **env)


def evaluated(text: str, values: dict[str, Any]) -> str:
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: str(values[found[1]]), text)


@pytest.fixture(scope="module")
def action(tmp_path_factory: pytest.TempPathFactory) -> Action:
    """Installed as it installs itself; with less than all, which takes less time."""
    action = Action(tmp_path_factory.mktemp("runner"))
    done = action.step(0, tmp_path_factory.mktemp("install"), extras="junit")
    assert done.exit_status == 0, done.output
    return action


@pytest.mark.parametrize(("connections", "exit_status"), [("50", 0), ("80", 2)])
def test_the_action_passes_and_fails(
    action: Action, server: ServerProcess, connections: str, exit_status: int, tmp_path: Path
) -> None:
    inputs = {"connections": connections, "hold": "100ms", "args": "--probe echo\n--require 'established >= 99.9%'"}
    done = action.step(1, tmp_path, target=f"127.0.0.1:{server.port}", **inputs)
    assert done.exit_status == exit_status, done.output
    assert (tmp_path / "output").read_text() == f"exit-status={exit_status}\n"
    assert bool(failures(tmp_path / "tcpgoon.xml")) == bool(exit_status)
    assert ("FAIL" if exit_status else "PASS") in (tmp_path / "summary.md").read_text()


def test_the_action_checks_a_file(action: Action, server: ServerProcess, tmp_path: Path) -> None:
    check = f'name = "here"\ntarget = "127.0.0.1:{server.port}"\nconnections = 20\nhold = "100ms"\n'
    (tmp_path / "tcpgoon.toml").write_text(f"[[check]]\n{check}")
    done = action.step(1, tmp_path, config="tcpgoon.toml")
    assert done.exit_status == 0, done.output
    assert failures(tmp_path / "tcpgoon.xml") == 0


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ({}, "a target is needed, or a config"),
        ({"target": "localhost:1", "config": "tcpgoon.toml"}, "target and config exclude each other"),
        ({"target": "localhost:1", "args": "--send 'half"}, "args: the quotes do not match"),
    ],
)
def test_the_action_refuses_what_makes_no_sense(
    action: Action, inputs: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    done = action.step(1, tmp_path, **inputs)
    assert done.exit_status == 64
    assert done.output.splitlines()[-1] == f"::error title=tcpgoon::{complaint}"
    assert (tmp_path / "output").read_text() == "exit-status=64\n"


@pytest.mark.parametrize("hostile", ["$(touch hurt)", "`touch hurt`", "; touch hurt", "--version; touch hurt"])
@pytest.mark.parametrize("name", ["target", "config", "connections", "hold", "args", "junit"])
def test_no_input_is_run(action: Action, name: str, hostile: str, tmp_path: Path) -> None:
    inputs = {"connections": "1", "hold": "0s", name: hostile}
    if name != "config":
        inputs = {"target": "127.0.0.1:1", **inputs}
    assert action.step(1, tmp_path, **inputs).exit_status != 1
    assert not (tmp_path / "hurt").exists()
