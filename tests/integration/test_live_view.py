"""Real runs on a terminal: what is shown while they go on is gone when they are over, and the report stands there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpgoon.server import Server, ServerConfig
from tests.installed import INSTALLED, LIMIT_S, STATUS
from tests.terminal import Terminal

WHOLE = "PASS: 20 of 20 connections were established, acknowledged and held for 0s"
OPTIONS = ("-y", "-c", "20", "-s", "0")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(ServerConfig()) as server:
        yield server


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal() as terminal:
        yield terminal


def run(terminal: Terminal, server: Server, *words: str) -> None:
    terminal.run(INSTALLED, *OPTIONS, *words, "127.0.0.1", str(server.port))


def holds(lines: list[str]) -> bool:
    """Whether a frame is shown of the time in which all are held."""
    return any(line.startswith("hold ") for line in lines) and any(" 20 established" in line for line in lines)


def is_report(lines: list[str], verdict: str) -> bool:
    """Whether the report is all that is there: it begins and ends as it does on a pipe."""
    return (
        lines[0].startswith("--- 127.0.0.1:")
        and lines[1].startswith("Total: 20,")
        and any(line.startswith(verdict) for line in lines[-2:])  # it may be longer than a line
    )


def test_the_frame_is_gone_and_the_report_is_there(terminal: Terminal, server: Server) -> None:
    run(terminal, server, "--hold", "0")
    assert terminal.end() == 0
    assert is_report(terminal.lines, WHOLE), terminal.lines
    assert terminal.written.count(b"\x1b[?7l") >= 1
    assert terminal.is_as_before


def test_at_40_columns_no_line_is_broken(server: Server) -> None:
    with Terminal(40, 60) as terminal:
        run(terminal, server, "--hold", "1m")
        terminal.wait_for_frame(holds)
        assert [line for line in terminal.lines if line.startswith((" " * 15, "…")) or len(line) > 39] == []
        terminal.send(signal.SIGINT)
        assert terminal.end() == 1
        assert terminal.lines[0].startswith("--- 127.0.0.1:")
        assert terminal.lines[-3:] == [
            "INTERRUPTED: stopped before the end; 20",
            "of 20 connections were established and h",
            "eld",
        ]


def test_a_terminal_that_is_resized(terminal: Terminal, server: Server) -> None:
    run(terminal, server, "--hold", "1m")
    terminal.wait_for_frame(holds)
    for columns in (40, 100, 20, 80):
        terminal.resize(columns, 50)
        terminal.wait_for_frame(lambda lines: lines[0].startswith("hold "))
        terminal.wait_for_frame(lambda lines: lines[0].startswith("hold "))  # the first may have been under way
        assert len([line for line in terminal.lines if line.startswith("hold ")]) == 1
        assert max(map(len, terminal.lines)) < columns
    terminal.wait_for_frame(holds)
    terminal.send(signal.SIGINT)
    assert terminal.end() == 1
    assert is_report(terminal.lines, "INTERRUPTED"), terminal.lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_gets_the_report(terminal: Terminal, server: Server, number: signal.Signals) -> None:
    run(terminal, server, "--hold", "1m")
    terminal.wait_for_frame(holds)
    terminal.send(number)
    assert terminal.end() == 1
    assert is_report(terminal.lines, "INTERRUPTED: "), terminal.lines
    assert terminal.is_as_before


def test_the_second_signal_leaves_nothing_of_a_frame_either(terminal: Terminal) -> None:
    program = """
import os, signal, sys
from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.view import View
from tcpgoon.record.counts import Counts, Snapshot
view = View()
with interruptible(view.leave):
    view.monitor.snapshot(Snapshot(0.0, Counts(planned=1)))
    os.kill(os.getpid(), signal.SIGINT)
    view.monitor.snapshot(Snapshot(1.0, Counts(planned=1)))
    os.kill(os.getpid(), signal.SIGTERM)
"""
    terminal.run(sys.executable, "-c", program)
    assert terminal.end() == 1
    assert terminal.written.count(b"0 established") == 2
    assert (terminal.lines, terminal.cursor, terminal.is_as_before) == ([""], (0, 0), True)


def test_no_color(terminal: Terminal, server: Server) -> None:
    terminal.run(INSTALLED, *OPTIONS, "--hold", "0", "127.0.0.1", str(server.port), NO_COLOR="1")
    assert terminal.end() == 0
    assert b"\x1b[?7l" in terminal.written
    assert not [piece for piece in terminal.written.split(b"\x1b[")[1:] if piece.lstrip(b"0123456789;")[:1] == b"m"]


@pytest.mark.parametrize(("words", "term"), [((), "dumb"), (("--plain",), "xterm"), (("-v",), "xterm")])
def test_the_classic_lines(terminal: Terminal, server: Server, words: tuple[str, ...], term: str) -> None:
    terminal.run(INSTALLED, *OPTIONS, *words, "--hold", "0", "127.0.0.1", str(server.port), term=term)
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.written
    said = [line.rstrip("\r") for line in terminal.written.decode().split("\n")]
    assert STATUS.fullmatch(said[0])
    assert (": connection 0 is OPENING" in terminal.written.decode()) == ("-v" in words)
    assert said[-2:] == [WHOLE, ""]


def test_events_that_go_elsewhere_leave_the_terminal_to_the_live_view(
    terminal: Terminal, server: Server, tmp_path: Path
) -> None:
    with (tmp_path / "events").open("w") as log:
        words = ("-v", "--hold", "0", "127.0.0.1", str(server.port))
        terminal.run(INSTALLED, *OPTIONS, *words, stderr=log.fileno())
        assert terminal.end() == 0
    assert is_report(terminal.lines, WHOLE), terminal.lines
    assert b"\x1b[?7l" in terminal.written
    assert sum(" is CLOSED" in line for line in (tmp_path / "events").read_text().splitlines()) == 20


def test_quiet_is_the_verdict_alone(terminal: Terminal, server: Server) -> None:
    run(terminal, server, "--hold", "0", "-q")
    assert terminal.end() == 0
    assert terminal.written.decode() == f"{WHOLE}\r\n"


@pytest.mark.parametrize(("flag", "lines"), [("-q", 1), ("--plain", None)])
def test_on_a_pipe(server: Server, flag: str, lines: int | None) -> None:
    command = [INSTALLED, *OPTIONS, flag, "--hold", "0", "127.0.0.1", str(server.port)]
    env = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=env)
    said = done.stdout.splitlines()
    assert (done.returncode, done.stderr, said[-1]) == (0, "", WHOLE)
    assert lines in (None, len(said))
    assert "\x1b" not in done.stdout


def test_the_question_comes_first_and_stays(terminal: Terminal, server: Server) -> None:
    terminal.run(INSTALLED, "-c", "20", "-s", "0", "--hold", "0", "127.0.0.1", str(server.port))
    terminal.wait_for(lambda lines: lines[-1].startswith("Do you want to continue?"))
    assert b"\x1b" not in terminal.written
    asked = terminal.lines
    terminal.type("y\n")
    assert terminal.end() == 0
    assert terminal.lines[: len(asked)] == [*asked[:-1], f"{asked[-1]} y"]
    assert is_report(terminal.lines[len(asked) :], WHOLE), terminal.lines


def test_each_instance_has_its_report_and_no_frame_is_left(terminal: Terminal, server: Server, tmp_path: Path) -> None:
    listing = tmp_path / "targets"
    listing.write_text(f"127.0.0.1:{server.port}\nlocalhost:{server.port}\n")
    terminal.run(INSTALLED, *OPTIONS, "--each", "--hold", "0", f"file://{listing}")
    assert terminal.end() == 0
    assert b"\x1b[?7l" in terminal.written
    assert [line for line in terminal.lines if line.startswith(("connections ", "there now", "client "))] == []
    assert sum(line.startswith("--- ") for line in terminal.lines) == 2


def test_quiet_says_of_each_instance_only_what_it_comes_to(terminal: Terminal, server: Server, tmp_path: Path) -> None:
    listing = tmp_path / "targets"
    listing.write_text(f"127.0.0.1:{server.port}\nlocalhost:{server.port}\n")
    terminal.run(INSTALLED, *OPTIONS, "--each", "-q", "--hold", "0", f"file://{listing}")
    assert terminal.end() == 0
    assert [line[:5] for line in terminal.lines] == ["PASS:"]


def test_what_peers_send_is_not_obeyed(terminal: Terminal) -> None:
    with Server(ServerConfig(banner=b"\x1b[2J\x1b]0;owned\x07\x1b[8m" * 8)) as server:
        run(terminal, server, "--hold", "1m", "--probe", "banner")
        terminal.wait_for_frame(holds)
        terminal.send(signal.SIGINT)
        assert terminal.end() == 1
    assert b"\x1b[2J" not in terminal.written
    assert b"\x1b]" not in terminal.written
    assert b"\x1b[8m" not in terminal.written


def test_a_terminal_that_goes_away_spoils_no_verdict(terminal: Terminal, server: Server) -> None:
    run(terminal, server, "--hold", "1s")
    terminal.wait_for_frame(holds)
    terminal.hang_up()
    assert terminal.end() == 0


def test_several_processes_are_shown_too(terminal: Terminal, server: Server) -> None:
    run(terminal, server, "--workers", "2", "--hold", "1m")
    terminal.wait_for_frame(lambda lines: holds(lines) and any("newcomer      welcome in " in line for line in lines))
    terminal.send(signal.SIGINT)
    assert terminal.end() == 1
    assert is_report(terminal.lines, "INTERRUPTED"), terminal.lines


def test_losses_are_shown_as_they_happen(terminal: Terminal) -> None:
    with Server(ServerConfig(max_connections=15)) as server:
        run(terminal, server, "--hold", "1m")
        losses = "lost          FIN by the peer × 5"
        terminal.wait_for_frame(
            lambda lines: losses in lines and "connections   15 established · of 20 · 5 lost" in lines
        )
        terminal.send(signal.SIGINT)
        assert terminal.end() in (1, 2)
