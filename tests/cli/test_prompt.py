"""The question before a run, on a real terminal: asked, answered, refused."""

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpgoon.cli.prompt import _where
from tcpgoon.discovery.place import Place
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.server import Server, ServerConfig

COMMAND = [sys.executable, "-m", "tcpgoon", "-c", "3", "--hold", "0"]


class Terminal:
    """The command on a pseudo-terminal."""

    def __init__(self, *args: str) -> None:
        self.screen = ""
        self._ours, theirs = pty.openpty()
        self._child = subprocess.Popen([*COMMAND, *args], stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 30
        while text not in self.screen:
            assert select.select([self._ours], [], [], max(0, deadline - time.monotonic()))[0], self.screen
            self.screen += os.read(self._ours, 4096).decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def exit_status(self) -> int:
        while True:
            try:
                piece = os.read(self._ours, 4096)
            except OSError:  # Linux says EIO when the other end has been closed
                break
            if not piece:
                break
            self.screen += piece.decode(errors="replace")
        os.close(self._ours)
        return self._child.wait(30)


QUESTION = "Do you want to continue? (y/N):"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(ServerConfig()) as server:
        yield server


@pytest.mark.parametrize("answer", ["y", "Y", "yes"])
def test_yes(server: Server, answer: str) -> None:
    terminal = Terminal("127.0.0.1", str(server.port))
    terminal.wait_for(QUESTION)
    asked = [line.strip("* ") for line in terminal.screen.splitlines()]
    assert server.accepted == 0
    assert [line for line in asked if ":" in line][1:5] == [
        "host:        127.0.0.1",
        "address:     127.0.0.1",
        f"port:        {server.port}",
        "connections: 3",
    ]
    terminal.type(f"{answer}\n")
    assert terminal.exit_status() == 0
    assert "PASS: 3 of 3 connections were established" in terminal.screen


def lines_of_the_question(*args: str) -> list[str]:
    terminal = Terminal(*args, "127.0.0.1", "80")
    terminal.wait_for(QUESTION)
    terminal.type("n\n")
    assert terminal.exit_status() == 1
    return [line[4:] for line in terminal.screen.splitlines() if line.startswith("*   ")][4:]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], []),
        (["--probe", "redis"], [r"each sends:  PING\r\n (redis)"]),
        (["--probe", "ssh"], ["each sends:  nothing (ssh)"]),
        (
            ["--probe", "http:/a", "--probe-every", "1m30s"],
            [
                r"each sends:  GET /a HTTP/1.1\r\nHost: 127.0.0.1:80\r\nUse…, 73 bytes in all"
                " (http:/a, again every 1m30s)"
            ],
        ),
        (["--send", r"\x1b[2J", "--expect", "x"], [r"each sends:  \x1b[2J (send/expect)"]),
        (
            ["--hold", "2s", "--proxy-protocol", "v2", "--tls", "--tls-name", "example.org", "--probe", "banner"],
            [
                "newcomers:   one more, every 1s while they are held",
                "first:       a header of the PROXY protocol v2",
                "TLS:         example.org",
                "each sends:  nothing (banner)",
            ],
        ),
        (["--tls", "--no-tls-verify", "--tls-name="], ["TLS:         without a name"]),
    ],
)
def test_what_is_done_beyond_opening_is_said(flags: list[str], said: list[str]) -> None:
    assert lines_of_the_question(*flags) == said


def test_what_comes_from_a_file_may_be_a_secret(tmp_path: Path) -> None:
    (tmp_path / "login").write_text("AUTH secret\r\n")
    assert lines_of_the_question("--send", f"@{tmp_path}/login") == ["each sends:  13 bytes (send/expect)"]


@pytest.mark.parametrize("answer", ["n", "", "nothing of the kind", "\x04"])
def test_anything_else_is_no(server: Server, answer: str) -> None:
    terminal = Terminal("127.0.0.1", str(server.port))
    terminal.wait_for(QUESTION)
    terminal.type(f"{answer}\n")
    assert terminal.exit_status() == 1
    assert terminal.screen.splitlines()[-1] == (
        "tcpgoon: declined, nothing was dialled (give -y to run without being asked)"
    )
    assert server.accepted == 0


def test_a_key_that_is_no_text_is_no(server: Server) -> None:
    terminal = Terminal("127.0.0.1", str(server.port))
    terminal.wait_for(QUESTION)
    os.write(terminal._ours, b"\xff\n")
    assert terminal.exit_status() == 1
    assert "Traceback" not in terminal.screen
    assert server.accepted == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_no(server: Server, number: signal.Signals) -> None:
    terminal = Terminal("127.0.0.1", str(server.port))
    terminal.wait_for(QUESTION)
    # The child has no controlling terminal that would make a signal of the key: send what the key would send.
    terminal._child.send_signal(number)
    assert terminal.exit_status() == 1
    assert terminal.screen.splitlines()[-1] == "tcpgoon: interrupted"
    assert server.accepted == 0


def test_all_addresses_of_a_name_are_shown_and_the_one_to_dial_is_marked() -> None:
    found = dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM))
    first, *others = found
    terminal = Terminal("localhost", "80")
    terminal.wait_for(QUESTION)
    marked = first + (" (dialled)" if others else "")
    assert f"address:     {', '.join([marked, *others])}\r\n" in terminal.screen
    terminal.type("n\n")
    assert terminal.exit_status() == 1


def test_all_that_are_dialled_are_marked() -> None:
    plan = Plan(target=Target("host", 80), spread=True)
    found = Place(target=plan.target, endpoints=(Endpoint("192.0.2.1", 80), Endpoint("192.0.2.2", 80)))
    assert "*   address:     192.0.2.1 (dialled), 192.0.2.2 (dialled)" in _where(plan, found)


def test_what_was_looked_up_is_shown(tmp_path: Path) -> None:
    """One instance, each of them, and all at once."""
    path = tmp_path / "targets"
    path.write_text("127.0.0.1:80\nlocalhost:81\n")
    shown = []
    for flags in ([], ["--each"], ["--spread"]):
        terminal = Terminal("-4", *flags, f"file://{path}")
        terminal.wait_for(QUESTION)
        shown.append([line[4:] for line in terminal.screen.splitlines() if line.startswith("*   ")])
        terminal.type("n\n")
        assert terminal.exit_status() == 1
    instances = ["instance:    127.0.0.1:80", "instance:    localhost:81 (127.0.0.1:81)"]
    assert shown == [
        [
            f"instance:    127.0.0.1:80 of {path}",
            "host:        127.0.0.1",
            "address:     127.0.0.1",
            "port:        80",
            "connections: 3",
        ],
        [f"service:     {path}, one instance after another", *instances, "connections: 3 to each"],
        [f"service:     {path}", *instances, "connections: 3"],
    ]


def test_no_terminal_to_ask_on(server: Server) -> None:
    done = subprocess.run(
        [*COMMAND, "127.0.0.1", str(server.port)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "tcpgoon: there is no terminal to ask for confirmation on: give -y to run without being asked\n"
    )
    assert server.accepted == 0


def test_standard_input_is_closed(server: Server) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "127.0.0.1", str(server.port)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "-y" in done.stderr
