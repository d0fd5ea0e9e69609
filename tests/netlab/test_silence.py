"""Peers that are there at first and are gone without a word: the path is cut, or their kernel has forgotten."""

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.netlab.lab import Lab

from .conftest import LIMIT_S, PORT, MakeLab, listen, until

N = 20
ONE_SECOND = 20
"""Status lines."""
NO_RST = "table ip silence { chain out { type filter hook output priority filter; tcp flags & rst == rst drop; }; }"


def test_cut_off_during_the_hold(lab: MakeLab) -> None:
    net = lab(delay="10ms")
    server = net.serve()
    run = net.running("-c", N, "-s", 0, "--hold", "2s", "--no-canary", server.host, server.port)
    run.wait_until(established=N)
    net.cut()
    said = run.end()
    assert said.final == {"total": N, "closed": N}
    assert said.proved == {"established": N, "acknowledged": 0, "phantom": N}
    assert said.line("Phantoms: ") == f"{N} (no answer × {N})"
    assert said.lines[-1] == (
        f"FAIL: only 0 of {N} connections were established, acknowledged and held to the end: {N} phantoms (no answer)"
    )
    assert said.exit_status == 2


def test_cut_off_and_found_out_during_a_long_hold(lab: MakeLab) -> None:
    """Of a hold of an hour nothing is left to wait for once all are known to be gone."""
    net = lab(delay="10ms")
    server = net.serve()
    flags = ("--hold", "1h", "--confirm-every", "1s", "--no-canary")
    run = net.running("-c", N, "-s", 0, *flags, server.host, server.port)
    run.wait_until(established=N)
    net.cut()
    said = run.end()
    assert said.final == {"total": N, "closed": N}
    assert said.line("Phantoms: ") == f"{N} (no answer × {N})"
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_cut_off_before_the_probe(lab: MakeLab) -> None:
    """What was asked is never ACKed."""
    net = lab(delay="10ms")
    server = net.serve("--echo")
    flags = ("--probe", "echo", "--probe-at", "end", "--probe-timeout", "1s", "--hold", "1s", "--no-canary")
    run = net.running("-c", N, "-s", 0, *flags, server.host, server.port)
    run.wait_until(established=N)
    net.cut()
    said = run.end()
    assert said.final == {"total": N, "closed": N}
    assert said.proved["phantom"] == N
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_a_cut_that_is_mended_in_time_harms_nobody(lab: MakeLab) -> None:
    net = lab(delay="10ms")
    server = net.serve()
    run = net.running("-c", N, "-s", 0, "--hold", "2s", "--no-canary", server.host, server.port)
    run.wait_until(established=N)
    net.cut()
    until(lambda: net.counts()["to-server"]["cut"] >= N)  # each has been asked for a sign of life
    net.mend()
    said = run.end()
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


# Half-open: the server's kernel knows nothing of some of them any more, and its word about it was lost.


class Forgetful:
    """A server that accepts all, then forgets some of them: the client is not told."""

    def __init__(self, net: Lab, listener: socket.socket) -> None:
        self._net = net
        self._listener = listener
        self._held: list[socket.socket] = []

    def accept(self, count: int) -> None:
        self._listener.settimeout(LIMIT_S)
        self._held = [self._listener.accept()[0] for _ in range(count)]

    def forget(self, count: int) -> None:
        self._net.server.nft(NO_RST)
        for _ in range(count):
            connection = self._held.pop()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        assert self._net.server.connections(PORT) == len(self._held)

    def close(self) -> None:
        for connection in self._held:
            connection.close()


@pytest.fixture
def net(lab: MakeLab) -> Lab:
    return lab(delay="10ms")


@pytest.fixture
def forgetful(net: Lab) -> Iterator[Forgetful]:
    with listen(net.server, 100) as listener:
        server = Forgetful(net, listener)
        yield server
        server.close()


@pytest.mark.parametrize(("answers", "how"), [(True, "RST"), (False, "no answer")])
def test_half_open_connections_are_found_before_the_end(
    net: Lab, forgetful: Forgetful, answers: bool, how: str
) -> None:
    run = net.running("-c", N, "-s", 0, "--hold", "2s", "--no-canary", net.server.ipv4, PORT)
    forgetful.accept(N)
    run.wait_until(established=N)
    forgetful.forget(5)
    if answers:
        net.server.open_firewall()
    said = run.end()
    assert said.final == {"total": N, "established": N - 5, "closed": 5}
    assert said.proved == {"established": N, "acknowledged": N - 5, "phantom": 5}
    assert said.line("Phantoms: ") == f"5 ({how} × 5)"
    assert said.lines[-1] == (
        f"FAIL: only {N - 5} of {N} connections were established, acknowledged and held to the end: 5 phantoms ({how})"
    )
    assert said.exit_status == 2


def test_half_open_connections_are_found_during_a_long_hold(net: Lab, forgetful: Forgetful) -> None:
    """What was never proved is a phantom; what was proved before, and is gone now, was lost."""
    flags = ("--hold", "1h", "--confirm-every", "500ms", "--no-canary")
    run = net.running("-c", N, "-s", 0, *flags, net.server.ipv4, PORT)
    forgetful.accept(N)
    run.wait_until(established=N)
    forgetful.forget(5)
    net.server.open_firewall()
    for _ in range(ONE_SECOND):  # until another round is over
        run.wait_until(established=N - 5, closed=5)
    forgetful.forget(N - 5)
    net.server.open_firewall()
    said = run.end()
    assert said.final == {"total": N, "closed": N}
    assert said.proved == {"established": N, "acknowledged": 0, "phantom": 5, "lost while held": N - 5}
    assert said.line("Phantoms: ") == "5 (RST × 5)"
    assert said.line("Lost while held: ").startswith(f"{N - 5} (RST by the peer × {N - 5}, ")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
