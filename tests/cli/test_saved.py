"""``--save``, ``tcpgoon report`` and ``tcpgoon compare``: from a run to its file, and what is made of that later."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

import tcpgoon as package
from tcpgoon.cli.main import main
from tcpgoon.cli.outputs import Outputs
from tcpgoon.errors import ExitStatus, SavedFileError, UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.table import COLUMNS
from tcpgoon.result import Result
from tcpgoon.results import EachResult
from tcpgoon.saved import file as saved_file
from tcpgoon.server import ServerConfig, ServerProcess
from tests.comparison.runs import PLAN, ran


def tcpgoon(*args: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tcpgoon", *map(str, args)], text=True, timeout=60, capture_output=True, check=False
    )


QUICK = ("-y", "-c", 5, "--hold", 0, "-s", 0)


def contents(result: Result) -> dict[str, list[float]]:
    return {column.name: getattr(result.table, column.name).tolist() for column in COLUMNS}


def status(*args: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([*map(str, args)])
    return int(caught.value.code or 0)


def saved(tmp_path: Path, name: str, result: Result) -> str:
    path = str(tmp_path / name)
    package.save(result, path)
    return path


def test_from_a_run_to_its_reports(tmp_path: Path) -> None:
    """A run of one process, and one of two: the reports are those that there were."""
    with ServerProcess(ServerConfig()) as server:
        place = f"{server.host}:{server.port}"
        for workers in (1, 2):
            path = tmp_path / f"{workers}.tcpgoon"
            ran = tcpgoon(*QUICK, "--workers", workers, "--save", path, "-o", f"json={tmp_path}/json", place)
            assert (ran.returncode, ran.stderr) == (0, "")
            again = tcpgoon("report", path)
            assert (again.returncode, again.stderr) == (0, "")
            assert ran.stdout.endswith(again.stdout)
            assert again.stdout.splitlines()[-1].startswith("PASS: 5 of 5")
            assert tcpgoon("report", path, "-o", "json").stdout == (tmp_path / "json").read_text()
    compared = tcpgoon("compare", tmp_path / "1.tcpgoon", tmp_path / "2.tcpgoon")
    assert (compared.returncode, compared.stderr) == (0, "")
    assert compared.stdout.splitlines()[-2:] == [
        "Note: the number of processes was 1, and is 2",
        "PASS: nothing got worse beyond noise",
    ]


def test_a_run_that_fails_is_saved_and_reported(tmp_path: Path) -> None:
    """And that it is reported is no failure."""
    path = tmp_path / "run.tcpgoon"
    with ServerProcess(ServerConfig(max_connections=1)) as server:
        failed = tcpgoon("-y", "-c", 12, "--hold", "100ms", "-s", 0, "--save", path, f"{server.host}:{server.port}")
    with ServerProcess(ServerConfig()) as server:
        fine = tcpgoon(
            "-y", "-c", 12, "--hold", "100ms", "-s", 0, "--save", tmp_path / "old", f"{server.host}:{server.port}"
        )
    assert (failed.returncode, fine.returncode) == (2, 0)
    again = tcpgoon("report", path)
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1] == failed.stdout.splitlines()[-1]
    worse = tcpgoon("compare", tmp_path / "old", path)
    assert worse.returncode == 2
    assert "FAIL: worse: the verdict (PASS before, FAIL now), established" in worse.stdout


def test_each_instance_is_saved_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "each.tcpgoon"
    with ServerProcess(ServerConfig()) as one, ServerProcess(ServerConfig()) as other:
        (tmp_path / "targets").write_text(f"{one.host}:{one.port}\n{other.host}:{other.port}\n")
        ran = tcpgoon(*QUICK, "--each", "--save", path, f"file://{tmp_path}/targets")
    assert (ran.returncode, ran.stderr) == (0, "")
    each = package.load(path)
    assert isinstance(each, EachResult)
    assert [part.result and part.result.table.rows for part in each.parts] == [5, 5]
    assert tcpgoon("report", path, "-o", "json").stdout
    assert tcpgoon("compare", path, path).returncode == 0


def test_what_a_probe_reads_from_a_file_is_in_no_file(tmp_path: Path) -> None:
    secret = "a very secret word"
    (tmp_path / "secret").write_text(secret)
    path = tmp_path / "run.tcpgoon"
    with ServerProcess(ServerConfig(echo=True)) as server:
        ran = tcpgoon(*QUICK, "--send", f"@{tmp_path}/secret", "--save", path, f"{server.host}:{server.port}")
    assert (ran.returncode, ran.stderr) == (0, "")
    with zipfile.ZipFile(path) as archive:
        assert not any(secret.encode() in archive.read(name) for name in archive.namelist())
    assert secret not in tcpgoon("report", path, "-o", "json").stdout
    assert tcpgoon("compare", path, path).returncode == 0


def test_from_python(tmp_path: Path) -> None:
    with ServerProcess(ServerConfig(echo=True)) as server:
        result = package.run(f"{server.host}:{server.port}", connections=5, hold="0s", send="x", expect="x")
    path = tmp_path / "run.tcpgoon"
    package.save(result, path)
    again = package.load(path)
    assert isinstance(again, Result)
    assert again.to_dict() == result.to_dict()
    assert contents(again) == contents(result)
    comparison = package.compare(again, result)
    assert comparison.verdict is Verdict.PASS
    assert package.compare([again, again], result, tolerance=0, tolerance_s=0, tolerance_share=0).runs == 2


def test_nothing_is_dialled_where_it_could_not_be_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = tmp_path / "no" / "run.tcpgoon"
    said = tcpgoon(*QUICK, "--save", nowhere, "no-such-host.invalid:1")
    assert (said.returncode, said.stdout, said.stderr) == (
        64,
        "",
        f"tcpgoon: {nowhere} cannot be written: there is no folder {tmp_path}/no\n",
    )
    outputs = Outputs([], save=str(tmp_path / "a"))
    outputs.check_rows(20_000_000)
    with pytest.raises(SavedFileError):
        outputs.check_rows(20_000_001)
    Outputs([]).check_rows(20_000_001)
    monkeypatch.setattr(saved_file, "MOST_ROWS", 4)
    assert status(*QUICK, "--save", tmp_path / "a", "127.0.0.1:1") == 64
    assert list(tmp_path.iterdir()) == []


def test_one_place_for_two(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Outputs([f"json={tmp_path}/a"], save=f"{tmp_path}/a")
    assert str(caught.value) == f"json and save cannot both go to {tmp_path}/a"
    assert Outputs([], save="-").owns_stdout
    assert Outputs([], save=f"{tmp_path}/a").needs_rows


def test_what_cannot_be_saved_loses_no_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = Outputs([], save="/dev/full")
    assert full.write(ran()) is ExitStatus.UNREPORTED
    assert full.write(ran(verdict=Verdict.FAIL)) is ExitStatus.FAIL
    assert capsys.readouterr().err == "tcpgoon: save=/dev/full cannot be written: No space left on device\n" * 2

    monkeypatch.setattr(saved_file, "MOST_BYTES", 1_000)
    assert Outputs([], save=f"{tmp_path}/a").write(ran()) is ExitStatus.UNREPORTED
    assert capsys.readouterr().err.startswith(f"tcpgoon: save={tmp_path}/a cannot be written: what is to be saved has ")

    def none_left(_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(saved_file, "saved", none_left)
    assert Outputs([], save=f"{tmp_path}/a").write(ran()) is ExitStatus.UNREPORTED
    assert capsys.readouterr().err == f"tcpgoon: save={tmp_path}/a cannot be written: there is not enough memory\n"
    assert list(tmp_path.iterdir()) == []


def test_exit_statuses_of_a_comparison(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    old = saved(tmp_path, "old", ran())
    assert status("compare", old, saved(tmp_path, "same", ran())) == 0
    assert status("compare", old, saved(tmp_path, "worse", ran(lost=20))) == 2
    assert status("compare", "--tolerance-share", "20%", old, f"{tmp_path}/worse") == 0
    assert status("compare", old, saved(tmp_path, "slow", ran(took_s=0.02))) == 2
    assert status("compare", "--tolerance", "100%", old, f"{tmp_path}/slow") == 0
    assert status("compare", "--tolerance-time", "10ms", old, f"{tmp_path}/slow") == 0
    assert status("compare", old, f"{tmp_path}/slow", f"{tmp_path}/slow") == 0
    other = ran(plan=msgspec.structs.replace(PLAN, connections=90))
    assert status("compare", old, saved(tmp_path, "other", other)) == 3
    assert status("compare", "-o", "text=/dev/full", old, old) == 74
    assert status("compare", "-o", "text=/dev/full", old, f"{tmp_path}/worse") == 2
    capfd.readouterr()
    assert status("compare", "-o", f"markdown={tmp_path}/a.md", "-o", "json", old, f"{tmp_path}/worse") == 2
    assert json.loads(capfd.readouterr().out)["verdict"] == "FAIL"
    assert (tmp_path / "a.md").read_text().startswith("### FAIL: worse&#58; established, lost\n")


def test_what_is_asked_wrongly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = saved(tmp_path, "old", ran())
    for words, line in (
        (["compare"], "what is to be compared? give the file of an old run, or of several, and that of the new one"),
        (
            ["compare", old],
            "what is to be compared? give the file of an old run, or of several, and that of the new one",
        ),
        (["compare", "-o", "html", old, old], "there is no format 'html'; there are text, json, markdown"),
        (["compare", old, f"{tmp_path}/x"], f"{tmp_path}/x cannot be read: No such file or directory"),
        (["report", f"{tmp_path}/x"], f"{tmp_path}/x cannot be read: No such file or directory"),
        (["report", "/dev/null"], "/dev/null: it is no plain file"),
        (
            ["compare", "--tolerance", "1", old, old],
            "Invalid value for '--tolerance': '1' is not a percentage: write it like 25% or 0.1% "
            "(see 'tcpgoon compare --help')",
        ),
    ):
        assert status(*words) == 64
        assert capsys.readouterr() == ("", f"tcpgoon: {line}\n")
    assert status("report", "-o", "text=/dev/full", old) == 74
    assert capsys.readouterr().err == "tcpgoon: text=/dev/full cannot be written: No space left on device\n"
