"""The path as a process: it reads packets from each TUN device and writes them to the other one when they are due.

A process, so that it shares no interpreter lock with the test: one that computes does not delay the packets.

It is driven by lines on standard input, ``cut to-client``, ``mend to-server`` or ``counts``, and answers each with the
counts of both directions. When its input ends, also because the test was killed, it kills what is still inside the two
namespaces and ends; the devices go with it.
"""

import json
import os
import select
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

from tests.netlab.namespace import kill_all_inside
from tests.netlab.path import Direction, is_chatter

DIRECTIONS = ("to-server", "to-client")

_LARGEST = 2048
"""Bytes: more than a packet has, since the devices keep the usual MTU of 1,500."""
_BATCH = 64
"""Packets read from a device before the other one, and those that are due, have their turn."""
_URGENT = -15
"""Niceness: a packet that waits for the processor has more delay than was asked for."""


class Relay:
    """Carries packets between two TUN devices until its input ends."""

    def __init__(self, client: int, server: int, directions: Mapping[str, Direction], *, control: int) -> None:
        self._directions = directions
        to_server, to_client = (directions[name] for name in DIRECTIONS)
        # Each device, what is done with packets read from it, and where they go.
        self._ways = {client: (to_server, server), server: (to_client, client)}
        self._control = control
        self._unread = b""

    def run(self) -> None:
        """Carry packets and obey."""
        sources = [*self._ways, self._control]
        while True:
            # select(), because its time limit is in µs; poll and epoll would round to ms.
            for fd in select.select(sources, [], [], self._patience_s())[0]:
                if fd != self._control:
                    self._take(fd)
                elif not self._obey():
                    return
            self._deliver()

    def _patience_s(self) -> float | None:
        due = min(direction.next_due for direction in self._directions.values())
        return None if due == float("inf") else max(due - time.monotonic(), 0)

    def _take(self, fd: int) -> None:
        direction, _ = self._ways[fd]
        now = time.monotonic()
        with suppress(BlockingIOError):
            for _ in range(_BATCH):
                packet = os.read(fd, _LARGEST)
                if not is_chatter(packet):
                    direction.take(packet, now)

    def _deliver(self) -> None:
        now = time.monotonic()
        for direction, destination in self._ways.values():
            for packet in direction.due(now):
                os.write(destination, packet)

    def _obey(self) -> bool:
        """Carry out the lines that have come; false at the end of the input."""
        said = os.read(self._control, 4096)
        *lines, self._unread = (self._unread + said).split(b"\n")
        for line in lines:
            verb, *names = line.decode().split()
            for name in names:
                getattr(self._directions[name], verb)()
            counts = {name: direction.counts() for name, direction in self._directions.items()}
            sys.stdout.write(json.dumps(counts) + "\n")
            sys.stdout.flush()
        return bool(said)


def main() -> None:
    """Relay as the one argument, in JSON, says."""
    asked = json.loads(sys.argv[1])
    # The lowest free numbers: select() knows none from 1,024 on, and whoever started us may have many open.
    client, server = (os.dup(fd) for fd in asked["devices"])
    for fd in asked["devices"]:
        os.close(fd)
    os.setpriority(os.PRIO_PROCESS, 0, _URGENT)
    directions = {name: Direction(asked["delay_s"], asked["loss"], f"{asked['seed']} {name}") for name in DIRECTIONS}
    try:
        Relay(client, server, directions, control=0).run()
    finally:
        kill_all_inside(asked["namespaces"])


if __name__ == "__main__":
    main()
