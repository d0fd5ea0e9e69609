"""The file of a soak's checkpoints: named on stderr at the start, and taken away at the end if nobody asked for it."""

import os
from contextlib import suppress
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
        self._is_ours = not (save and isinstance(asked, File))
        self._path = save if save and isinstance(asked, File) else default_path()
        self._place: File | None = None
        """None: there is none, or none any more."""

    def announce(self, every_s: float) -> None:
        """Say where they go and how often; or that there are none."""
        try:
            place = File(self._path)
            place.check()
        except (UsageError, OSError) as exc:  # OSError: the current folder is no more
            complain(f"no checkpoints: {getattr(exc, 'strerror', None) or exc}; --save FILE says where else")
            return
        self._place = place
        path, every = printable(self._path), format_duration(every_s)
        complain(f"a checkpoint every {every} in {path}; should this be killed: tcpgoon report {path}")

    def keep(self, so_far: Result) -> None:
        """Put ``so_far`` into the file, which is replaced as a whole; where that fails, it is said, once."""
        if self._place is None:
            return
        from tcpgoon.saved.file import saved  # with numpy, which takes a while

        try:
            self._place.write([saved(so_far)])
        except (OSError, SavedFileError, MemoryError) as exc:
            self._place = None
            why = getattr(exc, "strerror", None) or str(exc) or "not enough memory"
            complain(f"no more checkpoints: {printable(self._path)} cannot be written: {why}")

    def over(self) -> None:
        """All is reported: nobody needs it any more, unless it is the file that was asked for."""
        if self._is_ours:
            with suppress(OSError):
                Path(self._path).unlink()


def default_path() -> str:
    """No two processes have the same at a time."""
    return f"tcpgoon-soak-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.tcpgoon"
