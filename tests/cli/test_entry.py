"""From its first moment to its last, the process ends with the right status, whenever a signal comes."""

import signal
import subprocess
import sys
import time

import pytest

from tcpgoon.server import Server, ServerConfig


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_of_the_start(number: signal.Signals) -> None:
    """While it imports, resolves, dials: one line at the most beside the report, never a traceback, exit status 1."""
    with Server(ServerConfig()) as server:
        for step in range(8):
            command = [sys.executable, "-m", "tcpgoon", "-y", "--hold", "60s", "127.0.0.1", str(server.port)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
                # Python itself needs about 15 ms to get to our first line; before that a signal is not ours to hear.
                time.sleep(0.05 + 0.02 * step)
                child.send_signal(number)
                out, err = child.communicate(timeout=60)
            assert child.returncode == 1, (step, out, err)
            assert "Traceback" not in err, (step, err)


def test_a_signal_after_the_verdict_does_not_change_the_status() -> None:
    program = """
import os, signal, sys
from tcpgoon.cli import main as module
def command():
    print("PASS: it is said", flush=True)
    sys.exit(0)
module.main = command
from tcpgoon.cli.entry import main
import atexit
atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "PASS: it is said\n", "")
