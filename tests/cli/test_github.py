"""``--github``: the runner is hushed while others may speak; the summary is added to; what goes wrong is said."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tcpgoon.cli import github
from tcpgoon.cli.github import VARIABLE, GitHub
from tcpgoon.cli.outputs import Outputs
from tcpgoon.errors import ExitStatus, UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.report.markdown import markdown
from tcpgoon.server import ServerConfig, ServerProcess
from tests.report.results import metrics, result

PASSED = result(metrics())
FAILED = msgspec.structs.replace(PASSED, verdict=Verdict.FAIL)
SAID = re.compile(r"::stop-commands::(?P<token>[0-9a-f]{32})\n::(?P=token)::\n::error title=FAIL%3A .*::all is well\n")


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "summary"
    path.write_text("before\n")
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@pytest.mark.parametrize("apart", [False, True])
def test_what_is_said_and_what_is_added(apart: bool, summary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = GitHub(apart=apart)
    there.begin()
    assert there.write(FAILED)
    out, err = capsys.readouterr()
    said, nothing = (err, out) if apart else (out, err)
    assert SAID.fullmatch(said)
    assert nothing == ""
    assert summary.read_text() == f"before\n{markdown(FAILED)}"


def test_elsewhere_there_is_nothing_to_add_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UsageError) as caught:
        Outputs([], github=True)
    assert str(caught.value) == (
        "--github needs GITHUB_STEP_SUMMARY, which GitHub Actions set: elsewhere write -o markdown=FILE"
    )
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(UsageError) as caught:
        Outputs([], github=True)
    assert str(caught.value) == f"GITHUB_STEP_SUMMARY: {tmp_path} cannot be written: Is a directory"


def test_a_full_disk_loses_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(VARIABLE, "/dev/full")
    assert Outputs([], github=True).write(PASSED) is ExitStatus.UNREPORTED
    assert Outputs([], github=True).write(FAILED) is ExitStatus.FAIL
    line = "tcpgoon: GITHUB_STEP_SUMMARY: /dev/full cannot be written: No space left on device\n"
    assert capsys.readouterr().err == line * 2


def test_a_summary_that_is_full_is_said(
    summary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(github, "MOST_SUMMARY", 10)
    assert not GitHub(apart=True).write(PASSED)
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"tcpgoon: GITHUB_STEP_SUMMARY: {summary} cannot be written: of the 10 bytes that GitHub shows 3 are left"
    )
    assert summary.read_text() == "before\n"


def test_a_run_in_a_job(summary: Path, tmp_path: Path) -> None:
    """All that is printed of a run is between the commands, so that nothing in it is one."""
    with ServerProcess(ServerConfig(banner=b"##[error]x", max_connections=2)) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tcpgoon", "-y", "-c", "3", "--hold", "0", "-s", "0", "--github", server.host,
             str(server.port)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    first, *between, last, error = done.stdout.splitlines()
    token = first.removeprefix("::stop-commands::")
    assert (last, done.returncode, done.stderr) == (f"::{token}::", 2, "")
    assert between[-1].startswith("FAIL: ")
    assert error.startswith("::error title=FAIL%3A ")
    assert "FAIL" in summary.read_text()
