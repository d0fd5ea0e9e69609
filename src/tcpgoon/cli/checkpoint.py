"""The file of a soak's checkpoints: named on stderr at the start, and taken away at the end if nobody asked for it."""

import os
from datetime import datetime
from pathlib import Path

from tcpgoon.cli.output import complain
from tcpgoon.errors import SavedFileError, UsageError
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.report.files import File, place_of
from tcpgoon.result import Result


class Checkpoint:
    """Where the checkpoints go: to the file ``save``, or else, and where that is none, to one in the current folder."""

    def __init__(self, save: str | None) -> None:
        asked = place_of(save) if save else None
        self._is_ours = not isinstance(asked, File)
        self._path = default_path() if self._is_ours or not save else save
        self._place = asked if isinstance(asked, File) else File(self._path)
        self._works = True

    def announce(self, every_s: float) -> None:
        """Say where they go and how often; or that there are none."""
        try:
            self._place.check()
        except UsageError as exc:
            self._works = False
            complain(f"no checkpoints: {exc}; --save FILE says where else")
            return
        path, every = printable(self._path), format_duration(every_s)
        complain(f"a checkpoint every {every} in {path}; should this be killed: tcpgoon report {path}")

    def keep(self, so_far: Result) -> None:
        """Put ``so_far`` into the file, which is replaced as a whole; where that fails, it is said, once."""
        if not self._works:
            return
        from tcpgoon.saved.file import saved  # with numpy, which takes a while

        try:
            self._place.write([saved(so_far)])
        except (OSError, SavedFileError, MemoryError) as exc:
            self._works = False
            why = getattr(exc, "strerror", None) or str(exc) or "not enough memory"
            complain(f"no more checkpoints: {printable(self._path)} cannot be written: {why}")

    def over(self) -> None:
        """All is reported: nobody needs it any more, unless it is the file that was asked for."""
        if self._is_ours:
            Path(self._path).unlink(missing_ok=True)


def default_path() -> str:
    """No two processes have the same at a time."""
    return f"tcpgoon-soak-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.tcpgoon"
