"""When the server ends: it is told to, its time is over, or whoever keeps its lifeline is gone."""

import os
import threading
import time


class Ending:
    """The three ends of a server, for its loop to wait for.

    ``lifeline`` is a descriptor that stays open as long as the server is wanted: the end of the file is the end of
    the server, even when the process at its other end was killed. What arrives on it is dropped. ``duration_s``
    counts from now.
    """

    def __init__(self, duration_s: float | None = None, lifeline: int | None = None) -> None:
        self._told = False
        self._deadline = None if duration_s is None else time.monotonic() + duration_s
        self._lifeline = lifeline
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        # Reentrant, because stop() may run in a signal handler that interrupted close() in the same thread.
        self._lock = threading.RLock()

    def stop(self) -> None:
        """End the server: from any thread, from a signal handler, any number of times."""
        with self._lock:
            self._told = True
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)

    def is_over(self) -> bool:
        """Whether one of the ends has come."""
        return self._told or (self._deadline is not None and time.monotonic() >= self._deadline)

    def filenos(self) -> list[int]:
        """The descriptors to wait for; `heed` says what it means that one is ready."""
        return [self._wake] if self._lifeline is None else [self._wake, self._lifeline]

    def heed(self, fd: int) -> None:
        """``fd``, one of `filenos`, is ready."""
        if fd == self._wake or _at_end(fd):
            self._told = True

    def remaining_s(self, now: float) -> float | None:
        """How long the server still has, at least 0; ``None`` is for ever."""
        return None if self._deadline is None else max(self._deadline - now, 0.0)

    def close(self) -> None:
        """Give the descriptor back; `stop` does nothing from now on."""
        with self._lock:
            wake, self._wake = self._wake, -1
            if wake >= 0:
                os.close(wake)


def _at_end(fd: int) -> bool:
    try:
        return not os.read(fd, 4096)
    except BlockingIOError:  # somebody else reads it too, and was faster
        return False
    except OSError:  # a terminal that hung up
        return True
