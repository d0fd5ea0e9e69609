"""The pytest plugin: the fixtures ``tcpgoon`` and ``tcp_server``, which `tcpgoon.pytest_fixtures` has.

Every session of pytest imports this module where tcpgoon is installed, whether a test uses it or not. So it imports
nothing: what takes a while is imported by the fixtures when they are used. And what is imported before coverage.py
begins is not measured, in no session.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tcpgoon.pytest_fixtures import Tcpgoon, TcpServer

OLDEST = (7, 4)
"""The oldest pytest that the fixtures are known to work with."""

_INCONCLUSIVE = "tcpgoon_inconclusive"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Called by pytest."""
    said = "what tcpgoon.assert_holds does to a test whose question could not be asked or answered: fail or skip"
    parser.addini(_INCONCLUSIVE, said, default="fail")


def pytest_configure(config: pytest.Config) -> None:
    """Called by pytest."""
    wanted = config.getini(_INCONCLUSIVE)
    if wanted not in ("fail", "skip"):
        raise pytest.UsageError(f"{_INCONCLUSIVE} is {wanted!r}: it is fail or skip")


@pytest.fixture
def tcpgoon(request: pytest.FixtureRequest) -> Tcpgoon:
    """Asks whether a target carries so many connections: ``tcpgoon.assert_holds("db:5432", 500, hold="30s")``."""
    _check_version()
    from tcpgoon.pytest_fixtures import Tcpgoon

    return Tcpgoon(request.node, skips=request.config.getini(_INCONCLUSIVE) == "skip")


@pytest.fixture
def tcp_server() -> Iterator[TcpServer]:
    """The bundled server: ``tcp_server.address``; with fault knobs, ``tcp_server(max_connections=100).address``."""
    _check_version()
    from tcpgoon.pytest_fixtures import TcpServer

    with TcpServer() as servers:
        yield servers


def _check_version() -> None:
    if pytest.version_tuple[:2] < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        pytest.fail(f"tcpgoon needs pytest {oldest} or newer, and this is {pytest.__version__}", pytrace=False)
