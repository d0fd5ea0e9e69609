"""The pages about findings: one for each code, all of one form, with commands that are true."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from tcpgoon.cli.main import COMMANDS, commands
from tcpgoon.judge.codes import TITLES
from tcpgoon.server import ServerConfig
from tests.cli.asked import asked, run_nothing, whole_command

FOLDER = Path(__file__).parents[1] / "docs" / "findings"
PAGES = {path.stem: path.read_text() for path in FOLDER.glob("*.md")}
SECTIONS = [
    "What happened",
    "How tcpgoon knows",
    "What else looks like this",
    "What to do",
    "Try it yourself",
    "Read more",
]
FOREIGN = {"--allowed-unsafe-sysctls", "--min-ports-per-vm"}
"""Flags of other programs that stand alone in a text."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?<![\w./-])tcpgoon( [^\n;|&<>')`]+)")
_HERE_DOCUMENT = re.compile(r"<<'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)


def scripts(text: str) -> list[str]:
    """The shell scripts in ``text``, and those that they hand to a shell."""
    found = [body for language, body in _BLOCK.findall(text) if language == "sh"]
    return found + [inner for body in found for inner in _HERE_DOCUMENT.findall(body)]


def spans(text: str) -> list[str]:
    """What stands between single backticks, but not in tables, which are about other products."""
    prose = "\n".join(line for line in _BLOCK.sub("", text).splitlines() if not line.startswith("|"))
    return re.findall(r"`([^`]+)`", prose)


def tcpgoon_commands(text: str) -> list[str]:
    """The arguments of each ``tcpgoon``, in scripts and in the prose."""
    scripted = "\n".join(body for _, body in _BLOCK.findall(text) if not body.startswith("TG"))
    lines = scripted.replace("\\\n", " ") + "\n" + "\n".join(spans(text))
    return [arguments.strip() for arguments in _COMMAND.findall(lines)]


def test_each_code_has_a_page_and_no_page_is_about_none() -> None:
    assert sorted(PAGES) == sorted([*TITLES, "index"])


@pytest.mark.parametrize("code", TITLES)
def test_each_page_has_its_title_and_all_sections(code: str) -> None:
    title, *sections = re.split(r"^## ", PAGES[code], flags=re.MULTILINE)
    assert title == f"# {code}: {TITLES[code]}\n\n"
    assert [section.splitlines()[0] for section in sections] == SECTIONS
    assert [section for section in sections if not section.partition("\n")[2].strip()] == []


@pytest.mark.parametrize("code", TITLES)
def test_each_page_can_be_tried_and_says_where_to_read_on(code: str) -> None:
    _, rest = PAGES[code].split("## Try it yourself\n")
    tried, more = rest.split("## Read more\n")
    assert scripts(tried)
    assert tcpgoon_commands(tried)
    assert re.findall(r"\]\(https?://", more)


@pytest.mark.parametrize("name", PAGES)
def test_the_scripts_are_shell(name: str) -> None:
    for script in scripts(PAGES[name]):
        done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), script


@pytest.mark.parametrize("name", PAGES)
def test_each_tcpgoon_command_can_be_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)
    for line in tcpgoon_commands(PAGES[name]):
        words = shlex.split(line.replace("$n", "100"))
        check(*words)


def check(*words: str) -> None:
    """As the command line is read: to a plan, to what the server is to do, or to the values of another command."""
    name = words[0] if words[0] in COMMANDS else "run"
    arguments = list(words[words[0] in COMMANDS :])
    if name == "run":
        asked(*arguments)
        return
    command = commands.get_command(whole_command(), name)
    assert command
    values = command.make_context(name, arguments, parent=whole_command()).params
    if name == "server":
        del values["while_stdin_open"]
        ServerConfig(**values)


@pytest.mark.parametrize("name", PAGES)
def test_each_flag_in_the_prose_is_one_of_ours(name: str) -> None:
    known = {flag for option in options() for flag in (*option.opts, *option.secondary_opts)} | FOREIGN
    found = [span.split()[0] for span in spans(PAGES[name]) if re.match(r"--?[a-z]", span)]
    assert [flag for flag in found if flag not in known] == []


def options() -> list[click.Option]:
    found = [commands.get_command(whole_command(), name) for name in COMMANDS]
    return [param for command in found if command for param in command.params if isinstance(param, click.Option)]


@pytest.mark.parametrize("name", PAGES)
def test_each_code_that_is_named_is_a_code(name: str) -> None:
    assert set(re.findall(r"TG\d+", PAGES[name])) <= set(TITLES)
