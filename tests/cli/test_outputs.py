"""``-o FORMAT[=PATH]``: what is asked for, what can be said against it before a run, and that no verdict is lost."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tcpgoon.cli.main import main
from tcpgoon.cli.outputs import Outputs
from tcpgoon.errors import ExitStatus, UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.report import formats
from tcpgoon.report.formats import render
from tcpgoon.server import ServerConfig, ServerProcess
from tests.report.results import metrics, result

PASSED = result(metrics())
FAILED = msgspec.structs.replace(PASSED, verdict=Verdict.FAIL)


def problem(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        Outputs(words)
    return str(caught.value)


def test_nothing_asked_for_leaves_stdout_to_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = Outputs([])
    assert outputs.write(FAILED) is ExitStatus.FAIL
    assert (outputs.owns_stdout, outputs.needs_rows, capsys.readouterr()) == (False, False, ("", ""))


@pytest.mark.parametrize("word", ["json", "json=-", "json=/dev/stdout"])
def test_a_report_on_stdout_has_it_for_itself(word: str, capfd: pytest.CaptureFixture[str]) -> None:
    outputs = Outputs([word])
    assert outputs.write(PASSED) is ExitStatus.PASS
    assert outputs.owns_stdout
    assert capfd.readouterr() == (f"{render(PASSED, 'json')}\n", "")


def test_reports_in_files(tmp_path: Path) -> None:
    outputs = Outputs([f"json={tmp_path}/a", f"text={tmp_path}/b=c"])
    assert outputs.write(FAILED) is ExitStatus.FAIL
    assert not outputs.owns_stdout
    assert (tmp_path / "a").read_text() == f"{render(FAILED, 'json')}\n"
    assert (tmp_path / "b=c").read_text() == f"{render(FAILED, 'text')}\n"


def test_what_is_asked_wrongly(tmp_path: Path) -> None:
    there = ", ".join(formats.FORMATS)
    assert problem("jsn") == "there is no format 'jsn'; did you mean json?"
    assert problem("XYZ=/tmp/x") == f"there is no format 'XYZ'; there are {there}"
    assert problem("\x1b[2J") == rf"there is no format '\\x1b[2J'; there are {there}"
    assert problem("") == f"there is no format ''; there are {there}"
    assert problem("result.json") == "there is no format 'result.json'; write -o json=result.json"
    assert problem("run.txt") == "there is no format 'run.txt'; write -o text=run.txt"
    assert problem("json=") == "-o json= names no file; leave out the = for standard output"
    assert problem("json", "text") == "json and text cannot both go to standard output"
    assert (
        problem(f"json={tmp_path}/x", f"text={tmp_path}/y/../x") == f"json and text cannot both go to {tmp_path}/y/../x"
    )
    assert problem(f"json={tmp_path}") == f"{tmp_path} cannot be written: it is a folder"


def test_a_library_that_is_missing_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", {**formats.FORMATS, "json": "no_such_library:json"})
    with pytest.raises(ModuleNotFoundError):
        Outputs(["json"])
    monkeypatch.setattr(formats, "EXTRAS", {"json": "some"})
    assert problem("json") == (
        "the format json needs more than is installed here (no_such_library): pip install 'tcpgoon[some]'"
    )


def test_what_cannot_be_written_keeps_nothing_else_from_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a PASS is no success: whoever waits for the file would take an older one for it."""
    words = ["json=/dev/full", f"text={tmp_path}/b"]
    assert Outputs(words).write(PASSED) is ExitStatus.UNREPORTED
    assert (tmp_path / "b").read_text() == f"{render(PASSED, 'text')}\n"
    assert capsys.readouterr().err == "tcpgoon: json=/dev/full cannot be written: No space left on device\n"
    assert Outputs(words).write(FAILED) is ExitStatus.FAIL


def test_a_bad_output_is_found_before_anything_is_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "-y", "-o", "jsn", "no-such-host.invalid", "1"])
    assert caught.value.code == 64
    assert capsys.readouterr().err == "tcpgoon: there is no format 'jsn'; did you mean json?\n"


def tcpgoon(*args: object, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "tcpgoon", *map(str, args)], text=True, timeout=60, stderr=subprocess.PIPE, **options
    )


QUICK = ("-y", "-c", 3, "--hold", 0, "-s", 0)


def test_a_run_writes_what_it_says(tmp_path: Path) -> None:
    with ServerProcess(ServerConfig()) as server:
        place = (server.host, server.port)
        both = tcpgoon(*QUICK, "-o", f"json={tmp_path}/a", *place, stdout=subprocess.PIPE)
        alone = tcpgoon(*QUICK, "-o", "json", *place, stdout=subprocess.PIPE)
        with Path("/dev/full").open("w") as full:
            lost = tcpgoon(*QUICK, "-o", "json", *place, stdout=full)
            shown = tcpgoon(*QUICK, "-o", "json=/dev/full", *place, stdout=subprocess.PIPE)
    assert both.returncode == alone.returncode == 0
    assert both.stderr == alone.stderr == ""
    assert both.stdout.splitlines()[-1].startswith("PASS: ")
    assert json.loads((tmp_path / "a").read_text())["verdict"] == json.loads(alone.stdout)["verdict"] == "PASS"
    assert (lost.returncode, lost.stderr) == (74, "tcpgoon: json=- cannot be written: No space left on device\n")
    assert (shown.returncode, shown.stderr) == (
        74,
        "tcpgoon: json=/dev/full cannot be written: No space left on device\n",
    )
    assert shown.stdout.splitlines()[-1].startswith("PASS: ")


def test_a_reader_that_has_left_is_no_trouble() -> None:
    with (
        ServerProcess(ServerConfig()) as server,
        subprocess.Popen(
            [sys.executable, "-m", "tcpgoon", *map(str, QUICK), "-o", "json", server.host, str(server.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child,
    ):
        assert child.stdout
        assert child.stderr
        child.stdout.close()
        assert (child.stderr.read(), child.wait(60)) == (b"", 0)
