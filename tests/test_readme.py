"""The README's tables say what the command really has."""

import re
from pathlib import Path

import click

from tcpgoon.cli.run import run
from tcpgoon.errors import ExitStatus
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.named_probes import named_probes, parse_probe

README = (Path(__file__).parents[1] / "README.md").read_text()
SAID_IN_CODE = {
    "--sleep": "10",
    "--pick": "the first that is up",
    "--require": "all are held at once, and none is lost",
    "--registry-ca": "those of the system",
    "--registry-password-file": "`TCPGOON_REGISTRY_PASSWORD`, or that of `~/.netrc`",
    "--source": "auto: the kernel's choice, and more addresses of this host where that has too few ports",
    "--assurance": "`served` where something is asked, else `acknowledged`",
    "--canary": "on where the hold is above 1s",
    "--expect": "any answer",
    "--target-pid": "whoever listens on the port, where the target is on this machine",
    "--tls-name": "the target's host",
    "--ca": "those of the system",
    "--key": "in the file of `--cert`",
}
"""Defaults that click does not know: most of them depend on other flags."""


def rows(heading: str) -> list[list[str]]:
    section = README.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table[2:]]


def default_of(option: click.Option) -> str:
    default = option.to_info_dict()["default"]
    if said := SAID_IN_CODE.get(option.opts[-1]):
        return said
    if option.is_flag:
        return "on" if default is True else "off"
    return "–" if default is None else str(default)


def test_the_table_of_flags_is_that_of_the_command() -> None:
    options = [parameter for parameter in run.params if isinstance(parameter, click.Option)]
    expected = {(*option.opts, *option.secondary_opts): default_of(option) for option in options}
    found = {tuple(re.findall(r"`(.+?)`", flags)): default for flags, _, default in rows("### Flags of `run`")}
    assert found == expected


def test_every_flag_has_help() -> None:
    assert [option.name for option in run.params if isinstance(option, click.Option) and not option.help] == []


def test_the_table_of_exit_statuses_is_the_enum() -> None:
    found = {int(status): name for status, name, _ in rows("### Exit status")}
    assert found == {int(status): status.name for status in ExitStatus}


def test_the_table_of_probes_is_the_registry() -> None:
    found = [(*re.findall(r"`(.+?)`", probe), said) for probe, said, _, _ in rows("### Probes")]
    assert found == [(probe.spelling(name), probe.summary) for name, probe in named_probes().items()]


def test_the_table_of_probes_says_who_speaks_first_and_who_can_be_asked_again() -> None:
    target = Target("host", 80)
    expected = {
        probe.spelling(name): ("yes" if probe.speaks_first else "no", "yes" if exchange.repeatable else "no")
        for name, probe in named_probes().items()
        for exchange in [parse_probe(name, target)]
    }
    found = {re.findall(r"`(.+?)`", probe)[0]: (first, again) for probe, _, first, again in rows("### Probes")}
    assert found == expected
