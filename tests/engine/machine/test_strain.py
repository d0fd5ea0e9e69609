"""What the kernel counts while a run goes on: from files laid out as kernels lay them out, and from this one."""

import time
from pathlib import Path

import msgspec
import pytest

from tcpgoon.engine.machine.strain import Gauge, conntrack, softnet_dropped
from tcpgoon.judge.strain import Strain

SOFTNET = """\
05c57c8f {0:08x} 00000002 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
06181e7b {1:08x} 00000007 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001
"""
CONNTRACK = """\
entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error
00000014  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 {0:08x} {1:08x} 00000000 00000000
00000014  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 {2:08x} {3:08x} 00000009 00000000
"""
FIRST = """\
25 24 0:23 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
26 24 0:24 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
27 24 0:25 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
"""
SECOND = "25 24 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


class Root:
    """The root of a file system that says what we choose."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_packets_that_were_dropped_are_in_the_second_column_of_each_cpu(root: Root) -> None:
    root.put("proc/net/softnet_stat", SOFTNET.format(0x3517, 0x10))
    assert softnet_dropped(root.path) == 0x3527


def test_packets_that_connection_tracking_dropped(root: Root) -> None:
    root.put("proc/net/stat/nf_conntrack", CONNTRACK.format(2, 16, 1, 20))
    assert conntrack(root.path) == (36, 3)


def test_a_flow_that_was_not_inserted_and_not_dropped_is_no_loss(root: Root) -> None:
    """Two packets of one flow met, and one of them let the other be."""
    root.put("proc/net/stat/nf_conntrack", CONNTRACK.format(7, 2, 0, 0))
    assert conntrack(root.path) == (2, 2)


def test_where_there_is_no_such_file_nothing_happened(root: Root) -> None:
    assert (softnet_dropped(root.path), conntrack(root.path)) == (0, (0, 0))
    strain = Gauge(root.path).strain(0.0, 0.0)
    assert msgspec.structs.replace(strain, cpu_s=0.0, wall_s=0.0, run_s=0.0) == Strain()


def first_version(root: Root) -> None:
    root.put("proc/self/mountinfo", FIRST)
    root.put("proc/self/cgroup", "3:cpu:/box\n2:memory:/box\n1:pids:/box\n")


def second_version(root: Root) -> None:
    root.put("proc/self/mountinfo", SECOND)
    root.put("proc/self/cgroup", "0::/box\n")


def test_what_version_one_of_control_groups_counts(root: Root) -> None:
    """Each group counts what its own limit did; the tightest is the one above."""
    first_version(root)
    root.put("sys/fs/cgroup/cpu/box/cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_time 1000000000\n")
    root.put("sys/fs/cgroup/memory/memory.failcnt", "10\n")
    root.put("sys/fs/cgroup/memory/box/memory.failcnt", "0\n")
    root.put("sys/fs/cgroup/pids/box/pids.events", "max 1\n")
    gauge = Gauge(root.path)
    root.put("sys/fs/cgroup/cpu/box/cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_time 3500000000\n")
    root.put("sys/fs/cgroup/memory/memory.failcnt", "362\n")
    root.put("sys/fs/cgroup/pids/box/pids.events", "max 3\n")
    strain = gauge.strain(0.0, 0.0)
    assert (strain.throttled_s, strain.memory_refused, strain.tasks_refused) == (2.5, 352, 2)


def test_what_version_two_of_control_groups_counts(root: Root) -> None:
    """An event of a group is one of all above it as well."""
    second_version(root)
    box = "sys/fs/cgroup/box"
    gauge = Gauge(root.path)
    root.put(f"{box}/cpu.stat", "usage_usec 100\nnr_throttled 3\nthrottled_usec 2500000\n")
    for group in (box, "sys/fs/cgroup"):
        root.put(f"{group}/memory.events", "low 0\nhigh 5\nmax 352\noom 1\noom_kill 1\n")
        root.put(f"{group}/pids.events", "max 2\n")
    strain = gauge.strain(0.0, 0.0)
    assert (strain.throttled_s, strain.memory_refused, strain.tasks_refused) == (2.5, 352, 2)


def test_only_what_happened_since_is_told(root: Root) -> None:
    root.put("proc/net/softnet_stat", SOFTNET.format(100, 20))
    root.put("proc/net/stat/nf_conntrack", CONNTRACK.format(1, 2, 3, 4))
    root.put("proc/vmstat", "nr_free_pages 4711\noom_kill 3\n")
    gauge = Gauge(root.path)
    root.put("proc/vmstat", "nr_free_pages 12\noom_kill 5\n")
    root.put("proc/net/softnet_stat", SOFTNET.format(101, 25))
    root.put("proc/net/stat/nf_conntrack", CONNTRACK.format(2, 12, 3, 6))
    strain = gauge.strain(0.75, 0.25, 0.125)
    assert (strain.lag_s, strain.ramp_lag_s, strain.lagged_since_s) == (0.75, 0.25, 0.125)
    assert (strain.softnet_dropped, strain.conntrack_dropped, strain.conntrack_clashed) == (6, 12, 1)
    assert strain.oom_kills == 2


@pytest.mark.parametrize("fills", [(7, 5, 3), (3, 7, 5), (3, 5, 7)])
def test_the_fill_of_the_table_of_flows_is_the_most_that_was_seen(root: Root, fills: tuple[int, int, int]) -> None:
    before, open_, after = (f"{fill}\n" for fill in fills)
    root.put("proc/sys/net/netfilter/nf_conntrack_count", before)
    gauge = Gauge(root.path)
    root.put("proc/sys/net/netfilter/nf_conntrack_count", open_)
    gauge.lap()
    root.put("proc/sys/net/netfilter/nf_conntrack_count", after)
    assert gauge.strain(0.0, 0.0).conntrack_in_use == 7


def test_the_cpu_time_is_that_until_all_are_open() -> None:
    gauge = Gauge()
    begun = time.process_time()
    while time.process_time() - begun < 0.05:
        pass
    gauge.lap()
    while time.process_time() - begun < 0.2:
        pass
    strain = gauge.strain(0.0, 0.0)
    assert 0.05 <= strain.cpu_s < 0.15
    assert strain.cpu_s <= strain.wall_s * 1.01
    assert strain.run_s - strain.wall_s >= 0.1


def test_who_was_stopped_before_that_has_it_until_the_end() -> None:
    strain = Gauge().strain(0.0, 0.0)
    assert strain.wall_s == strain.run_s > 0
