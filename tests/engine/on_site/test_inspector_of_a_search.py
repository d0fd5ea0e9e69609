"""What a search asks of the inspector: whether the accept queue is emptied."""

import socket
import sys

import pytest

from tcpgoon.engine.on_site.inspector import Inspector
from tcpgoon.plan.endpoint import Endpoint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows an accept queue")


def test_those_that_nobody_accepts_are_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = listener.getsockname()
        inspector = Inspector(Endpoint(*place), None, lambda: 2.0)
        assert inspector.queued() == 0
        with inspector.watching(), socket.create_connection(place), socket.create_connection(place):
            assert inspector.queued() == 2
            seen = inspector.standing(5, 1, 0.7)
            assert seen is not None
            assert (seen.peak.held, seen.peak.queued, seen.most_queued, seen.stood_s) == (5, 1, 2, 0.7)
            assert (seen.before.queued, seen.is_gone) == (0, False)


def test_a_target_elsewhere_shows_nothing() -> None:
    inspector = Inspector(Endpoint("192.0.2.1", 80), None, lambda: 0.0)
    with inspector.watching():
        assert inspector.queued() == 0
        assert inspector.standing(5, 0, 1.0) is None
