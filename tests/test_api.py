"""tcpgoon in Python, against real servers: what it returns, what it leaves alone, and how it is stopped."""

import asyncio
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

import tcpgoon
from tcpgoon.api import in_thread
from tcpgoon.record.counts import Snapshot
from tcpgoon.server import Server, ServerConfig

LIMIT_S = 60
FAST: dict[str, Any] = {"connections": 20, "sleep": "0s", "hold": "50ms"}
LONG: dict[str, Any] = {
    "connections": 20, "sleep": "0s", "hold": "1h", "canary": False, "assurance": "handshake",
}  # fmt: skip
"""It ends when it is told to."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(ServerConfig()) as server:
        yield server


@pytest.fixture
def small() -> Iterator[Server]:
    """It takes 10 connections."""
    with Server(ServerConfig(max_connections=10)) as server:
        yield server


def address(server: Server) -> str:
    return f"127.0.0.1:{server.port}"


def connections_to(server: Server) -> list[Any]:
    """Those that we and our children have open to it."""
    me = psutil.Process()
    ours = [one for process in (me, *me.children(recursive=True)) for one in process.net_connections("tcp")]
    return [one for one in ours if one.raddr[1:] == (server.port,)]


class Shown:
    """A monitor that acts, once, when so many are established."""

    wants_events = False

    def __init__(self, act: Callable[[], None], established: int = 20) -> None:
        self._act = act
        self._established = established
        self._has_acted = False

    def snapshot(self, snapshot: Snapshot) -> None:
        if snapshot.counts.established >= self._established and not self._has_acted:
            self._has_acted = True
            self._act()

    def events(self, events: Any) -> None:
        raise AssertionError(events)


def test_a_target_that_carries_them_all(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    result = tcpgoon.run(address(server), **FAST)
    assert (result.verdict, result.passed, result.findings) == (tcpgoon.Verdict.PASS, True, ())
    assert (result.established, result.peak, result.lost) == (20, 20, 0)
    assert result.establishment
    assert 0 < result.establishment.p50 <= result.establishment.p99 <= result.establishment.max
    assert str(result) == "PASS: 20 of 20 connections were established, acknowledged and held for 50ms"
    assert {number: signal.getsignal(number) for number in signal.valid_signals()} == before
    assert capfd.readouterr() == ("", "")


def test_a_target_that_does_not_is_a_result_too(small: Server) -> None:
    result = tcpgoon.run(address(small), **FAST)
    assert (result.verdict, result.passed, result.established, result.peak <= 20) == ("FAIL", False, 10, True)
    assert result.findings[0].code == "TG402"


def test_a_target_that_nobody_reaches_has_no_times(free_port: int) -> None:
    result = tcpgoon.run(f"127.0.0.1:{free_port}", **FAST)
    assert (result.verdict, result.established, result.establishment) == ("FAIL", 0, None)


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with Server(ServerConfig()) as server:
        return server.port


def test_each_instance_has_a_result(server: Server, small: Server, tmp_path: Path) -> None:
    listed = tmp_path / "targets"
    listed.write_text(
        json.dumps([{"id": str(one.port), "host": "127.0.0.1", "port": one.port} for one in (server, small)])
    )
    target = f"file://{listed}"
    each = tcpgoon.run_each(target, **FAST)
    assert [(one.instance.port, one.verdict) for one in each.results] == [(server.port, "PASS"), (small.port, "FAIL")]
    assert (each.passed, str(each)) == (False, "FAIL: of 2 instances 1 failed, 1 passed")
    assert tcpgoon.run(target, pick=str(server.port), **FAST).passed
    refused = "each is no option here: tcpgoon.run asks one instance, tcpgoon.run_each asks each of them"
    for function in (tcpgoon.run, tcpgoon.run_each):
        with pytest.raises(tcpgoon.UsageError, match=refused):
            function(target, each=True, **FAST)  # type: ignore[call-arg]


@pytest.mark.parametrize("interval_s", [0, -1, math.nan, math.inf])
def test_the_interval_is_one(interval_s: float) -> None:
    with pytest.raises(tcpgoon.PlanError, match=f"the interval is {interval_s} s: it must be above 0"):
        tcpgoon.run("127.0.0.1:1", interval_s=interval_s)


def test_what_cannot_be_asked_raises() -> None:
    with pytest.raises(tcpgoon.UsageError, match="there is no option conections; did you mean connections"):
        tcpgoon.run("127.0.0.1:1", conections=5)  # type: ignore[call-arg]
    with pytest.raises(tcpgoon.Unanswerable):
        tcpgoon.run("eureka://127.0.0.1:1/CHECKOUT", **FAST)
    with pytest.raises(tcpgoon.UsageError, match="there is no format 'xslx'; there are text, json"):
        tcpgoon.render(None, "xslx")  # type: ignore[arg-type]


def test_the_report_of_a_result(server: Server) -> None:
    result = tcpgoon.run(address(server), **FAST)
    assert tcpgoon.render(result).splitlines()[-1] == str(result)
    assert json.loads(tcpgoon.render(result, "json")) == result.to_dict()


def test_a_run_is_stopped_from_another_thread(server: Server) -> None:
    stop = tcpgoon.Stop()
    result = tcpgoon.run(address(server), stop=stop, interval_s=0.05, monitor=Shown(stop.request), **LONG)
    assert (result.verdict, result.peak) == ("INTERRUPTED", 20)


@pytest.mark.parametrize("workers", [1, 2])
def test_several_runs_at_once_in_threads(workers: int, server: Server, small: Server) -> None:
    """They hold at the same time: each ends when all have all of theirs."""
    together = threading.Barrier(3)

    def one(of: Server) -> str:
        stop = tcpgoon.Stop()

        def all_are_there() -> None:
            together.wait(LIMIT_S)
            stop.request()

        fewest = 10 if of is small else 20
        monitor = Shown(all_are_there, fewest)
        result = tcpgoon.run(address(of), workers=workers, stop=stop, interval_s=0.05, monitor=monitor, **LONG)
        return f"{result.verdict} {result.peak >= fewest}"

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(one, (server, small, server))) == ["INTERRUPTED True"] * 3


# asyncio


def told(event: asyncio.Event) -> Callable[[], None]:
    """Sets ``event``, from any thread."""
    loop = asyncio.get_running_loop()

    def tell() -> None:
        loop.call_soon_threadsafe(event.set)

    return tell


def test_the_event_loop_goes_on_meanwhile(server: Server) -> None:
    """The run cannot end before the loop has gone round a hundred times since all were open."""

    async def main() -> tuple[tcpgoon.Result, int]:
        opened, stop, rounds = asyncio.Event(), tcpgoon.Stop(), 0
        monitor = Shown(told(opened))
        run = asyncio.create_task(
            tcpgoon.run_async(address(server), stop=stop, interval_s=0.05, monitor=monitor, **LONG)
        )
        await opened.wait()
        while rounds < 100:
            await asyncio.sleep(0)
            rounds += 1
        assert not run.done()
        stop.request()
        return await run, rounds

    result, rounds = asyncio.run(main())
    assert (result.verdict, result.peak, rounds) == ("INTERRUPTED", 20, 100)


def test_many_at_once_do_not_wait_for_one_another(server: Server) -> None:
    """More than the loop's executor has threads; they end when all of them are there."""
    many = min(32, (os.cpu_count() or 1) + 4) + 2

    async def main() -> list[str]:
        together, loop = threading.Barrier(many), asyncio.get_running_loop()

        async def one() -> str:
            stop = tcpgoon.Stop()

            def all_are_there() -> None:
                together.wait(LIMIT_S)
                stop.request()

            options = {**LONG, "connections": 2}
            result = await tcpgoon.run_async(
                address(server), stop=stop, interval_s=0.05, monitor=Shown(all_are_there, 2), **options
            )
            await loop.run_in_executor(None, lambda: None)
            return str(result.verdict)

        return await asyncio.gather(*(one() for _ in range(many)))

    assert asyncio.run(main()) == ["INTERRUPTED"] * many


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_is_cancelled_has_closed_its_connections(workers: int, server: Server) -> None:
    async def main() -> None:
        opened = asyncio.Event()
        monitor = Shown(told(opened))
        run = asyncio.create_task(
            tcpgoon.run_async(address(server), workers=workers, interval_s=0.05, monitor=monitor, **LONG)
        )
        await opened.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert connections_to(server) == []

    asyncio.run(main())


def test_a_timeout_ends_it(server: Server) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await tcpgoon.run_async(address(server), **LONG)

    asyncio.run(main())


def test_what_has_not_begun_is_not_waited_for() -> None:
    """A look-up may take long, and cannot be interrupted; nothing is open yet."""
    go_on, looking = threading.Event(), threading.Event()
    left: list[threading.Thread] = []

    def look_up() -> str:
        left.append(threading.current_thread())
        looking.set()
        assert go_on.wait(LIMIT_S)
        return "too late"

    async def main() -> None:
        stop = tcpgoon.Stop()
        run = asyncio.create_task(in_thread(look_up, stop))
        await asyncio.to_thread(looking.wait, LIMIT_S)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert stop.requested

    asyncio.run(main())
    assert left[0].is_alive()
    go_on.set()
    left[0].join(LIMIT_S)
    assert not left[0].is_alive()


def test_what_goes_wrong_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(tcpgoon.PlanError, match="'nowhere' has no port"):
        asyncio.run(tcpgoon.run_async("nowhere"))


def test_a_client_without_threads_is_told_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        with pytest.raises(tcpgoon.Unanswerable, match="TG106"):
            await tcpgoon.run_async(address(server), **FAST)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    asyncio.run(main())
    monkeypatch.undo()


def test_it_can_be_called_where_an_event_loop_runs_already(server: Server) -> None:
    """As in a notebook."""

    async def cell() -> tcpgoon.Result:
        return tcpgoon.run(address(server), **FAST)

    assert asyncio.run(cell()).passed


# Ctrl-C


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_closes_the_connections_and_goes_on(workers: int, server: Server, tmp_path: Path) -> None:
    """Whoever catches it finds no connection, no process of ours, and may ask again."""
    program = textwrap.dedent(f"""
        import os, signal, threading, psutil, tcpgoon

        class Interrupt:
            wants_events = False
            def snapshot(self, snapshot):
                if snapshot.counts.established == 20:
                    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            def events(self, events): pass

        signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background shells ignore it
        me, target = psutil.Process(), "{address(server)}"
        options = dict(connections=20, sleep="0s", canary=False, workers={workers})
        try:
            tcpgoon.run(target, hold="1h", monitor=Interrupt(), interval_s=0.05, **options)
        except KeyboardInterrupt:
            here = [one for one in me.net_connections() if one.raddr]
            print("interrupted", here, me.children(recursive=True))
        print(tcpgoon.run(target, hold="0s", **options).verdict)
        """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT_S)
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted [] []\nPASS\n", "", 0)


def test_a_search_and_a_soak_leave_the_event_loop_alone() -> None:
    async def both(target: str) -> tuple[int, str]:
        async with asyncio.timeout(60):
            found, soaked = await asyncio.gather(
                tcpgoon.find_capacity_async(target, most=30, confirm_hold="100ms"),
                tcpgoon.soak_async(target, connections=5, duration="500ms", sleep="0s"),
            )
        return found.carries, str(soaked.verdict)

    with Server(ServerConfig()) as server:
        assert asyncio.run(both(server.address)) == (30, "PASS")


def test_a_search_that_is_cancelled_closes_all() -> None:
    async def cancelled(target: str) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await tcpgoon.find_capacity_async(target, most=30, confirm_hold="60s")

    with Server(ServerConfig()) as server:
        begun = time.monotonic()
        asyncio.run(cancelled(server.address))
        assert time.monotonic() - begun < 30
        assert not half_open(server.port)


def half_open(port: int) -> list[str]:
    """Connections of this process to ``port`` that are still established."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "01"]
