"""While it runs, on a terminal: a few lines that are drawn again and again, and are gone when the run is over.

After each frame the cursor goes back to its beginning. Terminals that are resized keep the cursor where it stands in
the text, however they break the lines anew; so the next frame is drawn over this one, whatever the user does to the
window. And whoever writes next, the report or the shell, writes over it, too: the cursor is never hidden, no mode of
the terminal is left changed, and nothing has to be undone where we are killed.
"""

import os
import threading
from contextlib import suppress
from typing import TextIO

from rich.console import Console

from tcpgoon.record.counts import Snapshot
from tcpgoon.record.events import ConnectionEvent
from tcpgoon.report.frame import IN_ASCII, frame
from tcpgoon.report.printed import Paper
from tcpgoon.report.status import StatusLines, write

# ECMA-48, by their names there; DECAWM, which breaks what is too long for a line, is DEC's.
_NO_AUTOWRAP, _AUTOWRAP = "\x1b[?7l", "\x1b[?7h"
_ERASE_REST_OF_LINE, _ERASE_BELOW = "\x1b[K", "\x1b[J"
_ERASE = f"\r{_ERASE_BELOW}"

_SIZE = 80, 24
"""Of a terminal that does not tell."""


class LiveView:
    """A monitor that draws on the terminal ``out``; connection events go to ``log``, where it is given.

    A terminal that has gone is drawn on no more: a run does not fail because nobody looks.
    """

    wants_live = True

    def __init__(self, out: TextIO, log: TextIO | None = None) -> None:
        self.wants_events = log is not None
        self._lines = StatusLines(None, log)
        self._out: TextIO | None = out
        self._fd = out.fileno()
        self._drawing = threading.Lock()
        self._is_drawn = False
        self._paper = Paper(out)
        self._console = Console(
            file=self._paper,
            force_terminal=True,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            highlight=False,
        )

    def snapshot(self, snapshot: Snapshot) -> None:
        """Draw a frame, in one piece: nothing flickers."""
        columns, lines = self._size()
        text = self._rendered(snapshot, max(1, columns - 1), max(1, lines - 1))
        with self._drawing:
            self._is_drawn = True
            self._out = write(self._out, text)

    def events(self, events: list[ConnectionEvent]) -> None:
        """One line for each event."""
        self._lines.events(events)

    def over(self) -> None:
        """Leave the terminal as if nothing had been drawn."""
        with self._drawing:
            if self._is_drawn:
                self._out = write(self._out, _ERASE)
            self._is_drawn = False

    def leave(self) -> None:
        """The same for a signal handler that ends the process: whoever draws may be in the midst of it."""
        if self._is_drawn and self._out:
            # A terminal that takes nothing now is not waited for.
            with suppress(OSError):
                os.set_blocking(self._fd, False)
                os.write(self._fd, f"{_AUTOWRAP}{_ERASE}".encode())
            with suppress(OSError):
                os.set_blocking(self._fd, True)  # the shell has the same terminal

    def _size(self) -> tuple[int, int]:
        """Its columns and lines, at this moment."""
        try:
            columns, lines = os.get_terminal_size(self._fd)
        except OSError:
            return _SIZE
        return columns or _SIZE[0], lines or _SIZE[1]

    def _rendered(self, snapshot: Snapshot, columns: int, lines: int) -> str:
        self._console.width = columns
        self._paper.seek(0)
        self._paper.truncate()
        shown = frame(snapshot, self._console, columns, lines)
        for line in shown:
            self._console.print(line, soft_wrap=True)
        text = f"{_ERASE_REST_OF_LINE}\r\n".join(self._paper.getvalue().splitlines())
        if not self._console.encoding.startswith("utf"):
            text = text.translate(IN_ASCII)
        up = f"\x1b[{len(shown) - 1}A" if len(shown) > 1 else ""
        return f"{_NO_AUTOWRAP}\r{text}{_ERASE_BELOW}{up}\r{_AUTOWRAP}"
