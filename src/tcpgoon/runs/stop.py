"""Stopping a run from elsewhere: a signal handler, another thread."""

import time
from collections.abc import Callable


class Stop:
    """A request that a run ends now. It may come before the run has begun, while it goes on, or too late."""

    def __init__(self) -> None:
        self.requested = False
        self._requested_at = 0.0
        self._act: Callable[[], None] | None = None

    def request(self) -> None:
        """Ask for the end; safe in a signal handler and from any thread."""
        if not self.requested:
            self._requested_at = time.monotonic()
        self.requested = True
        if self._act:
            self._act()

    @property
    def is_heard(self) -> bool:
        """Whether a run has begun that a request ends; one that begins after a request opens nothing."""
        return self._act is not None

    def requested_s_ago(self) -> float:
        """Seconds since the first request."""
        return time.monotonic() - self._requested_at

    def when_requested(self, act: Callable[[], None]) -> None:
        """Call ``act`` at the request, which may have come already."""
        self._act = act
        if self.requested:
            act()
