"""What only `/proc` tells; the sockets in it are compared with those of netlink in `test_sock_diag`."""

import sys
from pathlib import Path

import pytest

from tcpgoon.engine.machine import proc_net
from tcpgoon.engine.machine.sock_diag import Listener
from tcpgoon.plan.endpoint import Family

LITTLE = pytest.mark.skipif(sys.byteorder == "big", reason="the example is of a little-endian machine")
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENING = (
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:0000000B 00:00000000 00000000    33        0 4711 1 0 100 0\n"
)


@LITTLE
def test_a_kernel_without_ipv6(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(HEAD + LISTENING)
    assert proc_net.listeners(Family.IPV4, 8080, tmp_path) == [
        Listener("127.0.0.1", 8080, 4711, 11, None, 33, Family.IPV4)
    ]
    assert proc_net.listeners(Family.IPV4, 8081, tmp_path) == []
    assert proc_net.listeners(Family.IPV6, 8080, tmp_path) == []


def test_a_process_that_has_ended(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        proc_net.listeners(Family.IPV4, 80, tmp_path / "4711")
    with pytest.raises(FileNotFoundError):
        proc_net.listen_overflows(tmp_path / "4711")


@pytest.mark.parametrize(
    ("text", "overflows"),
    [
        ("TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 49 50\nIpExt: InNoRoutes\nIpExt: 0\n", 49),
        ("IpExt: InNoRoutes\nIpExt: 0\nTcpExt: ListenOverflows\nTcpExt: 7\n", 7),
        ("TcpExt: SyncookiesSent\nTcpExt: 1\n", 0),
        ("", 0),
    ],
)
def test_how_often_an_accept_queue_was_full(tmp_path: Path, text: str, overflows: int) -> None:
    (tmp_path / "netstat").write_text(text)
    assert proc_net.listen_overflows(tmp_path) == overflows
