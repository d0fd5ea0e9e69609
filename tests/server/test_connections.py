"""What is done with the connections that are held: banner, echo, ages, and hostile peers."""

import hashlib
import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpgoon.server import Counts, Server, ServerConfig, ServerProcess

Dial = Callable[[object], socket.socket]
Answer = Callable[[socket.socket], str]
Eventually = Callable[[Callable[[], bool]], None]


def test_the_banner_comes_first_and_whole(dial: Dial) -> None:
    banner = bytes(range(256)) * 64
    with Server(ServerConfig(banner=banner)) as server:
        assert dial(server).recv(len(banner), socket.MSG_WAITALL) == banner


def test_the_server_follows_the_client_that_closes(dial: Dial, answer: Answer, eventually: Eventually) -> None:
    with Server() as server:
        polite, rude = dial(server), dial(server)
        eventually(lambda: server.held == 2)
        polite.shutdown(socket.SHUT_WR)
        assert answer(polite) == "closed"
        rude.close()
        eventually(lambda: server.held == 0)
    assert server.counts == Counts(accepted=2, peak=2, refused=0, held=0)


@pytest.mark.parametrize(("knob", "end"), [("close_after_s", "closed"), ("reset_after_s", "reset")])
def test_at_its_age_a_connection_ends(knob: str, end: str, dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(**{knob: 0.2})) as server:  # type: ignore[arg-type]
        for _ in range(2):
            begun = time.monotonic()
            assert answer(dial(server)) == end
            assert 0.2 <= time.monotonic() - begun < 20
    assert server.counts == Counts(accepted=2, peak=1, refused=0, held=0)


def test_what_counts_is_the_age_not_the_last_word(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(close_after_s=0.3)) as server:
        busy = dial(server)
        begun = time.monotonic()
        with pytest.raises(OSError, match=r"reset|Broken pipe"):  # noqa: PT012 - which send it is, is open
            while time.monotonic() - begun < 5:
                busy.sendall(b"busy")
                time.sleep(0.01)
        assert 0.29 <= time.monotonic() - begun < 20


def test_one_that_ends_early_does_not_disturb_the_order(dial: Dial, answer: Answer, eventually: Eventually) -> None:
    with Server(ServerConfig(close_after_s=0.3)) as server:
        first, early, last = dial(server), dial(server), dial(server)
        eventually(lambda: server.held == 3)
        early.close()
        eventually(lambda: server.held == 2)
        assert [answer(first), answer(last)] == ["closed", "closed"]
    assert server.counts == Counts(accepted=3, peak=3, refused=0, held=0)


@pytest.mark.parametrize("knob", ["close_after_s", "reset_after_s"])
def test_before_its_age_a_client_that_closes_is_answered_with_fin(knob: str, dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(**{knob: 60})) as server:  # type: ignore[arg-type]
        connection = dial(server)
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection) == "closed"


def test_an_age_of_nothing_ends_each_at_once_after_its_banner(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(close_after_s=0, banner=b"421 too busy")) as server:
        connections = [dial(server) for _ in range(20)]
        assert [answer(connection) for connection in connections] == ["421 too busy"] * 20
        assert [answer(connection) for connection in connections] == ["closed"] * 20
    assert (server.accepted, server.held) == (20, 0)


def test_many_that_are_due_at_once_all_end(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(reset_after_s=0.5)) as server:
        connections = [dial(server) for _ in range(300)]
        assert {answer(connection) for connection in connections} == {"reset"}
    assert server.held == 0


def test_a_close_is_a_fin_although_the_peer_never_stops_sending(dial: Dial) -> None:
    with Server(ServerConfig(close_after_s=0.2)) as server:
        connection = dial(server)
        connection.setblocking(False)
        poll = select.poll()
        poll.register(connection, select.POLLIN | select.POLLOUT)
        first = b"?"
        while first == b"?":
            assert poll.poll(5_000)
            try:
                first = connection.recv(1)
            except BlockingIOError:
                try:
                    connection.send(b"x" * 65_536)
                except BlockingIOError:
                    pass
                except (ConnectionResetError, BrokenPipeError):
                    first = b""  # the answer to what came after the FIN
            except ConnectionResetError:
                first = b""
    assert server.held == 0


def test_without_echo_what_arrives_is_dropped(dial: Dial, answer: Answer) -> None:
    with Server() as server:
        connection = dial(server)
        connection.sendall(b"x" * 1_000_000)
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection) == "closed"


def test_echo_sends_back_all_of_it_also_after_a_half_close(dial: Dial) -> None:
    with Server(ServerConfig(echo=True)) as server:
        connection = dial(server)
        sent = os.urandom(300_000)
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert received(connection) == sent


def test_who_does_not_read_the_echo_is_not_read_any_more(dial: Dial) -> None:
    with Server(ServerConfig(echo=True)) as server:
        connection, other = dial(server), dial(server)
        connection.setblocking(False)
        sent, digest = 0, hashlib.sha256()
        poll = select.poll()
        poll.register(connection, select.POLLOUT)
        while poll.poll(300):  # until the buffers of both sides are full
            chunk = os.urandom(50_000)
            accepted = connection.send(chunk)
            digest.update(chunk[:accepted])
            sent += accepted
            assert sent < 200_000_000
        other.sendall(b"still served")
        assert other.recv(100) == b"still served"
        connection.setblocking(True)
        connection.settimeout(5)
        connection.shutdown(socket.SHUT_WR)
        back = received(connection)
        assert len(back) == sent
        assert hashlib.sha256(back).digest() == digest.digest()


def test_who_does_not_read_and_resets_is_forgotten(dial: Dial, eventually: Eventually) -> None:
    with Server(ServerConfig(echo=True, max_connections=1)) as server:
        connection = dial(server)
        connection.setblocking(False)
        poll = select.poll()
        poll.register(connection, select.POLLOUT)
        while poll.poll(100):
            connection.send(b"x" * 100_000)
        connection.close()
        eventually(lambda: server.held == 0)


def test_who_resets_before_the_accept_harms_nobody(dial: Dial, answer: Answer) -> None:
    with Server(ServerConfig(accept_delay_s=0.05, banner=b"!", echo=True)) as server:
        for _ in range(3):
            dial(server).close()
        assert answer(dial(server)) == "!"
    assert server.counts == Counts(accepted=4, peak=1, refused=0, held=1)


@pytest.mark.parametrize("echo", [False, True])
def test_an_endless_sender_costs_no_memory(echo: bool, dial: Dial) -> None:
    with ServerProcess(ServerConfig(echo=echo)) as server:
        connection = dial(server)
        connection.settimeout(5)
        chunk = bytearray(1_000_000)
        before = 0
        for number in range(100):
            connection.sendall(memoryview(chunk)[:100_000])
            if echo:
                connection.recv_into(chunk, 100_000, socket.MSG_WAITALL)
            if number == 10:
                before = resident_bytes(server.pid)
        assert resident_bytes(server.pid) - before < 500_000


def received(connection: socket.socket) -> bytes:
    """All that comes until the end."""
    parts = []
    while part := connection.recv(1_000_000):
        parts.append(part)
    return b"".join(parts)


def resident_bytes(pid: int) -> int:
    """Memory of the process that is in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
