"""Asking a run to end: before it began, while it goes on."""

from tcpgoon.runs.stop import Stop


def test_a_request_while_it_goes_on() -> None:
    stop, acts = Stop(), []
    stop.when_requested(lambda: acts.append("stopped"))
    assert (stop.requested, acts) == (False, [])
    stop.request()
    assert (stop.requested, acts) == (True, ["stopped"])


def test_a_request_that_came_before_is_not_forgotten() -> None:
    stop, acts = Stop(), []
    stop.request()
    stop.when_requested(lambda: acts.append("stopped"))
    assert acts == ["stopped"]
