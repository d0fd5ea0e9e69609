"""The server's counters, in memory that its worker processes share."""

import mmap
import os
import re
import struct
from typing import Self

import msgspec

_FIELDS = ("accepted", "ended", "refused", "starved", "peak")
_CELL_BYTES = 8
_LINE = re.compile(r"Accepted: (\d+), Held at most: (\d+), Refused: (\d+), Held now: (\d+)")


class Counts(msgspec.Struct, frozen=True):
    """What a server did. A connection is either accepted (and then held) or refused, never both."""

    accepted: int
    peak: int
    """The most that were held at once; where several processes count, the most that were seen to be."""
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

    Each process writes its own and no other's, so that nobody ever waits, for the living or for the dead. All that is
    counted only grows. So what two readings agree on was true at one instant between them, and so was its sum.

    The peak can only be just before a connection ends, and so it is looked for there. That is exact where one process
    counts. Of several it is what was held at some instant; what escapes is one more for each that another process
    accepts between that look and that end.
    """

    def __init__(self, fd: int, workers: int = 1, worker: int = 0) -> None:
        self.fd = fd
        self._workers = workers
        self._memory = mmap.mmap(fd, _size(workers))
        self._cells = memoryview(self._memory).cast("q")  # field by field: the sum over all workers is that of a slice
        self._last = b""
        self._accepted_then = b""
        own = (field * workers + worker for field in range(len(_FIELDS)))
        self._accepted, self._ended, self._refused, self._starved, self._peak = own

    @classmethod
    def create(cls, workers: int = 1) -> Self:
        """A tally of zeros in new memory."""
        fd = os.memfd_create("tcpgoon-tally")
        os.ftruncate(fd, _size(workers))
        return cls(fd, workers)

    def count_accepted(self) -> None:
        """One more connection is held."""
        self._cells[self._accepted] += 1

    def count_ended(self) -> None:
        """One connection less is held."""
        self._note_peak()
        self._cells[self._ended] += 1

    def count_refused(self) -> None:
        """One connection was above the limit."""
        self._cells[self._refused] += 1

    def count_starved(self) -> None:
        """Accepting had to wait for a descriptor."""
        self._cells[self._starved] += 1

    def counts(self) -> Counts:
        """The counters now; they can still be read after `close`."""
        cells, workers = struct.unpack(f"{len(_FIELDS) * self._workers}q", self._read()), self._workers
        accepted, ended, refused, starved = (sum(cells[field * workers :][:workers]) for field in range(4))
        held = accepted - ended
        return Counts(accepted, max(held, *cells[-workers:]), refused, held, starved)

    def close(self) -> None:
        """Give the memory back."""
        if not self._memory.closed:
            self._last = self._read()
            self._cells.release()
            self._memory.close()
            os.close(self.fd)

    def _note_peak(self) -> None:
        if (accepted := self._memory[: self._workers * _CELL_BYTES]) != self._accepted_then:
            self._accepted_then = accepted  # before the sum: who is accepted meanwhile is looked at again
            self._cells[self._peak] = self.counts().peak

    def _read(self) -> bytes:
        """All cells as they were at one instant."""
        if self._memory.closed:
            return self._last
        read = self._memory[:]
        while (again := self._memory[:]) != read:
            read = again
        return read


def _size(workers: int) -> int:
    return len(_FIELDS) * workers * _CELL_BYTES
