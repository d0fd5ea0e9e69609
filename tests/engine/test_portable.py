"""The kernel of other platforms; that it keeps the contract is tested beside Linux's, in ``test_kernel.py``."""

import errno
import socket

import pytest

from tcpgoon.engine.kernel import AGAIN, EpollKernel, Refusal
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.ports import Ports
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.outcome import Phase, Side, side_of


def test_what_is_missing_is_said_here_only() -> None:
    assert EpollKernel.missing == ()
    assert [line.split(":")[0] for line in SelectorKernel.missing] == [
        "no epoll",
        "no TCP_INFO",
        "no IP_LOCAL_PORT_RANGE",
    ]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as the kernel can tell, this is not Linux."""
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.delattr("socket.SOCK_NONBLOCK", raising=False)


@pytest.mark.usefixtures("elsewhere")
def test_sockets_are_made_not_to_block_before_they_are_dialled() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kernel = SelectorKernel(Endpoint(*listener.getsockname()), range(1), ("127.0.0.1",), [Ports.of_the_kernel()])
        assert kernel.dial(0) is None
        peer, _ = listener.accept()
        assert [row for row, _ in kernel.poll(10)] == [0]
        assert kernel.finish(0) == 0
        assert kernel.inspect(0) == (0, 0)
        with peer:
            peer.sendall(b"x")
            assert [row for row, _ in kernel.poll(10)] == [0]
            assert [kernel.drain(0), kernel.drain(0)] == [(1, AGAIN), (0, AGAIN)]
        kernel.shut()


@pytest.mark.usefixtures("elsewhere")
def test_where_connect_may_hear_the_peer_at_once_its_refusal_is_the_targets() -> None:
    kernel = SelectorKernel(Endpoint("127.0.0.1", 9), range(1), (), [Ports.of_the_kernel()])
    refusals = [Refusal(error, kernel._phase_of(error)) for error in (errno.ECONNREFUSED, errno.EADDRNOTAVAIL)]
    kernel.shut()
    assert [side_of(*refusal) for refusal in refusals] == [Side.TARGET_KERNEL, Side.CLIENT]
    assert refusals[1].phase is Phase.CONNECT
