"""A soak against servers that end connections at an age, at any time, or never; and one that is killed."""

import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import tcpgoon as library
from tcpgoon.judge.lifetimes import Fate
from tcpgoon.judge.verdict import Verdict
from tcpgoon.result import Result
from tests.installed import INSTALLED, LIMIT_S, Said, run_installed

from .conftest import Nginx, StartServer

N = 60
LOCAL = "127.0.0.1"

Soak = Callable[..., Said]


@pytest.fixture
def soak(tmp_path: Path) -> Soak:
    """Runs ``tcpgoon soak`` with the given words, in a folder of its own."""
    return lambda *words: run_installed("-c", N, *words, command=("soak",), cwd=tmp_path)


@pytest.mark.parametrize(
    ("flag", "who"),
    [("--close-after", "the target closed (FIN)"), ("--reset-after", "the target or the path reset (RST)")],
)
def test_a_server_that_ends_each_at_an_age_is_a_cliff(soak: Soak, server: StartServer, flag: str, who: str) -> None:
    target = server(flag, "3s")
    said = soak("--ramp", "1500ms", "--for", "4s", target.host, target.port)
    assert said.line("Survival: ").startswith(f"0 of {N} lived on to the end, the oldest for 3")
    assert said.line("Who ended the others: ") == f"{who} × {N}"
    cliff = said.line("A cliff: ")
    assert cliff.startswith(f"{N} of the {N} that came to it died at an age of 3"), cliff
    assert cliff.endswith(": an idle timeout, or a maximum age")
    assert said.line("Next: ").startswith("try --keepalive 1s: ")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_keepalives_do_not_help_against_a_maximum_age(soak: Soak, server: StartServer) -> None:
    target = server("--close-after", "3s")
    said = soak("--ramp", "1500ms", "--for", "4s", "--keepalive", "1s", target.host, target.port)
    assert said.line("A cliff: ").startswith(f"{N} of the {N} that came to it died at an age of 3")
    assert said.line("Next: ").startswith("keepalives went along the path every 1s: ")


@pytest.fixture
def failing() -> Iterator[int]:
    """A server that closes any of its connections now and then; its port."""
    listener, over, held = socket.create_server((LOCAL, 0), backlog=N), threading.Event(), []
    listener.settimeout(0.05)
    chance = random.Random(7)

    def serve() -> None:
        while not over.is_set():
            try:
                held.append(listener.accept()[0])
            except TimeoutError:
                if len(held) == N and chance.random() < 0.5:
                    held[chance.randrange(N)].close()

    serving = threading.Thread(target=serve)
    serving.start()
    yield listener.getsockname()[1]
    over.set()
    serving.join()
    for sock in (listener, *held):
        sock.close()


def test_a_server_that_loses_some_now_and_then_is_a_slope(soak: Soak, failing: int) -> None:
    said = soak("--rate", "100/s", "--for", "6s", "--no-canary", LOCAL, failing)
    slope = said.line("A slope: ")
    assert " died at all ages: " in slope, slope
    assert " deaths for each second that one is alive, with no age at which most of them die" in slope, slope
    assert "Next: " not in "\n".join(said.lines)
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_all_live_on(soak: Soak, server: StartServer, tmp_path: Path) -> None:
    target = server()
    said = soak("-s", 0, "--for", "3s", "--checkpoint-every", "500ms", target.host, target.port)
    assert said.line("Survival: ").startswith(f"{N} of {N} lived on to the end")
    assert said.line("Neither cliff nor slope: ").startswith(f"all {N} connections lived on, for 3")
    assert not [line for line in said.lines if line.startswith("Next: ")]
    assert (said.verdict, said.exit_status) == ("PASS", 0)
    (announced,) = said.errors
    assert announced.startswith("tcpgoon: a checkpoint every 500ms in tcpgoon-soak-")
    assert list(tmp_path.iterdir()) == []


def test_nginx_closes_who_is_idle_after_its_request(soak: Soak, nginx: Nginx) -> None:
    port = nginx(1_024, server="keepalive_timeout 2s;")
    said = soak("--ramp", "1s", "--for", "4s", "--probe", "http:/", "--probe-at", "open", "--no-canary", LOCAL, port)
    cliff = said.line("A cliff: ")
    assert cliff.startswith(f"{N} of the {N} that came to it died at an age of "), cliff
    assert said.line("Who ended the others: ") == f"the target closed (FIN) × {N}"


@pytest.mark.parametrize("workers", [1, 2])
def test_one_that_is_killed_can_be_reported(server: StartServer, tmp_path: Path, workers: int) -> None:
    target = server("--close-after", "1s")
    words = ["-c", str(N), "--rate", "10/s", "--for", "1h", "--workers", str(workers), "--checkpoint-every", "200ms"]
    child = subprocess.Popen(
        [INSTALLED, "soak", "-y", "-q", *words, target.host, str(target.port)], cwd=tmp_path, stderr=subprocess.PIPE
    )
    try:
        assert child.stderr
        announced = child.stderr.readline().decode()
        path = tmp_path / announced.split(" in ")[1].split(";")[0]
        until(lambda: path.exists() and 0 < lost_in(path) < N)
        family = [child.pid, *(one.pid for one in psutil.Process(child.pid).children(recursive=True))]
        for pid in family:
            os.kill(pid, signal.SIGKILL)
    finally:
        child.kill()
        child.communicate()
    report = subprocess.run([INSTALLED, "report", path], capture_output=True, text=True, timeout=LIMIT_S)
    assert report.returncode == 0, report.stderr
    lines = report.stdout.splitlines()
    (who,) = [line for line in lines if line.startswith("Who ended the others: ")]
    assert who.startswith("Who ended the others: the target closed (FIN) × ")
    assert lines[-1].startswith("INTERRUPTED: checkpoint at ")
    assert lines[-1].endswith("s of 1h0m0s: the run had not ended")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def lost_in(path: Path) -> int:
    found = library.load(path)
    assert isinstance(found, Result)
    return found.lost


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_file_that_was_asked_for_has_the_checkpoints_and_then_the_result(
    soak: Soak, server: StartServer, tmp_path: Path
) -> None:
    target = server()
    said = soak("-s", 0, "--for", "2s", "--checkpoint-every", "200ms", "--save", "kept", target.host, target.port)
    assert said.errors == ["tcpgoon: a checkpoint every 200ms in kept; should this be killed: tcpgoon report kept"]
    found = library.load(tmp_path / "kept")
    assert (found.verdict, [one.name for one in tmp_path.iterdir()]) == (Verdict.PASS, ["kept"])


def test_where_no_checkpoint_can_be_written_that_is_said_and_the_soak_goes_on(
    server: StartServer, tmp_path: Path
) -> None:
    target = server()
    words = ("-c", 5, "-s", 0, "--for", "2s", "--save", "-", "-q", target.host, target.port)
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    command = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh"]
    done = subprocess.run(
        [*command, INSTALLED, "soak", "-y", *map(str, words)], cwd=nowhere, capture_output=True, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    (said,) = done.stderr.decode().splitlines()
    assert said.startswith("tcpgoon: no checkpoints: "), said
    assert done.stdout.startswith(b"PK")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--assurance", "handshake"], "a soak by the assurance handshake would miss whoever is gone without a word"),
        (["--checkpoint-every", "1ms"], "the time between two checkpoints is 1ms: it must be 100ms or more"),
        (["--hold", "1s"], "No such option '--hold'"),
        (["--each"], "No such option '--each'"),
        (["--for", "soon"], "'soon' is not a duration"),
        (["--keepalive", "500ms"], "the time between two keepalives is 0.5: it must be from 1 to 32,767"),
    ],
)
def test_what_cannot_be_asked(soak: Soak, words: list[str], said: str) -> None:
    answered = soak(*words, LOCAL, 9)
    assert answered.exit_status == 64
    (error,) = answered.errors
    assert said in error


# In Python.


def test_a_soak_in_python(server: StartServer, tmp_path: Path) -> None:
    target, path = server("--close-after", "2s"), tmp_path / "soak.tcpgoon"
    result = library.soak(
        f"{target.host}:{target.port}",
        duration="3s",
        checkpoint=path,
        checkpoint_every="300ms",
        connections=N,
        ramp="1s",
        keepalive="1s",
    )
    assert (result.verdict, result.plan.hold_s, result.plan.keepalive_s) == (Verdict.FAIL, 3.0, 1.0)
    assert result.lifetimes
    assert result.lifetimes.fate is Fate.CLIFF
    assert result.lifetimes.survival.band
    assert result.lifetimes.survival.band.low_s == pytest.approx(2.0, abs=0.2)
    kept = library.load(path)
    assert isinstance(kept, Result)
    assert kept.lifetimes == result.lifetimes


def test_its_checkpoints_are_results(server: StartServer, tmp_path: Path) -> None:
    target, path = server(), tmp_path / "soak.tcpgoon"
    seen: list[Result] = []
    stop = library.Stop()

    def look() -> None:
        until(path.exists)
        found = library.load(path)
        assert isinstance(found, Result)
        seen.append(found)
        stop.request()

    looking = threading.Thread(target=look)
    looking.start()
    result = library.soak(
        f"{target.host}:{target.port}",
        duration="1h",
        checkpoint=path,
        checkpoint_every="300ms",
        connections=5,
        stop=stop,
    )
    looking.join()
    (found,) = seen
    assert found.verdict is result.verdict is Verdict.INTERRUPTED
    assert found.reason.startswith("checkpoint at ")
    assert found.lifetimes
    assert found.lifetimes.sentence.endswith("; 5 have not been asked whether they are there still")


@pytest.mark.parametrize("options", [{"hold": "1s"}, {"each": True}, {"assurance": "handshake"}, {"keepalive": "1ms"}])
def test_what_python_cannot_ask(options: dict[str, Any]) -> None:
    with pytest.raises(library.UsageError):
        library.soak("127.0.0.1:9", **options)
