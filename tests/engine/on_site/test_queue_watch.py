"""The accept queue from one look to the next."""

import threading
import time

import pytest

from tcpgoon.engine.on_site import queue_watch
from tcpgoon.engine.on_site.queue_watch import Queue, QueueWatch


@pytest.mark.parametrize(
    ("lengths", "most", "stood_s"),
    [
        ([], 0, 0),
        ([0, 0, 0], 0, 0),
        ([3], 3, 0),
        ([3, 3, 3], 3, 2),
        ([0, 3, 5, 5], 5, 2),
        ([9, 3, 5, 5], 9, 2),
        ([9, 5, 4, 3], 9, 0),
        ([9, 9, 0], 9, 0),
        ([9, 0, 9, 9], 9, 1),
    ],
)
def test_for_how_long_nobody_took_from_it(lengths: list[int], most: int, stood_s: float) -> None:
    """A look each second, and the question at the time of the last one."""
    queue = Queue()
    for second, length in enumerate(lengths):
        queue.was(length, float(second))
    assert (queue.most, queue.stood_s(max(0.0, len(lengths) - 1.0))) == (most, stood_s)


def test_it_looks_until_it_is_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_watch, "EVERY_S", 0.001)
    looks, seen = iter(range(1, 1_000_000)), threading.Event()

    def look() -> int:
        length = next(looks)
        if length == 5:
            seen.set()
        return length

    queue = Queue()
    watch = QueueWatch(queue, look, time.monotonic)
    watch.begin()
    assert seen.wait(30)
    watch.end()
    most = queue.most
    assert most >= 5
    assert next(looks) == most + 1


def test_it_ends_by_itself_where_it_cannot_look() -> None:
    def look() -> int:
        raise OSError

    queue = Queue()
    watch = QueueWatch(queue, look, time.monotonic)
    watch.begin()
    watch._thread.join(30)
    assert not watch._thread.is_alive()
    watch.end()
    assert queue.most == 0


def test_one_that_never_began_ends() -> None:
    QueueWatch(Queue(), lambda: 1, time.monotonic).end()
