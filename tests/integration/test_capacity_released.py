"""What a search says beside the number: newcomers in time, and what comes when all are released."""

import sys
from collections.abc import Callable

import pytest

import tcpgoon
from tcpgoon.judge.verdict import Verdict
from tests.targets import KEEPER

from .conftest import StartProgram, StartServer

StartKeeper = Callable[..., str]


@pytest.fixture
def keeper(start: StartProgram, free_port: int) -> StartKeeper:
    """Starts ``tests/targets/keeper.py`` with the flags given; where it is."""

    def run(*flags: object) -> str:
        start(sys.executable, KEEPER, "127.0.0.1", free_port, *flags)
        return f"127.0.0.1:{free_port}"

    return run


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


def test_places_that_are_not_free_again_are_a_fail(keeper: StartKeeper) -> None:
    target = keeper(100, "--leaks", 40)
    found = tcpgoon.find_capacity(target, most=300, confirm_hold="200ms", recovery=True)
    assert found.verdict is Verdict.FAIL, found
    assert found.recovery is not None
    assert found.recovery.again is not None
    assert found.recovery.again.carries < found.carries
    assert "of those released are not free again" in found.reason


@pytest.mark.parametrize("requirement", ["newcomer < 50ms", "p50 newcomer < 50ms"])
def test_the_largest_number_at_which_newcomers_are_served_in_time(keeper: StartKeeper, requirement: str) -> None:
    """From the 65th on each answer takes 100 ms: of the last five no more than the requirement allows may be late."""
    target = keeper(1_000, "--slow-from", 64)
    found = tcpgoon.find_capacity(target, probe="echo", most=300, confirm_hold="200ms", require=[requirement])
    assert found.verdict is Verdict.PASS, found
    last = 64 if requirement.startswith("newcomer") else 66
    assert (found.carries, found.answer.bad) == (last, last + 1), found
    assert found.confirmed is not None
    assert found.confirmed.verdict is Verdict.PASS


def test_the_knee_is_where_newcomers_begin_to_wait(keeper: StartKeeper) -> None:
    target = keeper(1_000, "--slow-from", 70)
    found = tcpgoon.find_capacity(target, probe="echo", most=300, confirm_hold="200ms")
    assert found.carries == 300, found
    assert found.knee == 64
