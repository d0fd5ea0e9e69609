"""Where all is well nothing is found: of none who carries them all, nor while newcomers knock."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from .conftest import Haproxy, Nginx, Program, StartEcho, StartProgram, StartServer, Tcpgoon
from .found import PASS, outcome

LOCAL = "127.0.0.1"
N = 100
KNOCKED = ("--hold", "2500ms")
PACES = {"burst": ("-s", 0), "paced": ("-s", 2)}
Healthy = Callable[..., None]

paces = pytest.mark.parametrize("pace", PACES.values(), ids=PACES)


@pytest.fixture
def healthy(tcpgoon: Tcpgoon) -> Healthy:
    """Runs the installed command, which has to pass and to find nothing."""

    def run(*words: object) -> None:
        said = tcpgoon(*words)
        assert said.findings == []
        assert outcome(said) == PASS

    return run


@paces
@pytest.mark.parametrize(
    ("knobs", "flags"),
    [
        pytest.param((), (), id="plain"),
        pytest.param((), KNOCKED, id="newcomers"),
        pytest.param(("--workers", 2), KNOCKED, id="two workers"),
        pytest.param(("--host", "::1"), KNOCKED, id="IPv6"),
        pytest.param(("--echo",), ("--probe", "echo", *KNOCKED), id="asked"),
        pytest.param(("--echo",), ("--probe", "echo", "--probe-every", "300ms", *KNOCKED), id="asked again and again"),
        pytest.param(("--echo",), ("--probe", "echo", "--probe-at", "open"), id="asked when open"),
        pytest.param(("--banner", r"220 ready\r\n"), ("--probe", "banner"), id="speaks first"),
        pytest.param((), ("--assurance", "handshake"), id="handshakes alone"),
        pytest.param((), ("--confirm-every", "1s", *KNOCKED), id="confirmed again and again"),
        pytest.param((), ("--close", "reset"), id="reset by us"),
        pytest.param((), ("--source", "127.0.0.2", "--source", "127.0.0.3"), id="two sources"),
        pytest.param(("--max-connections", N), (), id="exactly at its limit"),
        pytest.param(("--max-connections", N, "--above", "stop"), KNOCKED, id="exactly at its limit, newcomers wait"),
    ],
)
def test_the_bundled_server(
    healthy: Healthy,
    server: StartServer,
    pace: tuple[object, ...],
    knobs: tuple[object, ...],
    flags: tuple[object, ...],
) -> None:
    target = server(*knobs)
    healthy("-c", N, *pace, *flags, target.host, target.port)


def test_a_burst_that_its_accept_queue_has_room_for(healthy: Healthy, server: StartServer) -> None:
    target = server("--backlog", 4_096)
    healthy("-c", 2_000, "-s", 0, *KNOCKED, target.host, target.port)


def test_a_single_connection(healthy: Healthy, server: StartServer) -> None:
    target = server()
    healthy("-c", 1, *KNOCKED, target.host, target.port)


@paces
def test_tls(healthy: Healthy, echo: StartEcho, authority: trustme.CA, folder: Path, pace: tuple[object, ...]) -> None:
    certificate, ca = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert(LOCAL).private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(ca)
    port = echo("--certificate", certificate)
    healthy("-c", N, *pace, "--tls", "--ca", ca, "--probe", "echo", *KNOCKED, LOCAL, port)


@pytest.mark.requires("nginx")
@paces
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("probe", [(), ("--probe", "http")], ids=["unasked", "asked"])
def test_nginx(
    healthy: Healthy, nginx: Nginx, pace: tuple[object, ...], processes: int, probe: tuple[str, ...]
) -> None:
    healthy("-c", N, *pace, *KNOCKED, *probe, LOCAL, nginx(512, processes=processes))


@pytest.mark.requires("nginx")
def test_nginx_that_speaks_tls(healthy: Healthy, nginx: Nginx, authority: trustme.CA, folder: Path) -> None:
    certificate, ca = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert(LOCAL).private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(ca)
    port = nginx(512, listen="ssl", server=f"ssl_certificate {certificate}; ssl_certificate_key {certificate};")
    healthy("-c", N, "-s", 2, "--tls", "--ca", ca, "--probe", "http", *KNOCKED, LOCAL, port)


@pytest.mark.requires("nginx")
@pytest.mark.parametrize("probe", [(), ("--probe", "http")], ids=["unasked", "asked"])
def test_nginx_that_defers_accepting(healthy: Healthy, nginx: Nginx, probe: tuple[str, ...]) -> None:
    healthy("-c", N, "-s", 2, *probe, LOCAL, nginx(512, listen="deferred"))


@pytest.mark.requires("haproxy")
@paces
def test_haproxy(healthy: Healthy, server: StartServer, haproxy: Haproxy, pace: tuple[object, ...]) -> None:
    port = haproxy(f"default_backend back\nbackend back\n    server only {LOCAL}:{server('--echo').port}")
    healthy("-c", N, *pace, *KNOCKED, "--probe", "echo", LOCAL, port)


@pytest.mark.requires("redis-server")
@paces
@pytest.mark.parametrize("probe", [(), ("--probe", "redis")], ids=["unasked", "asked"])
def test_redis(
    healthy: Healthy,
    program: Program,
    start: StartProgram,
    free_port: int,
    folder: Path,
    pace: tuple[object, ...],
    probe: tuple[str, ...],
) -> None:
    start(program("redis-server"), "--port", free_port, "--bind", LOCAL, "--save", "", "--dir", folder)
    healthy("-c", N, *pace, *KNOCKED, *probe, LOCAL, free_port)


@pytest.mark.requires("memcached")
@paces
def test_memcached(
    healthy: Healthy, program: Program, start: StartProgram, free_port: int, pace: tuple[object, ...]
) -> None:
    start(program("memcached"), "-u", "nobody", "-l", LOCAL, "-p", free_port, "-c", 256)
    healthy("-c", N, *pace, *KNOCKED, "--probe", "memcached", LOCAL, free_port)


@pytest.mark.requires("postgres")
@pytest.mark.usefixtures("postgres")
def test_postgres(healthy: Healthy, free_port: int) -> None:
    """Which has five places, and keeps each for a moment after its client has gone."""
    healthy("-c", 3, "-s", 200, "--no-canary", "--hold", "2s", "--probe", "postgres", LOCAL, free_port)


@pytest.mark.requires("sshd", "ssh-keygen")
def test_openssh(healthy: Healthy, sshd: int) -> None:
    healthy("-c", 4, "-s", 100, "--no-canary", "--hold", "2s", LOCAL, sshd)
