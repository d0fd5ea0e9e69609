"""The named probes against real servers, as many connections at once as they carry, and more."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from tcpgoon.engine.probes import PASSED, PENDING, Progress, failed, questions
from tcpgoon.engine.probes.tls import TlsProbe
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.named_probes import parse_probe
from tcpgoon.plan.probe import Exchange, parse_exchange
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.unserved import Unserved

from .conftest import Nginx, Program, StartProgram
from .dialogue import ask


class Client:
    """Asks on many connections, one after the other, and holds each of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.held: list[socket.socket] = []

    def ask(self, connections: int, probe: Exchange | str, patience_s: float = 30.0) -> list[Progress]:
        """What came of each."""
        exchange = parse_probe(probe, Target("localhost", self.port)) if isinstance(probe, str) else probe
        asked = questions(exchange, None)
        assert asked
        return [ask(self.connect(), asked.new(), patience_s) for _ in range(connections)]

    def connect(self) -> socket.socket:
        self.held.append(socket.create_connection(("127.0.0.1", self.port), 30))
        return self.held[-1]

    def settle(self, probe: str, served: int, refused: int) -> str:
        """Ask until so many are served and so many after them refused; in which words.

        More than once, since who came before us may still have a place.
        """
        expected = [Unserved.NONE] * served + [Unserved.REFUSED] * refused
        deadline = time.monotonic() + 30
        found = self.ask(served + refused, probe)
        while [outcome.why for outcome in found] != expected:
            assert time.monotonic() < deadline, found
            self.close()
            found = self.ask(served + refused, probe)
        (words,) = {outcome.reason for outcome in found[served:]}
        return words

    def close(self) -> None:
        for sock in self.held:
            sock.close()
        self.held = []

    def ended(self) -> list[bool]:
        """Which of them the server has closed."""
        return [is_ended(sock) for sock in self.held]


def is_ended(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        while sock.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    return True


@pytest.fixture
def client(free_port: int) -> Iterator[Client]:
    client = Client(free_port)
    yield client
    client.close()


@pytest.mark.requires("redis-server")
def test_redis(program: Program, start: StartProgram, client: Client, free_port: int, folder: Path) -> None:
    start(
        program("redis-server"),
        "--port",
        free_port,
        "--bind",
        "127.0.0.1",
        "--maxclients",
        10,
        "--save",
        "",
        "--dir",
        folder,
    )

    assert client.settle("redis", 10, 5) == "-ERR max number of clients reached"


@pytest.mark.requires("memcached")
def test_memcached(program: Program, start: StartProgram, client: Client, free_port: int) -> None:
    start(program("memcached"), "-u", "nobody", "-l", "127.0.0.1", "-p", free_port, "-c", 64, "-t", 1)
    found = client.ask(70, "memcached")
    held = found.count(PASSED)
    refused = failed(Unserved.REFUSED, "ERROR Too many open connections")

    assert found == [PASSED] * held + [refused] * (70 - held)
    assert 40 <= held < 64  # the rest are its own


@pytest.mark.requires("memcached")
def test_memcached_that_is_full_and_says_nothing(
    program: Program, start: StartProgram, client: Client, free_port: int
) -> None:
    options = "-u", "nobody", "-l", "127.0.0.1", "-p", free_port, "-c", 64, "-t", 1, "-o", "no_maxconns_fast"
    start(program("memcached"), *options)
    held = 0
    while (outcome := client.ask(1, "memcached", patience_s=0.5)) == [PASSED]:
        held += 1

    assert outcome == [PENDING]  # it waits in the accept queue, established for its own kernel
    assert 40 <= held < 64


TOO_MANY = "sorry, too many clients already"


@pytest.mark.requires("postgres")
@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize(
    ("probe", "served", "words"),
    [
        ("postgres:plain", 3, "remaining connection slots are reserved for "),
        ("postgres", 5, TOO_MANY),
        ("postgres:scram", 5, TOO_MANY),  # who is asked for a password may well be refused after it
        ("postgres:nobody", 0, 'role "nobody" does not exist'),
    ],
)
def test_postgres(client: Client, probe: str, served: int, words: str) -> None:
    assert client.settle(probe, served, 2).startswith(words)


@pytest.mark.requires("postgres")
@pytest.mark.usefixtures("postgres")
def test_postgres_answers_a_request_for_tls_also_where_there_is_no_place(client: Client) -> None:
    request = parse_exchange(r"\x00\x00\x00\x08\x04\xd2\x16\x2f", "^[NS]", lambda name: b"")

    assert client.settle("postgres", 5, 1) == TOO_MANY
    assert client.ask(1, request) == [PASSED]


@pytest.mark.requires("sshd", "ssh-keygen")
@pytest.mark.usefixtures("sshd")
def test_openssh(client: Client) -> None:
    assert client.settle("ssh", 5, 3) in ("Exceeded MaxStartups", "Not allowed at this time")  # until 9.7, since 9.8


@pytest.mark.requires("nginx")
def test_nginx(nginx: Nginx, client: Client) -> None:
    nginx()
    assert client.ask(1, "http") == client.ask(1, "http:/none") == [PASSED]
    assert client.ask(1, "http:/dead") == [failed(Unserved.REFUSED, "HTTP/1.1 502 Bad Gateway")]


@pytest.mark.requires("nginx")
def test_nginx_above_its_worker_connections_answers_all_and_closes_the_oldest(nginx: Nginx, client: Client) -> None:
    nginx()
    assert set(client.ask(70, "http")) == {PASSED}

    ended = client.ended()
    assert 7 <= sum(ended) <= 30
    assert ended == sorted(ended, reverse=True)


@pytest.mark.requires("nginx")
def test_nginx_within_tls(nginx: Nginx, authority: trustme.CA, free_port: int, folder: Path) -> None:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    nginx(
        listen="ssl http2",
        server=f"ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem; ssl_protocols TLSv1.3;",
    )
    tls = TlsOptions(server_name="localhost", ca=str(folder / "ca.pem"), alpn=("http/1.1",))
    asked = questions(parse_probe("http:/none", Target("localhost", free_port)), tls)
    assert asked

    probe = asked.new()
    with socket.create_connection(("127.0.0.1", free_port), 30) as sock:
        assert ask(sock, probe) is PASSED
    assert isinstance(probe, TlsProbe)
    assert probe.facts
    assert (probe.facts.version, probe.facts.alpn) == ("TLSv1.3", "http/1.1")
    assert probe.said.startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_a_tls_server_of_the_standard_library(authority: trustme.CA, tmp_path: Path) -> None:
    """Another end than nginx: it echoes, a byte at a time, each in a record of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = TlsOptions(server_name="127.0.0.1", ca=str(tmp_path / "ca.pem"))

    def echo(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(sock, server_side=True) as secured:
            for byte in secured.recv(100):
                secured.send(bytes([byte]))
            with suppress(OSError):  # the client leaves when it has heard enough, maybe with words of ours unread
                secured.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=echo, args=[listener])
        server.start()
        asked = questions(parse_probe("echo:hello", Target("127.0.0.1", 7)), tls)
        assert asked
        probe = asked.new()
        with socket.create_connection(listener.getsockname(), 30) as sock:
            assert ask(sock, probe) is PASSED
        server.join(30)
    assert probe.said.startswith(b"hello")
