"""A terminal: a pseudo-terminal with somebody behind it who obeys what is written there, and can be looked at."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import pyte

LIMIT_S = 60

FRAMED = b"\x1b[?7h"
"""What a frame of the live view ends with."""


class Terminal:
    """Of so many ``columns`` and ``lines``. Used by ``with``."""

    def __init__(self, columns: int = 80, lines: int = 50) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._child: subprocess.Popen[bytes] | None = None
        self.written = b""
        """All that was written on it."""
        self.seen: list[list[str]] = []
        """What it showed, each time that something was written."""
        self._ours, self.fd = pty.openpty()
        self._set_size(columns, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child:
            self._child.kill()
            self._child.wait(LIMIT_S)
        self.hang_up()
        if self.fd >= 0:
            os.close(self.fd)

    def run(self, *words: str, stderr: int | None = None, term: str = "xterm-256color", **env: str) -> None:
        """Run a program on it; its own end is closed then."""
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self._child = subprocess.Popen(
            words,
            stdin=self.fd,
            stdout=self.fd,
            stderr=self.fd if stderr is None else stderr,
            env={**inherited, "TERM": term, "PYTHONIOENCODING": "utf-8", **env},
            start_new_session=True,  # whoever is at the keyboard interrupts by a signal, as `send` does
        )
        os.close(self.fd)
        self.fd = -1

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        assert self._child
        self._child.send_signal(number)

    def type(self, text: str) -> None:
        """The user types that."""
        os.write(self._ours, text.encode())

    def resize(self, columns: int, lines: int) -> None:
        """The user changes the size of the window."""
        self._screen.resize(lines, columns)
        self._set_size(columns, lines)

    def hang_up(self) -> None:
        """The terminal goes away."""
        if self._ours >= 0:
            os.close(self._ours)
        self._ours = -1

    def read(self, limit_s: float = LIMIT_S) -> bool:
        """Take in what is written next; False once nobody is left to write."""
        assert select.select([self._ours], [], [], limit_s)[0], "\n".join(self.lines)
        try:
            piece = os.read(self._ours, 65_536)
        except OSError:  # EIO: the other end is closed
            return False
        self.written += piece
        self._stream.feed(piece)
        self.seen.append(self.lines)
        return bool(piece)

    def wait_for(self, condition: Callable[[list[str]], object]) -> None:
        """Read until the lines on it are as they should be."""
        deadline = time.monotonic() + LIMIT_S
        while not condition(self.lines):
            assert self.read(max(0.0, deadline - time.monotonic())), "\n".join(self.lines)

    def wait_for_frame(self, condition: Callable[[list[str]], object]) -> None:
        """The same, and a frame of the live view has been drawn to its end, since the last one that was waited for."""
        self.written = b""
        self.wait_for(lambda lines: self.written.endswith(FRAMED) and condition(lines))

    def comes_to_show(self, lines: list[str], cursor: tuple[int, int] | None = None) -> None:
        """Read until there is just that on it, and its cursor there."""
        self.wait_for(lambda seen: seen == lines and cursor in (None, self.cursor))

    def read_to(self, ending: bytes) -> None:
        """Read until that is the end of what was written."""
        while not self.written.endswith(ending):
            assert self.read(), self.written

    def end(self) -> int:
        """Read all; the exit status of the program."""
        assert self._child
        while self._ours >= 0 and self.read():
            pass
        return self._child.wait(LIMIT_S)

    @property
    def lines(self) -> list[str]:
        """What is on it, without the empty lines at its end."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n").split("\n")

    @property
    def cursor(self) -> tuple[int, int]:
        """The line and the column of its cursor."""
        return self._screen.cursor.y, self._screen.cursor.x

    @property
    def is_as_before(self) -> bool:
        """Whether its cursor is shown, and long lines are broken: what every program relies on."""
        return not self._screen.cursor.hidden and pyte.modes.DECAWM in self._screen.mode

    def _set_size(self, columns: int, lines: int) -> None:
        with suppress(OSError):
            fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if self._child:
            self._child.send_signal(signal.SIGWINCH)
