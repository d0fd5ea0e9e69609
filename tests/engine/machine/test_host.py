import os
import sys
from pathlib import Path

import pytest

from tcpgoon.engine.machine.cgroup import Room
from tcpgoon.engine.machine.host import Memory, cores, is_exempt_from_file_max, memory, most_descriptors, open_files

ALL = "         0          0 4294967295\n"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="read in /proc")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "sys/fs").mkdir(parents=True)
    (tmp_path / "self").mkdir()
    return tmp_path


def test_the_most_descriptors_of_a_process(proc: Path) -> None:
    assert most_descriptors(proc) is None
    (proc / "sys/fs/nr_open").write_text("1048576\n")
    assert most_descriptors(proc) == 1_048_576


@pytest.mark.parametrize(
    ("content", "room"), [("1008\t0\t2466177\n", Room(2_466_177, 1_008)), ("", Room(None)), ("1 x 3", Room(None))]
)
def test_open_files(proc: Path, content: str, room: Room) -> None:
    assert open_files(proc) == Room(None)
    (proc / "sys/fs/file-nr").write_text(content)
    assert open_files(proc) == room


@pytest.mark.parametrize(
    ("capabilities", "users", "exempt"),
    [
        pytest.param("000001ffffffffff", ALL, True, id="root"),
        pytest.param("0000000000200000", ALL, True, id="this one alone"),
        pytest.param("0000000000000000", ALL, False, id="a user"),
        pytest.param("00000000a80425fb", ALL, False, id="root of an ordinary container"),
        pytest.param("000001ffffffffff", "0 100000 65536\n", False, id="root of a user namespace"),
    ],
)
def test_who_is_exempt_from_the_limit_of_open_files(proc: Path, capabilities: str, users: str, exempt: bool) -> None:
    (proc / "self/status").write_text(f"Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t{capabilities}\nThreads:\t1\n")
    (proc / "self/uid_map").write_text(users)
    assert is_exempt_from_file_max(proc) is exempt


def test_nobody_is_exempt_where_it_is_not_known(proc: Path) -> None:
    assert not is_exempt_from_file_max(proc)
    (proc / "self/status").write_text("Name:\tx\n")
    (proc / "self/uid_map").write_text(ALL)
    assert not is_exempt_from_file_max(proc)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("MemTotal: 9 kB\nMemAvailable:   23759556 kB\nSwapFree: 1000 kB\n", Memory(24_329_785_344, 1_024_000)),
        ("MemAvailable: 10 kB\nHugePages_Total: 0\nodd\n", Memory(10_240, 0)),
        ("MemFree: 10 kB\n", Memory(None, 0)),
    ],
)
def test_memory(proc: Path, content: str, found: Memory) -> None:
    assert memory(proc) == Memory(None)
    (proc / "meminfo").write_text(content)
    assert memory(proc) == found


@LINUX
def test_this_host() -> None:
    most, files, available = most_descriptors(), open_files(), memory().available
    assert most is not None
    assert most >= 1_024
    assert files.limit is not None
    assert 0 < files.in_use < files.limit
    assert available is not None
    assert available > 1_000_000


@LINUX
@pytest.mark.skipif(os.geteuid() != 0, reason="it is about root")
def test_root_here_is_exempt_if_it_is_that_of_the_host() -> None:
    users = Path("/proc/self/uid_map").read_text().split()
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    assert is_exempt_from_file_max() is (users[2] == "4294967295" and bool(effective & 0x200000))


@pytest.mark.parametrize(("quota", "allowed"), [(None, 4), (8.0, 4), (2.0, 2), (1.5, 2), (0.25, 1)])
def test_the_cores_that_we_may_use(monkeypatch: pytest.MonkeyPatch, quota: float | None, allowed: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 5}, raising=False)
    monkeypatch.setattr("tcpgoon.engine.machine.host.cpu_quota", lambda: quota)
    assert cores() == allowed
