import os
import socket

import pytest

from tcpgoon.server.accept_queue import AcceptQueue


def test_it_says_how_many_wait_and_gives_bare_descriptors_in_their_order() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=10) as listener:
        listener.setblocking(False)
        queue = AcceptQueue(listener)
        assert (queue.fileno(), len(queue)) == (listener.fileno(), 0)
        clients = [socket.create_connection(listener.getsockname(), timeout=5) for _ in range(3)]
        assert len(queue) == 3
        for waiting, client in zip((2, 1, 0), clients, strict=True):
            with socket.socket(fileno=queue.take()) as taken:
                assert taken.getpeername() == client.getsockname()
                assert os.get_blocking(taken.fileno()) is False
            assert len(queue) == waiting
            client.close()
        with pytest.raises(BlockingIOError):
            queue.take()


def test_whoever_was_reset_meanwhile_still_waits() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=5)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        queue = AcceptQueue(listener)
        assert len(queue) == 1
        os.close(queue.take())
