"""The server's counters, in memory that its worker processes share."""

import mmap
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

_FIELDS = ("accepted", "peak", "refused", "held", "starved")
_ACCEPTED, _PEAK, _REFUSED, _HELD, _STARVED = range(len(_FIELDS))
_LINE = re.compile(r"Accepted: (\d+), Held at most: (\d+), Refused: (\d+), Held now: (\d+)")


class Counts(msgspec.Struct, frozen=True):
    """What a server did. A connection is either accepted (and then held) or refused, never both."""

    accepted: int
    peak: int
    """The most that were held at once."""
    refused: int
    """Taken above the limit and closed or reset at once."""
    held: int
    """Held now, or, once the server has ended, at its end."""
    starved: int = 0
    """How often accepting had to wait because this process or the machine had no descriptor left."""

    def __str__(self) -> str:
        return f"Accepted: {self.accepted}, Held at most: {self.peak}, Refused: {self.refused}, Held now: {self.held}"

    @classmethod
    def parse(cls, text: str) -> "Counts | None":
        """The counts in a line that ``str`` made, or ``None`` where ``text`` has no such line."""
        match = _LINE.search(text)
        return cls(*map(int, match.groups())) if match else None


class Tally:
    """Counters that several processes write and any thread reads.

    The lock is a POSIX record lock on the memory's own descriptor: the kernel drops it when its holder dies, so a
    killed worker leaves no other one waiting. One process alone needs none.
    """

    def __init__(self, fd: int, *, shared: bool) -> None:
        self.fd = fd
        self._shared = shared
        self._memory = mmap.mmap(fd, 8 * len(_FIELDS))
        self._cells: memoryview[int] | list[int] = memoryview(self._memory).cast("q")

    @classmethod
    def create(cls, *, shared: bool) -> "Tally":
        """A tally of zeros in new memory."""
        fd = os.memfd_create("tcpgoon-tally")
        os.ftruncate(fd, 8 * len(_FIELDS))
        return cls(fd, shared=shared)

    def count_accepted(self) -> None:
        """One more connection is held."""
        with self._locked():
            held = self._cells[_HELD] + 1
            self._cells[_ACCEPTED] += 1
            self._cells[_PEAK] = max(self._cells[_PEAK], held)
            self._cells[_HELD] = held  # last: no thread that reads ever sees more held than the peak

    def count_ended(self) -> None:
        """One connection less is held."""
        with self._locked():
            self._cells[_HELD] -= 1

    def count_refused(self) -> None:
        """One connection was above the limit."""
        with self._locked():
            self._cells[_REFUSED] += 1

    def count_starved(self) -> None:
        """Accepting had to wait for a descriptor."""
        with self._locked():
            self._cells[_STARVED] += 1

    def counts(self) -> Counts:
        """The counters now; they can still be read after `close`."""
        with self._locked():
            return Counts(*self._cells)

    def close(self) -> None:
        """Give the memory back."""
        if isinstance(self._cells, memoryview):
            shared, self._cells = self._cells, self._cells.tolist()
            shared.release()
            self._memory.close()
            os.close(self.fd)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._shared or isinstance(self._cells, list):
            yield
            return
        os.lockf(self.fd, os.F_LOCK, 0)
        try:
            yield
        finally:
            os.lockf(self.fd, os.F_ULOCK, 0)
