"""``tcpgoon preflight`` under limits that are really there, and the runs that it speaks of."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from tcpgoon.server import ServerProcess
from tests.groups import child_group, inside

from .confined import few_descriptors, isolated
from .conftest import INSTALLED, LIMIT_S, Tcpgoon

Start = Callable[..., ServerProcess]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="network namespaces, control groups and /proc are Linux's")
FEW_PORTS = "echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range"


class Told:
    """What ``tcpgoon preflight`` printed."""

    def __init__(self, exit_status: int, out: str, err: str) -> None:
        self.exit_status, self.out, self.err = exit_status, out, err
        lines = out.splitlines()
        self.summary = lines[-1]
        table = lines[2 : lines.index("")]
        self.rows = {line[: lines[0].index("found")].strip(): line.split()[-2:] for line in table}
        """Limit → what it allows, and its grade."""
        self.lines = lines

    def found(self, limit: str) -> str:
        """What was found of that limit."""
        (line,) = [line for line in self.lines if line.startswith(f"{limit} ")]
        return line[self.lines[0].index("found") : self.lines[0].index("allows")].rstrip("0123456789, –")

    def commands(self, limit: str) -> list[str]:
        """What lifts that limit."""
        (begin,) = [
            number for number, line in enumerate(self.lines) if line.endswith("; what lifts it:") and limit in line
        ]
        indented = [line.startswith("    ") for line in self.lines[begin + 1 :]]
        return [line.strip() for line in self.lines[begin + 1 : begin + 1 + indented.index(False)]]


def preflight(*words: object, before: Sequence[str] = ()) -> Told:
    """Run ``tcpgoon preflight`` with these words."""
    command = [*before, INSTALLED, "preflight", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.stderr == "", done
    return Told(done.returncode, done.stdout, done.stderr)


def test_a_client_that_can(server: Start) -> None:
    target = server()
    told = preflight("-c", 10, target.host, target.port)
    assert (told.exit_status, len(told.rows)) == (0, 12)
    assert {grade for _, grade in told.rows.values()} <= {"ok", "tight"}
    assert told.summary.startswith(f"This client can hold 10 connections to {target.host}:{target.port}: at most ")
    target.end()
    assert target.counts is not None
    assert target.counts.accepted == 0


def test_descriptors(tcpgoon: Tcpgoon, server: Start) -> None:
    """What it allows is possible, and one more is not: by its own word, and by the run's."""
    target = server()
    before = few_descriptors(200)
    told = preflight("--workers", 1, "-c", 1_000, target.host, target.port, before=before)
    allows = int(told.rows["descriptors"][0])
    assert told.exit_status == 3
    assert told.rows["descriptors"] == [str(allows), "impossible"]
    assert 150 < allows < 200
    assert told.found("descriptors").startswith("200 (the hard limit, the soft one is raised to it), ")
    (needed,) = [command for command in told.commands("TG101 descriptors") if str(1_250 + 200 - allows) in command][:1]
    assert needed
    assert told.summary == (
        f"This client cannot hold 1,000 connections to {target.host}:{target.port}: at most {allows} (descriptors)"
    )
    for connections, exit_status in ((allows, 0), (allows + 1, 3)):
        asked = ("--workers", 1, "-c", connections, target.host, target.port)
        assert preflight(*asked, before=before).exit_status == exit_status
        assert tcpgoon("-s", 0, "--hold", 0, *asked, before=before).exit_status == exit_status


@LINUX
def test_descriptors_of_several_processes(tcpgoon: Tcpgoon, server: Start) -> None:
    """The same with three: each has the limit for itself."""
    target = server()
    before = few_descriptors(116)
    told = preflight("--workers", 3, "-c", 301, target.host, target.port, before=before)
    assert told.rows["descriptors"] == ["300", "impossible"]
    assert told.found("processes") == "3 workers, and one that brings them forth"
    assert told.found("descriptors").strip() == (
        "116 (the hard limit, the soft one is raised to it) × 3 processes, 16 of each for itself"
    )
    assert told.commands("TG101 descriptors")[0] == "tcpgoon … --workers 4"
    for connections, exit_status in ((300, 0), (301, 3)):
        asked = ("--workers", 3, "-c", connections, target.host, target.port)
        assert preflight(*asked, before=before).exit_status == exit_status
        assert tcpgoon("-s", 0, "--close", "reset", *asked, before=before).exit_status == exit_status


@LINUX
@pytest.mark.parametrize(
    ("words", "closed", "err", "exit_status"),
    [
        ("-c 1", ">&-", "", 0),
        ("-c 100m", ">&-", "", 3),
        ("-c 1", ">&- 2>&-", "", 0),
        (
            "-c 1",
            ">/dev/full",
            r"tcpgoon: the report cannot be written: [^\n]+\nThis client can hold 1 connection .*\n",
            0,
        ),
    ],
)
def test_where_standard_output_cannot_be_written(words: str, closed: str, err: str, exit_status: int) -> None:
    command = ["sh", "-c", f"exec {INSTALLED} preflight {words} {closed}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert (done.returncode, done.stdout) == (exit_status, "")
    assert re.fullmatch(err, done.stderr), done.stderr


def test_the_soft_limit_is_not_what_counts(server: Start) -> None:
    target = server()
    before = ["sh", "-c", 'ulimit -Sn 50 && ulimit -Hn 300 && exec "$@"', "sh"]
    told = preflight("-c", 250, target.host, target.port, before=before)
    assert told.exit_status == 0
    assert told.found("descriptors").startswith("300 (the hard limit")


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
@pytest.mark.parametrize(
    ("words", "allows", "grade"),
    [
        ("-c 100 127.0.0.1:7000", "–", "ok"),
        ("-c 1000 127.0.0.1:7000", "–", "ok"),
        ("-c 100 --source 127.0.0.1 127.0.0.1:7000", "100", "tight"),
        ("-c 80 --source 127.0.0.1 127.0.0.1:7000", "100", "ok"),
        ("-c 101 --source 127.0.0.1 127.0.0.1:7000", "100", "impossible"),
        ("-c 300 --source 127.0.0.1-4 127.0.0.1:7000", "400", "ok"),
        ("-c 101 --source lo 127.0.0.1:7000", "100", "impossible"),
        ("-c 101", "100", "impossible"),
        ("-c 160 --source 127.0.0.1 --source 127.0.0.2 127.0.0.1:7000", "200", "ok"),
        ("-c 201 --source 127.0.0.1 --source 127.0.0.2 127.0.0.1:7000", "200", "impossible"),
    ],
)
def test_local_ports(words: str, allows: str, grade: str) -> None:
    told = preflight(*words.split(), before=isolated(FEW_PORTS))
    assert told.rows["local ports"] == [allows, grade]
    assert told.exit_status == (3 if grade == "impossible" else 0)


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_the_command_that_it_gives_lifts_the_limit() -> None:
    """Word for word, as it is printed, in the same network namespace."""
    program = f"""
import subprocess
def preflight(*words):
    command = [{INSTALLED!r}, "preflight", "-c", "130", "127.0.0.1:7000", "--source", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, [line.strip() for line in done.stdout.splitlines() if line.startswith("    ")]
status, commands = preflight("127.0.0.1")
assert status == 3
(widen,) = [command for command in commands if command.startswith("sysctl -w net.ipv4.ip_local_port_range")]
(more,) = [command for command in commands if "--source" in command]
assert preflight(more.removeprefix("tcpgoon … --source ").partition(" ")[0]) == (0, []), more
subprocess.run(["sh", "-c", widen], check=True, capture_output=True)
assert preflight("127.0.0.1") == (0, []), widen
"""
    command = [*isolated(FEW_PORTS), sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr


WAITING = f"""
import json, subprocess, sys
from pathlib import Path
def said(*words):
    done = subprocess.run([{INSTALLED!r}, *words], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()
def ports(*words):
    status, lines = said("preflight", *words, *([] if "--source" in words else ["--source", "127.0.0.1"]))
    (row,) = [line for line in lines if line.startswith("local ports ")]
    (allows, grade) = row.split()[-2:]
    found = row.split("; ")[1].removesuffix(grade).strip().removesuffix(allows).strip()
    codes = [line.split()[0] for line in lines if line.endswith("; what lifts it:")]
    return [status, found, int(allows), grade, codes]
Path("/proc/sys/net/ipv4/tcp_tw_reuse").write_text(sys.argv[1])
run = ("-y", "-s", "0", "--source", "127.0.0.1", "127.0.0.1:7000", "-c")
first = said(*run, "70", "--close", "fin", "--hold", "100ms")[0]
sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
left = sum(state == "06" and remote.endswith(":1B58") for _, _, remote, state, *_ in sockets)
told = [ports("127.0.0.1:7000", "-c", str(count)) for count in ((100 - left) * 4 // 5, 100 - left, 101 - left, 101)]
other = ports("127.0.0.1:7001", "-c", "80")
elsewhere = ports("127.0.0.1:7000", "-c", "80", "--source", "127.0.0.9")
status, lines = said(*run, str(101 - left))
print(json.dumps([first, left, told, other, elsewhere, status, lines[1]]))
"""


class Waiting:
    """Most of 100 ports are left in TIME_WAIT towards a server; what is said of them, and of a run that needs one."""

    def __init__(self, reuse: int) -> None:
        command = [*isolated(FEW_PORTS), sys.executable, "-c", WAITING, str(reuse)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert done.returncode == 0, done.stderr
        passed, self.left, self.told, self.other, self.elsewhere, self.status, self.line = json.loads(done.stdout)
        assert passed == 0
        assert 50 < self.left <= 70  # some may meet a RST, which ends TIME_WAIT
        self.found = f"0 in use, {self.left} in TIME_WAIT"


NONE_TAKEN = [0, "0 in use, 0 in TIME_WAIT", 100, "ok", []]


@LINUX
@pytest.mark.requires("root", "unshare", "ip", "port windows")
def test_ports_that_an_earlier_run_left_in_time_wait() -> None:
    """Counted to the unit, towards that destination and from that source alone; without them it would do: TG103."""
    seen = Waiting(reuse=0)
    idle = 100 - seen.left
    assert seen.told == [
        [0, seen.found, idle, "ok", []],
        [0, seen.found, idle, "tight", ["TG102"]],
        [3, seen.found, idle, "impossible", ["TG103"]],
        [3, seen.found, idle, "impossible", ["TG102"]],
    ]
    assert seen.other == seen.elsewhere == NONE_TAKEN
    nothing_begun = f"Total: {idle + 1}, Dialing: 0, Established: 0, Closed: 0, Error: 0, NotInitiated: {idle + 1}"
    assert (seen.status, seen.line) == (3, nothing_begun)


@LINUX
@pytest.mark.requires("root", "unshare", "ip", "port windows")
@pytest.mark.parametrize("reuse", [1, 2])
def test_ports_in_time_wait_that_the_kernel_gives_to_new_connections(reuse: int) -> None:
    seen = Waiting(reuse)
    assert seen.told == [
        [0, seen.found, 100, "ok", []],
        [0, seen.found, 100, "ok", []],
        [0, seen.found, 100, "tight", ["TG103"]],
        [3, seen.found, 100, "impossible", ["TG102"]],
    ]
    assert seen.other == seen.elsewhere == NONE_TAKEN


@LINUX
@pytest.mark.requires("root", "unshare", "ip", "nft")
def test_connection_tracking() -> None:
    """The table of this network namespace may be smaller where the kernel lets us; else it is as large as it is."""
    track = """
nft -f - <<'EOF'
table inet t { chain c { type filter hook output priority 0; ct state new accept; }; }
EOF
( echo 1000 >/proc/sys/net/netfilter/nf_conntrack_max ) 2>/dev/null || true
"""
    told = preflight("-c", 1_000_000_0, "127.0.0.1:7000", before=isolated(track))
    allows, grade = told.rows["connection tracking"]
    room, in_use = (
        int(word.replace(",", "")) for word in told.found("connection tracking").split() if word[0].isdigit()
    )
    assert (grade, told.exit_status) == ("impossible", 3)
    assert int(allows.replace(",", "")) == room - in_use
    assert 0 < in_use < 20
    (command,) = told.commands("TG104 connection tracking")
    assert command.startswith(f"sysctl -w net.netfilter.nf_conntrack_max={12_500_000 + in_use}  # ")


@LINUX
@pytest.mark.requires("root", "unshare", "ip")
def test_a_table_of_tracked_connections_that_ours_do_not_get_into() -> None:
    told = preflight("-c", 10, "127.0.0.1:7000", before=isolated(""))
    assert told.rows["connection tracking"] == ["–", "ok"]
    assert told.found("connection tracking") == "not of our connections"


@LINUX
@pytest.mark.requires("root", "memory group")
def test_memory_of_a_cgroup(tcpgoon: Tcpgoon, server: Start) -> None:
    target = server()
    limit_bytes = 64 * 1024 * 1024
    with child_group("memory") as limit:
        limit.write_text(str(limit_bytes))
        enough, too_many = (
            preflight("-c", count, target.host, target.port, before=inside(limit)) for count in (500, 15_900)
        )
        refused = tcpgoon("-c", 15_900, "-s", 0, target.host, target.port, before=inside(limit))
        held = tcpgoon("-c", 500, "-s", 0, "--hold", 0, target.host, target.port, before=inside(limit))
    assert enough.exit_status == 0
    assert enough.rows["memory of the cgroup"][1] == "ok"
    assert too_many.found("memory of the cgroup").startswith("67.1 MB, ")
    allows, grade = too_many.rows["memory of the cgroup"]
    assert (grade, too_many.exit_status) == ("impossible", 3)
    assert limit_bytes / 4_200 / 3 < int(allows.replace(",", "")) < limit_bytes / 4_200
    assert "TG106 memory of the cgroup: impossible; what lifts it:" in too_many.lines
    assert (refused.final, refused.exit_status) == ({"total": 15_900, "not_initiated": 15_900}, 3)
    assert (held.final, held.exit_status) == ({"total": 500, "established": 500}, 0)


@LINUX
@pytest.mark.requires("root", "pids group")
def test_tasks_of_a_cgroup(tcpgoon: Tcpgoon, server: Start) -> None:
    """A run starts one thread. Where there is no room for it, all goes as well without."""
    target = server()
    asked = ("-c", 5, target.host, target.port)
    with child_group("pids") as limit:
        limit.write_text("1")
        told = preflight(*asked, before=inside(limit))
        held = tcpgoon("-s", 0, *asked, before=inside(limit))
    assert "tasks of the cgroup     1, 1 in use; a run starts 1 " in told.out
    assert told.rows["tasks of the cgroup"] == ["–", "tight"]
    assert "TG106 tasks of the cgroup: tight; what lifts it:" in told.lines
    assert (told.exit_status, held.exit_status) == (0, 0)
    assert held.final == {"total": 5, "established": 5}


def test_nobody_reads_it() -> None:
    """What it came to is said by the exit status, whether or not somebody reads the table."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([INSTALLED, "preflight", "-c", "100m"], stdout=writing, timeout=LIMIT_S, check=False)
    finally:
        os.close(writing)
    assert done.returncode == 3


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "NO_COLOR"])
def test_no_colours_on_a_pipe(variable: str) -> None:
    command = [INSTALLED, "preflight", "-c", "100m", "127.0.0.1:80"]
    environ = {**os.environ, variable: "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=environ, check=False)
    assert done.returncode == 3
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 200
