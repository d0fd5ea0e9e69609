"""One direction of the path between the hosts: when each packet is due, and which are lost. No clock, no sockets."""

from collections import deque
from collections.abc import Iterator
from random import Random

ROOM = 200_000
"""Packets that are on their way at most: above it they are dropped, as a router does, and counted."""


class Direction:
    """Packets that were taken come out ``delay_s`` later, in their order, but for those that are lost.

    Whether a packet is lost depends on its number and on ``seed`` alone: the same ones for the same seed.
    """

    def __init__(self, delay_s: float, loss: float, seed: str, room: int = ROOM) -> None:
        self.taken = self.lost = self.cut_off = self.overflowed = self.delivered = 0
        self.is_cut = False
        self._delay_s = delay_s
        self._loss = loss
        self._random = Random(seed)
        self._room = room
        self._on_the_way: deque[tuple[float, bytes]] = deque()

    def take(self, packet: bytes, now: float) -> None:
        """A packet that came in ``now``."""
        self.taken += 1
        # Drawn for every packet, also for one that goes no further for another reason: so the numbers stay the same.
        if self._random.random() < self._loss:
            self.lost += 1
        elif self.is_cut:
            self.cut_off += 1
        elif len(self._on_the_way) >= self._room:
            self.overflowed += 1
        else:
            self._on_the_way.append((now + self._delay_s, packet))

    def due(self, now: float) -> Iterator[bytes]:
        """The packets whose time has come, each once."""
        while self._on_the_way and self._on_the_way[0][0] <= now:
            self.delivered += 1
            yield self._on_the_way.popleft()[1]

    @property
    def next_due(self) -> float:
        """When the next one is due; infinity if none is on its way."""
        return self._on_the_way[0][0] if self._on_the_way else float("inf")

    def cut(self) -> None:
        """From now on nothing comes out: neither what comes in nor what is on its way."""
        self.is_cut = True
        self.cut_off += len(self._on_the_way)
        self._on_the_way.clear()

    def mend(self) -> None:
        """What comes in from now on comes out again."""
        self.is_cut = False

    def counts(self) -> dict[str, int]:
        """What became of the packets so far."""
        return {
            "taken": self.taken,
            "delivered": self.delivered,
            "lost": self.lost,
            "cut": self.cut_off,
            "overflowed": self.overflowed,
        }


def is_chatter(packet: bytes) -> bool:
    """IPv6 multicast: what the kernels say about themselves. It would take numbers in the sequence that is lost."""
    return packet[0] >> 4 == 6 and packet[24] == 0xFF
