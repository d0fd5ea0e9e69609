"""One more client beside the N: how it fares is told, and it is never one of them."""

import re

import pytest

from .conftest import StartServer, Tcpgoon

N = 20
PROBE = ("--probe", "echo", "--probe-timeout", "300ms")
RAMP = ("-c", N, "-s", 20)  # 400 ms: there is time to knock where half of them are held
EACH = ["0", f"{N // 2}", f"{N}"]
HOLD = ("--hold", "1200ms", "--canary-every", "500ms")


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--assurance", "handshake"), "established"),
        ((), "acknowledged"),
        (PROBE, "served"),
    ],
)
def test_it_is_welcome(tcpgoon: Tcpgoon, server: StartServer, flags: tuple[str, ...], word: str) -> None:
    target = server("--echo")
    said = tcpgoon(*RAMP, *HOLD, *flags, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert [beside for beside, _ in said.newcomers] == EACH
    assert {fared.partition(" (")[0] for _, fared in said.newcomers} == {f"{word} in TIME"}
    assert (said.verdict, said.exit_status, said.errors) == ("PASS", 0, [])
    target.end()
    assert target.counts
    assert target.counts.accepted > N + 2
    assert target.counts.peak <= N + 1


def test_it_knocks_only_where_there_is_a_hold_to_speak_of(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server()
    assert tcpgoon(*RAMP, target.host, target.port).newcomers == []
    assert tcpgoon(*RAMP, "--hold", "1200ms", "--no-canary", target.host, target.port).newcomers == []
    said = tcpgoon(*RAMP, "--canary", target.host, target.port)
    assert [beside for beside, _ in said.newcomers] == EACH


@pytest.mark.parametrize(("above", "how"), [("close", r"closed"), ("reset", r"reset|refused \(ECONNRESET\)")])
def test_it_finds_no_place_where_the_limit_is_exactly_n(
    tcpgoon: Tcpgoon, server: StartServer, above: str, how: str
) -> None:
    """Which is no failure: N were asked for, and N are carried. A RST may come before the newcomer knows it was in."""
    target = server("--max-connections", N, "--above", above, "--echo")
    said = tcpgoon(*RAMP, *HOLD, *PROBE, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert said.newcomers[:-1] == [(EACH[0], "served in TIME"), (EACH[1], "served in TIME")]
    beside, fared = said.newcomers[-1]
    assert beside == EACH[2]
    assert re.fullmatch(rf"(?:(?:{how}) × \d(?:, |$))+", fared), fared
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_it_is_left_waiting_in_the_accept_queue(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--max-connections", N, "--above", "stop", "--echo")
    said = tcpgoon(*RAMP, *HOLD, *PROBE, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert said.newcomers[:-1] == [(EACH[0], "served in TIME"), (EACH[1], "served in TIME")]
    beside, fared = said.newcomers[-1]
    assert beside == EACH[2]
    assert re.fullmatch(r"left waiting × \d", fared), fared
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_it_is_refused_where_nobody_listens(tcpgoon: Tcpgoon, free_port: int) -> None:
    said = tcpgoon("-c", N, "-s", 0, "--canary", "127.0.0.1", free_port)
    assert said.final == {"total": N, "error": N}
    assert said.newcomers[0] == ("0", "refused (ECONNREFUSED)")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
