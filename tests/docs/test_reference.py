"""What the reference takes from the code is all of it, and shown as it stands."""

import importlib
import re
import sys
from html import unescape
from pathlib import Path
from types import ModuleType

import click
import msgspec
import pytest

import tcpgoon
from tcpgoon.cli.environment import variables
from tcpgoon.cli.main import COMMANDS
from tcpgoon.cli.main import commands as whole
from tcpgoon.result import Result
from tests.cli.asked import whole_command

FOLDER = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    """As MkDocs imports it: with its folder on the path."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module("hooks")
    finally:
        sys.path.remove(str(FOLDER))


def shown(markdown: str) -> str:
    return unescape(re.sub(r"</?code>", "", markdown))


def test_each_page_names_tables_that_there_are(hooks: ModuleType) -> None:
    named = {name for path in FOLDER.rglob("*.md") for name in re.findall(r"^<!-- (.*) -->$", path.read_text(), re.M)}
    assert named == set(hooks.TABLES)


def test_each_flag_of_each_command_is_there_with_its_variable(hooks: ModuleType) -> None:
    page = shown(hooks.TABLES["commands"]())
    sections = dict(re.findall(r"^## tcpgoon (\S+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    assert list(sections) == list(COMMANDS)
    for name, section in sections.items():
        command = whole.get_command(whole_command(), name)
        assert command
        ctx = click.Context(command, info_name=name, parent=whole_command())
        for variable, options in variables(command).items():
            for option in options:
                record = option.get_help_record(ctx)
                assert record
                assert f"| {record[0]} | {' '.join(record[1].split())} | {variable} |" in section


def test_each_variable_is_there_once(hooks: ModuleType) -> None:
    page = shown(hooks.TABLES["environment"]())
    found = re.findall(r"^\| (TCPGOON_\w+) \|", page, re.M)
    expected = {
        name for command in COMMANDS for name in variables(whole.get_command(whole_command(), command) or _NONE)
    }
    assert found == sorted(expected | {"TCPGOON_REGISTRY_PASSWORD"})
    assert "| TCPGOON_FAMILY | -4 or -6 of run, soak, capacity, resolve, preflight" in page
    assert "| TCPGOON_FORCE | --force of run, soak, capacity | `yes` or `no` |" in page
    assert "| TCPGOON_REQUIRE | --require of run, soak, capacity | REQUIREMENT, several separated by `;` |" in page


_NONE = click.Command("none")


def test_each_field_of_a_result_is_there_but_the_rows(hooks: ModuleType) -> None:
    page = shown(hooks.TABLES["result fields"]())
    first = page.split("## ")[1]
    assert re.findall(r"^\| (\w+) \|", first, re.M) == [
        "Field",
        *(field.name for field in msgspec.structs.fields(Result) if field.name != "table"),
    ]
    assert "| endpoints | tuple[Endpoint, ...] | All that the target's name resolved to, the dialled one among" in page
    assert {"Plan", "Metrics", "Finding", "Distribution", "Knock"} <= set(re.findall(r"^## (\w+)", page, re.M))
    assert "tcpgoon." not in page


def test_no_page_is_in_the_navigation_twice() -> None:
    navigation = (FOLDER.parent / "mkdocs.yml").read_text().split("\nnav:\n")[1].split("\n\n")[0]
    pages = re.findall(r"(\S+\.md)", navigation)
    assert sorted(pages) == sorted(set(pages))


def test_all_that_can_be_imported_is_there(hooks: ModuleType) -> None:
    page = hooks.TABLES["python api"]()
    assert sorted(re.findall(r"^::: tcpgoon\.(\w+)$", page, re.M)) == sorted(tcpgoon.__all__)
