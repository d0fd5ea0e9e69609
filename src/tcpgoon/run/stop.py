"""Stopping a run from elsewhere: a signal handler, another thread."""

from collections.abc import Callable


class Stop:
    """A request that a run ends now. It may come before the run has begun, while it goes on, or too late."""

    def __init__(self) -> None:
        self.requested = False
        self._act: Callable[[], None] | None = None

    def request(self) -> None:
        """Ask for the end; safe in a signal handler and from any thread."""
        self.requested = True
        if self._act:
            self._act()

    def when_requested(self, act: Callable[[], None]) -> None:
        """Call ``act`` at the request, which may have come already."""
        self._act = act
        if self.requested:
            act()
