"""Suites of real runs: one after another, at the same time, and whatever keeps a check from being asked."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tcpgoon.discovery.place import Place
from tcpgoon.errors import Bug
from tcpgoon.judge.verdict import Verdict
from tcpgoon.options.spelled import spelled
from tcpgoon.options.suites.suite import Check, Suite
from tcpgoon.record.counts import Snapshot
from tcpgoon.record.events import ConnectionEvent
from tcpgoon.result import Part
from tcpgoon.results import SuiteResult
from tcpgoon.runs import suite as module
from tcpgoon.runs.ask import ask_places
from tcpgoon.runs.each import STOPPED
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.stop import Stop
from tcpgoon.runs.suite import Audience, run_suite
from tcpgoon.server import Server, ServerConfig

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server, and gives its address."""
    with ExitStack() as servers:

        def serve(**config: Any) -> str:
            return f"127.0.0.1:{servers.enter_context(Server(ServerConfig(**config))).port}"

        yield serve


def check(name: str, target: str, parallel: bool | str = False, **options: Any) -> Check:
    quick = {"connections": 20, "sleep": "0s", "hold": "50ms", "assurance": "handshake"}
    return Check(name, spelled(target, quick | options), parallel)


def suite(*checks: Check) -> Suite:
    return Suite("tcpgoon.toml", checks)


def verdicts(came: SuiteResult) -> list[tuple[str, Verdict]]:
    return [(part.name, part.verdict) for part in came.parts]


class Log(Audience):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.parts: list[Part] = []

    def begins(self, check: Check, places: Sequence[Place]) -> None:
        self.told.append(("begins", check.name))

    def ended(self, check: Check, parts: Sequence[Part]) -> None:
        self.told.append(("ended", check.name))
        self.parts += parts


def test_one_after_another_and_the_worst_over_all(serve: Serve) -> None:
    log = Log()
    came = run_suite(suite(check("a", serve()), check("b", serve(max_connections=10)), check("c", serve())), log)
    assert verdicts(came) == [("a", Verdict.PASS), ("b", Verdict.FAIL), ("c", Verdict.PASS)]
    assert (came.verdict, came.reason) == (Verdict.FAIL, "of 3 checks 1 failed, 2 passed")
    assert came.suite == "tcpgoon.toml"
    assert log.told == [(what, name) for name in "abc" for what in ("begins", "ended")]
    assert tuple(log.parts) == came.parts
    assert all(part.result and len(part.result.table.state) == 20 for part in came.parts)
    assert came.duration_s > 0.15
    assert came.begun_at.endswith("+00:00")


def test_rows_are_kept_only_where_they_are_wanted(serve: Serve) -> None:
    log = Log()
    came = run_suite(suite(check("a", serve())), log, keep_rows=False)
    assert [len(part.result.table.state) for part in (*log.parts, *came.parts) if part.result] == [20, 0]


def test_what_cannot_be_asked_keeps_no_other_from_it(serve: Serve, tmp_path: Path) -> None:
    came = run_suite(
        suite(
            check("nowhere", "nosuch.invalid:80"),
            check("registry", f"file://{tmp_path}/none"),
            check("too few", f"file://{tmp_path}/none", spread=True),
            check("source", "127.0.0.1:9", source="192.0.2.1"),
            check("fine", serve()),
        )
    )
    assert verdicts(came) == [
        ("nowhere", Verdict.INCONCLUSIVE),
        ("registry", Verdict.INCONCLUSIVE),
        ("too few", Verdict.INCONCLUSIVE),
        ("source", Verdict.INCONCLUSIVE),
        ("fine", Verdict.PASS),
    ]
    assert came.verdict is Verdict.INCONCLUSIVE
    assert came.parts[0].reason.startswith("nosuch.invalid does not resolve")


def test_each_instance_of_a_check_is_a_part(serve: Serve, tmp_path: Path) -> None:
    first, second = serve(), serve(max_connections=10)
    (tmp_path / "hosts").write_text(f"{first}\n{second}\n")
    came = run_suite(suite(check("pool", f"file://{tmp_path}/hosts", each=True)))
    assert verdicts(came) == [(f"pool / {first}", Verdict.PASS), (f"pool / {second}", Verdict.FAIL)]


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_fail_fast_asks_no_more_and_keeps_the_verdict(serve: Serve, verdict: Verdict) -> None:
    culprit = check("b", serve(max_connections=10) if verdict is Verdict.FAIL else "nosuch.invalid:80")
    came = run_suite(suite(check("a", serve()), culprit, check("c", serve()), check("d", serve())), fail_fast=True)
    assert verdicts(came)[:2] == [("a", Verdict.PASS), ("b", verdict)]
    assert came.parts[2:] == tuple(
        Part(name=name, verdict=Verdict.INCONCLUSIVE, reason="not asked: 'b' did not pass") for name in "cd"
    )
    assert came.verdict is verdict


def test_once_it_is_stopped_nothing_more_is_asked(serve: Serve) -> None:
    stop = Stop()

    class Stopping(Log):
        def begins(self, check: Check, places: Sequence[Place]) -> None:
            super().begins(check, places)
            stop.request()

    log = Stopping()
    came = run_suite(suite(check("a", serve(), hold="60s"), check("b", serve())), log, stop=stop)
    assert verdicts(came) == [("a", Verdict.INTERRUPTED), ("b", Verdict.INTERRUPTED)]
    assert came.parts[1].reason == STOPPED
    assert came.verdict is Verdict.INTERRUPTED
    assert log.told == [("begins", "a"), ("ended", "a"), ("ended", "b")]


def test_a_failure_before_it_was_stopped_stays_one(serve: Serve) -> None:
    stop = Stop()

    class Stopping(Audience):
        def ended(self, check: Check, parts: Sequence[Part]) -> None:
            stop.request()

    came = run_suite(suite(check("a", serve(max_connections=10)), check("b", serve())), Stopping(), stop=stop)
    assert came.verdict is Verdict.FAIL


class Together(Log):
    """Asks for the end of all when all of ``names`` have begun."""

    def __init__(self, names: str, stop: Stop) -> None:
        super().__init__()
        self._names = set(names)
        self._stop = stop

    def begins(self, check: Check, places: Sequence[Place]) -> None:
        super().begins(check, places)
        self._names.discard(check.name)
        if not self._names:
            self._stop.request()


def test_neighbours_that_are_marked_are_asked_at_the_same_time(serve: Serve) -> None:
    stop = Stop()
    log = Together("bcd", stop)
    held = [check(name, serve(), True, hold="60s") for name in "bcd"]
    came = run_suite(suite(check("a", serve()), *held, check("e", serve())), log, stop=stop)
    assert log.told[:5] == [("begins", "a"), ("ended", "a"), ("begins", "b"), ("begins", "c"), ("begins", "d")]
    assert verdicts(came) == [("a", Verdict.PASS), *((name, Verdict.INTERRUPTED) for name in "bcde")]
    assert came.parts[4].reason == STOPPED


def test_each_of_them_has_its_own_verdict(serve: Serve) -> None:
    limits = [{}, {"max_connections": 10}, {}, {"max_connections": 5}]
    came = run_suite(suite(*(check(name, serve(**limit), "g") for name, limit in zip("abcd", limits, strict=True))))
    expected = [Verdict.PASS, Verdict.FAIL] * 2
    assert verdicts(came) == list(zip("abcd", expected, strict=True))
    held = [part.result.metrics.established for part in came.parts if part.result]
    assert held == [20, 10, 20, 5]


def test_two_never_ask_one_server_at_the_same_time(serve: Serve) -> None:
    log = Log()
    target = serve(max_connections=30)
    came = run_suite(suite(*(check(name, target, True) for name in "abc")), log)
    assert verdicts(came) == [(name, Verdict.PASS) for name in "abc"]
    assert log.told == [(what, name) for name in "abc" for what in ("begins", "ended")]


def test_fail_fast_among_those_that_go_on_at_the_same_time(serve: Serve) -> None:
    shared = serve(max_connections=10)
    came = run_suite(
        suite(check("a", shared, True), check("b", serve(), True), check("c", shared, True)), fail_fast=True
    )
    assert verdicts(came) == [("a", Verdict.FAIL), ("b", Verdict.PASS), ("c", Verdict.INCONCLUSIVE)]
    assert came.parts[2].result is None


def test_without_a_thread_they_are_asked_one_after_another(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(module, "Thread", NoThread)
    log = Log()
    came = run_suite(suite(*(check(name, serve(), True) for name in "abc")), log)
    assert verdicts(came) == [(name, Verdict.PASS) for name in "abc"]
    assert log.told == [(what, name) for name in "abc" for what in ("begins", "ended")]


def test_a_bug_in_one_of_them_ends_the_others_and_is_raised(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def broken(asked: Any, *args: Any, **kwargs: Any) -> Any:
        if asked.draft.connections == 1:
            begun.wait()
            raise Bug("broken")
        begun.set()
        return ask_places(asked, *args, **kwargs)

    monkeypatch.setattr(module, "ask_places", broken)
    checks = (check("a", serve(), True, hold="60s"), check("b", serve(), True, connections=1))
    before = threading.active_count()
    with pytest.raises(Bug, match="broken"):
        run_suite(suite(*checks))
    assert threading.active_count() == before


def test_runs_are_watched_by_whom_the_audience_names(serve: Serve) -> None:
    class Seen(Audience):
        def __init__(self) -> None:
            self.totals: dict[str, int] = {}

        def monitor_of(self, check: Check) -> Monitor:
            seen = self

            class Watching:
                wants_events = False

                def snapshot(self, snapshot: Snapshot) -> None:
                    seen.totals[check.name] = snapshot.counts.total

                def events(self, events: list[ConnectionEvent]) -> None:
                    raise AssertionError

            return Watching()

    seen = Seen()
    run_suite(suite(check("a", serve()), check("b", serve(), connections=7)), seen)
    assert seen.totals == {"a": 20, "b": 7}
