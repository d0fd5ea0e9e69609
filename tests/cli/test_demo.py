"""The demo: the main job with nothing else installed, and honest about itself."""

import subprocess
import sys

import pytest

from tcpgoon.cli import demo as demo_module
from tcpgoon.cli.main import main
from tcpgoon.judge.verdict import Verdict
from tcpgoon.runs.stop import Stop


def test_it_shows_a_pass_and_a_failure() -> None:
    done = subprocess.run([sys.executable, "-m", "tcpgoon", "demo"], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    verdicts = [line for line in done.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
    assert verdicts == [
        "PASS: 100 of 100 connections were established, acknowledged and held for 1s",
        "FAIL: only 100 of 150 connections were established, acknowledged and held to the end: "
        "50 closed (FIN) by the peer",
    ]
    assert "Lost while held: 50 (FIN by the peer × 50, " in done.stdout


def test_a_demo_that_does_not_show_what_it_should_is_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_module, "_act", lambda connections, monitor, stop: Verdict.PASS)
    with pytest.raises(SystemExit) as caught:
        main(["demo"])
    assert caught.value.code == 70
    assert capsys.readouterr().err == "tcpgoon: the demo's verdict on 150 connections was PASS, not FAIL\n"


def test_an_interrupted_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(connections: int, monitor: object, stop: Stop) -> Verdict:
        stop.request()
        return Verdict.INTERRUPTED

    monkeypatch.setattr(demo_module, "_act", interrupt)
    with pytest.raises(SystemExit) as caught:
        main(["demo"])
    assert caught.value.code == 1
