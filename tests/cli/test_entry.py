"""From its first moment to its last, the process ends with the right status, whenever a signal comes."""

import signal
import subprocess
import sys

import pytest

from tcpgoon.server import Server, ServerConfig


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("imported", ["tcpgoon.cli.entry", "click", "msgspec", "numpy", "tcpgoon.runs.runner"])
def test_a_signal_while_it_imports(imported: str, number: signal.Signals) -> None:
    """Python tells on stderr what it has imported, as it goes: that is how we know where it is."""
    with Server(ServerConfig()) as server:
        command = [sys.executable, "-X", "importtime", "-m", "tcpgoon", "-y", "127.0.0.1", str(server.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr
            lines = iter(child.stderr.readline, "")
            assert any(line.split("|")[-1].strip() == imported for line in lines)
            if imported == "tcpgoon.cli.entry":
                next(lines)  # the next import is after the signals were taken care of
            child.send_signal(number)
            out, err = child.communicate(timeout=60)
    assert child.returncode == 1, (out, err)
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "tcpgoon: interrupted" or "INTERRUPTED: " in out


def test_nobody_is_there_to_read_that_it_was_interrupted() -> None:
    program = "import os, signal; os.close(2); from tcpgoon.cli import entry; entry._leave(signal.SIGTERM, None)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_that_are_closed(closed: str) -> None:
    """Nothing of ours has their numbers then: it would not reach the processes that share the work."""
    with Server(ServerConfig()) as server:
        words = ["-y", "-c", "6", "-s", "0", "--hold", "0", "--workers", "3", server.host, str(server.port)]
        script = f'exec "$@" {closed}'
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "tcpgoon", *words],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(
        "PASS: 6 of 6 connections were established, acknowledged and held for 0s\n" * (">&-" not in closed.split())
    )


def test_a_signal_after_the_verdict_does_not_change_the_status() -> None:
    program = """
import atexit, os, signal, sys
from tcpgoon.cli import main as module
def command():
    print("PASS: it is said", flush=True)
    sys.exit(0)
module.main = command
from tcpgoon.cli.entry import main
atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "PASS: it is said\n", "")
