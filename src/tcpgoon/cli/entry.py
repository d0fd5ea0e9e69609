"""Where the process begins and ends: as small as can be, so that a signal finds us ready at any moment."""

import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of the process."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        from tcpgoon.cli.main import main as command  # takes a while, and may be interrupted

        command()
    except KeyboardInterrupt:
        sys.exit(1)
    finally:
        # All has been said: from here to the end of the process no signal may change the status.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Before a run, SIGTERM is what Ctrl-C is."""
    raise KeyboardInterrupt
