"""The help of each command: headings, examples that can be given, and the environment."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from tcpgoon.cli.command import Command, Example, environment
from tcpgoon.cli.completion import SHELLS
from tcpgoon.cli.main import COMMANDS, commands
from tcpgoon.errors import ExitStatus
from tests.cli.asked import run_nothing, whole_command
from tests.test_pages import check

HELP = """\
Usage: x [OPTIONS]

  Cook.

Options:
  --rice TEXT
  --help       Show this message and exit.

Examples:
  # for two
  x --rice 'a very long example that no terminal is wide enough for, and that nothing breaks'

Environment:
  Each flag is a variable, too: TCPGOON_RICE for --rice, and so on. The command
  line comes first; where a flag may be given more than once, several values are
  separated by ';'.

  Exit status: 0 it tasted.
"""


def test_what_the_help_says() -> None:
    command = Command(
        "x",
        params=[click.Option(["--rice"], multiple=True)],
        help="Cook.",
        epilog="Exit status: 0 it tasted.",
        examples=[
            Example(
                "x --rice 'a very long example that no terminal is wide enough for, and that nothing breaks'", "for two"
            )
        ],
    )
    assert CliRunner().invoke(command, ["--help"]).output == HELP


def test_without_flags_the_environment_says_nothing() -> None:
    assert environment(click.Command("x")) == ""


def command_of(name: str) -> Command:
    found = commands.get_command(whole_command(), name)
    assert isinstance(found, Command), f"give {name} cls=Command, and an example"
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_examples_that_can_be_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)
    examples = command_of(name).examples
    assert examples
    for line, said in examples:
        program, *words = shlex.split(line.removeprefix('eval "$(').removesuffix(')"').split(" >")[0])
        assert program == "tcpgoon"
        assert len(line) <= 78, "it is broken on a terminal of 80 columns"
        assert said
        if "://" in line:  # there is no registry to ask
            command_of(words[0]).make_context(words[0], words[1:], parent=whole_command())
        else:
            check(*words)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_of_the_help_is_wider_than_a_terminal(name: str) -> None:
    text = command_of(name).get_help(click.Context(command_of(name), info_name=name, parent=whole_command()))
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_the_whole_names_each_exit_status() -> None:
    text = commands.get_help(whole_command())
    found = re.findall(r"(?:^|, )(\d+) ", " ".join(text.split("Exit status:")[1].split()))
    assert list(map(int, found)) == [int(status) for status in ExitStatus]


def test_the_shells_of_the_examples_are_those_that_there_are() -> None:
    completion = command_of("completion")
    assert [line.split()[2] for line, _ in completion.examples[: len(SHELLS)]] == list(SHELLS)
