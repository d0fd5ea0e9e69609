"""Which local ports towards an endpoint are taken."""

import socket

import pytest

from tcpgoon.engine.machine import proc_net, sock_diag
from tcpgoon.engine.machine.taken import Taken
from tcpgoon.plan.endpoint import Endpoint

EVERY = range(1, 65_536)


def refuse(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("refused", [(), (sock_diag,)], ids=["by netlink", "in /proc"])
def test_by_source(monkeypatch: pytest.MonkeyPatch, refused: tuple[object, ...]) -> None:
    for module in refused:
        monkeypatch.setattr(module, "towards", refuse)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        froms = ["127.0.0.1", "127.0.0.2", "127.0.0.2"]
        clients = [socket.create_connection(listener.getsockname(), source_address=(one, 0)) for one in froms]
        taken = Taken(Endpoint(*listener.getsockname()), EVERY)
        assert taken.of() == (3, 0)
        assert [taken.of([one]) for one in ("127.0.0.1", "127.0.0.2", "127.0.0.3")] == [(1, 0), (2, 0), (0, 0)]
        assert taken.of(["127.0.0.1", "127.0.0.2"]) == (3, 0)
        assert Taken(Endpoint(*listener.getsockname()), {clients[0].getsockname()[1]}).of() == (1, 0)
        for client in clients:
            client.close()


def test_nothing_is_taken_where_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sock_diag, proc_net):
        monkeypatch.setattr(module, "towards", refuse)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        assert Taken(Endpoint(*listener.getsockname()), EVERY).of() == (0, 0)
