from typing import Any

import pytest

from tcpgoon.judge.limits import BYTES_PER_CONNECTION, ClientLimits


def limits(**facts: Any) -> ClientLimits:
    known: dict[str, Any] = {
        "descriptors_soft": 1_024,
        "descriptors_hard": 4_096,
        "descriptors_in_use": 24,
        "ports": 100,
    }
    return ClientLimits(**{**known, **facts})


@pytest.mark.parametrize(
    ("soft", "in_use", "most", "connections"),
    [
        (1_024, 24, None, 1_000),
        (1_024, 0, None, 1_024),
        (10, 10, None, 0),
        (10, 11, None, 0),
        (1_024, 24, 1_048_576, 1_000),
        (1_024, 24, 500, 476),
    ],
)
def test_how_many_the_descriptors_suffice_for(soft: int, in_use: int, most: int | None, connections: int) -> None:
    found = limits(descriptors_soft=soft, descriptors_in_use=in_use, descriptors_most=most)
    assert found.connections_by_descriptors == connections


@pytest.mark.parametrize(
    ("soft", "most", "workers", "connections"), [(1_016, None, 3, 3_000), (1_016, 116, 3, 300), (16, None, 3, 0)]
)
def test_each_worker_has_a_limit_of_its_own(soft: int, most: int | None, workers: int, connections: int) -> None:
    found = limits(descriptors_soft=soft, descriptors_most=most, workers_most=workers)
    assert found.connections_by_descriptors == connections
    assert found.connections_of_a_worker * workers == connections


@pytest.mark.parametrize(("most", "connections"), [(None, None), (116, 300), (10, 0)])
def test_what_the_limits_of_workers_can_be_raised_to(most: int | None, connections: int | None) -> None:
    assert limits(descriptors_most=most, workers_most=3).connections_by_nr_open == connections


@pytest.mark.parametrize(("workers", "tasks"), [(1, 1), (2, 4), (51, 53)])
def test_the_tasks_of_a_run(workers: int, tasks: int) -> None:
    """The thread that shows how it goes; with workers these, and the process that brings them forth."""
    assert limits(workers=workers).tasks_of_the_run == tasks


@pytest.mark.parametrize(("most", "connections"), [(None, None), (1_000, 976), (20, 0)])
def test_how_many_they_would_suffice_for_at_the_most(most: int | None, connections: int | None) -> None:
    assert limits(descriptors_most=most).connections_by_nr_open == connections


@pytest.mark.parametrize(
    ("most", "in_use", "exempt", "local", "connections"),
    [
        (None, 0, False, False, None),
        (1_000, 100, False, False, 900),
        pytest.param(1_000, 100, False, True, 900, id="the other end may not be accepted"),
        (1_000, 1_001, False, False, 0),
        (1_000, 100, True, False, None),
    ],
)
def test_how_many_the_files_of_the_host_suffice_for(
    most: int | None, in_use: int, exempt: bool, local: bool, connections: int | None
) -> None:
    found = limits(host_files=most, host_files_in_use=in_use, host_files_exempt=exempt, target_is_local=local)
    assert found.connections_by_host_files == connections


@pytest.mark.parametrize(
    ("ports", "sources", "in_use", "waiting", "usable", "connections"),
    [
        (None, 3, 0, 0, False, (None, None, None)),
        (100, 1, 0, 0, False, (100, 100, 100)),
        (100, 3, 0, 0, False, (300, 300, 300)),
        (0, 3, 0, 0, False, (0, 0, 0)),
        (100, 2, 30, 50, False, (120, 120, 170)),
        pytest.param(100, 2, 30, 50, True, (170, 120, 170), id="TIME_WAIT is given to new connections"),
        pytest.param(100, 1, 60, 60, False, (0, 0, 40), id="never below 0"),
        pytest.param(100, 1, 110, 60, True, (0, 0, 0), id="more than there are"),
        pytest.param(101, 1, 0, 0, False, (101, 101, 101), id="of either parity"),
    ],
)
def test_how_many_the_ports_suffice_for(
    ports: int | None,
    sources: int,
    in_use: int,
    waiting: int,
    usable: bool,
    connections: tuple[int | None, int | None, int | None],
) -> None:
    found = limits(
        ports=ports, sources=sources, ports_in_use=in_use, ports_waiting=waiting, ports_waiting_usable=usable
    )
    by_ports = (found.connections_by_ports, found.connections_by_idle_ports, found.connections_but_for_waiting)
    assert by_ports == connections


@pytest.mark.parametrize(
    ("room", "in_use", "connections"), [(None, 0, None), (262_144, 144, 262_000), (100, 100, 0), (100, 101, 0)]
)
def test_how_many_flows_can_be_tracked(room: int | None, in_use: int, connections: int | None) -> None:
    assert limits(conntrack=room, conntrack_in_use=in_use).connections_by_conntrack == connections
    assert limits(conntrack=room, conntrack_in_use=in_use, target_is_local=True).connections_by_conntrack == connections


@pytest.mark.parametrize(
    ("available", "swap", "local", "connections"),
    [
        (None, 0, False, None),
        (42_000_000, 0, False, 10_000),
        (42_000_000, 0, True, 5_000),
        (41_999_999, 0, False, 9_999),
        (42_000_000, 42_000_000, False, 20_000),
        (0, 0, True, 0),
    ],
)
def test_how_many_the_memory_suffices_for(
    available: int | None, swap: int, local: bool, connections: int | None
) -> None:
    found = limits(memory_available=available, swap_free=swap, target_is_local=local)
    assert found.connections_by_memory == connections


@pytest.mark.parametrize(
    ("limit", "in_use", "connections"),
    [(None, 0, None), (50_000_000, 8_000_000, 10_000), (8_000_000, 8_000_000, 0), (8_000_000, 9_000_000, 0)],
)
def test_how_many_the_memory_of_the_cgroup_suffices_for(
    limit: int | None, in_use: int, connections: int | None
) -> None:
    """Whose the other end is, is not known: it is not counted."""
    for local in (False, True):
        found = limits(memory_limit=limit, memory_in_use=in_use, target_is_local=local)
        assert found.connections_by_group_memory == connections


@pytest.mark.parametrize(("tasks", "in_use", "free"), [(None, 7, None), (10, 7, 3), (10, 10, 0), (10, 12, 0)])
def test_how_many_threads_can_be_started(tasks: int | None, in_use: int, free: int | None) -> None:
    assert limits(tasks=tasks, tasks_in_use=in_use).tasks_free == free


def test_what_a_connection_costs() -> None:
    """Measured: 180,000 sockets were 755 MB."""
    assert round(755_000_000 / 180_000, -2) == BYTES_PER_CONNECTION


def test_one_source_is_dialled_from_where_nothing_is_said() -> None:
    assert limits() == limits(sources=1, target_is_local=False, container=None)
