"""What is found where Debian's servers, and small ones of ours, are at their limits: the true cause first."""

import re
from pathlib import Path

import pytest

from .conftest import Haproxy, Nginx, Program, StartEcho, StartProgram, StartServer, Tcpgoon
from .found import APPLICATION, FAIL, KERNEL, PASS, PATH, about, outcome, the_first

LOCAL = "127.0.0.1"
N = 100
PACES = {"burst": ("-s", 0), "paced": ("-s", 2)}
ASKED = ("--probe", "echo", "--probe-timeout", "700ms")

paces = pytest.mark.parametrize("pace", PACES.values(), ids=PACES)

# Limits of their own.


@pytest.mark.requires("nginx")
@paces
@pytest.mark.parametrize("probe", [(), ("--probe", "http")], ids=["unasked", "asked"])
@pytest.mark.parametrize("processes", [1, 2])
def test_nginx_above_its_worker_connections(
    tcpgoon: Tcpgoon, nginx: Nginx, pace: tuple[object, ...], probe: tuple[str, ...], processes: int
) -> None:
    """It makes room for newcomers: an eighth of each worker's are closed, those that have been idle for longest."""
    port = nginx(64, processes=processes, main="worker_shutdown_timeout 1s;")
    said = tcpgoon("-c", 300, *pace, *probe, LOCAL, port)
    held = said.final["established"]
    found = the_first(said, "TG402", APPLICATION, "likely")
    # Of two workers one may have come late; and what was asked is idle since then, in an order of its own.
    which = "(the oldest|some)" if processes > 1 or probe else "the oldest"
    assert re.search(f" it closes {which} above ", found.sentence), found
    above, *closed = found.numbers[:3]
    assert held <= above <= held + 8 * processes
    assert closed == about(300 - held, 300)
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


@pytest.mark.requires("redis-server")
@paces
@pytest.mark.parametrize("probe", [(), ("--probe", "redis")], ids=["unasked", "asked"])
def test_redis_above_its_maxclients(
    tcpgoon: Tcpgoon,
    program: Program,
    start: StartProgram,
    free_port: int,
    folder: Path,
    pace: tuple[object, ...],
    probe: tuple[str, ...],
) -> None:
    redis(program, start, free_port, folder, "--maxclients", 30)
    said = tcpgoon("-c", N, *pace, *probe, LOCAL, free_port)
    found = the_first(said, "TG402", APPLICATION, "certain")
    assert found.numbers[:3] == about(30, N - 30, N)
    assert '; it said "-ERR max number of clients reached' in found.sentence
    assert "redis" in found.sentence.lower()
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


@pytest.mark.requires("redis-server")
def test_redis_that_has_few_descriptors(
    tcpgoon: Tcpgoon, program: Program, start: StartProgram, free_port: int, folder: Path
) -> None:
    """It keeps 32 for itself and says no above what is left: that it has few is not what stops it."""
    redis(program, start, free_port, folder, before=("prlimit", "--nofile=64:64"))
    said = tcpgoon("-c", N, "-s", 2, "--probe", "redis", LOCAL, free_port)
    found = the_first(said, "TG402", APPLICATION, "certain")
    assert found.numbers[:3] == about(32, N - 32, N)
    assert outcome(said) == FAIL


@pytest.mark.requires("memcached")
def test_memcached_that_is_full_and_says_nothing(
    tcpgoon: Tcpgoon, program: Program, start: StartProgram, free_port: int
) -> None:
    """It lowers its limit of descriptors to the number that it is told, and does not accept any more."""
    options = ("-u", "nobody", "-l", LOCAL, "-p", free_port, "-c", 64, "-t", 1, "-b", 1_024, "-o", "no_maxconns_fast")
    start(program("memcached"), *options)
    said = tcpgoon("-c", N, "-s", 2, "-d", 1_500, "--probe", "memcached", "--probe-timeout", "700ms", LOCAL, free_port)
    served = said.proved["served"]
    found = the_first(said, "TG401", APPLICATION, "certain")
    assert found.numbers == about(served, N - served, 64, 64)
    assert "; memcached has 6" in found.sentence
    assert outcome(said) == FAIL


@pytest.mark.requires("memcached")
@pytest.mark.parametrize("probe", [(), ("--probe", "memcached")], ids=["unasked", "asked"])
def test_memcached_that_is_full_and_says_so(
    tcpgoon: Tcpgoon, program: Program, start: StartProgram, free_port: int, probe: tuple[str, ...]
) -> None:
    start(program("memcached"), "-u", "nobody", "-l", LOCAL, "-p", free_port, "-c", 64, "-t", 1)
    said = tcpgoon("-c", N, "-s", 2, *probe, LOCAL, free_port)
    held = said.final["established"]
    found = the_first(said, "TG402", APPLICATION, "certain")
    assert found.numbers[:3] == about(held, N - held, N)
    assert '; it said "ERROR Too many open connections' in found.sentence
    assert outcome(said) == FAIL


@pytest.mark.requires("postgres")
@pytest.mark.usefixtures("postgres")
def test_postgres_above_its_max_connections(tcpgoon: Tcpgoon, free_port: int) -> None:
    said = tcpgoon("-c", 20, "-s", 50, "--probe", "postgres", "--probe-at", "open", LOCAL, free_port)
    found = the_first(said, "TG402", APPLICATION, "certain")
    assert found.numbers[:3] == about(5, 15, 20)
    assert "sorry, too many clients already" in found.sentence
    assert outcome(said) == FAIL


@pytest.mark.requires("sshd", "ssh-keygen")
def test_openssh_above_its_max_startups(tcpgoon: Tcpgoon, sshd: int) -> None:
    said = tcpgoon("-c", 20, "-s", 0, LOCAL, sshd)
    found = the_first(said, "TG402", APPLICATION, "certain")
    assert found.numbers[:3] == about(5, 15, 20)
    assert outcome(said) == FAIL


# Descriptors.


@pytest.mark.requires("nginx")
@pytest.mark.parametrize("probe", [(), ("--probe", "http", "--probe-timeout", "700ms")], ids=["unasked", "asked"])
def test_nginx_without_descriptors(tcpgoon: Tcpgoon, nginx: Nginx, probe: tuple[str, ...]) -> None:
    port = nginx(1_024, main="worker_rlimit_nofile 64;")
    said = tcpgoon("-c", N, "-s", 2, *probe, LOCAL, port)
    found = the_first(said, "TG401", APPLICATION, "certain")
    served, left_out, *descriptors = found.numbers
    assert 45 <= served < 64
    assert left_out == about_one(N - served)
    assert descriptors in ([64, 64], [63, 64])
    assert "nginx has" in found.sentence


def about_one(number: int) -> object:
    return pytest.approx(number, abs=3)


# A proxy.


@pytest.mark.requires("haproxy")
@paces
@pytest.mark.parametrize("probe", [(), ASKED], ids=["unasked", "asked"])
def test_haproxy_above_its_maxconn(
    tcpgoon: Tcpgoon, server: StartServer, haproxy: Haproxy, pace: tuple[object, ...], probe: tuple[str, ...]
) -> None:
    """It leaves the others to its kernel; its backlog is its maxconn too, and the queue takes one more.

    Of a burst our kernel may call others established, which its kernel has no room for.
    """
    port = haproxy(
        f"maxconn 32\n    default_backend back\nbackend back\n    server only {LOCAL}:{server('--echo').port}"
    )
    said = tcpgoon("-c", N, "-d", 1_500, *pace, *probe, LOCAL, port)
    found = the_first(said, "TG403", APPLICATION, "certain")
    accepted, established, *waiting = found.numbers
    assert [accepted, *waiting] == about(32, 33, 33)
    assert 65 <= established <= N
    assert said.codes == ["TG403", "TG301"]
    held, of, *left_out, queued = said.findings[1].numbers  # on a busy machine some of those are in doubt
    assert [held, of, sum(left_out), queued] == about(65, N, N - 65, 33)
    assert outcome(said) == FAIL


@pytest.mark.requires("haproxy")
def test_haproxy_before_a_full_backend(tcpgoon: Tcpgoon, server: StartServer, haproxy: Haproxy) -> None:
    """It accepts them all, and has them wait."""
    port = haproxy(forward(server("--echo").port, "maxconn 10"))
    said = tcpgoon("-c", N, "-s", 2, *ASKED, LOCAL, port)
    found = the_first(said, "TG403", APPLICATION, "likely")
    assert found.numbers[:3] == about(10, N, N - 10)
    assert outcome(said) == FAIL


@pytest.mark.requires("haproxy")
@paces
def test_haproxy_before_a_dead_backend(tcpgoon: Tcpgoon, haproxy: Haproxy, pace: tuple[object, ...]) -> None:
    port = haproxy(forward(9))
    said = tcpgoon("-c", N, *pace, "--hold", "3s", "--probe", "echo", LOCAL, port)
    found = the_first(said, "TG206", PATH, "likely")
    assert found.numbers == about(N)
    assert found.sentence.endswith("; what listens there is haproxy")
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


# Idle timeouts.


@pytest.mark.requires("haproxy")
@paces
def test_haproxy_and_idle_clients(
    tcpgoon: Tcpgoon, server: StartServer, haproxy: Haproxy, pace: tuple[object, ...]
) -> None:
    port = haproxy(forward(server("--echo").port), client="1s")
    said = tcpgoon("-c", N, *pace, "--hold", "3s", LOCAL, port)
    found = the_first(said, "TG405", APPLICATION, "likely")
    assert found.numbers[0] == N
    assert " at an age of 1" in found.sentence
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


@pytest.mark.requires("redis-server")
@paces
def test_redis_and_idle_clients(
    tcpgoon: Tcpgoon, program: Program, start: StartProgram, free_port: int, folder: Path, pace: tuple[object, ...]
) -> None:
    redis(program, start, free_port, folder, "--timeout", 1)
    said = tcpgoon("-c", N, *pace, "--hold", "5s", LOCAL, free_port)
    found = the_first(said, "TG405", APPLICATION, "likely")
    assert found.numbers[0] == N
    assert outcome(said) == FAIL


@pytest.mark.requires("nginx")
@paces
def test_nginx_and_idle_clients(tcpgoon: Tcpgoon, nginx: Nginx, pace: tuple[object, ...]) -> None:
    said = tcpgoon("-c", N, *pace, "--hold", "3s", LOCAL, nginx(512, timeout="1s"))
    found = the_first(said, "TG405", APPLICATION, "likely")
    assert found.numbers[0] == N
    assert outcome(said) == FAIL


# Small servers.


@paces
def test_a_pool_of_eight(tcpgoon: Tcpgoon, echo: StartEcho, pace: tuple[object, ...]) -> None:
    """One thread accepts all, eight serve: from outside they wait as in the accept queue."""
    said = tcpgoon("-c", N, *pace, *ASKED, LOCAL, echo("--workers", 8))
    found = the_first(said, "TG403", APPLICATION, "likely")
    assert found.numbers[:3] == [8, N, N - 8]
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


def test_the_more_are_held_the_longer_it_takes(tcpgoon: Tcpgoon, echo: StartEcho) -> None:
    said = tcpgoon("-c", N, "-s", 2, "--hold", "3s", "--probe", "echo", LOCAL, echo("--slower", 0.01))
    found = the_first(said, "TG406", APPLICATION, "likely")
    assert found.numbers == [N]
    assert len(said.findings) == 1
    assert outcome(said) == PASS


@pytest.mark.parametrize("probe", [(), ASKED], ids=["unasked", "asked"])
def test_nobody_listens_any_more_once_40_are_in(tcpgoon: Tcpgoon, echo: StartEcho, probe: tuple[str, ...]) -> None:
    said = tcpgoon("-c", N, "-s", 10, *probe, LOCAL, echo("--most", 40))
    found = the_first(said, "TG303", KERNEL, "certain")
    assert found.sentence.endswith("; the target has closed its listener")
    assert found.numbers == about(40, 60)
    assert outcome(said) == FAIL


def redis(
    program: Program, start: StartProgram, port: int, folder: Path, *more: object, before: tuple[str, ...] = ()
) -> None:
    options = ("--bind", LOCAL, "--save", "", "--dir", folder, *more)
    start(*before, program("redis-server"), "--port", port, *options)


def forward(port: int, options: str = "") -> str:
    return f"default_backend back\nbackend back\n    server only {LOCAL}:{port} {options}"
