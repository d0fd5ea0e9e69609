"""Checkpoints: made while something goes on, and not after it; and what goes wrong with them harms nobody."""

import threading
from itertools import count

import pytest

from tcpgoon.errors import SavedFileError
from tcpgoon.runs.checkpoints import Checkpoints

SOON_S, LONG_S, LIMIT_S = 0.01, 3_600.0, 30.0


class Kept:
    """Takes what it is given, and says when that were so many."""

    def __init__(self, enough: int = 3, fails: BaseException | None = None) -> None:
        self.all: list[int] = []
        self.tries = 0
        self.enough = threading.Event()
        self._number = enough
        self._fails = fails

    def __call__(self, one: int) -> None:
        self.tries += 1
        if self.tries >= self._number:
            self.enough.set()
        if self._fails and self.tries == 1:
            raise self._fails
        self.all.append(one)


def test_what_came_so_far_is_kept_again_and_again() -> None:
    numbers, kept = count(), Kept()
    with Checkpoints(lambda: next(numbers), kept, SOON_S) as those:
        assert kept.enough.wait(LIMIT_S)
    assert not those.blind
    assert kept.all == list(range(len(kept.all)))


def test_none_is_made_before_its_time_nor_after_the_end() -> None:
    kept = Kept()
    with Checkpoints(lambda: 1, kept, LONG_S):
        pass
    assert kept.all == []


@pytest.mark.parametrize("fails", [OSError(28, "full"), MemoryError(), SavedFileError("too many")])
def test_one_that_fails_is_left_out(fails: BaseException) -> None:
    numbers, kept = count(), Kept(fails=fails)
    with Checkpoints(lambda: next(numbers), kept, SOON_S):
        assert kept.enough.wait(LIMIT_S)
    assert kept.all[0] == 1


def test_what_ended_while_it_was_looked_at_is_not_kept() -> None:
    looking, over, kept = threading.Event(), threading.Event(), Kept()

    def so_far() -> int:
        looking.set()
        assert over.wait(LIMIT_S)
        return 1

    those = Checkpoints(so_far, kept, SOON_S)
    those.__enter__()
    assert looking.wait(LIMIT_S)
    ending = threading.Thread(target=those.__exit__)
    ending.start()
    while not those._over.is_set():
        pass
    over.set()
    ending.join(LIMIT_S)
    assert (ending.is_alive(), kept.all) == (False, [])


def test_where_no_thread_can_be_started_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    kept = Kept()
    with Checkpoints(lambda: 1, kept, 0.0) as those:
        assert those.blind
    assert kept.all == []
