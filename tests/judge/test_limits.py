import pytest

from tcpgoon.judge.limits import ClientLimits


def limits(soft: int = 1_024, in_use: int = 24, ports: int | None = 28_232, sources: int = 1) -> ClientLimits:
    return ClientLimits(
        descriptors_soft=soft, descriptors_hard=2 * soft, descriptors_in_use=in_use, ports=ports, sources=sources
    )


@pytest.mark.parametrize(
    ("soft", "in_use", "connections"), [(1_024, 24, 1_000), (1_024, 0, 1_024), (10, 10, 0), (10, 11, 0)]
)
def test_how_many_the_descriptors_suffice_for(soft: int, in_use: int, connections: int) -> None:
    assert limits(soft=soft, in_use=in_use).connections_by_descriptors == connections


@pytest.mark.parametrize(
    ("ports", "sources", "connections"), [(None, 3, None), (100, 1, 100), (100, 3, 300), (0, 3, 0)]
)
def test_how_many_the_ports_suffice_for(ports: int | None, sources: int, connections: int | None) -> None:
    assert limits(ports=ports, sources=sources).connections_by_ports == connections


@pytest.mark.parametrize(
    ("found", "connections", "allowed"),
    [
        (limits(soft=1_024, in_use=24), 1_000, True),
        (limits(soft=1_024, in_use=24), 1_001, False),
        (limits(soft=10**6, ports=100), 100, True),
        (limits(soft=10**6, ports=100), 101, False),
        (limits(soft=10**6, ports=100, sources=3), 300, True),
        (limits(soft=10**6, ports=100, sources=3), 301, False),
        (limits(soft=10**6, ports=None), 500_000, True),
        (limits(soft=10, in_use=11), 1, False),
        (limits(soft=10**6, ports=0), 1, False),
    ],
)
def test_whether_so_many_are_possible(found: ClientLimits, connections: int, allowed: bool) -> None:
    assert found.allows(connections) is allowed


def test_one_source_is_dialled_from_where_nothing_is_said() -> None:
    assert ClientLimits(descriptors_soft=1, descriptors_hard=1, descriptors_in_use=0, ports=7) == ClientLimits(
        descriptors_soft=1, descriptors_hard=1, descriptors_in_use=0, ports=7, sources=1
    )
