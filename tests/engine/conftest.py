"""Both kernels on real sockets, the portable one with each of the selectors that there are."""

import selectors
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpgoon.engine.machine import port_range, preflight
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


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of our own: a range of 100 ports of which 12 are reserved, and few sockets in use."""
    (tmp_path / "ip_local_port_range").write_text("40000\t40099\n")
    (tmp_path / "ip_local_reserved_ports").write_text("8080,40000-40009,40050,40099-41000\n")
    (tmp_path / "sockstat").write_text("sockets: used 300\nTCP: inuse 7 orphan 0 tw 3 alloc 9 mem 1\nUDP: inuse 2\n")
    (tmp_path / "sockstat6").write_text("TCP6: inuse 5\nUDP6: inuse 0\n")
    for module in (preflight, port_range):
        monkeypatch.setattr(module, "_PROC", tmp_path)
    families = port_range._SOCKSTAT
    monkeypatch.setattr(port_range, "_SOCKSTAT", {family: tmp_path / path.name for family, path in families.items()})
    return tmp_path
