"""One plan by several processes: the installed command, and what becomes of it when some of them do not live."""

import os
import signal
import sys
from collections.abc import Callable

import psutil
import pytest

from .confined import few_descriptors, isolated
from .conftest import Running, StartServer, Tcpgoon, stopped, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a run is split over processes on Linux alone")

Run = Callable[..., Running]
PASSED = "PASS: {n} of {n} connections were established, acknowledged and held for 1s"


def nursery_of(run: Running) -> psutil.Process:
    until(lambda: bool(psutil.Process(run.pid).children()))
    (nursery,) = psutil.Process(run.pid).children()
    return nursery


def workers_of(run: Running) -> list[psutil.Process]:
    return sorted(nursery_of(run).children(), key=lambda process: process.pid)


def are_gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@pytest.mark.requires("18000 descriptors")
def test_more_connections_than_a_process_has_descriptors(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server()
    said = tcpgoon(*("-c", 5_000, "-s", 0, "--close", "reset", target.host, target.port), before=few_descriptors(256))
    assert said.final == {"total": 5_000, "established": 5_000}
    assert said.lines[-1] == PASSED.format(n="5,000")
    assert (said.exit_status, said.errors) == (0, [])
    target.end()
    assert target.counts is not None
    assert (target.counts.accepted, target.counts.held) == (5_000, 0)


@pytest.mark.requires("root", "unshare", "ip", "18000 descriptors")
def test_twenty_thousand_with_few_descriptors_and_few_ports(tcpgoon: Tcpgoon) -> None:
    """What a million takes, made small: more than a process has descriptors for, and more than an address has ports."""
    # The target gets what is left of the cores: its accept queues are to hold whoever it has not come to yet.
    room = "echo 40000 49999 >/proc/sys/net/ipv4/ip_local_port_range; echo 65535 >/proc/sys/net/core/somaxconn"
    somewhere = isolated(room, flags="--workers 2 --backlog 65535")
    words = ("-c", "20k", "-s", 0, "--hold", "2s", "--close", "reset", "127.0.0.1:7000")
    said = tcpgoon(*words, before=[*somewhere, *few_descriptors(2_000)])
    assert said.final == {"total": 20_000, "established": 20_000}
    assert said.line("Established: ") == "20000, of which acknowledged: 20000"
    assert said.line("Peak concurrent connections: ") == "20000 of 20000 (acknowledged)"
    assert said.line("Dialled from ") == "3 addresses: 127.0.0.1, 127.0.0.2, 127.0.0.3"
    assert said.line("Workers: ").startswith("11 processes")
    assert said.newcomers[0][0] == "0"
    assert said.newcomers[-1][0] == "20000"
    assert said.codes == []
    assert said.lines[-1] == "PASS: 20,000 of 20,000 connections were established, acknowledged and held for 2s"
    assert (said.exit_status, said.errors) == (0, [])


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(["-s", 1, "--max-dialing", 1], id="one dial at a time"),
        pytest.param(["-s", 1, "--max-dialing", 4], id="two turns"),
        pytest.param(["--rate", "1k/s", "--hold", "1.5s"], id="paced, with newcomers"),
        pytest.param(["-s", 1, "--confirm-every", "1.2s", "--hold", "3s"], id="confirmed again and again"),
        pytest.param(["-s", 1, "--hold", 0], id="not held"),
        pytest.param(["-s", 1, "--assurance", "handshake", "--hold", "200ms"], id="handshake alone"),
    ],
)
def test_seven_do_as_one(tcpgoon: Tcpgoon, server: StartServer, flags: list[object]) -> None:
    target = server()
    said = tcpgoon("--workers", 7, "-c", 300, *flags, target.host, target.port)
    assert said.final == {"total": 300, "established": 300}
    assert (said.verdict, said.exit_status, said.errors) == ("PASS", 0, [])
    assert said.codes == []


def test_what_was_heard_by_each_is_said_once(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--max-connections", 50)
    said = tcpgoon("--workers", 4, "-c", 80, "-s", 2, target.host, target.port)
    assert said.final == {"total": 80, "established": 50, "closed": 30}
    assert said.codes == ["TG402"]
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_newcomers_knock_beside_all_of_them(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server()
    said = tcpgoon("--workers", 3, "-c", 90, "-s", 0, "--hold", "2s", target.host, target.port)
    assert said.newcomers[0] == ("0", "acknowledged in TIME")
    assert said.newcomers[-1][0] == "90"
    target.end()
    assert target.counts is not None
    assert 0 < target.counts.accepted - 90 < 10


def test_a_worker_that_is_killed_takes_its_connections_with_it_and_no_more(running: Run, server: StartServer) -> None:
    target = server()
    run = running("--workers", 4, "-c", 100, "-s", 0, "--hold", "3s", target.host, target.port)
    run.wait_until(established=100)
    victim = workers_of(run)[2]
    victim.kill()
    said = run.end()
    assert said.final == {"total": 100, "established": 75, "closed": 25}
    assert said.codes == ["TG107"]
    assert str(victim.pid) in said.line("TG107 (client, certain): ")
    assert "SIGKILL" in said.line("TG107 (client, certain): ")
    assert (said.verdict, said.exit_status, said.errors) == ("INCONCLUSIVE", 3, [])


def test_a_worker_that_is_killed_while_it_dials(running: Run, server: StartServer) -> None:
    target = server()
    run = running("--workers", 4, "-c", 400, "--rate", "200/s", target.host, target.port)
    run.wait_until(established=40)
    workers_of(run)[0].kill()
    said = run.end()
    assert said.final["established"] == 300
    assert said.final.get("closed", 0) + said.final.get("error", 0) + said.final["not_initiated"] == 100
    assert said.codes == ["TG107"]
    assert (said.verdict, said.exit_status, said.errors) == ("INCONCLUSIVE", 3, [])


def test_who_fails_anyway_is_not_excused_by_workers_that_die(running: Run, server: StartServer) -> None:
    """All of them, since nobody knows who holds the ten that were taken."""
    target = server("--max-connections", 10)
    run = running("--workers", 4, "-c", 100, "-s", 0, "--hold", "3s", target.host, target.port)
    run.wait_until(closed=90)
    for worker in workers_of(run):
        worker.kill()
    said = run.end()
    assert (said.verdict, said.exit_status) == ("FAIL", 2)
    assert said.codes[0] == "TG107"


def test_all_of_them_killed(running: Run, server: StartServer) -> None:
    target = server()
    run = running("--workers", 3, "-c", 30, "-s", 0, "--hold", "1h", target.host, target.port)
    run.wait_until(established=30)
    for worker in workers_of(run):
        worker.kill()
    said = run.end()
    assert said.final == {"total": 30, "closed": 30}
    assert (said.codes, said.verdict, said.exit_status) == (["TG107"], "INCONCLUSIVE", 3)


def test_the_nursery_is_not_needed_once_they_live(running: Run, server: StartServer) -> None:
    target = server()
    run = running("--workers", 3, "-c", 30, "-s", 0, "--hold", "2s", target.host, target.port)
    run.wait_until(established=30)
    nursery_of(run).kill()
    said = run.end()
    assert said.final == {"total": 30, "established": 30}
    assert (said.codes, said.verdict, said.exit_status) == ([], "PASS", 0)


def test_the_nursery_and_then_a_worker_killed(running: Run, server: StartServer) -> None:
    target = server()
    run = running("--workers", 3, "-c", 30, "-s", 0, "--hold", "4s", target.host, target.port)
    run.wait_until(established=30)
    workers = workers_of(run)
    nursery_of(run).kill()
    workers[0].kill()
    said = run.end()
    assert said.final == {"total": 30, "established": 20, "closed": 10}
    assert (said.codes, said.verdict, said.exit_status) == (["TG107"], "INCONCLUSIVE", 3)


@pytest.mark.parametrize("dialling", [True, False])
def test_a_parent_that_is_killed_leaves_nothing_behind(running: Run, server: StartServer, dialling: bool) -> None:
    target = server()
    pace = ["--rate", "50/s"] if dialling else ["-s", 0]
    run = running("--workers", 3, "-c", 300, *pace, "--hold", "1h", target.host, target.port)
    run.wait_until(established=20 if dialling else 300)
    those = [nursery_of(run), *workers_of(run)]
    run.send(signal.SIGKILL)
    until(lambda: are_gone(those))
    until(lambda: not connections_to(target.port))


def test_a_stopped_worker_does_not_outlive_its_parent(running: Run, server: StartServer) -> None:
    """The terminal's second Ctrl-C: nobody waits for anything, and whoever goes on later finds that all is over."""
    target = server()
    run = running("--workers", 3, "-c", 30, "-s", 0, "--hold", "1h", target.host, target.port)
    run.wait_until(established=30)
    those = [nursery_of(run), *workers_of(run)]
    with stopped(those[1].pid):
        run.send(signal.SIGKILL)
        until(lambda: are_gone(those[2:]))
    until(lambda: are_gone(those))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("dialling", [True, False])
def test_interrupted(running: Run, server: StartServer, number: signal.Signals, dialling: bool) -> None:
    target = server()
    pace = ["--rate", "50/s"] if dialling else ["-s", 0]
    run = running("--workers", 3, "-c", 300, *pace, "--hold", "1h", target.host, target.port)
    run.wait_until(established=20 if dialling else 300)
    those = [nursery_of(run), *workers_of(run)]
    run.send(number)
    said = run.end()
    assert (said.verdict, said.exit_status, said.errors) == ("INTERRUPTED", 1, [])
    assert said.final["established"] + said.final.get("not_initiated", 0) + said.final.get("dialing", 0) == 300
    assert are_gone(those)


def test_interrupted_by_the_terminal_all_of_the_group_are(server: StartServer, running: Run) -> None:
    """The workers are of a group of their own: the terminal's signal does not reach them before their parent acts."""
    target = server()
    run = running("--workers", 2, "-c", 20, "-s", 0, "--hold", "1h", target.host, target.port)
    run.wait_until(established=20)
    assert {os.getpgid(worker.pid) for worker in workers_of(run)} == {nursery_of(run).pid}
    run.send(signal.SIGINT)
    assert run.end().verdict == "INTERRUPTED"


def connections_to(port: int) -> list[object]:
    return [one for one in psutil.net_connections("tcp4") if one.raddr and one.raddr.port == port and one.pid]


def test_a_fixed_number_of_workers_that_is_too_small_is_said(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server()
    said = tcpgoon("--workers", 2, "-c", 1_000, target.host, target.port, before=few_descriptors(256))
    assert said.line("TG101 (client, certain): ") == (
        "this client cannot hold 1,000 connections, at most 480 (descriptors): 256 (the hard limit, the soft one is "
        "raised to it) × 2 processes, 16 of each for itself"
    )
    assert "        tcpgoon … --workers 5" in said.lines
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)
