"""A plan becomes a result: on real sockets, as a library, in threads other than the main one."""

import ctypes
import errno
import socket
import sys
import threading
from pathlib import Path

import pytest

from tcpgoon.discovery.resolver import resolve
from tcpgoon.engine import lanes
from tcpgoon.engine.machine import port_range, preflight
from tcpgoon.errors import PlanError, ResolutionError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import Plan
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import ConnectionEvent
from tcpgoon.record.metrics import AtEndpoint
from tcpgoon.runs import runner
from tcpgoon.runs.runner import run
from tcpgoon.runs.stop import Stop
from tcpgoon.server import Server, ServerConfig, ServerProcess

HERE = Endpoint("127.0.0.1", 80)


def plan(port: int, connections: int = 20, **changes: object) -> Plan:
    values: dict[str, object] = {"pacing": AllAtOnce(), "hold_s": 0.1, **changes}
    return Plan(target=Target("127.0.0.1", port), connections=connections, **values)  # type: ignore[arg-type]


def test_a_target_that_carries_them_all() -> None:
    with Server(ServerConfig()) as server:
        result = run(plan(server.port))
    assert (result.verdict, result.metrics.counts, result.metrics.peak) == (Verdict.PASS, Counts(closed=20), 20)
    assert result.endpoint == Endpoint("127.0.0.1", server.port)
    assert result.findings == ()
    assert result.duration_s >= 0.1
    assert result.environment.cpus >= 1
    assert result.environment.begun_at.endswith("+00:00")
    assert server.peak == 20


def test_what_the_run_demanded_of_this_client_is_in_the_result() -> None:
    with Server(ServerConfig()) as server:
        strain = run(plan(server.port, connections=200)).strain
    assert 0 < strain.ramp_lag_s <= strain.lag_s < strain.run_s
    assert strain.cpu_s > 0
    assert 0 < strain.wall_s <= strain.run_s - 0.1


def test_who_stood_still_says_so() -> None:
    with Server(ServerConfig()) as server:
        result = run(plan(server.port, pacing=ConstantRate(0.05), hold_s=0), Sleepy(), interval_s=0.1)
    assert result.strain.ramp_lag_s >= 0.2
    assert (result.verdict, result.findings) == (Verdict.PASS, ())


class Sleepy:
    """A monitor that takes the interpreter for itself for a while, as no thread should."""

    wants_events = False
    tired = True

    def snapshot(self, snapshot: Snapshot) -> None:
        """``usleep()`` called as if it were short: the lock is not let go of."""
        if self.tired and snapshot.counts.established:
            self.tired = False
            ctypes.PyDLL(None).usleep(300_000)

    def events(self, events: list[ConnectionEvent]) -> None:
        raise AssertionError("not asked for")


def test_it_runs_in_any_thread() -> None:
    results = []
    with Server(ServerConfig()) as server:
        threads = [threading.Thread(target=lambda: results.append(run(plan(server.port)))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert [result.verdict for result in results] == [Verdict.PASS] * 3


def test_a_name_is_resolved_once_and_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(*question: object) -> object:
        asked.append(question)
        return resolve(*question)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "resolve", counted)
    with Server(ServerConfig()) as server:
        asked_for = Plan(target=Target("localhost", server.port), connections=5, hold_s=0, sources=("127.0.0.1",))
        result = run(asked_for)
    assert len(asked) == 1
    assert result.endpoint == Endpoint("127.0.0.1", server.port)
    assert result.verdict is Verdict.PASS


def test_endpoints_that_were_resolved_already_are_not_resolved_again() -> None:
    with Server(ServerConfig()) as server:
        here, elsewhere = Endpoint("127.0.0.1", server.port), Endpoint("192.0.2.1", server.port)
        asked_for = Plan(target=Target("no-such-host.invalid", server.port), connections=5, hold_s=0)
        result = run(asked_for, endpoints=[here, elsewhere])
    assert result.verdict is Verdict.PASS
    assert (result.endpoint, result.endpoints) == (here, (here, elsewhere))


def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(ResolutionError):
        run(Plan(target=Target("no-such-host.invalid", 80)))


def test_a_source_that_is_not_ours() -> None:
    with pytest.raises(PlanError):
        run(plan(80, sources=("192.0.2.1",)))


def limits_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ports: int) -> None:
    (tmp_path / "ip_local_port_range").write_text(f"40000 {40_000 + ports - 1}")
    (tmp_path / "ip_local_reserved_ports").write_text("")
    for module in (preflight, port_range):
        monkeypatch.setattr(module, "_PROC", tmp_path)


def test_what_is_impossible_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits_of(tmp_path, monkeypatch, ports=10)
    with Server(ServerConfig()) as server:
        result = run(plan(server.port, sources=("127.0.0.1",)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert [finding.code for finding in result.findings] == ["TG102"]
    assert result.metrics.counts == Counts(planned=20)
    assert server.accepted == 0


def test_unless_it_is_forced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits_of(tmp_path, monkeypatch, ports=10)
    # The range in the file is not the kernel's: it has enough, and nothing fails.
    monkeypatch.setattr(lanes, "port_range", lambda _: None)
    with Server(ServerConfig()) as server:
        result = run(plan(server.port, sources=("127.0.0.1",), force=True))
    assert result.verdict is Verdict.PASS


class Notes:
    """A monitor that keeps all, and stops the run at the first snapshot."""

    wants_events = True

    def __init__(self, stop: Stop) -> None:
        self.snapshots: list[Snapshot] = []
        self.seen: list[ConnectionEvent] = []
        self._stop = stop

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        self._stop.request()

    def events(self, events: list[ConnectionEvent]) -> None:
        self.seen += events


def test_a_run_that_is_stopped_from_another_thread() -> None:
    stop = Stop()
    notes = Notes(stop)
    with Server(ServerConfig()) as server:
        result = run(plan(server.port, hold_s=3600), notes, stop=stop)
    assert result.verdict is Verdict.INTERRUPTED
    assert result.duration_s < 60
    assert notes.snapshots[0].counts.total == 20


def test_a_monitor_sees_what_happened_to_each_connection() -> None:
    class Patient(Notes):
        def snapshot(self, snapshot: Snapshot) -> None:
            self.snapshots.append(snapshot)

    notes = Patient(Stop())
    with Server(ServerConfig()) as server:
        run(plan(server.port, connections=3), notes)
    steps = [(event.connection, event.state.name) for event in notes.seen]
    assert sorted(steps) == sorted((row, state) for row in range(3) for state in ("OPENING", "ESTABLISHED", "CLOSED"))


def test_elsewhere_than_on_linux_the_same_run_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("select.epoll", raising=False)
    with ServerProcess(ServerConfig(max_connections=12)) as server:
        result = run(plan(server.port))
    assert len(result.environment.missing) == 4
    assert result.verdict is Verdict.FAIL
    assert result.metrics.counts == Counts(closed=12, lost=8)


def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = run(plan(port))
    assert result.verdict is Verdict.FAIL
    assert [(ending.error, ending.count) for ending in result.metrics.errors] == [(errno.ECONNREFUSED, 20)]


def test_nothing_stays_open() -> None:
    before = preflight.look([HERE], ()).descriptors_in_use
    with Server(ServerConfig()) as server:
        run(plan(server.port))
    assert preflight.look([HERE], ()).descriptors_in_use == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_target_on_this_machine_is_looked_at() -> None:
    """One in this very process has an accept queue, and no process of its own."""
    with Server(ServerConfig(backlog=123)) as server:
        seen = run(plan(server.port)).on_site
    assert seen is not None
    looks = (seen.before, seen.peak, seen.after)
    assert [(look.held, look.listening, look.backlog, look.processes) for look in looks] == [
        (0, True, 123, ()),
        (20, True, 123, ()),
        (0, True, 123, ()),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_each_connection_costs_it() -> None:
    with ServerProcess(ServerConfig()) as server:
        result = run(plan(server.port, connections=200, target_pid=server.pid, hold_s=1.0))
    assert result.cost is not None
    assert (result.cost.connections, result.cost.descriptors) == (200, 1.0)


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(PlanError, match=r"^there is no process 4194304 on this machine for --target-pid$"):
        run(plan(80, target_pid=4_194_304))


def test_what_is_not_begun_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits_of(tmp_path, monkeypatch, ports=10)
    with Server(ServerConfig()) as server:
        result = run(plan(server.port, sources=("127.0.0.1",)))
    assert (result.on_site, result.cost) == (None, None)


def test_all_addresses_of_the_target_are_dialled_in_turn() -> None:
    """Each has its share of the connections; none is looked at, which is said."""
    with Server(ServerConfig(host="0.0.0.0")) as server:
        there = [Endpoint(f"127.0.0.{number}", server.port) for number in (1, 2)]
        result = run(plan(server.port, connections=21, spread=True, sources=("127.0.0.3-4",)), endpoints=there)
        pinned = run(plan(server.port), endpoints=there)
    assert (result.verdict, result.metrics.by_endpoint) == (Verdict.PASS, (AtEndpoint(11, 11), AtEndpoint(10, 10)))
    assert (result.dialled, result.sources) == (tuple(there), ("127.0.0.3", "127.0.0.4"))
    assert list(result.table.source) == [0, 1] * 10 + [0]
    assert list(result.table.endpoint) == [0, 0, 1, 1] * 5 + [0]
    assert result.environment.missing == (
        "the target on this machine: several addresses are dialled: --target-pid says which process is to be seen",
    )
    assert (pinned.metrics.by_endpoint, pinned.dialled, pinned.sources) == ((AtEndpoint(20, 20),), (there[0],), ())
