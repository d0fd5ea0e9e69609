"""The search against each kind of limit that there is: pools, doors that close, queues, slow accepts."""

import sys

import pytest

import tcpgoon
from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.knock import Fared
from tests.targets import LIMITED

from .conftest import StartProgram, StartServer

LIMITS = [1, 7, 100, 1_013]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_pool_of_threads_serves_as_many_as_it_has(start: StartProgram, free_port: int, limit: int) -> None:
    start(sys.executable, LIMITED, "127.0.0.1", free_port, limit)
    found = tcpgoon.find_capacity(f"127.0.0.1:{free_port}", probe="echo", confirm_hold="1s")
    assert (found.verdict, found.carries, found.answer.bad) == (Verdict.PASS, limit, limit + 1), found
    assert found.next is not None
    assert (found.next.fared, found.next.pushed_out) == (Fared.WAITING, 0)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_door_that_is_closed_refuses_who_is_one_too_many(start: StartProgram, free_port: int, limit: int) -> None:
    start(sys.executable, LIMITED, "127.0.0.1", free_port, limit, "--refuse")
    found = tcpgoon.find_capacity(f"127.0.0.1:{free_port}", probe="echo", confirm_hold="1s")
    assert (found.verdict, found.carries, found.answer.bad) == (Verdict.PASS, limit, limit + 1), found
    assert found.next is not None
    assert (found.next.fared, found.next.pushed_out) == (Fared.REFUSED, 0)


@pytest.mark.parametrize("limit", [*LIMITS, 5_000])
def test_who_stops_accepting_serves_so_many(server: StartServer, limit: int) -> None:
    target = server("--max-connections", limit, "--above", "stop", "--echo")
    found = tcpgoon.find_capacity(f"127.0.0.1:{target.port}", probe="echo", confirm_hold="1s")
    assert (found.verdict, found.carries, found.answer.bad) == (Verdict.PASS, limit, limit + 1), found
    assert found.next is not None
    assert (found.next.fared, found.next.pushed_out) == (Fared.WAITING, 0)


@pytest.mark.parametrize("limit", [1, 7, 100, 1_013])
def test_a_slow_accept_is_no_limit_of_how_many(server: StartServer, limit: int) -> None:
    """A thousand a second, then a sharp limit."""
    target = server("--max-connections", limit, "--accept-delay", "1ms", "--backlog", 16)
    found = tcpgoon.find_capacity(f"127.0.0.1:{target.port}", confirm_hold="1s")
    assert (found.verdict, found.carries, found.answer.bad) == (Verdict.PASS, limit, limit + 1), found


def test_three_searches_in_a_row_agree(server: StartServer) -> None:
    target = server("--max-connections", 333, "--above", "close")
    found = [tcpgoon.find_capacity(f"127.0.0.1:{target.port}", confirm_hold="200ms") for _ in range(3)]
    assert [one.carries for one in found] == [333, 333, 333]
