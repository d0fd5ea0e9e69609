"""Fixtures: the installed command, servers, and a free port."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from tcpgoon.server import ServerProcess
from tests.installed import INSTALLED, LIMIT_S, STATUS, Found, Running, Said, ages_s, run_installed
from tests.targets import ECHO

__all__ = ["INSTALLED", "LIMIT_S", "STATUS", "Found", "Running", "Said", "ages_s", "run_installed"]

Tcpgoon = Callable[..., Said]
Run = Callable[..., Running]
StartServer = Callable[..., ServerProcess]
StartEcho = Callable[..., int]
StartProgram = Callable[..., None]
Nginx = Callable[..., int]
Haproxy = Callable[..., int]
Program = Callable[[str], str]

NGINX = """
daemon off;
worker_processes {processes};
{main}
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_header_timeout {timeout};
    server {{
        listen 127.0.0.1:{port} {listen};
        {server}
        location / {{ return 200 "ok"; }}
        location /none {{ return 404; }}
        location /dead {{ proxy_pass http://127.0.0.1:9; }}
    }}
}}
"""


HAPROXY = """
defaults
    mode {mode}
    timeout connect 1s
    timeout client {client}
    timeout server 60s
    timeout queue 60s
    retries 1

frontend front
    bind 127.0.0.1:{port} {options}
    {rest}
"""


@pytest.fixture
def tcpgoon() -> Tcpgoon:
    """Runs the installed command with ``-y`` and the given words; ``before`` is put before it."""
    return run_installed


@pytest.fixture
def running() -> Iterator[Run]:
    """Starts the installed command with the given words, and does not wait for its end."""
    with ExitStack() as ending:
        yield lambda *words: ending.enter_context(Running(*words))


@pytest.fixture
def server() -> Iterator[StartServer]:
    """Starts bundled servers with the flags given; all end with the test."""
    running: list[ServerProcess] = []

    def start(*flags: object) -> ServerProcess:
        process = ServerProcess(flags=[str(flag) for flag in flags])
        running.append(process.__enter__())
        return process

    yield start
    for process in running:
        process.end()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that belongs to the user whom servers run as that refuse to be root."""
    with tempfile.TemporaryDirectory(prefix="tcpgoon-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def start(free_port: int, folder: Path) -> Iterator[StartProgram]:
    """Runs a server until the test is over; returns when it listens on the free port."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*command: object, user: str | None = None) -> None:
        log = (folder / "log").open("ab")
        running.append(subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, cwd=folder, user=user))
        log.close()
        wait_for_listener(free_port)

    yield run
    for process in running:
        process.terminate()
        process.wait(30)


@pytest.fixture
def echo(start: StartProgram, free_port: int) -> StartEcho:
    """Starts ``tests/targets/echo.py`` with the flags given; its port."""

    def run(*flags: object) -> int:
        start(sys.executable, ECHO, "127.0.0.1", free_port, *flags)
        return free_port

    return run


@pytest.fixture
def haproxy(program: Program, start: StartProgram, free_port: int, folder: Path) -> Haproxy:
    """Starts haproxy with what belongs to its frontend, and how long a client may be idle; its port."""

    def run(rest: str, options: str = "", mode: str = "tcp", client: str = "60s") -> int:
        configuration = folder / "haproxy.cfg"
        configuration.write_text(HAPROXY.format(port=free_port, rest=rest, options=options, mode=mode, client=client))
        start(program("haproxy"), "-db", "-f", configuration)
        return free_port

    return run


@pytest.fixture
def nginx(program: Program, start: StartProgram, free_port: int, folder: Path) -> Nginx:
    """Starts nginx: worker connections, timeout, what is added to ``listen`` and to its server; its port.

    And ``processes``, the number of its workers, and ``main``, which is added to the main section.
    """

    def run(connections: int = 64, timeout: str = "60s", listen: str = "", server: str = "", **more: object) -> int:
        configuration, log = folder / "nginx.conf", folder / "error.log"
        asked = {"connections": connections, "timeout": timeout, "listen": listen, "server": server}
        known = {"processes": 1, "main": "", **more}
        configuration.write_text(NGINX.format(folder=folder, port=free_port, **asked, **known))
        start(program("nginx"), "-c", configuration, "-e", log)
        return free_port

    return run


@pytest.fixture
def sshd(program: Program, start: StartProgram, free_port: int, folder: Path) -> int:
    """OpenSSH that takes 5 who have not logged in, and turns each further away; its port."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it insists on it
    key = folder / "key"
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=30)
    settings = [f"Port={free_port}", "ListenAddress=127.0.0.1", "MaxStartups=5:100:5", "PidFile=none", "UsePAM=no"]
    command = [program("sshd"), "-f", "/dev/null", "-h", str(key)]
    # Since 9.8 it turns whole addresses away that never log in: true to life, and not the limit that is asked about.
    lenient = ["-o", "PerSourcePenalties=no"]
    knows = subprocess.run([*command, "-t", *lenient], capture_output=True, timeout=30).returncode == 0
    options = [word for setting in settings for word in ("-o", setting)] + (lenient if knows else [])
    start(*command, "-D", "-e", *options)
    return free_port


@pytest.fixture
def postgres(program: Program, start: StartProgram, free_port: int, folder: Path) -> None:
    """PostgreSQL with places for 3 users and 2 administrators; `plain` needs no password, `scram` does."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    data = folder / "data"

    def run(name: str, *options: object) -> None:
        command = [program(name), *map(str, options)]
        subprocess.run(command, check=True, capture_output=True, timeout=120, user=user, cwd=folder)

    run("initdb", "-D", data, "-U", "postgres", "--no-sync", "--locale", "C", "-A", "trust")
    rules = ("all all 127.0.0.1/32 trust", "all all ::1/128 reject")
    (data / "pg_hba.conf").write_text(
        "host all scram all scram-sha-256\n" + "".join(f"host {rule}\n" for rule in rules)
    )
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "max_connections": 5,
        "superuser_reserved_connections": 2,
        "max_wal_senders": 0,
        "autovacuum": "off",
        "fsync": "off",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    start(program("postgres"), "-D", data, "-p", free_port, *options, user=user)
    run("pg_isready", "-h", "127.0.0.1", "-p", free_port, "-t", 30)
    sql = "create role plain login; create role scram login password 'x'"
    run("psql", "-X", "-h", "127.0.0.1", "-p", free_port, "-U", "postgres", "-c", sql)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs certificates."""
    return trustme.CA()


@pytest.fixture
def free_port() -> int:
    """A port of loopback on which nobody listens, and from which no connection of ours will come."""
    for port in random.sample(range(20_000, 30_000), 10_000):  # somebody else may be testing here as well
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def wait_for_listener(port: int) -> None:
    """Return when somebody listens on ``port``, fail if that takes too long.

    Nobody is dialled: some of these servers have few places, and take their time to give one back.
    """
    until(lambda: is_listened_to(port))


def is_listened_to(port: int) -> bool:
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    """Return when ``condition`` holds, fail if that takes too long."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.005)


def comes_to_be(look: Callable[[], object], expected: object, limit_s: float = 30) -> None:
    """Return when ``look`` gives ``expected``; say what it gave last if that takes too long."""
    deadline = time.monotonic() + limit_s
    while (seen := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.005)
    assert seen == expected


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Meanwhile that process does nothing, and its kernel goes on without it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T"))
        yield
    finally:
        # The kernel wakes it itself where its group is left alone with a stopped process in it.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
