"""What is found where the bundled server has a fault: the true cause first, with the true numbers."""

import os
import re
import resource
import signal
import sys

import pytest

from tests.targets import CLOSING

from .conftest import Run, StartProgram, StartServer, Tcpgoon, stopped
from .found import APPLICATION, FAIL, INCONCLUSIVE, KERNEL, PASS, about, outcome, the_first

N = 100
LIMIT = 40
PACES = {"burst": ("-s", 0), "paced": ("-s", 2)}
ASKED = ("--probe", "echo", "--probe-timeout", "700ms")
UNASKED = ()

paces = pytest.mark.parametrize("pace", PACES.values(), ids=PACES)
asked = pytest.mark.parametrize("probe", [UNASKED, ASKED], ids=["unasked", "asked"])


# A limit on connections.


@paces
@asked
@pytest.mark.parametrize("above", ["close", "reset"])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_newest_are_turned_away(
    tcpgoon: Tcpgoon, server: StartServer, pace: tuple[object, ...], probe: tuple[str, ...], above: str, workers: int
) -> None:
    target = server("--echo", "--max-connections", LIMIT, "--above", above, "--workers", workers)
    said = tcpgoon("-c", N, *pace, *probe, target.host, target.port)
    found = the_first(said, "TG402", APPLICATION, "likely")
    assert found.numbers == about(LIMIT, N - LIMIT, N)
    # Of a burst each worker has its own share in its accept queue: the first to run fills the limit from it.
    which = "(the newest|some)" if workers > 1 and pace == PACES["burst"] else "the newest"
    assert re.search(f" it closes {which} above ", found.sentence), found
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


@paces
@asked
def test_no_more_are_accepted(
    tcpgoon: Tcpgoon, server: StartServer, pace: tuple[object, ...], probe: tuple[str, ...]
) -> None:
    """Who does not ask has been given what was asked for: the kernel has them all. It is said nevertheless."""
    target = server("--echo", "--max-connections", LIMIT, "--above", "stop")
    said = tcpgoon("-c", N, *pace, *probe, target.host, target.port)
    assert the_first(said, "TG403", APPLICATION, "certain").numbers == [LIMIT, N, N - LIMIT, N - LIMIT]
    assert len(said.findings) == 1
    assert outcome(said) == (FAIL if probe else PASS)


@asked
def test_no_more_are_accepted_and_few_can_wait(tcpgoon: Tcpgoon, server: StartServer, probe: tuple[str, ...]) -> None:
    target = server("--echo", "--max-connections", LIMIT, "--above", "stop", "--backlog", 5)
    said = tcpgoon("-c", N, "-s", 10, "-d", 2_500, *probe, target.host, target.port)
    assert the_first(said, "TG403", APPLICATION, "certain").numbers == about(LIMIT, LIMIT + 6, 6, 6)
    assert [found.code for found in said.findings] == ["TG403", "TG301"]
    assert said.findings[1].numbers == about(LIMIT + 6, N, N - LIMIT - 6, 6)
    assert outcome(said) == FAIL


# Its accept queue.


@paces
@asked
def test_it_never_accepts(
    tcpgoon: Tcpgoon, server: StartServer, pace: tuple[object, ...], probe: tuple[str, ...]
) -> None:
    target = server("--never-accept")
    said = tcpgoon("-c", N, *pace, *probe, target.host, target.port)
    assert the_first(said, "TG404", APPLICATION, "certain").numbers == [N, N]
    assert len(said.findings) == 1
    assert outcome(said) == (INCONCLUSIVE if probe else PASS)


@paces
@asked
def test_it_never_accepts_and_few_can_wait(
    tcpgoon: Tcpgoon, server: StartServer, pace: tuple[object, ...], probe: tuple[str, ...]
) -> None:
    target = server("--never-accept", "--backlog", 12)
    said = tcpgoon("-c", N, "-d", 1_500, *pace, *probe, target.host, target.port)
    assert the_first(said, "TG404", APPLICATION, "certain").numbers == about(13, 13)
    assert [found.code for found in said.findings] == ["TG404", "TG301"]
    assert said.findings[1].numbers == about(13, N, N - 13, 13)
    assert "slower dialling does not help" in said.findings[1].sentence
    assert outcome(said) == FAIL


def test_it_accepts_more_slowly_than_we_dial(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--accept-delay", "100ms", "--backlog", 8)
    said = tcpgoon("-c", N, "-s", 0, "--hold", "500ms", target.host, target.port)
    found = the_first(said, "TG301", KERNEL, "certain")
    held = said.proved["acknowledged"]
    assert held < N
    assert found.numbers[:3] == [held, N, N - held]
    assert found.sentence.endswith("the burst was too much, slower dialling helps")
    assert outcome(said) == FAIL


def test_it_accepts_more_slowly_than_we_ask(tcpgoon: Tcpgoon, server: StartServer) -> None:
    """That answers come too late is what follows from it."""
    target = server("--echo", "--accept-delay", "50ms", "--backlog", 8)
    said = tcpgoon("-c", N, "-s", 0, *ASKED, target.host, target.port)
    found = the_first(said, "TG301", KERNEL, "certain")
    assert found.sentence.endswith("slower dialling helps")
    assert {other.code for other in said.findings} <= {"TG301", "TG406"}
    assert outcome(said) == FAIL


def test_as_slowly_as_it_accepts_it_is_no_fault(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--accept-delay", "10ms", "--backlog", 8)
    said = tcpgoon("-c", 50, "-s", 100, target.host, target.port)
    assert said.findings == []
    assert outcome(said) == PASS


# An age at which it closes.


@paces
@asked
@pytest.mark.parametrize(
    ("flag", "code", "how"),
    [("--close-after", "TG405", "were closed (FIN) at it"), ("--reset-after", "TG204", "were reset at that age")],
)
def test_it_closes_at_an_age(
    tcpgoon: Tcpgoon,
    server: StartServer,
    pace: tuple[object, ...],
    probe: tuple[str, ...],
    flag: str,
    code: str,
    how: str,
) -> None:
    target = server("--echo", flag, "1500ms")
    said = tcpgoon("-c", N, *pace, "--hold", "3s", *probe, target.host, target.port)
    found = the_first(said, code, APPLICATION, "likely")
    assert found.numbers[0] == N
    assert f"{how}, and none outlived it" in found.sentence
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


@paces
@pytest.mark.parametrize("flag", ["--close-after", "--reset-after"])
@pytest.mark.parametrize("hold", ["500ms", "2s"])
def test_it_turns_everybody_away(
    tcpgoon: Tcpgoon, server: StartServer, pace: tuple[object, ...], flag: str, hold: str
) -> None:
    target = server(flag, "0ms")
    said = tcpgoon("-c", N, *pace, "--hold", hold, target.host, target.port)
    found = the_first(said, "TG206", APPLICATION, "likely")
    assert found.numbers == [N]
    assert "closed at once, from the first one on; what listens there is " in found.sentence
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


@pytest.mark.parametrize("at", ["open", "peak"])
def test_it_closes_once_it_has_answered(tcpgoon: Tcpgoon, start: StartProgram, free_port: int, at: str) -> None:
    """Such as HTTP without keep-alive."""
    start(sys.executable, CLOSING, "127.0.0.1", free_port)
    said = tcpgoon("-c", N, "-s", 2, "--probe", "echo", "--probe-at", at, "127.0.0.1", free_port)
    found = the_first(said, "TG405", APPLICATION, "likely")
    assert found.numbers == about(N, N)
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


# Nobody there, or no more.


@paces
@asked
def test_nobody_listens(tcpgoon: Tcpgoon, free_port: int, pace: tuple[object, ...], probe: tuple[str, ...]) -> None:
    said = tcpgoon("-c", N, *pace, *probe, "127.0.0.1", free_port)
    assert the_first(said, "TG302", KERNEL, "certain").sentence == (
        f"nobody listens on port {free_port}: {N} dials of {N} were refused (ECONNREFUSED), the first one too"
    )
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


@asked
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
@pytest.mark.parametrize("hold", ["900ms", "3s"])
def test_it_dies(running: Run, server: StartServer, probe: tuple[str, ...], number: signal.Signals, hold: str) -> None:
    """Whether a newcomer of ours finds it dead or not."""
    target = server("--echo")
    run = running("-c", N, "-s", 2, "--hold", hold, *probe, target.host, target.port)
    run.wait_until(established=N)
    os.kill(target.pid, number)
    said = run.end()
    found = the_first(said, "TG407", APPLICATION, "certain")
    assert found.numbers[0] == N
    assert found.sentence.endswith("; its process is gone")
    assert len(said.findings) == 1
    assert outcome(said) == FAIL


def test_it_stops_while_they_are_held(running: Run, server: StartServer) -> None:
    """As in a pause of garbage collection that does not end."""
    target = server("--echo")
    every = ("--probe-every", "500ms", "--hold", "4s")
    run = running("-c", N, "-s", 2, *ASKED, *every, target.host, target.port)
    run.wait_until(established=N)
    with stopped(target.pid):
        said = run.end()
    the_first(said, "TG404", APPLICATION, "likely")
    assert outcome(said) == FAIL


# Its descriptors.


@paces
@asked
def test_it_has_no_descriptors_left(
    tcpgoon: Tcpgoon, server: StartServer, pace: tuple[object, ...], probe: tuple[str, ...]
) -> None:
    target = server("--echo")
    resource.prlimit(target.pid, resource.RLIMIT_NOFILE, (64, 64))
    said = tcpgoon("-c", N, *pace, *probe, target.host, target.port)
    found = the_first(said, "TG401", APPLICATION, "certain")
    served, left_out, *descriptors = found.numbers
    assert 50 <= served < 64
    assert left_out == N - served
    assert descriptors == [64, 64]
    assert outcome(said) == (FAIL if probe else PASS)
