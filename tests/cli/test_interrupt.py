"""Signals: the first asks for the end, the second is the end."""

import os
import signal
import subprocess
import sys

from tcpgoon.cli.interrupt import interruptible


def test_the_first_signal_requests_a_stop_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible() as stop:
        requested = [stop.requested]
        os.kill(os.getpid(), signal.SIGTERM)
        requested.append(stop.requested)
    assert requested == [False, True]
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_second_ends_the_process_at_once() -> None:
    program = """
import os, signal
from tcpgoon.cli.interrupt import interruptible
with interruptible():
    os.kill(os.getpid(), signal.SIGINT)
    print("still here", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("not here any more", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "still here\n", "")
