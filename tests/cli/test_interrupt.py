"""Signals: the first asks for the end, the second is the end."""

import os
import signal
import subprocess
import sys

from tcpgoon.cli.interrupt import interruptible


def test_the_first_signal_requests_a_stop() -> None:
    with interruptible() as stop:
        requested = [stop.requested]
        os.kill(os.getpid(), signal.SIGTERM)
        requested.append(stop.requested)
    assert requested == [False, True]


def test_an_echo_of_the_first_is_not_a_second() -> None:
    """A wrapper that forwards the terminal's Ctrl-C: the process gets it twice, and its user pressed once."""
    with interruptible() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert stop.requested


def test_when_all_is_said_no_signal_changes_the_status() -> None:
    with interruptible():
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_the_second_ends_the_process_at_once() -> None:
    program = """
import os, signal
from tcpgoon.cli.interrupt import interruptible
with interruptible(lambda: print("leaving", flush=True)):
    os.kill(os.getpid(), signal.SIGINT)
    print("still here", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("not here any more", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "still here\nleaving\n", "")
