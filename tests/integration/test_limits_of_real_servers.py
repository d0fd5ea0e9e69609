"""Debian's servers at their limits: who is served, who is told why not, who is pushed out; and that N is no more."""

import re
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from .conftest import Nginx, Program, StartProgram, Tcpgoon

LOCAL = "127.0.0.1"
SAID = re.compile(r'The peer said: "-ERR max number of clients reached(?:\\r\\n)?" × (\d+)')


@pytest.fixture
def redis(program: Program, start: StartProgram, free_port: int, folder: Path) -> int:
    """Redis with 10 places; its port."""
    options = ("--bind", LOCAL, "--maxclients", 10, "--save", "", "--dir", folder)
    start(program("redis-server"), "--port", free_port, *options)
    return free_port


@pytest.mark.requires("redis-server")
def test_redis_up_to_its_maxclients(tcpgoon: Tcpgoon, redis: int) -> None:
    """The newcomer before the first has its place back before the tenth comes, and finds none beside ten."""
    said = tcpgoon("-c", 10, "-s", 20, "--probe", "redis", "--canary", LOCAL, redis)
    assert said.final == {"total": 10, "established": 10}
    assert said.proved == {"established": 10, "acknowledged": 10, "served": 10}
    assert said.newcomers[:2] == [("0", "served in TIME"), ("5", "served in TIME")]
    assert said.newcomers[2][0] == "10"
    assert "served" not in said.newcomers[2][1]
    assert (said.verdict, said.exit_status) == ("PASS", 0)


@pytest.mark.requires("redis-server")
@pytest.mark.parametrize(("flags", "level"), [((), "acknowledged"), (("--probe", "redis"), "served")])
def test_redis_above_its_maxclients(tcpgoon: Tcpgoon, redis: int, flags: tuple[str, ...], level: str) -> None:
    """It says why and closes, to whoever asks and whoever does not; a few had asked before they heard it."""
    said = tcpgoon("-c", 522, "-s", 0, *flags, LOCAL, redis)
    assert said.final == {"total": 522, "established": 10, "closed": 512}
    assert said.proved[level] == 10
    assert said.proved["lost while held"] == 512
    told = [SAID.fullmatch(line) for line in said.lines if line.startswith("The peer said: ")]
    assert sum(int(words[1]) for words in told if words) == 512
    assert all(told)
    assert said.line("Peak concurrent connections: ").endswith(f" of 522 ({level})")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


@pytest.mark.requires("memcached")
def test_memcached_that_is_full_and_says_nothing(
    tcpgoon: Tcpgoon, program: Program, start: StartProgram, free_port: int
) -> None:
    """It accepts no more, and leaves room for one in its accept queue: the rest are not even established."""
    options = ("-u", "nobody", "-l", LOCAL, "-p", free_port, "-c", 64, "-t", 1, "-o", "no_maxconns_fast")
    start(program("memcached"), *options)
    flags = ("-s", 10, "-d", 500, "--probe", "memcached", "--probe-timeout", "500ms")
    said = tcpgoon("-c", 80, *flags, LOCAL, free_port)
    served = said.proved["served"]
    assert 40 <= served < 64  # the rest are its own
    assert said.final == {"total": 80, "established": served + 1, "error": 79 - served}
    assert said.proved == {"established": served + 1, "acknowledged": served + 1, "served": served, "not served": 1}
    assert said.line("Errors: ") == f"dial timeout × {79 - served}"
    assert said.line("Not served: ") == "1 (no answer within 500ms × 1)"
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


@pytest.mark.requires("nginx")
@pytest.mark.parametrize("at", ["open", "peak"])
def test_nginx_above_its_worker_connections(tcpgoon: Tcpgoon, nginx: Nginx, at: str) -> None:
    """It answers everybody and closes the oldest: who was served and is closed is not held."""
    said = tcpgoon("-c", 120, "-s", 1, "--probe", "http", "--probe-at", at, LOCAL, nginx(64))
    held = said.final["established"]
    assert 40 <= held <= 63
    assert said.final == {"total": 120, "established": held, "closed": 120 - held}
    assert said.proved["served"] == held
    assert said.proved["lost while held"] == 120 - held
    assert said.line("Peak concurrent connections: ").endswith(" of 120 (served)")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


@pytest.mark.requires("nginx")
def test_nginx_pushes_the_oldest_out_for_a_newcomer_of_ours(tcpgoon: Tcpgoon, nginx: Nginx) -> None:
    """Where N are exactly what it has room for, the canary is the one too many: that is not held against it.

    To make room for one it closes an eighth of all that wait for a request, the oldest first.
    """
    port = nginx(64)
    room = room_of(port)
    flags = ("-c", room, "-s", 1, "--hold", "2s", "--probe", "http")
    alone = tcpgoon(*flags, "--no-canary", LOCAL, port)
    assert alone.proved == {"established": room, "acknowledged": room, "served": room}
    assert (alone.verdict, alone.exit_status) == ("PASS", 0)
    disturbed = tcpgoon(*flags, "--canary", LOCAL, port)
    assert disturbed.final == {"total": room, "established": room - room // 8, "closed": room // 8}
    assert "--no-canary" in disturbed.lines[-1]
    assert (disturbed.verdict, disturbed.exit_status) == ("INCONCLUSIVE", 3)


def room_of(port: int) -> int:
    """How many connections nginx holds before it closes the oldest for one more."""
    with ExitStack() as held:
        first = held.enter_context(socket.create_connection((LOCAL, port), 30))
        first.settimeout(0)
        for count in range(1, 100):
            connection = held.enter_context(socket.create_connection((LOCAL, port), 30))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
            with suppress(BlockingIOError):
                assert first.recv(1_000) == b""
                return count
    raise AssertionError("it has room for a hundred")


@pytest.mark.requires("nginx")
@pytest.mark.parametrize(
    ("flags", "levels"),
    [
        (("--assurance", "handshake"), []),
        ((), ["established", "acknowledged"]),
        (("--probe", "http"), ["established", "acknowledged", "served"]),
    ],
)
def test_nginx_that_defers_accepting(tcpgoon: Tcpgoon, nginx: Nginx, flags: tuple[str, ...], levels: list[str]) -> None:
    """``listen … deferred``: for its kernel half-open for a second or so, and healthy."""
    said = tcpgoon("-c", 50, "-s", 0, *flags, LOCAL, nginx(512, listen="deferred"))
    assert said.final == {"total": 50, "established": 50}
    assert said.proved == dict.fromkeys(levels, 50)
    assert (said.verdict, said.exit_status) == ("PASS", 0)


@pytest.mark.requires("sshd", "ssh-keygen")
def test_openssh_up_to_its_max_startups(tcpgoon: Tcpgoon, sshd: int) -> None:
    """Nobody asks: it speaks first, and that proves it."""
    said = tcpgoon("-c", 5, "-s", 0, LOCAL, sshd)
    assert said.final == {"total": 5, "established": 5}
    assert said.proved == {"established": 5, "acknowledged": 5, "served": 5}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


@pytest.mark.requires("sshd", "ssh-keygen")
def test_openssh_above_its_max_startups(tcpgoon: Tcpgoon, sshd: int) -> None:
    said = tcpgoon("-c", 8, "-s", 0, LOCAL, sshd)
    assert said.final == {"total": 8, "established": 5, "closed": 3}
    assert said.line("The peer said: ") in (
        r'"Exceeded MaxStartups\r\n" × 3',  # until 9.7
        r'"Not allowed at this time\r\n" × 3',
    )
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
