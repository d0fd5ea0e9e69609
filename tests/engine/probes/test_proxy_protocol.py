import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.engine.probes.proxy_protocol import proxy_header
from tcpgoon.errors import Bug
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.probe import ProxyProtocol

V4 = Endpoint("192.168.0.1", 56324), Endpoint("192.168.0.11", 443)
V6 = Endpoint("fe80::1%eth0", 1), Endpoint("2001:db8::2", 65_535)
SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"


@pytest.mark.parametrize(
    ("ends", "header"),
    [
        (V4, b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),  # the example of §2.1
        (V6, b"PROXY TCP6 fe80::1 2001:db8::2 1 65535\r\n"),
    ],
)
def test_version_1_is_a_line(ends: tuple[Endpoint, Endpoint], header: bytes) -> None:
    assert proxy_header(ProxyProtocol.V1, *ends) == header


@pytest.mark.parametrize(
    ("ends", "rest"),
    [
        (V4, b"\x21\x11\x00\x0c" + b"\xc0\xa8\x00\x01" + b"\xc0\xa8\x00\x0b" + b"\xdc\x04" + b"\x01\xbb"),
        (
            V6,
            b"\x21\x21\x00\x24"
            + b"\xfe\x80"
            + bytes(13)
            + b"\1"
            + b"\x20\x01\x0d\xb8"
            + bytes(11)
            + b"\2"
            + b"\0\1\xff\xff",
        ),
    ],
)
def test_version_2_is_binary(ends: tuple[Endpoint, Endpoint], rest: bytes) -> None:
    assert proxy_header(ProxyProtocol.V2, *ends) == SIGNATURE + rest


@pytest.mark.parametrize("version", ProxyProtocol)
def test_both_ends_are_of_one_family(version: ProxyProtocol) -> None:
    with pytest.raises(Bug, match=r"^no connection goes from 192\.168\.0\.1:56324 to \[2001:db8::2\]:65535$"):
        proxy_header(version, V4[0], V6[1])


PORTS = st.integers(1, 65_535)


@given(
    addresses=st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4))
    | st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6)),
    ports=st.tuples(PORTS, PORTS),
)
def test_any_connection_can_be_told(
    addresses: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...], ports: tuple[int, int]
) -> None:
    ends = [Endpoint(str(address), port) for address, port in zip(addresses, ports, strict=True)]
    line = proxy_header(ProxyProtocol.V1, *ends)
    binary = proxy_header(ProxyProtocol.V2, *ends)
    here, there = addresses

    words = line.decode("ascii").removesuffix("\r\n").split(" ")
    assert len(line) <= 107  # §2.1
    assert words[:2] == ["PROXY", f"TCP{here.version}"]
    assert (ipaddress.ip_address(words[2]), ipaddress.ip_address(words[3])) == (here, there)
    assert (int(words[4]), int(words[5])) == ports
    assert struct.unpack("!H", binary[14:16]) == (len(binary) - 16,)
    assert binary[16:] == here.packed + there.packed + struct.pack("!HH", *ports)
