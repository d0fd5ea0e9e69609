"""The kernel of other platforms; that it keeps the contract is tested beside Linux's, in ``test_kernel.py``."""

import errno
import socket
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest

from tcpgoon.engine.kernel import AGAIN, Refusal
from tcpgoon.engine.loop import Loop
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.probes import questions
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.share import Share
from tcpgoon.record.knock import Fared
from tcpgoon.record.outcome import Phase, Side, side_of
from tcpgoon.record.table import Table
from tests.engine.dialled import Dialled, kernel_lanes


def test_what_is_missing_is_said_here_only() -> None:
    assert EpollKernel.missing == ()
    assert [line.split(":")[0] for line in SelectorKernel.missing] == [
        "no epoll",
        "no TCP_INFO",
        "no sign of life from the peer's kernel",
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
        kernel = SelectorKernel(kernel_lanes(Endpoint(*listener.getsockname()), ("127.0.0.1",)), range(1))
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
    kernel = SelectorKernel(kernel_lanes(Endpoint("127.0.0.1", 9)), range(1))
    refusals = [Refusal(error, kernel._phase_of(error)) for error in (errno.ECONNREFUSED, errno.EADDRNOTAVAIL)]
    kernel.shut()
    assert [side_of(*refusal) for refusal in refusals] == [Side.TARGET_KERNEL, Side.CLIENT]
    assert refusals[1].phase is Phase.CONNECT


def test_what_can_be_written_to_is_no_news_once_it_is_established_or_all_is_sent() -> None:
    """Level-triggered as it is, it would be told again and again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        dialled = Dialled(SelectorKernel, listener)
        with dialled.connect(0) as peer:
            assert list(dialled.kernel.poll(0)) == [(0, 2)]
            dialled.kernel.inspect(0)
            assert list(dialled.kernel.poll(0)) == []
            sent = 0
            while (count := dialled.kernel.send(0, bytes(1 << 20))[0]) == 1 << 20:
                sent += count
            peer.setblocking(False)
            while not dialled.kernel.poll(0):
                with suppress(BlockingIOError):
                    peer.recv(1 << 20)
            assert dialled.kernel.send(0, b"x") == (1, 0)
            assert list(dialled.kernel.poll(0)) == []
        dialled.kernel.shut()


def test_a_newcomer_that_only_waits_costs_no_polls() -> None:
    """A whole run: the newcomer waits for the answer of a server that gives none."""
    polls = 0

    class Counting(SelectorKernel):
        def poll(self, timeout_s: float) -> Sequence[tuple[int, int]]:
            nonlocal polls
            polls += 1
            return super().poll(timeout_s)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint(*listener.getsockname())
        kernel = Counting(kernel_lanes(endpoint), range(2))
        asked = Plan(
            target=Target(endpoint.address, endpoint.port),
            connections=1,
            hold_s=0.0,
            probe=Exchange(name="silence"),
            probe_timeout_s=0.3,
        )
        loop = Loop(
            asked,
            Share.whole(asked),
            Table(1),
            kernel,
            time.monotonic,
            time.monotonic(),
            questions(asked.probe, None),
            newcomer_row=1,
        )
        loop.run()
        kernel.shut()
    assert [knock.fared for knock in loop.knocks] == [Fared.WAITING]
    assert polls < 40
