"""The limits of this client: read from the real /proc and rlimits, and from files that say what we choose."""

import json
import resource
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tcpgoon.engine.machine import cgroup, host, preflight
from tcpgoon.engine.machine.addresses import is_local
from tcpgoon.engine.machine.container import container
from tcpgoon.engine.machine.preflight import (
    LOOP_DESCRIPTORS,
    as_they_are_now,
    look,
)
from tcpgoon.plan.endpoint import Endpoint
from tests.netlab.namespace import Namespace

ENDPOINT = Endpoint("192.0.2.1", 80)
HERE = Endpoint("127.0.0.1", 8080)


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        limits = look([ENDPOINT], ())
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert limits.descriptors_soft == limits.descriptors_hard == before[1]
    assert limits.sources == 1


def test_a_limit_that_cannot_be_raised_is_the_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_what: int, _limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert preflight.raise_descriptor_limit() == (256, sys.maxsize)


@pytest.mark.skipif(sys.platform != "linux", reason="counted in /proc")
def test_descriptors_in_use_are_those_that_are_open() -> None:
    before = look([ENDPOINT], ()).descriptors_in_use
    with socket.socket(), socket.socket(), socket.socket():
        assert look([ENDPOINT], ()).descriptors_in_use == before + 3
    assert before > LOOP_DESCRIPTORS + 2


def test_where_descriptors_cannot_be_counted_the_three_that_everybody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: str) -> list[str]:
        raise FileNotFoundError

    monkeypatch.setattr("os.listdir", refuse)
    assert look([ENDPOINT], ()).descriptors_in_use == 3 + LOOP_DESCRIPTORS


def test_the_range_of_ports_less_the_reserved_ones(proc: Path) -> None:
    limits = look([ENDPOINT], ("127.0.0.2", "127.0.0.3"))
    assert (limits.ports, limits.sources, limits.connections_by_ports) == (88, 2, 176)


def test_all_ports_are_reserved(proc: Path) -> None:
    (proc / "ip_local_reserved_ports").write_text("1-65535")
    assert look([ENDPOINT], ()).ports == 0


def test_a_range_that_cannot_be_read(proc: Path) -> None:
    (proc / "ip_local_port_range").write_text("")
    assert look([ENDPOINT], ()).ports is None


def test_towards_this_machine_its_own_port_is_no_port_for_us(proc: Path) -> None:
    assert look([Endpoint("127.0.0.1", 40_020)], ()).ports == 87


def test_limits_are_looked_at_again_when_all_is_over() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = look([ENDPOINT], ())
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        now = as_they_are_now(limits)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert now == msgspec.structs.replace(limits, descriptors_soft=64)


def test_any_target() -> None:
    """Its ports are those towards any one destination: none is in use."""
    found = look([], ("127.0.0.2", "127.0.0.3"))
    assert (found.sources, found.ports_in_use, found.ports_waiting) == (2, 0, 0)
    assert (found.target_is_local, found.sources_at_hand) == (False, False)
    assert found.ports == look([ENDPOINT], ()).ports


def test_a_target_on_this_machine() -> None:
    four, six = look([HERE], ()), look([Endpoint("::1", 8080)], ())
    assert (four.target_is_local, four.sources_at_hand) == (True, True)
    assert (six.target_is_local, six.sources_at_hand) == (True, False)
    elsewhere = look([ENDPOINT], ())
    assert (elsewhere.target_is_local, elsewhere.sources_at_hand) == (False, False)


def test_what_is_read_of_the_host_and_of_the_cgroup_is_told() -> None:
    found, files, memory, tasks = look([HERE], ()), host.open_files(), cgroup.memory(), cgroup.tasks()
    assert (found.descriptors_most, found.host_files) == (host.most_descriptors(), files.limit)
    assert found.host_files_exempt is host.is_exempt_from_file_max()
    assert (found.memory_limit, found.tasks, found.cpu_quota) == (memory.limit, tasks.limit, cgroup.cpu_quota())
    assert found.container == container()


@pytest.mark.parametrize(
    ("reuse", "timestamps", "target", "source", "windows", "usable"),
    [
        ("0", "1", "127.0.0.1", "127.0.0.1", True, False),
        ("1", "1", "127.0.0.1", "127.0.0.1", True, True),
        ("2", "1", "127.0.0.1", "127.0.0.1", True, True),
        ("2", "1", "::1", "::1", True, True),
        ("1", "1", "192.0.2.1", "192.0.2.2", True, True),
        ("2", "1", "192.0.2.1", "192.0.2.2", True, False),
        ("2", "1", "192.0.2.1", "127.0.0.1", True, True),
        pytest.param("1", "0", "127.0.0.1", "127.0.0.1", True, False, id="without timestamps"),
        pytest.param("0", "1", "192.0.2.1", "192.0.2.2", False, True, id="ports that are bound explicitly"),
        pytest.param(None, "1", "127.0.0.1", "127.0.0.1", True, False, id="not known"),
    ],
)
def test_whether_ports_in_time_wait_are_usable(
    proc: Path,
    monkeypatch: pytest.MonkeyPatch,
    reuse: str | None,
    timestamps: str,
    target: str,
    source: str,
    windows: bool,
    usable: bool,
) -> None:
    if reuse is not None:
        (proc / "tcp_tw_reuse").write_text(f"{reuse}\n")
    (proc / "tcp_timestamps").write_text(f"{timestamps}\n")
    monkeypatch.setattr(preflight, "has_port_windows", lambda: windows)
    found = look([Endpoint(target, 80)], (source,))
    assert found.ports_waiting_usable is usable
    assert found.tw_reuse == (None if reuse is None else int(reuse))


COUNT = """
import json, socket, struct, sys
from pathlib import Path
from tcpgoon.engine.machine import cgroup, host, preflight, sock_diag
from tcpgoon.engine.machine.container import container
from tcpgoon.engine.machine.preflight import look
from tcpgoon.errors import TcpgoonError
from tcpgoon.plan.endpoint import Endpoint

refused = sys.argv[1] == "without netlink"
if refused:
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")
    sock_diag.towards = refuse
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40099")
here, other = (socket.create_server(("127.0.0.1", port), backlog=200) for port in (7000, 7001))

def dial(count, source, port, local_port=0):
    clients = []
    for number in range(count):
        client = socket.socket()
        if local_port:
            client.bind((source, local_port))
        else:
            client.setsockopt(socket.IPPROTO_IP, 24, 1)
            client.bind((source, 0))
        client.connect(("127.0.0.1", port))
        clients.append((client, (here if port == 7000 else other).accept()[0]))
    return clients

held = dial(20, "127.0.0.1", 7000) + dial(3, "127.0.0.1", 7001) + dial(4, "127.0.0.9", 7000)
held += dial(1, "127.0.0.1", 7000, local_port=39999)  # no port of the range
Path("/proc/sys/net/ipv4/ip_local_reserved_ports").write_text("40100-40105")
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40105")
held += dial(1, "127.0.0.1", 7000, local_port=40103)  # a reserved one
for client, accepted in dial(30, "127.0.0.1", 7000):
    client.close()
    accepted.close()

def counted(endpoint, *asked):
    found = look([endpoint] if endpoint else [], *asked)
    return [found.ports_in_use, found.ports_waiting]

target = Endpoint("127.0.0.1", 7000)
print(json.dumps([
    counted(target, ()),
    counted(target, ("127.0.0.1",)),
    counted(target, ("127.0.0.9",)),
    counted(target, ("127.0.0.1", "127.0.0.9")),
    counted(Endpoint("127.0.0.1", 7001), ()),
    counted(target, (), 60),  # may matter
    counted(target, ("127.0.0.1", "127.0.0.9"), 1),  # cannot matter
    counted(None, ()),
]))
"""


@pytest.mark.requires("root", "unshare", "ip", "port windows")
@pytest.mark.parametrize("how", ["by netlink", "without netlink"])
def test_ports_in_use_and_in_time_wait_towards_one_destination(how: str) -> None:
    """Of each source; the other ends, other destinations and ports that are none of the range are not counted."""
    script = 'ip link set lo up && exec "$@"'
    command = ["unshare", "--net", "sh", "-c", script, "sh", sys.executable, "-c", COUNT, how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        [20, 30],
        [20, 30],
        [4, 0],
        [24, 30],
        [3, 0],
        [20, 30],
        [0, 0],
        [0, 0],
    ]


def test_nothing_is_counted_where_nobody_tells(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("tcpgoon.engine.machine.sock_diag.towards", refuse)
    monkeypatch.setattr("tcpgoon.engine.machine.proc_net.towards", refuse)
    found = look([HERE], ())
    assert (found.ports_in_use, found.ports_waiting, found.connections_by_ports) == (0, 0, 88)


@pytest.mark.requires("root", "ip")
def test_a_target_without_a_route() -> None:
    """From where it would be dialled is not known then; nothing fails for that."""
    nowhere = Namespace()
    try:
        with nowhere.entered():
            # Without any address at all every address is taken for one of ours.
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=60)
            assert not is_local(ENDPOINT.address)
            found = look([ENDPOINT], ())
    finally:
        nowhere.close()
    assert (found.ports_in_use, found.ports_waiting, found.target_is_local) == (0, 0, False)


def test_destinations_multiply_the_ports(proc: Path) -> None:
    """The least that any of them has: towards this machine, the port of the target is no port for us."""
    found = look(
        [Endpoint("192.0.2.1", 40_020), Endpoint("127.0.0.1", 40_020)], ("127.0.0.2", "127.0.0.3"), addresses=3
    )
    assert (found.ports, found.sources, found.destinations, found.addresses) == (87, 2, 2, 3)
    assert found.connections_by_ports == 348
    assert (found.target_is_local, found.sources_at_hand) == (False, False)
    assert look([HERE, Endpoint("127.0.0.2", 8080)], ()).sources_at_hand


def test_what_is_open_is_counted_towards_all_destinations() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.2", 0)) as other:
        ends = [Endpoint(*listener.getsockname()) for listener in (one, other)]
        clients = [socket.create_connection(listener.getsockname()) for listener in (one, other, other)]
        assert [look(dialled, ()).ports_in_use for dialled in (ends[:1], ends[1:], ends)] == [1, 2, 3]
        assert look(ends, ("127.0.0.9",)).ports_in_use == 0
        for client in clients:
            client.close()
