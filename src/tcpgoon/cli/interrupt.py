"""Ctrl-C and SIGTERM: once, the run ends and is reported; twice, we are gone."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tcpgoon.errors import ExitStatus
from tcpgoon.runs.stop import Stop

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

ECHO_S = 0.2
"""Nobody presses Ctrl-C twice within this time."""


@contextmanager
def interruptible(leave: Callable[[], None] = lambda: None) -> Iterator[Stop]:
    """A `Stop` that the first signal requests; the second ends the process at once, whatever it is busy with.

    A wrapper that forwards the terminal's signal makes two of one: the same again within the blink of an eye counts
    once. What ``leave`` does is done before that end. When the block is over all has been said, and signals are
    ignored: they could only spoil the exit status.
    """
    stop, first = Stop(), 0

    def interrupt(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        if stop.requested and not (number == first and stop.requested_s_ago() < ECHO_S):
            try:
                leave()
            finally:
                os._exit(ExitStatus.INTERRUPTED)
        first = number
        stop.request()

    for number in _SIGNALS:
        signal.signal(number, interrupt)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
