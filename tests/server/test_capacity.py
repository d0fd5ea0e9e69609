"""It holds 18,000 connections in one process, and each costs next to nothing."""

import resource
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpgoon.server import Counts, ServerConfig, ServerProcess

COUNT = 18_000
PER_SOURCE = 4_000
IP_BIND_ADDRESS_NO_PORT = 24


@pytest.fixture
def enough_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.requires("18200 descriptors")
@pytest.mark.usefixtures("enough_descriptors")
@pytest.mark.parametrize("config", [ServerConfig(banner=b"!"), ServerConfig(banner=b"!", close_after_s=60)])
def test_18000_connections_in_one_process(config: ServerConfig) -> None:
    with ServerProcess(config) as server:
        before = private_bytes(server.pid)
        connections = [dial_from(f"127.0.1.{1 + number // PER_SOURCE}", server) for number in range(COUNT)]
        try:
            assert all(connection.recv(1) == b"!" for connection in connections)
            assert (private_bytes(server.pid) - before) / COUNT < 512
        finally:
            for connection in connections:
                connection.close()
    assert server.counts
    assert (server.counts.accepted, server.counts.peak, server.counts.refused) == (COUNT, COUNT, 0)
    assert server.counts == Counts(accepted=COUNT, peak=COUNT, refused=0, held=server.counts.held)


def dial_from(source: str, server: ServerProcess) -> socket.socket:
    """A connection from that address (several give the kernel more ports to choose from); reset when closed."""
    connection = socket.socket()
    connection.settimeout(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    connection.bind((source, 0))
    connection.connect((server.host, server.port))
    return connection


def private_bytes(pid: int) -> int:
    """Memory that only this process has written."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty:"))
