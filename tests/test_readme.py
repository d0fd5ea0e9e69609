"""The README's tables say what the command really has."""

import re
from pathlib import Path

import click

from tcpgoon.cli.run import run
from tcpgoon.errors import ExitStatus

README = (Path(__file__).parents[1] / "README.md").read_text()
SAID_IN_CODE = {"--sleep": "10", "--source": "the kernel's choice"}
"""Defaults that click does not know: they depend on other flags."""


def rows(heading: str) -> list[list[str]]:
    section = README.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table[2:]]


def default_of(option: click.Option) -> str:
    if option.is_flag:
        return "off"
    default = option.to_info_dict()["default"]
    return SAID_IN_CODE.get(option.opts[-1], "–" if default is None else str(default))


def test_the_table_of_flags_is_that_of_the_command() -> None:
    options = [parameter for parameter in run.params if isinstance(parameter, click.Option)]
    expected = {tuple(option.opts): default_of(option) for option in options}
    found = {tuple(re.findall(r"`(.+?)`", flags)): default for flags, _, default in rows("### Flags of `run`")}
    assert found == expected


def test_every_flag_has_help() -> None:
    assert [option.name for option in run.params if isinstance(option, click.Option) and not option.help] == []


def test_the_table_of_exit_statuses_is_the_enum() -> None:
    found = {int(status): name for status, name, _ in rows("### Exit status")}
    assert found == {int(status): status.name for status in ExitStatus}
