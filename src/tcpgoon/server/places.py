"""The limit of concurrent connections, exact over any number of processes."""

import os


class Places:
    """As many places as connections may be held at once.

    The kernel counts them: an eventfd in semaphore mode is taken from and given to atomically by every process that
    has it, and it is readable as long as a place is free, so that who waits for one is woken by its epoll.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def create(cls, limit: int) -> "Places":
        """``limit`` free places."""
        return cls(os.eventfd(limit, os.EFD_CLOEXEC | os.EFD_NONBLOCK | os.EFD_SEMAPHORE))

    def take(self) -> bool:
        """Take a place; ``False`` where none is free."""
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return False
        return True

    def give_back(self) -> None:
        """Free a place that was taken."""
        os.eventfd_write(self.fd, 1)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)
