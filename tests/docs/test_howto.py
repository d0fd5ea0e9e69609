"""The commands in the how-to's can be given, and name flags that there are."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tcpgoon.cli.main import commands
from tests.cli.asked import run_nothing, whole_command
from tests.test_pages import check, options, scripts, spans

FOLDER = Path(__file__).parents[2] / "docs"
PAGES = {
    str(path.relative_to(FOLDER)): path.read_text()
    for path in [*FOLDER.glob("howto/*.md"), *FOLDER.glob("reference/*.md")]
}
FOREIGN = {
    *("--build-arg", "--cap-add", "--cpus", "--env", "--memory", "--network", "--pid", "--pids-limit", "--sysctl"),
    *("--ulimit", "--user", "--volume"),
}
"""Flags of other programs."""


def typed(page: str) -> list[list[str]]:
    """The words of each ``tcpgoon`` in the scripts of ``page``."""
    lines = [line.removesuffix(" &").partition(" >")[0] for script in scripts(page) for line in script.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("tcpgoon ")]


@pytest.mark.parametrize("name", PAGES)
def test_each_command_can_be_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)
    for words in typed(PAGES[name]):
        if "://" in words[-1]:  # there is no registry to ask
            command = commands.get_command(whole_command(), words[0])
            assert command
            command.make_context(words[0], words[1:], parent=whole_command())
        else:
            check(*words)


@pytest.mark.parametrize("name", PAGES)
def test_each_flag_in_the_prose_is_one_of_ours(name: str) -> None:
    known = {flag for option in options() for flag in (*option.opts, *option.secondary_opts)} | FOREIGN
    found = [span.split()[0] for span in spans(PAGES[name]) if re.match(r"--?[a-z]", span)]
    assert [flag for flag in found if flag not in known] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_scripts_are_shell(name: str) -> None:
    for script in scripts(PAGES[name]):
        done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), script


def test_the_how_tos_have_commands() -> None:
    """Else the first test is about nothing."""
    assert {name for name in PAGES if name.startswith("howto/") and typed(PAGES[name])} >= {
        "howto/acceptance-stage.md",
        "howto/behind-a-balancer.md",
        "howto/find-a-limit.md",
        "howto/soak.md",
        "howto/in-kubernetes.md",
    }
