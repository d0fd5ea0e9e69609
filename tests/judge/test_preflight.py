"""Each limit beside what a run needs: whole rows, and every edge between two grades."""

from typing import Any

import msgspec
import pytest

from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.preflight import Check, Grade, checks, impossible, is_possible, tightest

OK, TIGHT, IMPOSSIBLE, UNKNOWN = Grade.OK, Grade.TIGHT, Grade.IMPOSSIBLE, Grade.UNKNOWN

NOTHING_KNOWN = ClientLimits(descriptors_soft=1_024, descriptors_hard=4_096, descriptors_in_use=24, ports=None)
LIMITS = ClientLimits(
    descriptors_soft=20_014,
    descriptors_hard=20_014,
    descriptors_in_use=14,
    descriptors_most=1_048_576,
    host_files=2_466_177,
    host_files_in_use=600,
    ports=28_232,
    port_range=(32_768, 60_999),
    tw_reuse=2,
    memory_available=2_000_000_000,
)


def limits(**facts: Any) -> ClientLimits:
    return msgspec.structs.replace(LIMITS, **facts)


def row(what: str, found: ClientLimits, connections: int = 100) -> Check:
    (check,) = (check for check in checks(found, connections) if check.what == what)
    return check


def fact(what: str, found: str, grade: Grade = OK, code: str = "", allows: int | None = None) -> Check:
    return Check(code=code, what=what, found=found, allows=allows, grade=grade)


def test_all_rows_of_a_client_at_ease() -> None:
    assert checks(LIMITS, 10_000) == (
        fact("descriptors", "20,014 (the hard limit, the soft one is raised to it), 14 for us", OK, "TG101", 20_000),
        fact("processes", "this one alone"),
        fact("fs.nr_open", "1,048,576, as far as that can be raised", OK, "TG101", 1_048_562),
        fact("fs.file-max", "2,466,177 on this host, 600 in use", OK, "TG101", 2_465_577),
        fact("local ports", "28,232 (32768-60999); 0 in use, 0 in TIME_WAIT", OK, "TG102", 28_232),
        fact("net.ipv4.tcp_tw_reuse", "2 (on loopback alone): ports in TIME_WAIT cannot be had"),
        fact("connection tracking", "not of our connections", OK, "TG104"),
        fact("memory of the host", "2.0 GB available, 4.2 KB each", OK, "TG106", 476_190),
        fact("memory of the cgroup", "no limit", OK, "TG106"),
        fact("tasks of the cgroup", "no limit", OK, "TG106"),
        fact("CPU of the cgroup", "no limit"),
        fact("container", "none that can be seen"),
    )


def test_all_rows_where_nothing_is_known() -> None:
    unknown = "not known here"
    assert checks(NOTHING_KNOWN, 100) == (
        fact("descriptors", "1,024 (hard limit 4,096), 24 for us", OK, "TG101", 1_000),
        fact("processes", "this one alone"),
        fact("fs.nr_open", unknown, UNKNOWN, "TG101"),
        fact("fs.file-max", unknown, UNKNOWN, "TG101"),
        fact("local ports", unknown, UNKNOWN, "TG102"),
        fact("net.ipv4.tcp_tw_reuse", unknown, UNKNOWN),
        fact("connection tracking", "not of our connections", OK, "TG104"),
        fact("memory of the host", unknown, UNKNOWN, "TG106"),
        fact("memory of the cgroup", "no limit", OK, "TG106"),
        fact("tasks of the cgroup", "no limit", OK, "TG106"),
        fact("CPU of the cgroup", "no limit"),
        fact("container", "none that can be seen"),
    )
    assert is_possible(NOTHING_KNOWN, 1_000)


@pytest.mark.parametrize(
    ("what", "facts", "connections", "grade", "allows"),
    [
        ("descriptors", {}, 16_000, OK, 20_000),
        ("descriptors", {}, 16_001, TIGHT, 20_000),
        ("descriptors", {}, 20_000, TIGHT, 20_000),
        ("descriptors", {}, 20_001, IMPOSSIBLE, 20_000),
        ("descriptors", {"descriptors_in_use": 20_015}, 1, IMPOSSIBLE, 0),
        ("fs.nr_open", {"descriptors_most": 10_014}, 8_000, OK, 10_000),
        ("fs.nr_open", {"descriptors_most": 10_014}, 8_001, TIGHT, 10_000),
        ("fs.nr_open", {"descriptors_most": 10_014}, 10_001, IMPOSSIBLE, 10_000),
        ("fs.file-max", {"host_files": 10_600}, 8_000, OK, 10_000),
        ("fs.file-max", {"host_files": 10_600}, 8_001, TIGHT, 10_000),
        ("fs.file-max", {"host_files": 10_600}, 10_001, IMPOSSIBLE, 10_000),
        ("fs.file-max", {"host_files": 10_600, "host_files_exempt": True}, 10_001, OK, None),
        ("fs.file-max", {"host_files": 10_600, "target_is_local": True}, 5_000, OK, 10_000),
        ("fs.file-max", {"host_files": 10_600, "target_is_local": True}, 5_001, TIGHT, 10_000),
        ("fs.file-max", {"host_files": 10_600, "target_is_local": True}, 10_000, TIGHT, 10_000),
        ("local ports", {"ports": 100}, 80, OK, 100),
        ("local ports", {"ports": 100}, 81, TIGHT, 100),
        ("local ports", {"ports": 100}, 101, IMPOSSIBLE, 100),
        ("local ports", {"ports": 100, "sources": 3}, 240, OK, 300),
        ("local ports", {"ports": 100, "ports_in_use": 20}, 81, IMPOSSIBLE, 80),
        ("local ports", {"ports": 100, "ports_waiting": 50}, 40, OK, 50),
        ("local ports", {"ports": 100, "ports_waiting": 50}, 51, IMPOSSIBLE, 50),
        ("local ports", {"ports": 100, "ports_waiting": 50, "ports_waiting_usable": True}, 50, OK, 100),
        ("local ports", {"ports": 100, "ports_waiting": 50, "ports_waiting_usable": True}, 51, TIGHT, 100),
        ("local ports", {"ports": 100, "ports_waiting": 50, "ports_waiting_usable": True}, 101, IMPOSSIBLE, 100),
        ("connection tracking", {"conntrack": 1_100, "conntrack_in_use": 100}, 800, OK, 1_000),
        ("connection tracking", {"conntrack": 1_100, "conntrack_in_use": 100}, 801, TIGHT, 1_000),
        ("connection tracking", {"conntrack": 1_100, "conntrack_in_use": 100}, 1_001, IMPOSSIBLE, 1_000),
        ("connection tracking", {"conntrack": 1_000, "target_is_local": True}, 800, OK, 1_000),
        ("memory of the host", {"memory_available": 4_200_000}, 800, OK, 1_000),
        ("memory of the host", {"memory_available": 4_200_000}, 801, TIGHT, 1_000),
        ("memory of the host", {"memory_available": 4_200_000}, 1_001, IMPOSSIBLE, 1_000),
        ("memory of the host", {"memory_available": 4_200_000, "target_is_local": True}, 501, IMPOSSIBLE, 500),
        ("memory of the host", {"memory_available": 4_200_000, "swap_free": 4_200_000}, 800, OK, 2_000),
        ("memory of the host", {"memory_available": 4_200_000, "swap_free": 4_200_000}, 801, TIGHT, 2_000),
        ("memory of the host", {"memory_available": 4_200_000, "swap_free": 4_200_000}, 2_001, IMPOSSIBLE, 2_000),
        ("memory of the cgroup", {"memory_limit": 5_200_000, "memory_in_use": 1_000_000}, 800, OK, 1_000),
        ("memory of the cgroup", {"memory_limit": 5_200_000, "memory_in_use": 1_000_000}, 801, TIGHT, 1_000),
        ("memory of the cgroup", {"memory_limit": 5_200_000, "memory_in_use": 1_000_000}, 1_001, IMPOSSIBLE, 1_000),
        ("memory of the cgroup", {"memory_limit": 4_200_000, "target_is_local": True}, 500, OK, 1_000),
        ("memory of the cgroup", {"memory_limit": 4_200_000, "target_is_local": True}, 501, TIGHT, 1_000),
        ("memory of the cgroup", {"memory_limit": 4_200_000, "target_is_local": True}, 1_000, TIGHT, 1_000),
        ("tasks of the cgroup", {"tasks": 10, "tasks_in_use": 8}, 10**8, OK, None),
        ("tasks of the cgroup", {"tasks": 10, "tasks_in_use": 9}, 1, TIGHT, None),
        ("tasks of the cgroup", {"tasks": 10, "tasks_in_use": 10}, 1, TIGHT, None),
        ("CPU of the cgroup", {"cpu_quota": 1.0}, 10**8, OK, None),
        ("CPU of the cgroup", {"cpu_quota": 0.5}, 1, TIGHT, None),
        ("net.ipv4.tcp_tw_reuse", {"tw_reuse": 0, "ports": 1}, 10**8, OK, None),
        ("container", {"container": "docker"}, 10**8, OK, None),
    ],
)
def test_grades(what: str, facts: dict[str, Any], connections: int, grade: Grade, allows: int | None) -> None:
    found = row(what, limits(**facts), connections)
    assert (found.grade, found.allows) == (grade, allows)
    assert bool(found.lift) is (grade in (TIGHT, IMPOSSIBLE))


@pytest.mark.parametrize(
    ("what", "facts", "found"),
    [
        (
            "descriptors",
            {"descriptors_soft": 2**63 - 1, "descriptors_hard": 2**63 - 1},
            "unlimited (the hard limit, the soft one is raised to it), 14 for us",
        ),
        ("descriptors", {"descriptors_hard": 2**63 - 1}, "20,014 (hard limit unlimited), 14 for us"),
        (
            "descriptors",
            {"workers": 51, "workers_most": 51},
            "20,014 (the hard limit, the soft one is raised to it) × 51 processes, 16 of each for itself",
        ),
        (
            "descriptors",
            {"workers": 51, "workers_most": 1_000},
            "20,014 (the hard limit, the soft one is raised to it) × up to 1,000 processes, 16 of each for itself",
        ),
        ("processes", {}, "this one alone"),
        ("processes", {"workers": 51}, "51 workers, and one that brings them forth"),
        ("fs.file-max", {"host_files": 2**63 - 1}, "unlimited on this host, 600 in use"),
        ("fs.file-max", {"host_files_exempt": True}, "2,466,177 on this host, 600 in use; CAP_SYS_ADMIN is exempt"),
        (
            "local ports",
            {"sources": 3, "ports_in_use": 1_234, "ports_waiting": 5_678},
            "28,232 (32768-60999) × 3 sources; 1,234 in use, 5,678 in TIME_WAIT",
        ),
        (
            "local ports",
            {"sources": 3, "destinations": 2},
            "28,232 (32768-60999) × 3 sources × 2 destinations; 0 in use, 0 in TIME_WAIT",
        ),
        ("local ports", {"port_range": None}, "28,232; 0 in use, 0 in TIME_WAIT"),
        ("net.ipv4.tcp_tw_reuse", {"tw_reuse": 0}, "0 (no): ports in TIME_WAIT cannot be had"),
        (
            "net.ipv4.tcp_tw_reuse",
            {"tw_reuse": 1, "ports_waiting_usable": True},
            "1 (yes): ports in TIME_WAIT can be had",
        ),
        ("net.ipv4.tcp_tw_reuse", {"tw_reuse": 3}, "3 (a value not known here): ports in TIME_WAIT cannot be had"),
        ("connection tracking", {"conntrack": 262_144, "conntrack_in_use": 1_000}, "262,144 flows, 1,000 in use"),
        ("memory of the host", {"target_is_local": True}, "2.0 GB available, 8.4 KB each (both ends)"),
        ("memory of the host", {"swap_free": 10**9}, "2.0 GB available and 1.0 GB of swap, 4.2 KB each"),
        ("memory of the cgroup", {"memory_limit": 64 * 10**6, "memory_in_use": 12_345}, "64.0 MB, 12.3 KB in use"),
        ("tasks of the cgroup", {"tasks": 1_000, "tasks_in_use": 9}, "1,000, 9 in use; a run starts 1"),
        ("tasks of the cgroup", {"tasks": 1_000, "workers": 51}, "1,000, 0 in use; a run starts 53"),
        ("CPU of the cgroup", {"cpu_quota": 0.25}, "0.25 cores"),
        ("container", {"container": "podman"}, "podman"),
    ],
)
def test_what_was_found(what: str, facts: dict[str, Any], found: str) -> None:
    assert row(what, limits(**facts)).found == found


def test_where_there_are_always_more_sources_ports_bound_nothing() -> None:
    found = row("local ports", limits(sources_grow=True, sources=2, ports_waiting=28_232), 1_000_000)
    assert (found.grade, found.allows, found.lift) == (OK, None, ())
    assert found.found == (
        "28,232 (32768-60999) × 2 sources, more of 127.0.0.0/8 where needed; 0 in use, 28,232 in TIME_WAIT"
    )


def test_the_descriptors_of_workers_are_never_tight() -> None:
    """Nobody else takes any of them, and there are as many processes as are needed."""
    facts = limits(workers=2, workers_most=2)
    allows = facts.connections_by_descriptors
    assert [row("descriptors", facts, connections).grade for connections in (allows, allows + 1)] == [OK, IMPOSSIBLE]


@pytest.mark.parametrize(
    ("facts", "connections", "code"),
    [
        ({"ports": 100, "ports_waiting": 50}, 50, "TG102"),
        ({"ports": 100, "ports_waiting": 50}, 51, "TG103"),
        ({"ports": 100, "ports_waiting": 50}, 100, "TG103"),
        ({"ports": 100, "ports_waiting": 50}, 101, "TG102"),
        ({"ports": 100, "ports_waiting": 50, "ports_in_use": 10}, 91, "TG102"),
        ({"ports": 100, "ports_waiting": 50, "ports_waiting_usable": True}, 51, "TG103"),
        ({"ports": 100}, 101, "TG102"),
    ],
)
def test_time_wait_is_what_is_to_blame_only_where_it_would_do_without(
    facts: dict[str, Any], connections: int, code: str
) -> None:
    assert row("local ports", limits(**facts), connections).code == code


def test_the_commands_are_those_of_the_row() -> None:
    tight = limits(
        container="docker", conntrack=12_000, memory_limit=50_000_000, tasks=9, tasks_in_use=9, cpu_quota=0.5
    )
    assert {check.what: check.lift for check in checks(tight, 10_000) if check.lift} == {
        "connection tracking": ("sysctl -w net.netfilter.nf_conntrack_max=12500  # on the host of the container",),
        "memory of the cgroup": ("docker run --memory=52500000 …",),
        "tasks of the cgroup": ("docker run --pids-limit=11 …",),
        "CPU of the cgroup": ("docker run --cpus=1 …",),
    }


@pytest.mark.parametrize(
    ("connections", "forbidding"),
    [
        (20_000, []),
        (20_001, ["descriptors"]),
        (28_233, ["descriptors", "local ports"]),
        (10**8, ["descriptors", "fs.nr_open", "fs.file-max", "local ports", "memory of the host"]),
    ],
)
def test_whether_a_run_is_possible(connections: int, forbidding: list[str]) -> None:
    found = checks(LIMITS, connections)
    assert [check.what for check in impossible(found)] == forbidding
    assert is_possible(LIMITS, connections) is (forbidding == [])


def test_the_tightest() -> None:
    found = tightest(checks(LIMITS, 5))
    assert found is not None
    assert (found.what, found.allows) == ("descriptors", 20_000)
    assert tightest([fact("container", "docker")]) is None
    assert tightest([]) is None
