"""The table on a pipe and on a terminal; what is printed is what there is, whatever it is made of."""

import io
import re
import subprocess
import sys

import pytest

from tcpgoon.judge.preflight import Check, Grade
from tcpgoon.report.preflight import preflight_report, summary

LONG = "docker run --sysctl net.ipv4.ip_local_port_range='1024 65535' --ulimit nofile=1250000:1250000 …  # " + "x" * 200
CHECKS = (
    Check(
        code="TG101",
        what="descriptors",
        found="64, 14 for us",
        allows=50,
        grade=Grade.IMPOSSIBLE,
        lift=("ulimit", LONG),
    ),
    Check(code="TG102", what="local ports", found="[bold]28,232[/bold] :smile:", allows=28_232, grade=Grade.OK),
    Check(
        code="", what="CPU of the cgroup", found="0.5 cores", allows=None, grade=Grade.TIGHT, lift=("CPUQuota=100%",)
    ),
    Check(code="TG106", what="memory of the host", found="not known here", allows=None, grade=Grade.UNKNOWN),
)

ON_A_PIPE = f"""\
limit                found                         allows   grade
──────────────────────────────────────────────────────────────────────
descriptors          64, 14 for us                     50   impossible
local ports          [bold]28,232[/bold] :smile:   28,232   ok
CPU of the cgroup    0.5 cores                          –   tight
memory of the host   not known here                     –   unknown

TG101 descriptors: impossible; what lifts it:
    ulimit
    {LONG}
CPU of the cgroup: tight; what lifts it:
    CPUQuota=100%
This client cannot hold 100 connections to host:80: at most 50 (descriptors)"""

COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Terminal(io.StringIO):
    """A narrow one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def report(out: io.StringIO) -> str:
    return preflight_report(CHECKS, 100, "host:80", out)


def test_on_a_pipe() -> None:
    assert report(io.StringIO()) == ON_A_PIPE


def test_where_standard_output_is_closed() -> None:
    assert preflight_report(CHECKS, 100, "host:80", None) == ON_A_PIPE


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"])
def test_on_a_pipe_it_is_always_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert report(io.StringIO()) == ON_A_PIPE


def test_on_a_terminal_the_grades_have_colours_and_no_command_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    said = report(Terminal())
    assert "\x1b[32mok" in said
    assert "\x1b[1;31mimpossible\x1b[0m" in said
    plain = COLOUR.sub("", said).splitlines()
    table, commands = plain[: plain.index("")], plain[plain.index("") :]
    assert max(map(len, table)) <= 60
    assert commands == ON_A_PIPE.splitlines()[6:]


@pytest.mark.parametrize("columns", ["1", "20", "59"])
def test_on_a_narrow_terminal_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    plain = COLOUR.sub("", report(Terminal()))
    assert "…" not in plain.partition("TG101")[0]
    assert max(map(len, plain.splitlines()[:6])) <= 60


def test_characters_that_it_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Terminal, "encoding", "ascii")
    assert report(Terminal()).partition("TG101")[0].replace("–", "").isascii()


def test_a_terminal_that_is_to_have_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    said = report(Terminal())
    assert not re.search(r"\x1b\[[\d;]*3\d", said)
    assert [line.rstrip() for line in COLOUR.sub("", said).splitlines()] == ON_A_PIPE.splitlines()


@pytest.mark.parametrize(
    ("checks", "sentence"),
    [
        (CHECKS, "This client cannot hold 1,000 connections to host:80: at most 50 (descriptors)"),
        (CHECKS[1:], "This client can hold 1,000 connections to host:80: at most 28,232 (local ports)"),
        (CHECKS[2:], "This client can hold 1,000 connections to host:80: no limit that is known here bounds them"),
    ],
)
def test_the_summary(checks: tuple[Check, ...], sentence: str) -> None:
    assert summary(checks, 1_000, "host:80") == sentence


def test_the_summary_of_one() -> None:
    assert summary(CHECKS[2:], 1, "host:80") == (
        "This client can hold 1 connection to host:80: no limit that is known here bounds them"
    )


def test_a_run_does_not_load_what_makes_tables() -> None:
    """rich takes longer to import than many a run takes."""
    code = (
        "import sys\n"
        "here = set(sys.modules)\n"
        "import tcpgoon.cli.run\n"
        "print([name for name in ('rich', 'psutil') if name in set(sys.modules) - here])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
