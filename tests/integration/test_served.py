"""Who is asked has to answer: applications that are there, that are not, and that stop; counts, verdict, status."""

import signal

import pytest

from .conftest import Run, StartEcho, StartServer, Tcpgoon, stopped

N = 50
PROBE = ("--probe", "echo", "--probe-timeout", "500ms")
SILENT = f"{N} gave no answer within 500ms"


def test_all_are_served_at_once(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--echo")
    said = tcpgoon("-c", N, "-s", 0, *PROBE, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert said.line("Peak concurrent connections: ") == f"{N} of {N} (served)"
    assert said.lines[-1] == f"PASS: {N} of {N} connections were established, served and held for 1s"
    assert (said.exit_status, said.errors) == (0, [])


@pytest.mark.parametrize("at", ["open", "peak", "end"])
def test_whenever_they_are_asked(tcpgoon: Tcpgoon, server: StartServer, at: str) -> None:
    target = server("--echo")
    said = tcpgoon("-c", N, "-s", 0, *PROBE, "--probe-at", at, target.host, target.port)
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_what_is_sent_and_expected_in_ones_own_words(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--echo")
    words = ("--send", r"ping\r\n\x00", "--expect", r"^ping\r\n\x00$")
    said = tcpgoon("-c", N, "-s", 0, *words, target.host, target.port)
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_another_answer_than_the_one_expected(tcpgoon: Tcpgoon, server: StartServer) -> None:
    """Nobody ever gave it: it may as well be the question that is wrong."""
    target = server("--echo")
    words = ("--send", r"ping\r\n", "--expect", "pong", "--probe-timeout", "500ms")
    said = tcpgoon("-c", N, "-s", 0, *words, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert said.proved["acknowledged"] == N
    assert said.proved["served"] == 0
    assert said.lines[-1].startswith("INCONCLUSIVE: not verifiable with this probe: ")
    assert said.exit_status == 3


# An accept queue is no application.


def test_a_stopped_server_is_acknowledged_by_its_kernel(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--echo")
    with stopped(target.pid):
        said = tcpgoon("-c", N, "-s", 0, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N}
    assert said.lines[-1] == f"PASS: {N} of {N} connections were established, acknowledged and held for 1s"
    assert said.exit_status == 0


def test_a_server_that_was_stopped_before_never_answers_anybody(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--echo")
    with stopped(target.pid):
        said = tcpgoon("-c", N, "-s", 0, *PROBE, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": 0, "not served": N}
    assert said.line("Not served: ") == f"{N} (no answer within 500ms × {N})"
    assert said.lines[-1] == (
        f"INCONCLUSIVE: not verifiable with this probe: nobody was ever answered as expected ({SILENT})"
    )
    assert said.exit_status == 3


def test_a_server_that_is_stopped_during_the_hold(running: Run, server: StartServer) -> None:
    """All are accepted, and none is asked before it is stopped: who knows whether it speaks that protocol."""
    target = server("--echo")
    run = running(
        "-c", N, "-s", 0, *PROBE, "--probe-at", "end", "--hold", "2s", "--no-canary", target.host, target.port
    )
    run.wait_until(established=N)
    with stopped(target.pid):
        said = run.end()
    assert said.proved == {"established": N, "acknowledged": N, "served": 0, "not served": N}
    assert said.lines[-1] == (
        f"INCONCLUSIVE: not verifiable with this probe: nobody was ever answered as expected ({SILENT})"
    )
    assert said.exit_status == 3


def test_a_server_that_served_a_newcomer_and_is_stopped_then(running: Run, server: StartServer) -> None:
    """The newcomer before the first was served: the probe is the right one, and the server fails."""
    target = server("--echo")
    flags = (*PROBE, "--probe-at", "end", "--hold", "2s", "--canary", "--canary-every", "500ms")
    run = running("-c", N, "-s", 0, *flags, target.host, target.port)
    run.wait_until(established=N)
    with stopped(target.pid):
        said = run.end()
    assert said.newcomers[0] == ("0", "served in TIME")
    assert said.newcomers[-1][0] == f"{N}"
    assert "left waiting" in said.newcomers[-1][1]
    assert said.proved == {"established": N, "acknowledged": N, "served": 0, "not served": N}
    assert said.lines[-1] == (f"FAIL: only 0 of {N} connections were established, served and held to the end: {SILENT}")
    assert said.exit_status == 2


def test_a_server_that_stops_answering(tcpgoon: Tcpgoon, echo: StartEcho) -> None:
    """Each is answered twice, then never again: what was served once is not held."""
    flags = ("--probe-every", "300ms", "--hold", "3s", "--no-canary")
    said = tcpgoon("-c", N, "-s", 0, *PROBE, *flags, "127.0.0.1", echo("--answers", 2))
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": 0, "not served": N}
    assert said.line("Not served: ") == f"{N} (no answer within 500ms × {N})"
    assert said.lines[-1] == (f"FAIL: only 0 of {N} connections were established, served and held to the end: {SILENT}")
    assert said.exit_status == 2


def test_a_server_that_dies_while_it_is_asked(running: Run, server: StartServer) -> None:
    """It closes before it has answered: that is no silence."""
    target = server("--close-after", "1500ms")
    flags = ("--probe", "echo", "--probe-timeout", "10s", "--hold", "3s", "--no-canary")
    said = running("-c", N, "-s", 0, *flags, target.host, target.port).end()
    assert said.final == {"total": N, "closed": N}
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_a_run_that_is_stopped_while_it_asks(running: Run, server: StartServer) -> None:
    target = server()
    run = running("-c", N, "-s", 0, "--probe", "echo", "--probe-timeout", "1h", target.host, target.port)
    run.wait_until(established=N)
    run.send(signal.SIGINT)
    said = run.end()
    assert said.final == {"total": N, "established": N}
    assert (said.verdict, said.exit_status) == ("INTERRUPTED", 1)


# A pool of threads: all are accepted, ten are served.


def test_a_pool_of_ten_that_accepts_two_hundred(tcpgoon: Tcpgoon, echo: StartEcho) -> None:
    said = tcpgoon("-c", 200, "-s", 0, *PROBE, "127.0.0.1", echo("--workers", 10))
    assert said.final == {"total": 200, "established": 200}
    assert said.proved == {"established": 200, "acknowledged": 200, "served": 10, "not served": 190}
    assert said.line("Peak concurrent connections: ") == "10 of 200 (served)"
    assert said.line("Not served: ") == "190 (no answer within 500ms × 190)"
    assert said.lines[-1] == (
        "FAIL: only 10 of 200 connections were established, served and held to the end: 190 gave no answer within 500ms"
    )
    assert said.exit_status == 2


def test_nothing_of_it_shows_to_who_does_not_ask(tcpgoon: Tcpgoon, echo: StartEcho) -> None:
    said = tcpgoon("-c", 200, "-s", 0, "127.0.0.1", echo("--workers", 10))
    assert said.proved == {"established": 200, "acknowledged": 200}
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_the_answers_of_some_come_too_late(tcpgoon: Tcpgoon, echo: StartEcho) -> None:
    """30 are answered at once, 20 after a second and a half: they were waited for half a second."""
    port = echo("--prompt", 30, "--delay", 1.5)
    said = tcpgoon("-c", N, "-s", 0, *PROBE, "--hold", "3s", "--no-canary", "127.0.0.1", port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": 30, "not served": 20}
    assert said.line("Not served: ") == "20 (answered later than 500ms × 20)"
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


# Who speaks first proves itself without a probe.


def test_a_banner_is_a_proof_though_nobody_asked(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--banner", r"220 ready\r\n")
    said = tcpgoon("-c", N, "-s", 0, target.host, target.port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert said.lines[-1] == f"PASS: {N} of {N} connections were established, acknowledged and held for 1s"
    assert said.exit_status == 0


def test_a_banner_that_is_waited_for(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--banner", r"220 ready\r\n", "--max-connections", 30)
    said = tcpgoon("-c", N, "-s", 0, "--probe", "smtp", target.host, target.port)
    assert said.final == {"total": N, "established": 30, "closed": 20}
    assert said.proved["served"] == 30
    assert said.proved["lost while held"] == 20
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
