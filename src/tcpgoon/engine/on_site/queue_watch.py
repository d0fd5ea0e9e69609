"""The accept queue while the run goes on: how long it was at the most, and whether anybody empties it.

A thread of its own looks ten times a second, and less often where a look takes long: it never takes more than a
hundredth of the time of one core.
"""

import threading
import time
from collections.abc import Callable

EVERY_S = 0.1
SHARE = 0.01
"""Of the time, that looking may take."""


class Queue:
    """What the lengths of an accept queue, told one after the other, come to."""

    def __init__(self) -> None:
        self.most = 0
        self._last = 0
        self._since_s: float | None = None

    def was(self, length: int, now_s: float) -> None:
        """It was so long then."""
        if not length:
            self._since_s = None
        elif self._since_s is None or length < self._last:
            self._since_s = now_s
        self._last, self.most = length, max(self.most, length)

    def stood_s(self, now_s: float) -> float:
        """For how long it has been neither empty nor seen to get shorter."""
        return 0.0 if self._since_s is None else now_s - self._since_s


class QueueWatch:
    """Tells ``queue`` what ``look`` gives, from `begin` to `end`; it ends by itself where that fails.

    ``queue`` belongs to the thread meanwhile.
    """

    def __init__(self, queue: Queue, look: Callable[[], int], now_s: Callable[[], float]) -> None:
        self._queue = queue
        self._look = look
        self._now_s = now_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tcpgoon-accept-queue", daemon=True)

    def begin(self) -> None:
        """Look from now on. Raises `RuntimeError` where there can be no more threads."""
        self._thread.start()

    def end(self) -> None:
        """Look no more; returns when the last look is over."""
        self._over.set()
        if self._thread.ident:
            self._thread.join()

    def _run(self) -> None:
        pause_s = 0.0
        while not self._over.wait(pause_s):
            begun_s, cpu_s = time.monotonic(), time.thread_time()
            try:
                self._queue.was(self._look(), self._now_s())
            except Exception:  # noqa: BLE001 - one who looks does not disturb; the looks at the peak say what is wrong
                return
            taken_s = min(time.monotonic() - begun_s, time.thread_time() - cpu_s)
            pause_s = max(EVERY_S, taken_s / SHARE)
