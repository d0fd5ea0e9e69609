"""A server has to let go before it is asked again."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tcpgoon.engine.machine.closing import half_closed
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.result import Part
from tcpgoon.runs import rest
from tcpgoon.runs.rest import doubted, left_after_rest
from tcpgoon.runs.stop import Stop
from tests.example import example


@pytest.fixture
def accepted() -> Iterator[tuple[Endpoint, list[socket.socket]]]:
    """A listener, and the server's ends of three connections that the client has closed."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = listener.getsockname()
        ours = [socket.create_connection(address) for _ in range(3)]
        theirs = [stack.enter_context(listener.accept()[0]) for _ in ours]
        for sock in ours:
            sock.close()
        yield Endpoint(*address), theirs


def test_it_is_waited_for_until_all_are_closed(
    accepted: tuple[Endpoint, list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, theirs = accepted
    asked = threading.Event()

    def look(at: Endpoint) -> int:
        found = half_closed(at)
        asked.set()
        return found

    def let_go() -> None:
        asked.wait()
        for sock in theirs:
            sock.close()

    monkeypatch.setattr(rest, "half_closed", look)
    thread = threading.Thread(target=let_go)
    thread.start()
    assert left_after_rest({endpoint}, Stop(), longest_s=60) == 0
    thread.join()


def test_a_server_that_never_closes_is_not_waited_for_for_ever(accepted: tuple[Endpoint, list[socket.socket]]) -> None:
    assert left_after_rest({accepted[0]}, Stop(), longest_s=0.05) == 3


def test_nor_where_the_user_wants_to_stop(accepted: tuple[Endpoint, list[socket.socket]]) -> None:
    stop = Stop()
    stop.request()
    assert left_after_rest({accepted[0]}, stop, longest_s=60) == 3


def test_nothing_is_waited_for_where_nothing_was_open() -> None:
    assert left_after_rest((), Stop()) == 0


def test_a_failure_of_a_server_that_had_more_is_none_of_its_own() -> None:
    result = example()
    assert result.verdict is Verdict.FAIL
    (part,) = result.parts
    assert doubted(part, 0) is part
    found = doubted(part, 1)
    reason = (
        "the server had not closed 1 connection of an earlier check, which it had besides; else FAIL: " + part.reason
    )
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, reason)
    assert found.result
    assert (found.result.verdict, found.result.reason) == (Verdict.INCONCLUSIVE, reason)
    without = Part(name="x", verdict=Verdict.FAIL, reason="r")
    assert doubted(without, 1_200).reason.startswith("the server had not closed 1,200 connections")


def test_who_carried_all_in_spite_of_them_carried_all() -> None:
    passed = Part(name="x", verdict=Verdict.PASS, reason="r")
    assert doubted(passed, 3) is passed
