"""The search against the bundled server, whose limits are known to the unit."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.installed import INSTALLED, LIMIT_S

from .conftest import StartProgram, StartServer

LOCAL = "127.0.0.1"


class Answered(NamedTuple):
    """What a search printed, and all that it found."""

    exit_status: int
    lines: list[str]
    errors: str
    found: dict[str, Any]

    @property
    def carries(self) -> tuple[int, int | None]:
        """The number that is carried, and the one that is one too many."""
        return self.found["answer"]["carries"], self.found["answer"].get("bad")


Search = Callable[..., Answered]


@pytest.fixture
def search(tmp_path: Path) -> Search:
    """Runs ``tcpgoon capacity`` with the given words, and a confirmation of a second."""

    def run(*words: object, before: tuple[str, ...] = ()) -> Answered:
        path = tmp_path / "found.json"
        command = [*before, INSTALLED, "capacity", "-y", "--confirm-hold", "1s", "-o", f"json={path}"]
        done = subprocess.run(
            [*command, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S
        )
        return Answered(done.returncode, done.stdout.splitlines(), done.stderr, json.loads(path.read_bytes()))

    return run


@pytest.mark.parametrize("limit", [1, 7, 100, 1_013, 5_000])
@pytest.mark.parametrize(("above", "how"), [("close", "closed"), ("reset", "reset")])
def test_a_sharp_limit_is_found_to_the_unit(
    search: Search, server: StartServer, limit: int, above: str, how: str
) -> None:
    target = server("--max-connections", limit, "--above", above)
    answered = search(target.host, target.port)
    assert (answered.exit_status, answered.carries) == (0, (limit, limit + 1)), answered
    assert answered.lines[-1].startswith(f"PASS: carries {limit:,} connection")
    assert "TG402, the application's own limit" in answered.lines[-1]
    assert answered.found["next"]["fared"] in (how, "refused")  # a RST may come before we know that we were in
    assert answered.found["next"]["pushed_out"] == 0
    assert answered.found["confirmed"]["verdict"] == "PASS"
    assert answered.found["confirmed"]["metrics"]["counts"]["established"] == 0
    target.end()
    assert target.counts
    assert target.counts.peak <= limit + 1


def test_who_is_only_served_counts_where_the_application_is_asked(search: Search, server: StartServer) -> None:
    """Beside the 100 that it serves the kernel takes some that wait in the queue: here that is seen."""
    words = ("--max-connections", 100, "--above", "stop", "--backlog", 16, "--echo")
    target = server(*words)
    asked = search("--probe", "echo", "--probe-timeout", "1s", target.host, target.port)
    assert (asked.exit_status, asked.carries) == (0, (100, 101)), asked
    assert asked.found["next"]["fared"] == "left waiting"
    target = server(*words)
    unasked = search(target.host, target.port)
    assert (unasked.exit_status, unasked.carries) == (0, (100, 101)), unasked
    assert "TG403, not enough workers or threads: 100 of " in unasked.lines[-1]
    assert unasked.lines[-1].endswith("certain")
    assert unasked.found["next"]["fared"] == "left waiting"


def test_a_queue_that_nobody_empties(search: Search, server: StartServer) -> None:
    target = server("--never-accept", "--backlog", 10)
    answered = search(target.host, target.port)
    assert (answered.exit_status, answered.carries) == (2, (0, 1)), answered
    assert "TG404, the application does not accept" in answered.lines[-1]


def test_a_queue_that_is_emptied_slowly_is_waited_for(search: Search, server: StartServer) -> None:
    target = server("--accept-delay", "5ms")
    answered = search("--max", 600, target.host, target.port)
    assert (answered.exit_status, answered.carries) == (0, (600, None)), answered


def test_a_target_without_descriptors(search: Search, start: StartProgram, free_port: int) -> None:
    """Of 1,024 its own are some; nobody asks, and who waits in the accept queue is seen there."""
    limited = ["bash", "-c", 'ulimit -n 1024; exec "$@"', "bash"]
    start(*limited, INSTALLED, "server", "--port", free_port)
    answered = search(LOCAL, free_port)
    most, bad = answered.carries
    assert (answered.exit_status, bad) == (0, most + 1), answered
    assert 1_000 <= most <= 1_020
    assert answered.lines[-1] == (
        f"PASS: carries {most:,} connections ({most:,} good, {bad:,} bad): TG401, the target has no descriptors left: "
        f"{most:,} connections are accepted, 1 are not; tcpgoon has 1,024 of 1,024 – certain"
    )


def test_a_small_backlog_does_not_pass_for_the_limit(search: Search, server: StartServer) -> None:
    """It accepts 200 a second at the most: a burst overflows its queue, and a slower pace brings all."""
    target = server("--accept-delay", "5ms", "--backlog", 10)
    answered = search("--max", 300, target.host, target.port)
    assert (answered.exit_status, answered.carries) == (0, (300, None)), answered
    assert answered.found["answer"]["burst"] < 300
    assert any(line.startswith("The rate is a limit, too: 300 at ") for line in answered.lines)


def test_a_target_without_a_limit_carries_the_most_that_is_tried(search: Search, server: StartServer) -> None:
    target = server()
    answered = search("--max", 321, "--from", 100, target.host, target.port)
    assert (answered.exit_status, answered.carries) == (0, (321, None))
    assert [step["level"] for step in answered.found["steps"]] == [100, 200, 321, 321]
    assert answered.lines[-1] == "PASS: carries at least 321 connections, the most that was to be tried"
    assert answered.found["next"]["fared"] == "welcome"


def test_our_own_limit_is_never_sold_as_the_target_s(search: Search, server: StartServer) -> None:
    target = server()
    answered = search(target.host, target.port, before=("bash", "-c", 'ulimit -n 200; exec "$@"', "bash"))
    assert answered.exit_status == 3
    most, bad = answered.carries
    assert 150 < most < 200
    assert bad is None
    assert answered.lines[-1] == f"INCONCLUSIVE: at least {most} connections: the client's descriptors ended first"
    enough = search(
        "--at-least", 100, target.host, target.port, before=("bash", "-c", 'ulimit -n 200; exec "$@"', "bash")
    )
    assert (enough.exit_status, enough.carries) == (0, (most, None))


def test_too_few_is_a_failure(search: Search, server: StartServer) -> None:
    target = server("--max-connections", 7)
    answered = search("--at-least", 8, target.host, target.port)
    assert (answered.exit_status, answered.carries) == (2, (7, 8))
    assert answered.lines[-1].endswith("; at least 8 are required")


def test_where_nobody_listens_none_is_carried(search: Search, free_port: int) -> None:
    answered = search(LOCAL, free_port)
    assert (answered.exit_status, answered.carries) == (2, (0, 1))
    assert answered.lines[-1].startswith("FAIL: carries 0 connections (0 good, 1 bad): TG302")


@pytest.mark.parametrize("words", [("--above", "close"), ("--above", "stop"), ("--above", "stop", "--echo")])
def test_three_searches_agree(search: Search, server: StartServer, words: tuple[str, ...]) -> None:
    target = server("--max-connections", 50, *words)
    probe = ("--probe", "echo") if "--echo" in words else ()
    assert {search(*probe, target.host, target.port).carries for _ in range(3)} == {(50, 51)}


@pytest.mark.parametrize("probe", [(), ("--probe", "echo")])
def test_a_search_up_to_5_000_is_over_in_time(search: Search, server: StartServer, probe: tuple[str, ...]) -> None:
    """The target that costs the most time is one that is silent above its limit."""
    target = server("--max-connections", 5_000, "--above", "stop", "--echo")
    begun_s = time.monotonic()
    answered = search(*probe, target.host, target.port)
    assert (answered.exit_status, answered.carries) == (0, (5_000, 5_001)), answered
    assert time.monotonic() - begun_s < 15


def test_ctrl_c_ends_it_and_closes_all(server: StartServer) -> None:
    target = server()
    with subprocess.Popen(
        [INSTALLED, "capacity", "-y", "--max", "50", f"{target.host}:{target.port}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as child:
        assert child.stdout
        assert "good after" in child.stdout.readline()
        sent_s = time.monotonic()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=LIMIT_S)
    assert (child.returncode, err) == (1, "")
    assert out.splitlines()[-1].startswith("INTERRUPTED: stopped by the user; ")
    assert time.monotonic() - sent_s < 9, "it did not wait for the end of the confirmation"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--max", "0"], "the largest number of connections is 0"),
        (["--from", "20k", "--max", "10k"], "the number to begin with is 20000: it must be from 1 to 10,000"),
        (
            ["--require", "established >= 99%"],
            "is about a number of connections, which is searched for: use --at-least",
        ),
        (["--connections", "5"], "No such option"),
    ],
)
def test_what_cannot_be_searched_for_is_said_before_anything_is_dialled(words: list[str], complaint: str) -> None:
    done = subprocess.run(
        [INSTALLED, "capacity", "-y", *words, f"{LOCAL}:1"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (64, "")
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_shown_can_be_chosen(server: StartServer) -> None:
    target = server("--max-connections", 2)

    def said(*words: str) -> list[str]:
        command = [INSTALLED, "capacity", "-y", "--confirm-hold", "0s", *words, f"{target.host}:{target.port}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    whole, quiet, as_json = said(), said("-q"), said("-o", "json")
    tried = [line.split()[:2] for line in whole[:5]]
    assert tried == [["1", "good"], ["2", "good"], ["4", "bad"], ["4", "bad"], ["3", "bad"]]
    assert len(quiet) == 1
    assert quiet[0] == whole[-1]
    assert json.loads("\n".join(as_json))["reason"] == quiet[0].removeprefix("PASS: ")
    assert said("-o", "text")[-1] == quiet[0]


def test_every_report_of_a_search_and_what_was_saved(server: StartServer, tmp_path: Path) -> None:
    """Each is written at once, and is the same when it is made later of the file; a lower limit is worse."""
    suffixes = ("text", "json", "csv", "junit", "prometheus", "markdown", "html")
    words = [word for name in suffixes for word in ("-o", f"{name}={tmp_path}/{name}")]
    summary = tmp_path / "summary"
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}

    def tcpgoon(*words: object) -> subprocess.CompletedProcess[str]:
        command = [INSTALLED, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=environment)

    def search(limit: int, *words: object) -> subprocess.CompletedProcess[str]:
        target = server("--max-connections", limit)
        return tcpgoon("capacity", "-y", "--confirm-hold", "100ms", *words, target.host, target.port)

    done = search(100, "--github", "--save", tmp_path / "old", *words)
    assert done.returncode == 0, done.stderr
    assert "::notice title=PASS%3A tcpgoon::carries 100 connections" in done.stdout
    assert "## ✅ tcpgoon: PASS" in summary.read_text()
    assert 'tcpgoon_capacity_connections{bound="target"' in (tmp_path / "prometheus").read_text()
    for name in suffixes:
        again = tcpgoon("report", "-o", name, tmp_path / "old")
        assert (again.returncode, again.stdout) == (0, (tmp_path / name).read_text()), name

    assert search(90, "--save", tmp_path / "new").returncode == 0
    compared = tcpgoon("compare", tmp_path / "old", tmp_path / "new")
    assert (compared.returncode, compared.stdout.splitlines()[-1]) == (2, "FAIL: worse: carries")
    assert tcpgoon("compare", tmp_path / "old", tmp_path / "old").returncode == 0
    run = tcpgoon("run", "-y", "-c", 5, "--hold", "0s", "--save", tmp_path / "run", *_served(server))
    assert run.returncode == 0, run.stderr
    refused = tcpgoon("compare", tmp_path / "run", tmp_path / "new")
    line = "what is to be compared is a search, and what it is to be compared with is a run"
    assert (refused.returncode, line in refused.stderr) == (64, True)


def _served(server: StartServer) -> tuple[object, object]:
    target = server()
    return target.host, target.port
