"""Debian's haproxy: it accepts whoever comes, whatever is behind it."""

import pytest

from .conftest import Haproxy, StartServer, Tcpgoon, ages_s

N = 50
PROBE = ("--probe", "echo", "--probe-timeout", "500ms")
FORWARD = """
    default_backend back
backend back
    server only 127.0.0.1:{port} maxconn {maxconn}
"""

pytestmark = pytest.mark.requires("haproxy")


def test_it_carries_what_its_backend_carries(tcpgoon: Tcpgoon, server: StartServer, haproxy: Haproxy) -> None:
    port = haproxy(FORWARD.format(port=server("--echo").port, maxconn=N))
    said = tcpgoon("-c", N, "-s", 0, *PROBE, "127.0.0.1", port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_its_backend_is_dead(tcpgoon: Tcpgoon, haproxy: Haproxy) -> None:
    """It closes after the second that it waits before it dials again. Nobody listens on port 9."""
    port = haproxy(FORWARD.format(port=9, maxconn=N))
    said = tcpgoon("-c", N, "-s", 0, "--hold", "5s", "--no-canary", "127.0.0.1", port)
    assert said.final == {"total": N, "closed": N}
    lost = said.line(f"Lost while held: {N} ")
    assert lost.startswith(f"(FIN by the peer × {N}, ")
    first, _ = ages_s(lost)
    assert first >= 0.9
    assert said.lines[-1] == (
        f"FAIL: only 0 of {N} connections were established, acknowledged and held to the end: "
        f"{N} closed (FIN) by the peer"
    )
    assert said.exit_status == 2


def test_its_dead_backend_is_asked(tcpgoon: Tcpgoon, haproxy: Haproxy) -> None:
    """That it closed before it answered is no silence: a failure, although nobody was ever answered."""
    port = haproxy(FORWARD.format(port=9, maxconn=N))
    said = tcpgoon("-c", N, "-s", 0, "--probe", "echo", "--hold", "5s", "--no-canary", "127.0.0.1", port)
    assert said.final == {"total": N, "closed": N}
    assert said.proved["served"] == 0
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_its_backend_is_full(tcpgoon: Tcpgoon, server: StartServer, haproxy: Haproxy) -> None:
    """Ten are let through, the others wait in its queue: acknowledged, and never served."""
    target = server("--echo")
    port = haproxy(FORWARD.format(port=target.port, maxconn=10))
    said = tcpgoon("-c", N, "-s", 0, *PROBE, "127.0.0.1", port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": 10, "not served": N - 10}
    assert said.line("Peak concurrent connections: ") == f"10 of {N} (served)"
    assert said.lines[-1] == (
        f"FAIL: only 10 of {N} connections were established, served and held to the end: "
        f"{N - 10} gave no answer within 500ms"
    )
    assert said.exit_status == 2
    target.end()
    assert target.counts
    assert target.counts.peak == 10


def test_its_full_backend_is_a_pass_for_who_does_not_ask(
    tcpgoon: Tcpgoon, server: StartServer, haproxy: Haproxy
) -> None:
    port = haproxy(FORWARD.format(port=server("--echo").port, maxconn=10))
    said = tcpgoon("-c", N, "-s", 0, "127.0.0.1", port)
    assert said.proved == {"established": N, "acknowledged": N}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


# The header that tells it who the client is.

ECHO_OF_SOURCE = 'http-request return status 200 content-type "text/plain" lf-string "you are %[src]\\n"'
WHO_AM_I = ("--send", r"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "--expect", r"you are 127\.0\.0\.5\n")
FLAGS = ("-c", N, "-s", 0, "--source", "127.0.0.5", *WHO_AM_I)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_header_of_a_proxy_is_understood(tcpgoon: Tcpgoon, haproxy: Haproxy, version: str) -> None:
    port = haproxy(ECHO_OF_SOURCE, "accept-proxy", "http")
    said = tcpgoon(*FLAGS, "--proxy-protocol", version, "127.0.0.1", port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_without_the_header_all_are_refused(tcpgoon: Tcpgoon, haproxy: Haproxy) -> None:
    port = haproxy(ECHO_OF_SOURCE, "accept-proxy", "http")
    said = tcpgoon(*FLAGS, "127.0.0.1", port)
    assert said.final == {"total": N, "closed": N}
    assert said.proved["served"] == 0
    assert said.line(f"Lost while held: {N} ").startswith("(RST by the peer ")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_who_does_not_expect_the_header_takes_it_for_a_request(tcpgoon: Tcpgoon, haproxy: Haproxy) -> None:
    """Refused in words: 400, and closed."""
    port = haproxy(ECHO_OF_SOURCE, mode="http")
    said = tcpgoon(*FLAGS, "--proxy-protocol", "v1", "127.0.0.1", port)
    assert said.final == {"total": N, "closed": N}
    assert said.proved["served"] == 0
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
