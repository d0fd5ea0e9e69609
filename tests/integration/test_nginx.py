"""Debian's nginx, at its limits and below them."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Tcpgoon, ages_s, wait_for_listener

NGINX = "/usr/sbin/nginx"
CONFIGURATION = """
daemon off;
worker_processes 1;
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
    server {{ listen 127.0.0.1:{port}; return 200; }}
}}
"""

pytestmark = pytest.mark.requires("nginx")


@pytest.fixture
def nginx(tmp_path: Path, free_port: int) -> Iterator[Callable[..., int]]:
    """Starts nginx with so many worker connections; its port, once it listens."""
    running: list[subprocess.Popen[bytes]] = []

    def start(connections: int, timeout: str = "60s") -> int:
        configuration = tmp_path / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(folder=tmp_path, connections=connections, timeout=timeout, port=free_port)
        )
        command = [NGINX, "-c", str(configuration), "-e", str(tmp_path / "error.log")]
        subprocess.run([*command, "-t"], check=True, capture_output=True, timeout=30)
        running.append(subprocess.Popen(command))
        wait_for_listener(free_port)
        return free_port

    yield start
    for process in running:
        process.terminate()
        process.wait(30)


def test_it_carries_what_it_was_told_to(tcpgoon: Tcpgoon, nginx: Callable[..., int]) -> None:
    said = tcpgoon("-c", 500, "-s", 0, "127.0.0.1", nginx(1024))
    assert said.final == {"total": 500, "established": 500}
    assert said.exit_status == 0


def test_above_its_worker_connections(tcpgoon: Tcpgoon, nginx: Callable[..., int]) -> None:
    """It needs a few of them for itself: the listening socket and what its processes talk over."""
    said = tcpgoon("-c", 120, "-s", 1, "127.0.0.1", nginx(64))
    held = said.final["established"]
    assert 55 <= held <= 63
    assert said.final == {"total": 120, "established": held, "closed": 120 - held}
    assert "by the peer" in said.line(f"Lost while held: {120 - held} ")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_it_closes_who_asks_for_nothing(tcpgoon: Tcpgoon, nginx: Callable[..., int]) -> None:
    said = tcpgoon("-c", 50, "-s", 0, "--hold", "20s", "127.0.0.1", nginx(1024, timeout="1s"))
    assert said.final == {"total": 50, "closed": 50}
    lost = said.line("Lost while held: 50 ")
    assert lost.startswith("(FIN by the peer × 50, ")
    first, last = ages_s(lost)
    assert 0.9 <= first <= last  # its clock is up to a few ms behind
    assert said.exit_status == 2
