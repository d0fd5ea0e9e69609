"""The installed command against connections that only the client's kernel believes in."""

import pytest

from .conftest import PORT, Clients, MakeLab, listen, until

NEVER_ACCEPTS = ("--never-accept", "--backlog", 10)


def test_sixty_at_once_against_a_backlog_of_ten(lab: MakeLab) -> None:
    """The case that every other tool of the field passes: the server's kernel holds 11 of the 60."""
    net = lab(delay="50ms")
    server = net.serve(*NEVER_ACCEPTS)
    said = net.tcpgoon("-c", 60, "-s", 0, server.host, server.port)
    assert said.final == {"total": 60, "established": 11, "closed": 49}
    assert said.proved == {"established": 60, "acknowledged": 11, "phantom": 49}
    assert said.line("Peak concurrent connections: ") == "11 of 60 (acknowledged)"
    assert said.line("Phantoms: ") == "49 (RST × 49)"
    assert said.lines[-1] == (
        "FAIL: only 11 of 60 connections were established, acknowledged and held to the end: 49 phantoms (RST)"
    )
    assert (said.exit_status, said.errors) == (2, [])
    assert net.server.counter("ListenOverflows") == net.server.counter("SyncookiesSent") == 49


def test_the_same_is_a_pass_for_whoever_asks_for_no_more_than_a_handshake(lab: MakeLab) -> None:
    net = lab(delay="50ms")
    server = net.serve(*NEVER_ACCEPTS)
    said = net.tcpgoon("-c", 60, "-s", 0, "--assurance", "handshake", server.host, server.port)
    assert said.final == {"total": 60, "established": 60}
    assert said.proved == {}
    assert said.line("Peak concurrent connections: ") == "60 of 60"
    assert said.lines[-1] == "PASS: 60 of 60 connections were established and held for 1s"
    assert said.exit_status == 0
    assert net.server.counter("SyncookiesSent") == 49


def test_a_request_that_is_never_acknowledged_is_a_phantom(lab: MakeLab) -> None:
    """Asked by a probe: the payload of 49 is not ACKed, that of 11 is, and nobody is answered."""
    net = lab(delay="50ms")
    server = net.serve(*NEVER_ACCEPTS)
    probe = ("--probe", "echo", "--probe-timeout", "1s")
    said = net.tcpgoon("-c", 60, "-s", 0, *probe, server.host, server.port)
    assert said.final == {"total": 60, "established": 11, "closed": 49}
    assert said.proved["acknowledged"] == 11
    assert said.proved["phantom"] == 49
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_without_cookies_there_is_no_phantom(lab: MakeLab) -> None:
    """The SYNs beyond the 11 are dropped: as many dials time out."""
    net = lab(delay="50ms")
    net.server.sysctl("net.ipv4.tcp_syncookies", 0)
    server = net.serve(*NEVER_ACCEPTS)
    said = net.tcpgoon("-c", 60, "-s", 0, "-d", 1_500, server.host, server.port)
    assert said.final == {"total": 60, "established": 11, "error": 49}
    assert said.proved == {"established": 11, "acknowledged": 11}
    assert said.line("Errors: ") == "dial timeout × 49"
    assert said.lines[-1] == (
        "FAIL: only 11 of 60 connections were established, acknowledged and held to the end: 49 × dial timeout"
    )
    assert said.exit_status == 2


@pytest.mark.parametrize("cookies", [0, 1])
def test_phantoms_that_are_kept_half_open(lab: MakeLab, clients: Clients, cookies: int) -> None:
    """6 of the 11 places are taken by others: of 10 more 5 stay half-open, and answer a keepalive like any other."""
    net = lab(delay="50ms")
    net.server.sysctl("net.ipv4.tcp_syncookies", cookies)
    with listen(net.server, 10):
        clients.dial(net, 6)
        until(lambda: net.server.connections(PORT) == 6)
        said = net.tcpgoon("-c", 10, "-s", 0, net.server.ipv4, PORT)
        assert net.server.counter("SyncookiesSent") == 0
    assert said.final == {"total": 10, "established": 5, "closed": 5}
    assert said.proved == {"established": 10, "acknowledged": 5, "phantom": 5}
    assert said.line("Phantoms: ") == "5 (half-open × 5)"
    assert said.lines[-1] == (
        "FAIL: only 5 of 10 connections were established, acknowledged and held to the end: 5 phantoms (half-open)"
    )
    assert said.exit_status == 2


BURSTING = ("--backlog", 10, "--accept-delay", "5ms", "--echo")


def test_a_burst_overflows_the_backlog_of_an_able_server(lab: MakeLab) -> None:
    """As many are counted as the server has accepted in the end: the report of the one is the count of the other."""
    net = lab(delay="50ms")
    server = net.serve(*BURSTING)
    said = net.tcpgoon("-c", 500, "-s", 0, server.host, server.port)
    server.end()
    assert server.counts
    accepted = server.counts.accepted
    assert 11 <= accepted < 100
    assert said.final == {"total": 500, "established": accepted, "closed": 500 - accepted}
    assert said.proved == {"established": 500, "acknowledged": accepted, "phantom": 500 - accepted}
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


@pytest.mark.parametrize("probe", [(), ("--probe", "echo")], ids=["acknowledged", "served"])
def test_the_same_server_carries_them_paced(lab: MakeLab, probe: tuple[str, ...]) -> None:
    net = lab(delay="50ms")
    server = net.serve(*BURSTING)
    said = net.tcpgoon("-c", 100, "--rate", "100/s", *probe, server.host, server.port)
    assert said.final == {"total": 100, "established": 100}
    assert said.proved["acknowledged"] == 100
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_a_newcomer_that_stays_in_the_accept_queue_is_not_the_targets_failure(lab: MakeLab) -> None:
    """Nobody empties it, so the two that knock before all are open keep 2 of the 11 places, although they have left."""
    net = lab(delay="50ms")
    server = net.serve(*NEVER_ACCEPTS)
    flags = ("--rate", "100/s", "-d", 1_000, "--canary")
    said = net.tcpgoon("-c", 10, *flags, server.host, server.port)
    assert said.final == {"total": 10, "established": 9, "error": 1}
    assert said.lines[-1] == (
        "INCONCLUSIVE: a newcomer of ours may still have had the place of 1 of them when it had left: "
        "ask again with --no-canary"
    )
    assert said.exit_status == 3


def test_nor_does_it_excuse_more_than_it_took(lab: MakeLab) -> None:
    net = lab(delay="50ms")
    server = net.serve(*NEVER_ACCEPTS)
    said = net.tcpgoon("-c", 14, "--rate", "100/s", "-d", 1_000, "--canary", server.host, server.port)
    assert said.proved["acknowledged"] == 9
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
