"""Both kernels on real sockets, the portable one with each of the selectors that there are."""

import selectors
import socket
import sys
from collections.abc import Iterator

import pytest

from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.sockets import EpollKernel
from tests.engine.dialled import Dialled, Kernels

KERNELS = [
    *([pytest.param((EpollKernel, None), id="epoll")] if sys.platform == "linux" else []),
    pytest.param((SelectorKernel, selectors.DefaultSelector), id="default selector"),
    pytest.param((SelectorKernel, selectors.PollSelector), id="poll"),
    pytest.param((SelectorKernel, selectors.SelectSelector), id="select"),
]


@pytest.fixture(params=KERNELS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kernels:
    found: Kernels
    found, selector = request.param
    monkeypatch.setattr(selectors, "DefaultSelector", selector)
    return found


@pytest.fixture
def dialled(kind: Kernels) -> Iterator[Dialled]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        dialled = Dialled(kind, listener)
        yield dialled
        dialled.kernel.shut()
