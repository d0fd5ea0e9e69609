"""A target on this machine, seen from within by the installed command."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpgoon.server import ServerProcess

from .conftest import INSTALLED, LIMIT_S, Run, Said, Tcpgoon

Start = Callable[..., ServerProcess]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")

AS_NOBODY = f"""
import contextlib, io, os, sys
sys.path[:0] = {sys.path!r}
from tcpgoon.cli.main import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main(sys.argv[1:])
os.setgroups([]); os.setgid(65_534); os.setuid(65_534)
main(sys.argv[1:])
"""
"""First the same as root: what it imports may be out of the reach of nobody."""


def as_nobody(*words: object) -> Said:
    command = [sys.executable, "-c", AS_NOBODY, "-y", "-s", "0", "--hold", "300ms", "--no-canary", *map(str, words)]
    # Nobody may not write where coverage does.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=env)
    return Said(done.returncode, done.stdout, done.stderr)


def test_a_server_that_never_accepts(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server("--never-accept", "--backlog", 10)
    said = tcpgoon("-c", 30, "-s", 0, "-d", 1200, "--hold", "300ms", target.host, target.port)
    assert said.exit_status == 2
    line = said.line("At the target ")
    assert line.startswith(f"(pid {target.pid}, "), line
    assert re.search(r"1 thread, [\d.]+ MB; accept queue 11 of 10 \(ListenOverflows \+\d+\)$", line), line


def test_a_server_without_descriptors_left(tcpgoon: Tcpgoon, server: Start) -> None:
    """What the process has no descriptor for waits in the accept queue."""
    target = server()
    resource.prlimit(target.pid, resource.RLIMIT_NOFILE, (512, 512))
    fds = [int(path.name) for path in Path(f"/proc/{target.pid}/fd").iterdir()]
    below, above = sum(fd < 512 for fd in fds), sum(fd >= 512 for fd in fds)  # some may be inherited from us
    said = tcpgoon("-c", 800, "-s", 0, "--hold", "300ms", "--no-canary", target.host, target.port)
    line, cost = said.line("At the target "), said.line("Cost of a held connection at the target: ")
    assert f": {512 + above} of 512 descriptors, 1 thread, " in line, line
    assert f"; accept queue {800 - (512 - below)} of 4,096" in line, line
    assert cost.endswith(f" RSS and 1 descriptor: the limit of 512 is reached at {512 - below} connections"), cost


def test_workers_that_share_the_port(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server("--workers", 2, "--backlog", 100)
    said = tcpgoon("-c", 200, "-s", 0, "--hold", "300ms", target.host, target.port)
    assert said.verdict == "PASS"
    line = said.line("At the target ")
    assert re.match(r"\(\d processes, the fullest with pid \d+, ", line), line
    assert re.search(r"accept queue 0 of 200 over 2 listeners", line), line


def test_a_process_that_is_no_more(tcpgoon: Tcpgoon) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(30)
    said = tcpgoon("-c", 1, "127.0.0.1", 80, "--target-pid", child.pid)
    assert (said.exit_status, said.lines, said.errors) == (
        64,
        [],
        [f"tcpgoon: there is no process {child.pid} on this machine for --target-pid"],
    )


@pytest.mark.parametrize("pid", [0, -1, 4_194_305])
def test_no_process_at_all(tcpgoon: Tcpgoon, pid: int) -> None:
    said = tcpgoon("-c", 1, "127.0.0.1", 80, "--target-pid", pid)
    assert (said.exit_status, said.lines, said.errors) == (
        64,
        [],
        [f"tcpgoon: the process id of the target is {pid}: it must be from 1 to 4,194,304"],
    )


@pytest.mark.requires("root")
@pytest.mark.parametrize(("connections", "verdict"), [(100, "PASS"), (120, "FAIL")])
def test_without_permission_it_is_said_once_and_nothing_else_changes(
    server: Start, connections: int, verdict: str
) -> None:
    """The server belongs to root."""
    target = server("--max-connections", 100)
    said = as_nobody("-c", connections, target.host, target.port)
    assert (said.verdict, said.errors) == (verdict, [])
    assert said.line("Not seen at the target: ") == (
        f"the process that listens on port {target.port} is hidden from this user: run as root, or as user 0"
    )
    assert said.line("At the target: ").startswith("accept queue 0 of 4,096")
    assert not [line for line in said.lines if line.startswith("Cost of")]


@pytest.mark.requires("root")
def test_what_everybody_may_see_of_a_process(server: Start) -> None:
    target = server()
    said = as_nobody("-c", 10, "--target-pid", target.pid, target.host, target.port)
    assert (said.verdict, said.errors) == ("PASS", [])
    assert re.search(r" 1 thread, [\d.]+ MB; accept queue 0 of 4,096", said.line("At the target "))
    assert said.line("Not seen at the target: ") == (
        f"what process {target.pid} has open is hidden from this user: run as root, or as its user"
    )


@pytest.mark.requires("root", "unshare")
def test_a_process_in_another_network_namespace(tcpgoon: Tcpgoon, free_port: int) -> None:
    """As with a container: what listens here is a proxy, and the target is behind it on another port."""
    command = ["unshare", "--net", INSTALLED, "server", "--host", "0.0.0.0", "--port", "80", "--backlog", "33"]
    with subprocess.Popen([*command, "--while-stdin-open"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as target:
        assert target.stdout
        assert target.stdout.readline() == b"Listening on 0.0.0.0:80\n"
        with socket.create_server(("127.0.0.1", free_port), backlog=100):
            said = tcpgoon("-c", 20, "-s", 0, "--hold", "300ms", "127.0.0.1", free_port, "--target-pid", target.pid)
        target.communicate(timeout=30)
    line = said.line("At the target ")
    assert line.startswith(f"(pid {target.pid}, "), line
    assert line.endswith("; accept queue 0 of 33"), line
    assert said.verdict == "PASS"


def test_a_target_that_dies(server: Start, running: Run) -> None:
    target = server()
    run = running("-c", 50, "-s", 0, "--hold", "60s", target.host, target.port)
    run.wait_until(established=50)
    os.kill(target.pid, signal.SIGKILL)
    assert run.end().line("At the target: ") == "nobody listens any more"
