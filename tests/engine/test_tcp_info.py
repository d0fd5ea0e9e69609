"""TCP_INFO, decoded: by its layout, and by what a real kernel says."""

import socket
import struct
import sys

import pytest

from tcpgoon.engine.tcp_info import ESTABLISHED, SIGN_SIZE, SIZE, TCP_INFO, Sign, decode, decode_sign


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


def test_the_fields_of_a_sign_are_where_the_kernel_puts_them() -> None:
    raw = bytearray(SIGN_SIZE)
    for at, kind, value in [
        (0, "B", 4),  # tcpi_state
        (24, "I", 2),  # tcpi_unacked
        (52, "I", 1_500),  # tcpi_last_data_recv
        (56, "I", 900),  # tcpi_last_ack_recv
        (120, "Q", 2**40),  # tcpi_bytes_acked
        (128, "Q", 2**41),  # tcpi_bytes_received
        (140, "I", 7),  # tcpi_segs_in
    ]:
        struct.pack_into(f"={kind}", raw, at, value)
    sign = Sign(state=4, unacked=2, data_ms=1_500, ack_ms=900, bytes_acked=2**40, bytes_received=2**41, segments=7)
    assert decode_sign(bytes(raw)) == sign


@pytest.mark.parametrize("size", [0, SIZE, SIGN_SIZE - 1])
def test_an_older_kernel_gives_no_sign(size: int) -> None:
    assert decode_sign(b"\x01" * size) == Sign(0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("acked", "received", "exchanged"), [(0, 0, False), (1, 0, False), (2, 0, True), (1, 1, True), (0, 1, True)]
)
def test_our_syn_is_no_data(acked: int, received: int, exchanged: bool) -> None:
    assert Sign(1, 0, 0, 0, acked, received, 1).exchanged is exchanged


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO as Linux lays it out")
def test_the_sign_of_a_fresh_connection_on_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        raw = client.getsockopt(socket.IPPROTO_TCP, TCP_INFO, SIGN_SIZE)
    sign = decode_sign(raw)
    assert sign._replace(data_ms=0, ack_ms=0) == Sign(ESTABLISHED, 0, 0, 0, 1, 0, 1)
    assert not sign.exchanged
    assert max(sign.data_ms, sign.ack_ms) < 5_000
