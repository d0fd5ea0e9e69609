"""``tcpgoon check``: suites against real servers, and what is said of suites that are none."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tcpgoon.cli.main import main
from tcpgoon.server import Server, ServerConfig

TCPGOON = [sys.executable, "-m", "tcpgoon"]

QUICK = '[defaults]\nconnections = 20\nsleep = "0s"\nhold = "50ms"\nassurance = "handshake"\n'

Check = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def check(capfd: pytest.CaptureFixture[str]) -> Check:
    """Exit status, standard output and standard error of ``tcpgoon check`` with these words."""

    def check(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["check", *words])
        return (int(left.value.code or 0), *capfd.readouterr())

    return check


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    """Those of a server that carries all, and of one that carries ten."""
    with Server(ServerConfig()) as whole, Server(ServerConfig(max_connections=10)) as small:
        yield whole.port, small.port


@pytest.fixture
def suite(ports: tuple[int, int]) -> None:
    """A check that passes, one that fails, one that nobody can ask."""
    targets = {"web": f"127.0.0.1:{ports[0]}", "small": f"127.0.0.1:{ports[1]}", "nowhere": "nosuch.invalid:80"}
    checks = "".join(f'[[check]]\nname = "{name}"\ntarget = "{target}"\n' for name, target in targets.items())
    Path("tcpgoon.toml").write_text(QUICK + checks)


def without_reports(out: str) -> list[str]:
    """The lines of ``out`` but for those of the report of a run that did not pass, and the lines of tables."""
    text = re.sub(r"\n--- .*?(?=\n(FAIL|INCONCLUSIVE): )", "", out, flags=re.DOTALL)
    return [re.sub(r":\d{4,5}\b", ":PORT", line) for line in text.splitlines() if line and "──" not in line]


def test_each_check_is_told_and_the_worst_is_the_status(suite: None, check: Check) -> None:
    status, out, err = check()
    held = "20 of 20 connections were established and held for 50ms"
    why = "only 10 of 20 connections were established and held to the end: 10 closed (FIN) by the peer"
    nowhere = "nosuch.invalid does not resolve: Name or service not known"
    assert (status, err) == (2, "")
    assert [re.sub(r"  +", "  ", line) for line in without_reports(out)] == [
        "web: 20 connections to 127.0.0.1:PORT",
        f"web: PASS: {held}",
        "small: 20 connections to 127.0.0.1:PORT",
        "=== small ===",
        f"FAIL: {why}",
        f"nowhere: INCONCLUSIVE: {nowhere}",
        "check  target  verdict  held  reason",
        f"web  127.0.0.1:PORT  PASS  20 of 20  {held}",
        f"small  127.0.0.1:PORT  FAIL  10 of 20  {why}",
        f"nowhere  INCONCLUSIVE  –  {nowhere}",
        "FAIL: of 3 checks 1 failed, 1 passed, 1 could not be judged",
    ]


@pytest.mark.parametrize(
    ("words", "status", "verdict"),
    [
        (["--only", "web"], 0, "PASS: of 1 check 1 passed"),
        (["--only", "nowhere", "--only", "w*"], 3, "INCONCLUSIVE: of 2 checks 1 could not be judged, 1 passed"),
        (["--fail-fast"], 2, "FAIL: of 3 checks 1 failed, 1 passed, 1 could not be judged"),
    ],
)
def test_quietly_the_verdict_alone(suite: None, check: Check, words: list[str], status: int, verdict: str) -> None:
    assert check("--quiet", *words) == (status, f"{verdict}\n", "")


def test_other_reports(suite: None, check: Check) -> None:
    assert check("-q", "-o", "json=whole.json", "-o", "csv=rows.csv")[0] == 2
    whole = json.loads(Path("whole.json").read_text())
    assert [(one["name"], one["verdict"]) for one in whole["checks"]] == [
        ("web", "PASS"),
        ("small", "FAIL"),
        ("nowhere", "INCONCLUSIVE"),
    ]
    assert (whole["suite"], whole["verdict"]) == ("tcpgoon.toml", "FAIL")
    rows = Path("rows.csv").read_text().splitlines()
    assert len(rows) == 1 + 20 + 20
    status, out, err = check("-o", "json", "--only", "web")
    assert (status, json.loads(out)["verdict"], err) == (0, "PASS", "")


def test_nothing_is_dialled_where_a_report_cannot_be_written(suite: None, check: Check, folder: Path) -> None:
    assert check("-o", "json=none/x.json") == (
        64,
        "",
        f"tcpgoon: none/x.json cannot be written: there is no folder {folder}/none\n",
    )


def test_what_is_in_a_suite(suite: None, check: Check) -> None:
    status, out, err = check("--list")
    assert (status, err) == (0, "")
    assert [re.sub(r"  +", "  ", line) for line in without_reports(out)] == [
        "check  kind  target  connections  hold  parallel",
        "web  run  127.0.0.1:PORT  20  50ms",
        "small  run  127.0.0.1:PORT  20  50ms",
        "nowhere  run  nosuch.invalid:80  20  50ms",
        "tcpgoon.toml has 3 checks",
    ]


def test_status_lines_have_the_name_of_their_check(suite: None, check: Check) -> None:
    _, out, err = check("-v", "--only", "web")
    assert err.splitlines()[0] == ("web: Total: 20, Dialing: 0, Established: 0, Closed: 0, Error: 0, NotInitiated: 20")
    assert "Total" not in out


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("", ["none.toml"], "none.toml cannot be read: No such file or directory"),
        (
            "[[check]]\nname = 'a'\ntarget = 'b:1'\nhold = 3\nxyzzy = 1\n",
            [],
            "2 things are wrong with this suite:\n"
            "tcpgoon.toml:4: check[0].hold of 'a': 3 is not a duration with its unit, such as '5s' or '250ms'\n"
            "tcpgoon.toml:5: check[0].xyzzy of 'a': a check has no such key",
        ),
        (
            "[[check]]\nname = 'db'\ntarget = 'b:1'\n",
            ["--only", "dbb"],
            "tcpgoon.toml has no check 'dbb'; did you mean db?",
        ),
        (
            "[[check]]\nname = 'db'\ntarget = 'b:1'\n",
            ["-i", "0"],
            "the interval is 0.0 s: it must be above 0, and a year at most",
        ),
        ("[[check]]\nname = 'db'\ntarget = 'b:1'\n", ["-o", "jsn"], "there is no format 'jsn'; did you mean json?"),
    ],
)
def test_what_cannot_be_asked_is_said(check: Check, text: str, words: list[str], said: str) -> None:
    Path("tcpgoon.toml").write_text(text)
    assert check(*words) == (64, "", f"tcpgoon: {said}\n")


def test_which_of_two_files_is_taken_is_said(check: Check) -> None:
    suite = "[[check]]\nname = 'a'\ntarget = 'b:1'\n"
    Path("tcpgoon.toml").write_text(suite)
    Path("pyproject.toml").write_text(suite.replace("check", "tool.tcpgoon.check"))
    status, _, err = check("--list")
    assert (status, err) == (0, "tcpgoon: tcpgoon.toml is taken, and [tool.tcpgoon] of pyproject.toml is not\n")


def test_ctrl_c_ends_what_goes_on_asks_no_more_and_reports(ports: tuple[int, int]) -> None:
    checks = "".join(
        f'[[check]]\nname = "{name}"\ntarget = "127.0.0.1:{ports[0]}"\nhold = "60s"\n' for name in ("first", "second")
    )
    Path("tcpgoon.toml").write_text(QUICK + checks)
    with subprocess.Popen([*TCPGOON, "check", "-v", "-i", "0.1"], stdout=-1, stderr=-1, text=True) as going:
        assert going.stderr
        assert going.stdout
        next(line for line in going.stderr if "Established: 20" in line)
        os.kill(going.pid, signal.SIGINT)
        out = going.stdout.read()
        assert going.wait() == 1
    assert out.splitlines()[-1] == "INTERRUPTED: of 2 checks 2 stopped by the user"
    assert "second: INTERRUPTED: not asked: the run was stopped before" in out.splitlines()


def test_a_full_disk_loses_no_verdict(suite: None) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(Path("/dev/full").open("w"))
        ran = subprocess.run([*TCPGOON, "check", "--only", "small"], stdout=full, stderr=-1, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == "tcpgoon: FAIL: of 1 check 1 failed"


def test_names_move_no_cursor(check: Check, ports: tuple[int, int]) -> None:
    Path("hosts").write_text(f"127.0.0.1:{ports[0]}\n")
    Path("tcpgoon.toml").write_text(f'{QUICK}[[check]]\nname = "[bold]a[/] \u202e"\ntarget = "file://hosts"\n')
    status, _, err = check()
    assert (status, err.splitlines()[0]) == (
        64,
        "tcpgoon: tcpgoon.toml:7: check[0].name: a name is one line of at most 100 characters",
    )
    Path("tcpgoon.toml").write_text(f'{QUICK}[[check]]\nname = "[bold]a[/]"\ntarget = "file://hosts"\neach = true\n')
    status, out, _ = check()
    assert status == 0
    assert out.splitlines()[0] == "[bold]a[/]: 20 connections to file://hosts, each of 1 instance"
    assert f"[bold]a[/] / 127.0.0.1:{ports[0]}" in out
