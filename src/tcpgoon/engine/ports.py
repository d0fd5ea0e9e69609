"""Which local port a dial is to use, so that the second half of the ephemeral ports is as fast as the first.

``connect()`` without ``bind()`` looks for a free port of one parity first (``__inet_hash_connect()``, net/ipv4/
inet_hashtables.c: the parity of the lower end of the range). The fuller that half is, the longer it walks, and once it
is full every further ``connect()`` walks all of it before it tries the other: 37,000 dials a second become 1,200. So
the choice is left to the kernel only while that half is rather empty, which spares a system call a dial; then we name
the port ourselves, the other parity first. Ports are visited with a stride, not in a row: a stretch that is in use
costs a few tries here and there rather than thousands at once.
"""

import sys
from array import array
from collections.abc import Iterator
from math import gcd
from typing import Self

PLAIN_SHARE = 3 / 8
"""The share of the range up to which the kernel chooses: three quarters of its half."""


class Ports:
    """The local ports ``low`` to ``high`` (inclusive) of one source address, of which ``busy`` are taken already.

    ``forbidden`` ports are never named: those that are reserved for a service, which an explicit choice would take.

    ``next()`` names the port of the next dial; 0 leaves the choice to the kernel. A port that proves to be taken is
    passed over with ``next()`` again, at most `budget` times: then none is free.
    """

    def __init__(
        self, low: int, high: int, busy: int = 0, seed: int = 0, forbidden: frozenset[int] = frozenset()
    ) -> None:
        self.size = high - low + 1
        self.known = len(forbidden) < self.size
        """Whether no connection can come from a forbidden port. Where all are forbidden, one has to be named."""
        self._plain = max(0, int(self.size * PLAIN_SHARE) - busy)
        self._low, self._seed, self._forbidden = low, seed, forbidden
        self._order: array[int] | None = None
        self._place = -1
        self.budget = self.size

    @classmethod
    def of_the_kernel(cls) -> Self:
        """Ports that are all left to the kernel, where its range is not known."""
        ports = cls(0, 0)
        ports._plain = sys.maxsize
        ports.known = False
        return ports

    def prepare(self, dials: int) -> None:
        """Put the ports in order if that many dials need it: several ms, which no dial is to wait for."""
        if self._order is None and dials > self._plain:
            every = _visited(self._low, self.size, self._seed)
            self._order = array("H", (port for port in every if port not in self._forbidden)) or every

    def next(self) -> int:
        """The port to try, or 0 for the kernel's choice."""
        if self._plain:
            self._plain -= 1
            return 0
        self.prepare(1)
        assert self._order  # noqa: S101 - it has just been made
        self._place += 1
        return self._order[self._place % len(self._order)]

    def taken(self) -> bool:
        """The port just named is in use; whether another is worth trying.

        A dial may try the whole range once. After that each dial tries one port only until one is free again, so that
        a client without ports fails its dials fast instead of walking the range for each.
        """
        self.budget -= 1
        return self.budget > 0

    def used(self) -> None:
        """The port just named was free."""
        self.budget = self.size


def _visited(low: int, size: int, seed: int) -> "array[int]":
    """Every port once: the parity that the kernel leaves for last comes first, each half by a stride."""
    return array("H", (low + 1 + 2 * k for k in _strided(size // 2, seed))) + array(
        "H", (low + 2 * k for k in _strided((size + 1) // 2, seed))
    )


def _strided(count: int, seed: int) -> Iterator[int]:
    """The numbers from 0 to ``count`` - 1, each once, in steps of about 0.38 of ``count``, from a place by ``seed``."""
    stride = max(1, int(count * 0.381966))
    while gcd(stride, count) > 1:
        stride += 1
    return ((seed + k * stride) % count for k in range(count))
