import re
import resource
import socket
from collections.abc import Iterator

import pytest

from tcpgoon.errors import ListenError
from tcpgoon.server import ServerConfig
from tcpgoon.server.listening import open_listeners, raise_descriptor_limit


@pytest.fixture(params=[False, True], ids=["alone", "SO_REUSEPORT"])
def busy_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port on which somebody listens, who would share it or not."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, request.param)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_busy_port_is_an_error_also_where_it_would_be_shared(busy_port: int, workers: int, host: str) -> None:
    line = f"cannot listen on {host}:{busy_port}: the port is busy: take another one, or 0 for any"
    with pytest.raises(ListenError, match=f"^{re.escape(line)}$"):
        open_listeners(ServerConfig(host=host, port=busy_port, workers=workers))


@pytest.mark.parametrize("workers", [1, 4])
def test_there_is_one_listener_per_worker_on_one_port(workers: int) -> None:
    listeners = open_listeners(ServerConfig(workers=workers))
    assert len(listeners) == workers
    assert len({listener.getsockname() for listener in listeners}) == 1
    assert not any(listener.getblocking() for listener in listeners)
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("host", "line"),
    [
        ("192.0.2.1", "cannot listen on 192.0.2.1:0: that is no address of this machine"),
        ("no.such.name.invalid", "cannot listen on 'no.such.name.invalid': the name does not resolve"),
        ("a" * 64, f"cannot listen on '{'a' * 64}': the name does not resolve"),
        ("nul\0", "cannot listen on 'nul\\x00': the name does not resolve"),
    ],
)
def test_where_it_cannot_listen_it_says_why(host: str, line: str) -> None:
    with pytest.raises(ListenError, match=f"^{re.escape(line)}"):
        open_listeners(ServerConfig(host=host))


def test_the_soft_limit_of_descriptors_becomes_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        raise_descriptor_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
