"""A target on this machine, looked at before, at the peak and after: real servers, and sentences."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tcpgoon.engine.machine.sock_diag import Listener, SockDiag
from tcpgoon.engine.on_site.inspector import PASSED_ON, Inspector, check_pid
from tcpgoon.engine.on_site.processes import Found
from tcpgoon.engine.on_site.vantage import Vantage
from tcpgoon.errors import PlanError
from tcpgoon.judge.on_site import Look, OnSite
from tcpgoon.plan.endpoint import Endpoint, Family
from tcpgoon.server import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc and netlink are Linux's")

Start = Callable[..., ServerProcess]
NOBODY: frozenset[int] = frozenset()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def server(stack: ExitStack) -> Start:
    return lambda *flags: stack.enter_context(ServerProcess(flags=[str(flag) for flag in flags]))


def inspector(port: int, pid: int | None = None, address: str = "127.0.0.1") -> Inspector:
    return Inspector(Endpoint(address, port), pid, time.monotonic)


def dial(stack: ExitStack, port: int, count: int) -> None:
    for _ in range(count):
        client = stack.enter_context(socket.socket())
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))


def until(look: Callable[[], int], expected: int) -> None:
    deadline = time.monotonic() + 30
    while look() != expected and time.monotonic() < deadline:
        time.sleep(0.002)
    assert look() == expected


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208


def seen(looks: Inspector) -> OnSite:
    assert looks.missing == ()
    assert looks.on_site is not None
    return looks.on_site


def test_a_server_that_takes_them_all(stack: ExitStack, server: Start) -> None:
    target = server("--backlog", 200)
    idle = descriptors(target.pid)
    looks = inspector(target.port)
    with looks.watching():
        dial(stack, target.port, 150)
        until(lambda: descriptors(target.pid), idle + 150)
        looks.look_at_peak(150)
        stack.close()
        assert target.errors == ""
    found = seen(looks)
    assert found.hidden == ""
    assert found.before.at_s < found.peak.at_s < found.after.at_s
    before, peak = found.before.processes[0], found.peak.processes[0]
    assert (before.pid, before.descriptors, peak.pid, peak.descriptors) == (target.pid, idle, target.pid, idle + 150)
    assert (found.peak.held, found.peak.listening, found.peak.listeners, found.peak.queued, found.peak.backlog) == (
        150,
        True,
        1,
        0,
        200,
    )
    assert found.is_gone


def test_connections_that_a_rule_of_this_host_passes_on() -> None:
    """They are held, and nobody listens: it is not the target that was seen."""
    looks = inspector(1)
    with looks.watching():
        looks.look_at_peak(150)
    assert looks.on_site is None
    assert looks.missing == (f"the target on this machine: {PASSED_ON.format(1)}",)


def test_a_server_that_never_accepts(stack: ExitStack, server: Start) -> None:
    target = server("--never-accept", "--backlog", 10)
    looks = inspector(target.port)
    with looks.watching():
        dial(stack, target.port, 30)
        until(lambda: looks._vantage.listeners()[0].queued if looks._vantage else -1, 11)
        looks.look_at_peak(11)
    found = seen(looks)
    assert (found.peak.queued, found.peak.backlog, found.peak.full, found.peak.accepted) == (11, 10, 1, 0)
    assert (found.most_queued, found.queue_is_full, found.is_gone) == (11, True, False)
    assert found.listen_overflows >= 19
    assert found.stood_s >= 0


def test_workers_that_share_a_port(stack: ExitStack, server: Start) -> None:
    target = server("--workers", 3, "--backlog", 50)
    looks = inspector(target.port)
    with looks.watching():
        looks.look_at_peak(0)
    found = seen(looks)
    assert (found.peak.listeners, found.peak.backlog) == (3, 150)
    assert found.peak.processes_count == len(found.peak.processes) >= 3
    assert found.hidden == ""


def test_a_server_in_this_process_is_nobodys(stack: ExitStack) -> None:
    sock = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=5))
    looks = inspector(sock.getsockname()[1])
    with looks.watching():
        looks.look_at_peak(0)
    found = seen(looks)
    assert (found.before.backlog, found.before.processes, found.before.processes_count) == (5, (), 0)
    assert found.hidden == ""


def test_nobody_listens(stack: ExitStack) -> None:
    looks = inspector(1)
    with looks.watching():
        looks.look_at_peak(0)
    assert seen(looks).before == Look(at_s=seen(looks).before.at_s, held=0, listening=False, accepted=0)
    assert not seen(looks).is_gone


def test_a_target_elsewhere_is_not_looked_at() -> None:
    looks = inspector(80, address="192.0.2.1")
    with looks.watching():
        looks.look_at_peak(0)
    assert (looks.on_site, looks.missing) == (None, ())


def test_a_target_elsewhere_with_a_process_here(server: Start) -> None:
    """It may be behind a load balancer, or an address translation."""
    target = server()
    looks = inspector(target.port, target.pid, address="192.0.2.1")
    with looks.watching():
        looks.look_at_peak(0)
    assert seen(looks).peak.pids == {target.pid}
    assert not seen(looks).peak.listening


def test_a_process_of_the_target_that_does_not_listen_itself(server: Start, stack: ExitStack) -> None:
    target, other = server(), server()
    looks = inspector(target.port, other.pid)
    with looks.watching():
        looks.look_at_peak(0)
    assert seen(looks).peak.pids == {other.pid}
    assert seen(looks).hidden == (
        f"process {other.pid} does not listen on port {target.port}: the accept queue is that of another one"
    )


def test_a_target_that_ends_meanwhile(server: Start) -> None:
    target = server()
    looks = inspector(target.port)
    with looks.watching():
        target.end()
        looks.look_at_peak(0)
    assert seen(looks).is_gone
    assert seen(looks).peak.processes == ()


def test_a_process_that_ends_meanwhile_is_no_error(server: Start) -> None:
    target = server()
    looks = inspector(target.port, target.pid)
    with looks.watching():
        target.end()
        looks.look_at_peak(0)
    assert seen(looks).before.pids == {target.pid}
    assert seen(looks).peak.pids == seen(looks).after.pids == frozenset()


LOOK_AS_NOBODY = """
import os, sys, time
import psutil
from tcpgoon.engine.on_site.inspector import Inspector, check_pid
from tcpgoon.plan.endpoint import Endpoint
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
pid = int(sys.argv[1])
check_pid(pid)
looks = Inspector(Endpoint("127.0.0.1", 9), pid, time.monotonic)
with looks.watching():
    looks.look_at_peak(0)
print(looks.missing, looks.on_site)
"""


@pytest.mark.requires("root", "unshare", "mount")
def test_a_process_that_proc_does_not_show_to_others(server: Start) -> None:
    # Only /proc is made ours alone: in a chroot the root is no mount whose propagation could be changed.
    script = 'mount --make-private /proc && mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "unchanged",
        "sh",
        "-c",
        script,
        "sh",
        sys.executable,
        "-c",
        LOOK_AS_NOBODY,
        str(server().pid),
    ]
    # Nobody may write down here what was covered.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)
    hidden = f"the target on this machine: process {command[-1]} is hidden from this user: run as root, or as its user"
    assert (done.stdout, done.stderr) == (f"{(hidden,)!r} None\n", "")


def test_a_process_that_ends_before_anybody_looks(server: Start) -> None:
    target = server()
    looks = inspector(target.port, target.pid)
    target.end()
    with looks.watching():
        looks.look_at_peak(0)
    assert "is hidden" not in "".join(looks.missing)


@pytest.mark.parametrize("method", ["listeners", "overflows"])
def test_what_goes_wrong_with_looking_changes_nothing(
    server: Start, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("what is that?")

    monkeypatch.setattr(Vantage, method, fail)
    looks = inspector(server().port)
    with looks.watching():
        looks.look_at_peak(0)
    assert looks.on_site is None
    assert looks.missing == ("the target on this machine: looking at it failed (ValueError: what is that?)",)


def test_what_goes_wrong_with_the_run_is_not_hidden(server: Start) -> None:
    looks = inspector(server().port)
    with pytest.raises(ZeroDivisionError), looks.watching():
        raise ZeroDivisionError
    assert looks.on_site is None


def test_a_look_at_the_peak_without_one_before() -> None:
    looks = inspector(1)
    looks.look_at_peak(0)
    assert looks.on_site is None


def fill(stack: ExitStack, port: int) -> None:
    """More than its accept queue takes."""
    dial(stack, port, 20)
    look = stack.enter_context(SockDiag())
    until(lambda: look.listeners(Family.IPV4, port)[0].queued, 3)
    until(lambda: (look.listeners(Family.IPV4, port)[0].drops or 0) >= 17, 1)


def test_what_overflows_beside_the_target_is_not_its_own(stack: ExitStack, server: Start) -> None:
    target, other = server("--never-accept", "--backlog", 2), server("--never-accept", "--backlog", 2)
    looks = inspector(target.port)
    with looks.watching():
        fill(stack, other.port)
        looks.look_at_peak(0)
    assert (seen(looks).listen_overflows, seen(looks).peak.accepted) == (0, None)
    looks = inspector(target.port)
    with looks.watching():
        fill(stack, target.port)
        looks.look_at_peak(0)
    assert seen(looks).listen_overflows >= 17
    assert seen(looks).peak.accepted == 0


def test_a_listener_that_is_closed_takes_its_count_with_it(stack: ExitStack, server: Start) -> None:
    """Then what is counted for all has to do."""
    target = server("--never-accept", "--backlog", 2)
    looks = inspector(target.port)
    with looks.watching():
        fill(stack, target.port)
        target.end()
        looks.look_at_peak(0)
    assert seen(looks).listen_overflows >= 17


def listening(*uids: int) -> list[Listener]:
    return [Listener("127.0.0.1", 80, inode, 0, 5, uid, Family.IPV4) for inode, uid in enumerate(uids)]


@pytest.mark.parametrize(
    ("us", "pid", "listeners", "found", "hidden"),
    [
        (1_000, None, [], Found(), ""),
        (1_000, None, [33], Found(owners=frozenset({7})), ""),
        (
            1_000,
            None,
            [33],
            Found(unseen=frozenset({0})),
            "the process that listens on port 80 is hidden from this user: run as root, or as user 33",
        ),
        (
            1_000,
            None,
            [1_000],
            Found(unseen=frozenset({0})),
            "the process that listens on port 80 is hidden from this user: run as root",
        ),
        (
            0,
            None,
            [33],
            Found(unseen=frozenset({0})),
            "the process that listens on port 80 is hidden from this user: run outside of this container",
        ),
        (
            1_000,
            7,
            [33],
            Found(owners=frozenset({7}), unseen=frozenset({0}), closed_to_us=frozenset({7})),
            "what process 7 has open is hidden from this user: run as root, or as its user",
        ),
        (
            1_000,
            7,
            [33],
            Found(owners=frozenset({7}), unseen=frozenset({0})),
            "process 7 does not listen on port 80: the accept queue is that of another one",
        ),
        (1_000, 7, [33, 33], Found(owners=frozenset({7}), unseen=frozenset({0})), ""),
        (
            1_000,
            None,
            [33],
            Found(owners=frozenset({7}), children=frozenset({8, 9}), closed_to_us=frozenset({8, 9})),
            "2 processes that the target forked are hidden from this user: run as root",
        ),
    ],
)
def test_what_cannot_be_seen(
    monkeypatch: pytest.MonkeyPatch, us: int, pid: int | None, listeners: list[int], found: Found, hidden: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: us)
    assert inspector(80, pid)._why_hidden(found, listening(*listeners), 80) == hidden


def test_a_process_id() -> None:
    check_pid(None)
    check_pid(os.getppid() or 1)
    with pytest.raises(PlanError, match=r"process \d+ is tcpgoon itself, not the target"):
        check_pid(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(30)
    with pytest.raises(PlanError, match=f"there is no process {child.pid} on this machine for --target-pid"):
        check_pid(child.pid)


def test_a_process_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_ours(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_ours)
    check_pid(1)


@pytest.mark.parametrize("other", ["127.0.0.2", "192.0.2.1"])
def test_of_several_that_are_dialled_none_is_looked_at(other: str) -> None:
    beside = [Endpoint(other, 80)]
    missing = "several addresses are dialled: --target-pid says which process is to be seen"
    several = Inspector(Endpoint("127.0.0.1", 80), None, time.monotonic, beside)
    with several.watching():
        several.look_at_peak(10)
    assert (several.on_site, several.missing) == (None, (f"the target on this machine: {missing}",))


def test_of_several_that_are_elsewhere_nothing_is_missing() -> None:
    several = Inspector(Endpoint("198.51.100.1", 80), None, time.monotonic, [Endpoint("203.0.113.1", 80)])
    with several.watching():
        several.look_at_peak(10)
    assert (several.on_site, several.missing) == (None, ())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_of_several_the_process_that_is_named_is_looked_at(server: Start) -> None:
    target = server()
    several = Inspector(Endpoint(target.host, target.port), target.pid, time.monotonic, [Endpoint("127.0.0.9", 80)])
    with several.watching():
        several.look_at_peak(0)
    assert several.missing == ()
    assert several.on_site is not None
    assert [process.pid for process in several.on_site.peak.processes] == [target.pid]
