"""Which local port a dial is to use, so that the second half of the ephemeral ports is as fast as the first.

``connect()`` without ``bind()`` looks for a free port of one parity first (``__inet_hash_connect()``, net/ipv4/
inet_hashtables.c: the parity of the lower end of the range). The fuller that half is, the longer it walks, and once it
is full every further ``connect()`` walks all of it before it tries the other: 37,000 dials a second become 1,200. So
the choice is left to the kernel only while that half is rather empty, which spares a system call a dial; then we name
the port ourselves, the other parity first. Ports are visited with a stride, not in a row: a stretch that is in use
costs a few tries here and there rather than thousands at once.

Where several processes dial from one address to one destination, each names the ports of its own `Slice` from the first
dial on, so that no two of them try the same one and each port is somebody's. All see the same ports in the same order,
without a word between them: it depends on the range alone. Only where a whole slice is in use, by others than us, are
the ports of the other slices tried: what one process misses, another may have left over.

Nothing is stored but where we are: a million connections have dozens of processes with dozens of addresses each.
"""

import sys
from bisect import bisect_right
from collections.abc import Iterator
from math import gcd
from typing import NamedTuple, Self

PLAIN_SHARE = 3 / 8
"""The share of the range up to which the kernel chooses: three quarters of its half."""


class Slice(NamedTuple):
    """The dials ``first`` up to ``stop`` (exclusive) of the ``of`` that are made to one destination from one address.

    Its ports are that share of all: as many as its dials or more, if they suffice for all of them.
    """

    first: int
    stop: int
    of: int

    def of_ports(self, count: int) -> range:
        """Which of ``count`` ports are its own. Slices that follow one another have ports that do."""
        if not self.of:
            return range(0)
        return range(self.first * count // self.of, self.stop * count // self.of)


class Ports:
    """The local ports ``low`` to ``high`` (inclusive) of one source address, of which ``busy`` are taken already.

    ``forbidden`` ports are never named: those that are reserved for a service, which an explicit choice would take.
    With a slice that is ``mine``, its ports are named first, and none is left to the kernel; None: we dial alone.

    ``next()`` names the port of the next dial; 0 leaves the choice to the kernel. A port that proves to be taken is
    passed over with ``next()`` again, at most `budget` times: then none is free.
    """

    def __init__(
        self,
        low: int,
        high: int,
        busy: int = 0,
        seed: int = 0,
        forbidden: frozenset[int] = frozenset(),
        mine: Slice | None = None,
    ) -> None:
        self.size = high - low + 1
        self.known = len(forbidden) < self.size
        """Whether no connection can come from a forbidden port. Where all are forbidden, one has to be named."""
        every = _Range(low, high, forbidden if self.known else frozenset())
        if mine is None:
            self._plain = max(0, int(self.size * PLAIN_SHARE) - busy)
            self._rounds = [_Round(self.size, every.the_kernels_last_first(seed))]
        else:
            self._plain = 0
            self._rounds = every.one_before_the_others(mine, seed)
        self._name = self._rounds[0].ports.__next__
        self._in_a_row = 0
        self.budget = self.size

    @classmethod
    def of_the_kernel(cls) -> Self:
        """Ports that are all left to the kernel, where its range is not known."""
        ports = cls(0, 0)
        ports._plain = sys.maxsize
        ports.known = False
        return ports

    def next(self) -> int:
        """The port to try, or 0 for the kernel's choice."""
        if self._plain:
            self._plain -= 1
            return 0
        return self._name()

    def taken(self) -> bool:
        """The port just named is in use; whether another is worth trying.

        A dial may try the whole range once. After that each dial tries one port only until one is free again, so that
        a client without ports fails its dials fast instead of walking the range for each.
        """
        self.budget -= 1
        self._in_a_row += 1
        if self._in_a_row == self._rounds[0].size:
            self._rounds.append(self._rounds.pop(0))
            self._name = self._rounds[0].ports.__next__
            self._in_a_row = 0
        return self.budget > 0

    def used(self) -> None:
        """The port just named was free."""
        self.budget = self.size
        self._in_a_row = 0


class _Round(NamedTuple):
    """So many different ports, which are named again and again."""

    size: int
    ports: Iterator[int]


class _Range:
    """The ports ``low`` to ``high`` (inclusive) but for those that are ``forbidden``."""

    def __init__(self, low: int, high: int, forbidden: frozenset[int]) -> None:
        self._low, self._size, self._forbidden = low, high - low + 1, forbidden

    def the_kernels_last_first(self, seed: int) -> Iterator[int]:
        """The parity that the kernel leaves for last comes first, each half by a stride."""
        while True:
            for first, count in ((self._low + 1, self._size // 2), (self._low, (self._size + 1) // 2)):
                for k in _strided(count, seed):
                    if (port := first + 2 * k) not in self._forbidden:
                        yield port

    def one_before_the_others(self, mine: Slice, seed: int) -> list[_Round]:
        """The ports of one slice, and those of the others, by the same stride; a round that has none is left out."""
        left_out = sorted(port for port in self._forbidden if 0 <= port - self._low < self._size)
        # How many usable ports there are below each that is left out: the k-th usable one passes over those up to k.
        below = [port - self._low - k for k, port in enumerate(left_out)]
        usable = self._size - len(left_out)
        own, stride = mine.of_ports(usable), _stride(usable)

        def visited(begin: int, count: int) -> Iterator[int]:
            at = seed
            while True:
                k = (begin + at % count) * stride % usable
                yield self._low + k + bisect_right(below, k)
                at += 1

        rounds = ((own.start, len(own)), (own.stop, usable - len(own)))
        return [_Round(count, visited(begin, count)) for begin, count in rounds if count]


def _strided(count: int, seed: int) -> Iterator[int]:
    """The numbers from 0 to ``count`` - 1, each once, in steps of about 0.38 of ``count``, from a place by ``seed``."""
    stride = _stride(count)
    return ((seed + k * stride) % count for k in range(count))


def _stride(count: int) -> int:
    stride = max(1, int(count * 0.381966))
    while gcd(stride, count) > 1:
        stride += 1
    return stride
