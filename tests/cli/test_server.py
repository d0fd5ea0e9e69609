"""The command ``tcpgoon server``, as it is installed."""

import re
import signal
import socket
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tcpgoon.cli.server import server as server_command
from tcpgoon.server import ServerConfig

COMMAND = [str(Path(sysconfig.get_path("scripts")) / "tcpgoon"), "server"]
LISTENING = re.compile(r"Listening on (127\.0\.0\.1|\[::1\]):(\d+)\n")
Start = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the command; gives the process and its port."""
    started: list[subprocess.Popen[str]] = []

    def start(*flags: str) -> tuple[subprocess.Popen[str], int]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*COMMAND, "--while-stdin-open", *flags], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        started.append(process)
        assert process.stdout
        line = process.stdout.readline()
        match = LISTENING.fullmatch(line)
        assert match, line
        return process, int(match[2])

    yield start
    for process in started:
        process.communicate(timeout=10)


def dial(port: int, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, port), timeout=5)


def ask(*flags: str, stdin: int | None = None) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command that ends by itself."""
    done = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, timeout=20, check=False, stdin=stdin)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_ends_it_with_the_counts_and_status_0(start: Start, number: signal.Signals, workers: str) -> None:
    process, port = start("--max-connections", "2", "--above", "close", "--banner", r"hi\r\n", "--workers", workers)
    connections = [dial(port) for _ in range(3)]
    assert sorted(connection.recv(10) for connection in connections) == [b"", b"hi\r\n", b"hi\r\n"]
    process.send_signal(number)
    assert process.communicate(timeout=10) == ("Accepted: 2, Held at most: 2, Refused: 1, Held now: 2\n", "")
    assert process.returncode == 0
    for connection in connections:
        connection.close()


def test_two_signals_at_once_are_no_worse_than_one(start: Start) -> None:
    process, port = start("--echo")
    connections = [dial(port) for _ in range(50)]
    process.send_signal(signal.SIGSTOP)  # so that they come at the same time
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    assert (errors, process.returncode) == ("", 0)
    assert re.fullmatch(r"Accepted: \d+, Held at most: \d+, Refused: 0, Held now: \d+\n", output)
    for connection in connections:
        connection.close()


def test_the_end_of_its_input_ends_it(start: Start) -> None:
    process, _ = start()
    assert process.communicate(timeout=10) == ("Accepted: 0, Held at most: 0, Refused: 0, Held now: 0\n", "")
    assert process.returncode == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_input_without_a_beginning_ends_it_too(workers: str) -> None:
    status, output, errors = ask("--while-stdin-open", "--workers", workers, stdin=subprocess.DEVNULL)
    assert (status, errors) == (0, "")
    assert LISTENING.match(output)


def test_its_duration_ends_it() -> None:
    status, output, errors = ask("--duration", "50ms", "--host", "::1")
    assert (status, errors) == (0, "")
    assert re.fullmatch(r"Listening on \[::1\]:\d+\nAccepted: 0, Held at most: 0, Refused: 0, Held now: 0\n", output)


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_busy_port_is_status_64_at_once(start: Start, workers: str) -> None:
    _, port = start()
    assert ask("--port", str(port), "--workers", workers) == (
        64,
        "",
        f"tcpgoon: cannot listen on 127.0.0.1:{port}: the port is busy: take another one, or 0 for any\n",
    )


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--above", "panic"], "Invalid value for '--above': 'panic' is not one of 'close', 'reset', 'stop'"),
        (["--banner", r"\q"], None),
        (["--backlog", "-1"], None),
        (["--duration", "soon"], None),
        (["--host", ""], None),
        (["--max-connections", "many"], None),
        (["--port", "65536"], None),
        (["--workers", "0"], None),
        (["--close-after", "1s", "--reset-after", "1s"], None),
        (["surplus"], None),
    ],
)
def test_a_bad_value_is_status_64_and_one_line(flags: list[str], line: str | None) -> None:
    status, output, errors = ask(*flags)
    assert (status, output) == (64, "")
    assert re.fullmatch(r"tcpgoon: [^\n]+\n", errors)
    assert line is None or line in errors


@pytest.mark.parametrize(
    ("flags", "first"),
    [
        (["--close-after", "10ms"], "closed"),
        (["--reset-after", "10ms"], "reset"),
        (["--echo"], "hello"),
        (["--banner", r"\x21"], "!"),
        (["--accept-delay", "10ms", "--banner", "late"], "late"),
        (["--max-connections", "0"], "closed"),
        (["--max-connections", "0", "--above", "reset"], "reset"),
        (["--never-accept", "--echo"], "silence"),
        (["--max-connections", "0", "--above", "stop", "--echo"], "silence"),
    ],
)
def test_each_knob_shows(start: Start, flags: list[str], first: str) -> None:
    _, port = start(*flags)
    with socket.socket() as connection:
        connection.settimeout(5)
        try:
            connection.connect(("127.0.0.1", port))  # a very early reset shows here already
            if first in {"hello", "silence"}:
                connection.sendall(b"hello")
            if first == "silence":
                connection.settimeout(0.2)
            seen = connection.recv(100).decode() or "closed"
        except ConnectionResetError:
            seen = "reset"
        except TimeoutError:
            seen = "silence"
    assert seen == first


def test_there_is_a_flag_for_each_knob() -> None:
    assert {parameter.name for parameter in server_command.params} - {"while_stdin_open"} == set(
        ServerConfig.__struct_fields__
    )
