"""What control groups grant: read from trees like those of real hosts and containers, and from this very host."""

import os
import sys
from pathlib import Path

import pytest

from tcpgoon.engine.machine.cgroup import Room, cpu_quota, folders, memory, number, numbers, tasks

NO_LIMIT_V1 = "9223372036854771712"
MOUNT = "{id} 23 0:{id} {part} {place} rw,relatime shared:{id} - {kind} cgroup rw,{options}\n"


def host(root: Path, groups: str, *mounts: tuple[str, str, str, str]) -> Path:
    """A /proc that says so; each mount is its part of the hierarchy, its place, its kind and its options."""
    here = root / "proc" / "self"
    here.mkdir(parents=True)
    (here / "cgroup").write_text(groups)
    lines = ["22 1 254:0 / / rw,relatime - ext4 /dev/root rw\n", "23 22 0:5 / /sys rw - sysfs sysfs rw\n"]
    for number_, (part, place, kind, options) in enumerate(mounts, 30):
        lines.append(MOUNT.format(id=number_, part=part, place=place, kind=kind, options=options))
    (here / "mountinfo").write_text("".join(lines))
    return root


def group(root: Path, folder: str, **files: object) -> None:
    """A group with these files; ``__`` in a name is a dot."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / folder / name.replace("__", ".")).write_text(f"{content}\n")


# Version 2.


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    """A service in a slice, on a host with version 2 alone."""
    host(tmp_path, "0::/app.slice/tcpgoon.service\n", ("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate"))
    group(tmp_path, "sys/fs/cgroup", cgroup__controllers="cpu memory pids")
    group(tmp_path, "sys/fs/cgroup/app.slice", memory__max="max", memory__current=1, pids__max="max", cpu__max="max 1")
    group(tmp_path, "sys/fs/cgroup/app.slice/tcpgoon.service", memory__max="max", memory__current=1)
    return tmp_path


def test_v2_without_limits(v2: Path) -> None:
    assert memory(v2) == tasks(v2) == Room(None)
    assert cpu_quota(v2) is None


def test_v2_with_limits_of_its_own(v2: Path) -> None:
    group(
        v2,
        "sys/fs/cgroup/app.slice/tcpgoon.service",
        memory__max=64_000_000,
        memory__current=20_000_000,
        memory__high=1,
        memory__stat="anon 9\nfile 7\nactive_file 4000000\ninactive_file 2000000\nslab_reclaimable 500000\nslab 1\n",
        pids__max=100,
        pids__current=7,
        cpu__max="150000 100000",
    )
    assert memory(v2) == Room(64_000_000, 13_500_000)
    assert tasks(v2) == Room(100, 7)
    assert cpu_quota(v2) == 1.5


def test_v2_the_tightest_is_an_ancestor(v2: Path) -> None:
    """Not the lowest limit: the one that leaves least. Others are in the slice, too."""
    own = "sys/fs/cgroup/app.slice/tcpgoon.service"
    group(v2, own, memory__max=50_000, memory__current=10_000, pids__max=50, pids__current=1, cpu__max="200000 100000")
    group(
        v2,
        "sys/fs/cgroup/app.slice",
        memory__max=80_000,
        memory__current=70_000,
        pids__max=90,
        pids__current=60,
        cpu__max="50000 100000",
    )
    assert memory(v2) == Room(80_000, 70_000)
    assert tasks(v2) == Room(90, 60)
    assert cpu_quota(v2) == 0.5


def test_v2_more_is_in_the_cache_than_was_in_use_a_moment_ago(v2: Path) -> None:
    group(v2, "sys/fs/cgroup/app.slice", memory__max=500, memory__current=100, memory__stat="active_file 200\n")
    assert memory(v2) == Room(500, 0)


def test_v2_in_a_container_with_a_namespace_of_groups(tmp_path: Path) -> None:
    host(tmp_path, "0::/\n", ("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate"))
    group(tmp_path, "sys/fs/cgroup", memory__max=1_000, memory__current=100, pids__max=10, pids__current=2)
    assert (memory(tmp_path), tasks(tmp_path)) == (Room(1_000, 100), Room(10, 2))


def test_v2_in_a_container_that_sees_its_own_group_alone(tmp_path: Path) -> None:
    part = "/system.slice/docker-0123.scope"
    host(tmp_path, f"0::{part}/init\n", (part, "/sys/fs/cgroup", "cgroup2", "rw"))
    group(tmp_path, "sys/fs/cgroup", memory__max=1_000, memory__current=100)
    group(tmp_path, "sys/fs/cgroup/init", memory__max="max")
    top = tmp_path / "sys/fs/cgroup"
    assert folders("memory", tmp_path) == [top / "init", top]
    assert memory(tmp_path) == Room(1_000, 100)


def test_v2_moved_out_of_its_namespace(tmp_path: Path) -> None:
    host(tmp_path, "0::/../other\n", ("/", "/sys/fs/cgroup", "cgroup2", "rw"))
    group(tmp_path, "sys/fs/cgroup", memory__max=1_000, memory__current=100)
    assert folders("memory", tmp_path) == [tmp_path / "sys/fs/cgroup"]
    assert memory(tmp_path) == Room(1_000, 100)


# Version 1.


@pytest.fixture
def v1(tmp_path: Path) -> Path:
    """A session in nested groups, a hierarchy for each controller, and an empty one of version 2 beside them."""
    groups = "8:pids:/a/b\n5:cpu,cpuacct:/a\n4:memory:/a/b/c\n1:name=systemd:/\n0::/x\n"
    host(
        tmp_path,
        groups,
        ("/", "/sys/fs/cgroup/unified", "cgroup2", "rw"),
        ("/", "/sys/fs/cgroup/memory", "cgroup", "memory"),
        ("/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
        ("/", "/sys/fs/cgroup/pids", "cgroup", "pids"),
    )
    top = "sys/fs/cgroup"
    group(tmp_path, f"{top}/unified/x", memory__max=1, pids__max=1, cpu__max="1 100000")
    for folder in ("memory", "memory/a", "memory/a/b", "memory/a/b/c"):
        group(tmp_path, f"{top}/{folder}", memory__limit_in_bytes=NO_LIMIT_V1, memory__usage_in_bytes=99)
    group(tmp_path, f"{top}/cpu,cpuacct/a", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100_000)
    group(tmp_path, f"{top}/pids/a/b", pids__max="max", pids__current=3)
    return tmp_path


def test_v1_without_limits(v1: Path) -> None:
    assert memory(v1) == tasks(v1) == Room(None)
    assert cpu_quota(v1) is None


@pytest.mark.parametrize("no_limit", ["18446744073709551615", "9223372036854710272"])
def test_v1_other_numbers_that_are_no_limit(v1: Path, no_limit: str) -> None:
    group(v1, "sys/fs/cgroup/memory/a/b/c", memory__limit_in_bytes=no_limit)
    assert memory(v1) == Room(None)


def test_v1_with_limits(v1: Path) -> None:
    top = "sys/fs/cgroup"
    stat = "cache 9\nactive_file 1\ninactive_file 1\ntotal_active_file 3000\ntotal_inactive_file 2000\n"
    group(
        v1,
        f"{top}/memory/a/b",
        memory__limit_in_bytes=100_000,
        memory__usage_in_bytes=60_000,
        memory__stat=stat,
    )
    group(v1, f"{top}/memory/a", memory__limit_in_bytes=50_000, memory__usage_in_bytes=1_000)
    group(v1, f"{top}/pids/a", pids__max=20, pids__current=12)
    group(v1, f"{top}/cpu,cpuacct/a", cpu__cfs_quota_us=25_000)
    assert memory(v1) == Room(100_000, 55_000)
    assert tasks(v1) == Room(20, 12)
    assert cpu_quota(v1) == 0.25


def test_v1_in_a_container_whose_group_is_mounted_for_it(tmp_path: Path) -> None:
    host(
        tmp_path,
        "4:memory:/docker/0123\n",
        ("/docker/9999", "/mnt/other", "cgroup", "memory"),
        ("/docker/0123", "/sys/fs/cgroup/memory", "cgroup", "memory"),
    )
    group(tmp_path, "sys/fs/cgroup/memory", memory__limit_in_bytes=1_000, memory__usage_in_bytes=10)
    assert folders("memory", tmp_path) == [tmp_path / "sys/fs/cgroup/memory"]
    assert memory(tmp_path) == Room(1_000, 10)


def test_v1_in_a_container_whose_name_for_its_group_is_another(tmp_path: Path) -> None:
    host(tmp_path, "4:memory:/\n", ("/docker/0123", "/sys/fs/cgroup/memory", "cgroup", "memory"))
    group(tmp_path, "sys/fs/cgroup/memory", memory__limit_in_bytes=1_000, memory__usage_in_bytes=10)
    assert memory(tmp_path) == Room(1_000, 10)


def test_a_place_with_a_space_in_its_name(tmp_path: Path) -> None:
    host(tmp_path, "4:memory:/\n", ("/", r"/my\040groups", "cgroup", "memory"))
    group(tmp_path, "my groups", memory__limit_in_bytes=1_000, memory__usage_in_bytes=10)
    assert memory(tmp_path) == Room(1_000, 10)


# Where there is little or nothing.


def test_no_groups_at_all(tmp_path: Path) -> None:
    assert memory(tmp_path) == tasks(tmp_path) == Room(None)
    assert cpu_quota(tmp_path) is None


def test_groups_that_are_not_mounted(tmp_path: Path) -> None:
    host(tmp_path, "4:memory:/a\n0::/b\n")
    assert folders("memory", tmp_path) == []


def test_a_controller_that_no_hierarchy_has(tmp_path: Path) -> None:
    host(tmp_path, "3:cpuset:/\n", ("/", "/sys/fs/cgroup/cpuset", "cgroup", "cpuset"))
    assert folders("memory", tmp_path) == []


def test_a_limit_of_tasks_without_a_count(v2: Path) -> None:
    group(v2, "sys/fs/cgroup/app.slice", pids__max=10)
    assert tasks(v2) == Room(10, 0)


@pytest.mark.parametrize(("content", "expected"), [("12\n", 12), ("-1", -1), ("max", None), ("", None)])
def test_a_number(tmp_path: Path, content: str, expected: int | None) -> None:
    (tmp_path / "file").write_text(content)
    assert number(tmp_path / "file") == expected
    assert number(tmp_path / "none") is None


def test_numbers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("nr_periods 12\nnr_throttled x\n\nsome avg10=0.00\nthrottled_usec 7\n")
    assert numbers(tmp_path / "file") == {"nr_periods": 12, "throttled_usec": 7}
    assert numbers(tmp_path / "none") == {}


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_what_is_found_here_is_in_line_with_the_kernel() -> None:
    """Whatever this host has: our own group is there, and we are in it."""
    for controller in ("memory", "pids"):
        for folder in folders(controller)[:1]:
            assert str(os.getpid()) in (folder / "cgroup.procs").read_text().split()
    found = memory()
    assert found.limit is None or 0 < found.in_use < found.limit
