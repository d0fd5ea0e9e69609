"""Ctrl-C and SIGTERM: once, the run ends and is reported; twice, we are gone."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tcpgoon.errors import ExitStatus
from tcpgoon.run.stop import Stop

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[Stop]:
    """A `Stop` that the first signal requests; the second ends the process at once, whatever it is busy with."""
    stop = Stop()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if stop.requested:
            os._exit(ExitStatus.INTERRUPTED)
        stop.request()

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
