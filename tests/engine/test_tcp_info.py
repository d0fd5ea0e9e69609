"""TCP_INFO, decoded: by its layout, and by what a real kernel says."""

import socket
import struct
import sys

import pytest

from tcpgoon.engine.tcp_info import SIZE, TCP_INFO, decode


def test_the_two_fields_are_where_the_kernel_puts_them() -> None:
    raw = bytearray(SIZE)
    struct.pack_into("=I", raw, 68, 317)  # tcpi_rtt
    struct.pack_into("=I", raw, 100, 3)  # tcpi_total_retrans
    assert decode(bytes(raw)) == (317, 3)


@pytest.mark.parametrize("size", [0, 100, SIZE - 1])
def test_an_older_kernel_gives_less(size: int) -> None:
    assert decode(bytes(size)) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO as Linux lays it out")
def test_a_fresh_connection_on_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        raw = client.getsockopt(socket.IPPROTO_TCP, TCP_INFO, SIZE)
    rtt_us, retransmits = decode(raw)
    assert len(raw) == SIZE
    assert 0 < rtt_us < 1_000_000
    assert retransmits == 0
