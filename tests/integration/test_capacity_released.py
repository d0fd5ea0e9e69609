"""What a search says beside the number: newcomers in time, and what comes when all are released."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import tcpgoon
from tcpgoon.judge.verdict import Verdict

from .conftest import StartServer


class Keeper:
    """A server with places; ``leaks`` of those that it had given are never free again, and it may be slow when full."""

    def __init__(self, places: int, *, leaks: int = 0, slow_from: int | None = None) -> None:
        self.places, self.leaks, self.slow_from = places, leaks, slow_from
        self.taken = 0
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self.port = self.listening.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                one, _ = self.listening.accept()
            except OSError:
                return
            with self.lock:
                is_full = self.taken >= self.places
                self.taken += not is_full
                slow = self.slow_from is not None and self.taken > self.slow_from
            if is_full:
                one.close()
            else:
                threading.Thread(target=self.keep, args=(one, slow), daemon=True).start()

    def keep(self, one: socket.socket, slow: bool) -> None:
        with one:
            while data := one.recv(64):
                if slow:
                    time.sleep(0.1)
                one.sendall(data)
        with self.lock:
            leaked = self.leaks > 0
            self.leaks -= leaked
            self.taken -= not leaked


@contextmanager
def keeping(keeper: Keeper) -> Iterator[str]:
    thread = threading.Thread(target=keeper.serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{keeper.port}"
    finally:
        keeper.listening.shutdown(socket.SHUT_RDWR)
        keeper.listening.close()
        thread.join(10)


def test_a_target_that_recovers_is_said_to(server: StartServer) -> None:
    target = server("--max-connections", 100, "--above", "close")
    found = tcpgoon.find_capacity(f"127.0.0.1:{target.port}", most=300, confirm_hold="200ms", recovery=True)
    assert found.verdict is Verdict.PASS, found
    assert found.recovery is not None
    assert found.recovery.again is not None
    assert (found.carries, found.recovery.again.carries) == (100, 100)
    assert found.recovery.as_before_s is not None
    assert found.reason.endswith("and a second search finds 100")
    assert {step.again for step in found.steps} == {False, True}


def test_places_that_are_not_free_again_are_a_fail() -> None:
    with keeping(Keeper(100, leaks=40)) as target:
        found = tcpgoon.find_capacity(target, most=300, confirm_hold="200ms", recovery=True)
    assert found.verdict is Verdict.FAIL, found
    assert found.recovery is not None
    assert found.recovery.again is not None
    assert found.recovery.again.carries < found.carries
    assert "of those released are not free again" in found.reason


@pytest.mark.parametrize("requirement", ["newcomer < 50ms", "p50 newcomer < 50ms"])
def test_the_largest_number_at_which_newcomers_are_served_in_time(requirement: str) -> None:
    """From the 65th on each answer takes 100 ms: of the last five no more than the requirement allows may be late."""
    with keeping(Keeper(1_000, slow_from=64)) as target:
        found = tcpgoon.find_capacity(target, probe="echo", most=300, confirm_hold="200ms", require=[requirement])
    assert found.verdict is Verdict.PASS, found
    last = 64 if requirement.startswith("newcomer") else 66
    assert (found.carries, found.answer.bad) == (last, last + 1), found
    assert found.confirmed is not None
    assert found.confirmed.verdict is Verdict.PASS


def test_the_knee_is_where_newcomers_begin_to_wait() -> None:
    with keeping(Keeper(1_000, slow_from=70)) as target:
        found = tcpgoon.find_capacity(target, probe="echo", most=300, confirm_hold="200ms")
    assert found.carries == 300, found
    assert found.knee == 64
