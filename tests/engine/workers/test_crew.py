"""A crew of real processes against a listener of this test's."""

import functools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tcpgoon
from tcpgoon.engine.gates import Gate
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.workers import crew as crew_module
from tcpgoon.engine.workers.crew import Crew
from tcpgoon.engine.workers.worker import Task
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.share import shares
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import Phase
from tcpgoon.server import Server, ServerConfig

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a run is split over processes on Linux alone")

Make = Callable[..., Crew]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(ServerConfig(echo=True)) as server:
        yield server


@pytest.fixture
def crew(server: Server) -> Make:
    """Makes crews against a server."""
    return functools.partial(crew_of, server.host, server.port)


def crew_of(
    host: str,
    port: int,
    connections: int = 30,
    *,
    at: dict[Gate, Callable[[], None]] | None = None,
    sources: tuple[str, ...] = (),
    knocks: bool = False,
    workers: int = 3,
    **fields: Any,
) -> Crew:
    known = {"pacing": AllAtOnce(), "hold_s": 0.0, "close": Close.RESET, **fields}
    plan = Plan(target=Target(host, port), connections=connections, **known)
    begun = time.monotonic()
    task = Task(
        plan=plan,
        endpoints=(Endpoint(host, port),),
        sources=sources,
        shares=shares(plan, workers),
        begun=begun,
        knocks=knocks,
    )
    return Crew(task, lambda: time.monotonic() - begun, at or {})


def states(crew: Crew) -> list[str]:
    return [State(state).name for state in crew.table.state]


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def pid_of(crew: Crew, number: int) -> int:
    return crew.strain(Gauge()).workers[number].pid


def test_three_do_it_all(crew: Make) -> None:
    those = crew()
    those.run()
    assert states(those) == ["CLOSED"] * 30
    assert list(those.table.assurance) == [Assurance.ACKNOWLEDGED] * 30
    assert (those.interrupted, those.missing, those.knocks, those.heard.sayings) == (False, (), [], ())
    strain = those.strain(Gauge())
    assert [(one.number, one.connections, one.ended) for one in strain.workers] == [
        (0, 10, ""),
        (1, 10, ""),
        (2, 10, ""),
    ]
    assert len({one.pid for one in strain.workers} | {os.getpid()}) == 4
    assert all(one.cpu_s > 0 for one in strain.workers)


def test_at_a_gate_all_before_it_is_done_and_nothing_behind_it_has_begun(crew: Make) -> None:
    seen: list[tuple[str, int, int, int]] = []

    def look(name: str) -> Callable[[], None]:
        def note() -> None:
            table = those.table
            served = sum(level == Assurance.SERVED for level in table.assurance)
            seen.append((name, states(those).count("ESTABLISHED"), served, sum(at_s > 0 for at_s in table.asked_s)))

        return note

    those = crew(at={gate: look(gate.name) for gate in Gate}, hold_s=0.3, probe=Exchange(name="echo", send="hi"))
    those.run()
    assert seen == [
        ("DIAL", 0, 0, 0),
        ("ASK", 30, 0, 0),
        ("HOLD", 30, 30, 30),
        ("PROVE", 30, 30, 30),
        ("LOOK", 30, 30, 30),
        ("CLOSE", 30, 30, 30),
    ]


def test_all_hold_until_the_same_moment(crew: Make) -> None:
    moments: list[float] = []

    def note() -> None:
        moments.append(those._now_s())

    those = crew(hold_s=0.5, at={Gate.HOLD: note, Gate.PROVE: note})
    those.run()
    assert moments[1] - moments[0] >= 0.5
    assert min(those.table.end_s) >= moments[1]


def test_no_more_dials_are_in_flight_than_may_be(crew: Make) -> None:
    """Whoever takes its turn begins when those before it have decided all of theirs."""
    those = crew(60, max_dialing=2, workers=5)
    those.run()
    assert states(those) == ["CLOSED"] * 60
    table = those.table
    changes = sorted(
        [(table.start_s[row], 1) for row in range(60)] + [(table.established_s[row], -1) for row in range(60)]
    )
    in_flight, most = 0, 0
    for _, change in changes:
        in_flight += change
        most = max(most, in_flight)
    assert most <= 2


def test_nobody_dials_before_it_is_its_turn(crew: Make) -> None:
    interval_s = 0.01
    those = crew(60, pacing=ConstantRate(interval_s), workers=4)
    those.run()
    opened_s = those._board.opened_s(Gate.DIAL, 0)
    assert opened_s is not None
    due_s = [(4 * k + worker) * interval_s for worker in range(4) for k in range(15)]
    assert all(those.table.start_s[row] >= opened_s + due_s[row] for row in range(60))


def test_every_port_is_used_once(crew: Make) -> None:
    those = crew(300, sources=("127.0.0.2", "127.0.0.3"), workers=7)
    those.run()
    assert states(those) == ["CLOSED"] * 300
    assert list(those.table.source) == [row % 2 for row in range(300)]
    assert len({(row % 2, those.table.local_port[row]) for row in range(300)}) == 300


def test_who_ends_all_when_the_first_is_closed_has_held_them_to_the_end() -> None:
    """It is by our own close: where one process holds all, none is lost by that either."""
    held: list[socket.socket] = []

    def serve() -> None:
        held.extend(listener.accept()[0] for _ in range(30))
        select.select(held, [], [])
        for connection in held:
            connection.close()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        listener.settimeout(30)
        server = threading.Thread(target=serve)
        server.start()
        those = crew_of(*listener.getsockname(), close=Close.FIN)
        those.run()
        server.join()
    assert states(those) == ["CLOSED"] * 30


def test_newcomers_are_told_of(crew: Make) -> None:
    those = crew(hold_s=0.3, knocks=True, canary_every_s=0.2)
    those.run()
    assert [knock.held for knock in those.knocks][::2] == [0, 30]
    assert states(those) == ["CLOSED"] * 30


def test_it_can_be_stopped_from_another_thread(crew: Make) -> None:
    those: Crew = crew(at={Gate.HOLD: lambda: threading.Timer(0.05, those.stop).start()}, hold_s=3_600.0)
    those.run()
    assert those.interrupted
    assert states(those) == ["CLOSED"] * 30


def test_it_can_be_stopped_before_it_begins(crew: Make) -> None:
    those = crew()
    those.stop()
    those.run()
    those.stop()
    assert those.interrupted
    assert states(those) == ["PLANNED"] * 30


def test_whoever_stands_still_is_given_up(crew: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "TICK_S", 0.1)
    monkeypatch.setattr(crew_module, "PATIENCE_TICKS", 10)
    those: Crew = crew(at={Gate.HOLD: lambda: os.kill(pid_of(those, 1), signal.SIGSTOP)}, hold_s=0.2)
    those.run()
    assert [one.ended for one in those.strain(Gauge()).workers] == ["", "stalled", ""]
    assert states(those) == ["CLOSED"] * 10 + ["LOST"] * 10 + ["CLOSED"] * 10
    assert {those.table.phase[row] for row in range(10, 20)} == {Phase.WORKER}
    assert not those.interrupted
    assert those.strain(Gauge()).waited_s > 0.5  # the others were held for longer by it


def pause_of(pid: int, seconds: float) -> None:
    """Stop ``pid``, which may be this process, soon and for so long."""
    stop, go_on = int(signal.SIGSTOP), int(signal.SIGCONT)
    script = f"import os, time; os.kill({pid}, {stop}); time.sleep({seconds}); os.kill({pid}, {go_on})"
    subprocess.Popen([sys.executable, "-S", "-c", script], start_new_session=True)


def test_a_parent_that_stands_still_keeps_all_waiting(server: Server) -> None:
    """It is stopped while they hold, and goes on when they have long come to the end of it."""
    forked = os.fork()
    if not forked:
        status = 1
        try:
            those = crew_of(server.host, server.port, hold_s=2.0, at={Gate.HOLD: lambda: pause_of(os.getpid(), 4.0)})
            those.run()
            strain = those.strain(Gauge())
            status = int(not (1.0 < strain.waited_s < 60.0 and strain.lag_s < 1.0))
        except BaseException:  # noqa: BLE001 - it is shown, and ends the process
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0


def test_whoever_stands_still_for_a_while_is_waited_for(crew: Make) -> None:
    def pause() -> None:
        pid = pid_of(those, 1)
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(1.5, os.kill, (pid, signal.SIGCONT)).start()

    those = crew(at={Gate.HOLD: pause}, hold_s=0.2)
    those.run()
    assert states(those) == ["CLOSED"] * 30
    lags = [one.lag_s for one in those.strain(Gauge()).workers]
    assert lags[1] > 1.0
    assert max(lags[0], lags[2]) < 1.0


def test_the_lag_of_one_that_dies_is_known(crew: Make) -> None:
    """It stands still for a while when all have come to the hold, and is killed in it."""

    def pause() -> None:
        pid = pid_of(those, 1)
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(1.0, os.kill, (pid, signal.SIGCONT)).start()
        threading.Timer(2.0, os.kill, (pid, signal.SIGKILL)).start()

    those = crew(at={Gate.HOLD: pause}, hold_s=3.0)
    those.run()
    killed = those.strain(Gauge()).workers[1]
    assert killed.ended == "SIGKILL"
    assert 0.8 < killed.lag_s < 2.0


def test_a_nursery_that_does_not_live(crew: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    those = crew()
    those.run()
    assert [one.ended for one in those.strain(Gauge()).workers] == ["not started"] * 3
    assert states(those) == ["PLANNED"] * 30


def test_a_nursery_that_is_not_there(crew: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    those = crew()
    those.run()
    assert [one.ended for one in those.strain(Gauge()).workers] == ["ENOENT"] * 3
    assert states(those) == ["PLANNED"] * 30
    assert not those.interrupted


@pytest.mark.parametrize("flags", [[], ["-I"]])
def test_python_looks_for_the_same_code_as_ours(server: Server, tmp_path: Path, flags: list[str]) -> None:
    """What the environment, which ``-I`` keeps out, or the current directory has by the same name is none of it."""
    (tmp_path / "socket.py").write_text("raise SystemExit('this is another')")
    parts = {str(Path(module.__file__ or "").parents[1]) for module in (tcpgoon, msgspec)}
    program = f"import sys; sys.path.extend({sorted(parts)}); from tcpgoon.cli.entry import main; main()"
    words = ["-y", "-c", "6", "-s", "0", "--hold", "0", "--workers", "3", server.host, str(server.port)]
    hostile = {"PYTHONPATH": str(tmp_path)} if flags else {}
    done = subprocess.run(
        [sys.executable, *(flags or ["-P"]), "-c", program, *words],
        cwd=tmp_path,
        env=os.environ | hostile,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_stays_open(crew: Make) -> None:
    before = descriptors()
    those = crew()
    those.run()
    those.stop()
    del those  # the table is in memory that is a file
    assert descriptors() <= before


def test_an_exception_at_a_gate_ends_all(crew: Make, server: Server) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    those = crew(at={Gate.HOLD: fail}, hold_s=3_600.0)
    with pytest.raises(RuntimeError, match="no"):
        those.run()
    for worker in those.strain(Gauge()).workers:
        with suppress(ProcessLookupError):
            os.kill(worker.pid, 0)
            raise AssertionError(f"{worker} lives")
