"""Where the process begins and ends: as small as can be, so that a signal finds us ready at any moment.

Until a run begins nothing is open, and a signal simply ends the process. It does not raise: an exception that comes
while Python imports can be swallowed there, and who sent SIGTERM would wait for nothing.
"""

import os
import signal
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> NoReturn:
    """Run the command line of the process."""
    for number in _SIGNALS:
        signal.signal(number, _leave)
    _open_standard_streams()
    # The algebra in numpy would start a thread for each core, which nobody here needs; and where the cgroup has no room
    # for them it raises SIGINT, of all things.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tcpgoon.cli.main import main as command  # takes a while, and may be interrupted

    try:
        command()
    finally:
        # All has been said: from here to the end of the process no signal may change the status.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _open_standard_streams() -> None:
    """Let none of their numbers be had by anything else: whoever writes there, a process of ours too, means them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it has the lowest number that is free


def _leave(_number: int, _frame: FrameType | None) -> None:
    line = b"tcpgoon: interrupted\n"
    with suppress(OSError):  # where nobody is there to read it, the status says it
        os.write(2, b"\n" + line if os.isatty(2) else line)  # a question may stand on the terminal's last line
    os._exit(1)
