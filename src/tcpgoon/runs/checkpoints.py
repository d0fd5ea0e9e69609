"""Checkpoints of a run that goes on: a thread of its own makes one every so often, so that the loop never waits."""

import threading
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from tcpgoon.errors import SavedFileError

_T = TypeVar("_T")


class Checkpoints(Generic[_T]):
    """Gives ``keep`` what ``so_far`` gives, every ``every_s`` seconds, from entering to leaving the ``with`` block.

    Where no thread can be started for it (a limit of tasks) none is made, and the run goes on. Once the block is left,
    nothing is kept any more. One that fails is left out.
    """

    def __init__(self, so_far: Callable[[], _T], keep: Callable[[_T], None], every_s: float) -> None:
        self._so_far = so_far
        self._keep = keep
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tcpgoon-checkpoints", daemon=True)
        self.blind = False
        """Whether none is made."""

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError:  # "can't start new thread" is all that Python makes of EAGAIN
            self.blind = True
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if not self.blind:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                so_far = self._so_far()
                if not self._over.is_set():
                    self._keep(so_far)
            except (OSError, MemoryError, SavedFileError):
                continue  # the disk may have room again, and the end of the run says what it has to say
