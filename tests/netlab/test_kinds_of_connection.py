"""What an established connection can really be: the server's kernel against the client's."""

import socket

import pytest

from .conftest import PORT, Clients, MakeLab, errors, established, listen, until


def test_sixty_at_once_against_a_backlog_of_ten(lab: MakeLab, clients: Clients) -> None:
    """The common phantom: SYN cookies go out, as is the default, where the queue of half-open connections is full.

    The server knows 11 of the 60 connections that the client's kernel calls established.
    """
    net = lab(delay="50ms")
    with listen(net.server, 10):
        dialled = clients.dial(net, 60)
        until(lambda: established(dialled) == 60)
        until(lambda: net.server.counter("ListenOverflows") == 49)
        assert errors(dialled) == {0: 60}
        assert net.server.states(PORT) == {"LISTEN": 1, "ESTABLISHED": 11}
        assert net.server.counter("SyncookiesSent") == 49
        assert net.client.counter("TCPSynRetrans") == 0


def test_sixty_at_once_without_cookies(lab: MakeLab, clients: Clients) -> None:
    """Only 11 half-open connections find room, and all are completed; the other SYNs are dropped: no phantom."""
    net = lab(delay="50ms")
    assert net.server.sysctl("net.ipv4.tcp_syncookies", 0) == "0"
    with listen(net.server, 10):
        dialled = clients.dial(net, 60)
        until(lambda: established(dialled) == 11)
        until(lambda: net.server.states(PORT) == {"LISTEN": 1, "ESTABLISHED": 11})
        assert net.server.counter("TCPReqQFullDrop") == 49
        assert net.server.counter("SyncookiesSent") == 0
        # Their SYNs are repeated, to a queue that stays full.
        until(lambda: net.client.counter("TCPSynRetrans") == 49)
        assert established(dialled) == 11


@pytest.mark.parametrize("cookies", [0, 1])
def test_phantoms_that_are_kept_half_open(lab: MakeLab, clients: Clients, cookies: int) -> None:
    """The accept queue fills while requests are under way, and these are fewer than would be answered with cookies.

    6 of the 11 places are taken, then 10 come at once: 5 find a place, 5 stay half-open, and their SYN-ACKs are
    repeated.
    """
    net = lab(delay="50ms")
    net.server.sysctl("net.ipv4.tcp_syncookies", cookies)
    with listen(net.server, 10):
        dialled = clients.dial(net, 6)
        until(lambda: net.server.connections(PORT) == 6)
        dialled += clients.dial(net, 10)
        until(lambda: established(dialled) == 16)
        until(lambda: net.server.counter("ListenOverflows") == 5)
        assert net.server.states(PORT) == {"LISTEN": 1, "ESTABLISHED": 11, "SYN_RECV": 5}
        assert net.server.counter("SyncookiesSent") == 0
        until(lambda: net.server.counter("TCPTimeouts") >= 5)
        assert established(dialled) == 16


def test_a_server_that_defers_accepting_is_half_open_until_the_first_data(lab: MakeLab, clients: Clients) -> None:
    net = lab(delay="50ms")
    with listen(net.server, 10, (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)) as listener:
        dialled = clients.dial(net, 5)
        until(lambda: established(dialled) == 5)
        until(lambda: net.counts()["to-server"]["delivered"] == 10)  # 5 SYNs, 5 ACKs
        assert net.server.states(PORT) == {"LISTEN": 1, "SYN_RECV": 5}
        with pytest.raises(BlockingIOError):
            listener.accept()
        for client in dialled:
            client.send(b"?")
        until(lambda: net.server.connections(PORT) == 5)
        for _ in dialled:
            listener.accept()[0].close()
