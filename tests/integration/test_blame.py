"""The blame test: whatever goes wrong at our end, the target is healthy, and no verdict says that it is not.

Each time the verdict is INCONCLUSIVE and the first finding is ours. The mirror beside it: a sick target fails with the
same limits where they do not matter, and no finding is ours.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tcpgoon.server import ServerProcess
from tests.groups import child_group, inside
from tests.netlab.lab import Lab

from .confined import FEW_PORTS, few_descriptors, isolated
from .conftest import INSTALLED, Run, Said, StartEcho, StartServer, Tcpgoon, stopped, until

MakeLab = Callable[..., Lab]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="network namespaces, cgroups and /proc are Linux's")
IN_A_NETWORK = pytest.mark.requires("root", "unshare", "ip")

NO_REUSE = "echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse"
NO_ASSASSINATION = "echo 1 >/proc/sys/net/ipv4/tcp_rfc1337"
"""Else a RST, which comes now and then when both ends close at once, ends a TIME_WAIT."""
NAT_WITH_20_PORTS = (
    "nft 'table ip nat { chain out { type nat hook postrouting priority srcnat; "
    "tcp dport 7000 snat to 127.0.0.1:41000-41019; }; }'"
)


def is_ours(said: Said, code: str) -> None:
    assert said.codes[:1] == [code], said.lines
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3), said.lines


def is_theirs(said: Said) -> None:
    assert [code for code in said.codes if code.startswith("TG1")] == [], said.lines
    assert (said.verdict, said.exit_status) == ("FAIL", 2), said.lines


@pytest.fixture
def cpu() -> Iterator[Path]:
    """The file with the CPU quota of a new group."""
    with child_group("cpu") as limit:
        yield limit


@pytest.fixture
def memory() -> Iterator[Path]:
    """The file with the memory limit of a new group."""
    with child_group("memory") as limit:
        yield limit


@pytest.fixture
def tasks() -> Iterator[Path]:
    """The file with the limit of tasks of a new group."""
    with child_group("pids") as limit:
        yield limit


def starve(pid: int, limit: Path, share: float) -> None:
    """From now on the process gets this share of a core, a tenth of a second at a time."""
    quota = str(round(share * 100_000))
    limit.write_text(f"{quota} 100000" if limit.name == "cpu.max" else quota)
    (limit.parent / "cgroup.procs").write_text(str(pid))


# What we may have: descriptors, ports, memory, tasks.


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["not started", "forced"])
def test_few_descriptors(tcpgoon: Tcpgoon, server: StartServer, force: tuple[str, ...]) -> None:
    target = server()
    said = tcpgoon(*force, "--workers", 1, "-c", 300, "-s", 0, target.host, target.port, before=few_descriptors(200))
    is_ours(said, "TG101")


@pytest.mark.requires("root", "prlimit")
def test_descriptors_that_are_taken_away_meanwhile(running: Run, server: StartServer) -> None:
    target = server()
    run = running("-c", 200, "-s", 10, target.host, target.port)
    run.wait_until(established=5)
    subprocess.run(["prlimit", f"--pid={run.pid}", "--nofile=60:60"], check=True, timeout=30)
    is_ours(run.end(), "TG101")


@IN_A_NETWORK
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["not started", "forced"])
def test_few_ports(tcpgoon: Tcpgoon, force: tuple[str, ...]) -> None:
    flags = ("--source", "127.0.0.1", "-c", 130, "-s", 0)
    is_ours(tcpgoon(*force, *flags, "127.0.0.1:7000", before=isolated(FEW_PORTS)), "TG102")


@IN_A_NETWORK
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["not started", "forced"])
def test_ports_that_an_earlier_run_left_in_time_wait(tcpgoon: Tcpgoon, force: tuple[str, ...]) -> None:
    all_closed = "until [ $(grep -c ' 06 ' /proc/net/tcp) -eq 60 ]; do sleep 0.01; done"
    earlier = f'{INSTALLED} -y -c 60 -s 0 --hold 0 127.0.0.1:7000 >/dev/null && {all_closed} && exec "$@"'
    before = [*isolated(f"{FEW_PORTS}; {NO_REUSE}; {NO_ASSASSINATION}"), "sh", "-c", earlier, "sh"]
    said = tcpgoon(*force, "-c", 60, "-s", 0, "--source", "127.0.0.1", "127.0.0.1:7000", before=before)
    is_ours(said, "TG103")
    assert ("60 in TIME_WAIT" if not force else "60 of its local ports are in TIME_WAIT") in said.lines[-1]


@IN_A_NETWORK
def test_an_earlier_run_that_closed_with_reset_leaves_nothing_behind(tcpgoon: Tcpgoon) -> None:
    earlier = f'{INSTALLED} -y -c 60 -s 0 --hold 0 --close reset 127.0.0.1:7000 >/dev/null && exec "$@"'
    before = [*isolated(f"{FEW_PORTS}; {NO_REUSE}"), "sh", "-c", earlier, "sh"]
    said = tcpgoon("-c", 60, "-s", 0, "127.0.0.1:7000", before=before)
    assert (said.verdict, said.codes, said.exit_status) == ("PASS", [], 0)


@pytest.mark.requires("root", "memory group", "10100 descriptors")
def test_little_memory(tcpgoon: Tcpgoon, server: StartServer, memory: Path) -> None:
    target = server()
    memory.write_text(str(48 << 20))
    is_ours(tcpgoon("-c", "10k", "-s", 0, target.host, target.port, before=inside(memory)), "TG106")


@pytest.mark.requires("root", "pids group")
def test_nobody_watches_where_no_thread_can_be_started(tcpgoon: Tcpgoon, server: StartServer, tasks: Path) -> None:
    target = server()
    tasks.write_text("1")
    said = tcpgoon("-c", 10, "-s", 0, target.host, target.port, before=inside(tasks))
    assert said.line("Not measured here: ") == (
        "the counts while it runs: this client may start no thread that shows them (TG106)"
    )
    assert (said.verdict, said.codes, said.errors, said.exit_status) == ("PASS", [], [], 0)


# What our host drops.


@pytest.mark.requires("root", "unshare", "ip", "nft")
def test_nat_on_our_host_that_has_no_port_left(tcpgoon: Tcpgoon) -> None:
    """Connection tracking drops what it cannot track: to us, and to the target, it is silence.

    Its table is not filled here: that limit is one for all network namespaces.
    """
    said = tcpgoon("-c", 40, "-s", 0, "-d", 1500, "127.0.0.1:7000", before=isolated(NAT_WITH_20_PORTS))
    assert said.line("Errors: ") == "dial timeout × 20"
    is_ours(said, "TG104")


@pytest.mark.requires("root", "unshare", "ip", "nft")
def test_nat_on_our_host_that_has_enough(tcpgoon: Tcpgoon) -> None:
    said = tcpgoon("-c", 20, "-s", 0, "127.0.0.1:7000", before=isolated(NAT_WITH_20_PORTS))
    assert (said.verdict, said.codes, said.exit_status) == ("PASS", [], 0)


# Where we were not there.


def test_who_is_stopped_among_dials_that_are_answered_late(lab: MakeLab) -> None:
    """All are there when it goes on. Had it looked, it would have given them up: the second SYN is the one answered."""
    with_rule = lab()
    target = with_rule.serve()
    with_rule.server.nft(
        "table inet t { chain c { type filter hook input priority 0; tcp flags syn / syn,ack drop; }; }"
    )
    run = with_rule.running("-c", 20, "-s", 0, "-d", 500, "--hold", "500ms", target.host, target.port)
    run.wait_until(dialing=20)
    with stopped(run.pid):
        with_rule.server.open_firewall()
        until(lambda: with_rule.server.connections(target.port) == 20)
    said = run.end()
    is_ours(said, "TG105")
    assert said.final == {"total": 20, "established": 20}
    assert "whether all were established within 500ms is not known" in said.lines[-1]


def test_who_is_stopped_among_dials_that_are_answered_at_once(running: Run, server: StartServer) -> None:
    """The kernel says that they were: no finding."""
    target = server()
    run = running("-c", 200, "--ramp", "2s", "-d", 500, target.host, target.port)
    run.wait_until(established=20)
    with stopped(run.pid):
        time.sleep(1.0)  # longer than a dial may take
    said = run.end()
    assert (said.verdict, said.codes, said.exit_status) == ("PASS", [], 0)


def test_a_burst_that_nobody_asked_for(running: Run, server: StartServer) -> None:
    """20 a second are less than it accepts. What was put off comes at once, and its accept queue is short."""
    target = server("--backlog", 5, "--accept-delay", "20ms")
    run = running("-c", 60, "--ramp", "3s", "-d", 900, target.host, target.port)
    run.wait_until(established=10)
    with stopped(run.pid):
        time.sleep(1.5)  # 30 dials are due meanwhile
    said = run.end()
    assert said.final["error"] > 10
    is_ours(said, "TG105")
    assert "dials were made in one burst after it, and " in said.lines[-1]


@pytest.fixture
def tls(echo: StartEcho, authority: trustme.CA, folder: Path) -> Callable[..., int]:
    """An echo within TLS, whose certificate is not verified; its port."""
    path = folder / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(path)
    return lambda *flags: echo("--certificate", path, *flags)


TLS = ("-s", 0, "--no-tls-verify", "--tls", "--hold", "200ms")


def test_who_is_stopped_within_handshakes(running: Run, tls: Callable[..., int]) -> None:
    """The server answers after two seconds, of three; we take up its answer when they are over."""
    port = tls("--delay", 2, "--prompt", 5)
    run = running("-c", 20, *TLS, "--probe-timeout", "3s", "127.0.0.1", port)
    run.wait_until(established=20)
    with stopped(run.pid):
        time.sleep(3.5)
    is_ours(run.end(), "TG105")


@pytest.mark.requires("root", "cpu group")
def test_who_is_given_no_cpu_time(running: Run, tls: Callable[..., int], cpu: Path) -> None:
    port = tls()
    run = running("-c", 100, "--ramp", "1500ms", *TLS[2:], "--probe-timeout", "400ms", "127.0.0.1", port)
    run.wait_until(established=20)
    starve(run.pid, cpu, 0.03)
    is_ours(run.end(), "TG105")


# The mirror: a sick target.


def test_few_descriptors_and_a_sick_target(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--max-connections", 50)
    is_theirs(tcpgoon("-c", 100, "-s", 1, target.host, target.port, before=few_descriptors(200)))


@IN_A_NETWORK
def test_few_ports_and_a_sick_target(tcpgoon: Tcpgoon) -> None:
    before = isolated(FEW_PORTS, flags="--max-connections 50")
    is_theirs(tcpgoon("-c", 90, "-s", 1, "127.0.0.1:7000", before=before))


@pytest.mark.requires("root", "pids group")
def test_no_thread_and_a_sick_target(tcpgoon: Tcpgoon, server: StartServer, tasks: Path) -> None:
    target = server("--max-connections", 50)
    tasks.write_text("1")
    is_theirs(tcpgoon("-c", 100, "-s", 1, target.host, target.port, before=inside(tasks)))


@pytest.mark.requires("root", "unshare", "ip", "nft")
def test_nat_and_a_sick_target(tcpgoon: Tcpgoon) -> None:
    before = isolated(NAT_WITH_20_PORTS, flags="--max-connections 10")
    is_theirs(tcpgoon("-c", 20, "-s", 1, "127.0.0.1:7000", before=before))


def test_who_is_stopped_and_a_sick_target(running: Run, server: StartServer) -> None:
    target: ServerProcess = server("--max-connections", 50)
    run = running("-c", 100, "--ramp", "2s", "-d", 500, target.host, target.port)
    run.wait_until(established=20)
    with stopped(run.pid):
        time.sleep(1.0)
    is_theirs(run.end())


@pytest.mark.requires("root", "cpu group")
def test_who_is_given_no_cpu_time_and_a_sick_target(running: Run, server: StartServer, cpu: Path) -> None:
    target = server("--max-connections", 50)
    run = running("-c", 100, "--ramp", "1s", target.host, target.port)
    run.wait_until(established=20)
    starve(run.pid, cpu, 0.1)
    is_theirs(run.end())
