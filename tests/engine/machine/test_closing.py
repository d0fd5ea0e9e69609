"""Connections that are closed at this end alone, of real sockets."""

import socket
from contextlib import closing

import pytest

from tcpgoon.engine.machine import closing as module
from tcpgoon.engine.machine.closing import half_closed
from tcpgoon.plan.endpoint import Endpoint


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_they_are_counted_until_the_other_end_closes_too(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:
        there = Endpoint(address, listener.getsockname()[1])
        ours = [socket.create_connection((address, there.port)) for _ in range(2)]
        first, second = (listener.accept()[0] for _ in ours)
        with closing(first), closing(second):
            assert half_closed(there) == 0
            for sock in ours:
                sock.close()
            assert half_closed(there) == 2
            first.close()
            assert half_closed(there) == 1
            assert half_closed(Endpoint(address, there.port % 65_535 + 1)) == 0
        assert half_closed(there) == 0


def test_where_nobody_tells_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden() -> None:
        raise PermissionError

    monkeypatch.setattr(module, "SockDiag", forbidden)
    assert half_closed(Endpoint("127.0.0.1", 1)) == 0
