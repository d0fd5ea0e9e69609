from typing import Any

import pytest

from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.workers import with_workers
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.tls import TlsOptions


def shared(
    connections: int, cores: int = 1, limit: int = 1_016, facts: dict[str, Any] | None = None, **plan: Any
) -> ClientLimits:
    known = {"descriptors_in_use": 14, "ports": None, "workers_possible": True, **(facts or {})}
    limits = ClientLimits(descriptors_soft=limit, descriptors_hard=limit, **known)
    return with_workers(limits, Plan(target=Target("h", 1), connections=connections, **plan), cores)


def workers(*args: Any, **fields: Any) -> int:
    return shared(*args, **fields).workers


@pytest.mark.parametrize(
    ("connections", "needed"), [(1, 1), (1_002, 1), (1_003, 2), (2_000, 2), (2_001, 3), (100_000, 100)]
)
def test_as_many_as_descriptors_ask_for(connections: int, needed: int) -> None:
    assert workers(connections) == needed


@pytest.mark.parametrize(
    ("connections", "cores", "plan", "needed"),
    [
        (49_999, 2, {}, 1),
        (50_000, 2, {}, 2),
        (50_000, 1, {}, 1),
        (1_000_000, 8, {}, 8),
        (100_000, 8, {}, 4),
        (100_000, 8, {"pacing": ConstantRate(1 / 20_000)}, 1),
        (100_000, 8, {"pacing": ConstantRate(1 / 50_000)}, 3),
        (100_000, 8, {"pacing": ConstantRate(0.01)}, 1),
        (4_999, 2, {"tls": TlsOptions(server_name="h")}, 1),
        (5_000, 2, {"tls": TlsOptions(server_name="h")}, 2),
        (5_000, 2, {"tls": TlsOptions(server_name="h"), "pacing": ConstantRate(0.01)}, 2),
    ],
)
def test_as_many_as_cores_ask_for(connections: int, cores: int, plan: dict[str, Any], needed: int) -> None:
    assert workers(connections, cores, 10_000_000, **{"pacing": AllAtOnce(), **plan}) == needed


@pytest.mark.parametrize(("asked", "connections", "given"), [(1, 5_000, 1), (3, 5_000, 3), (7, 5, 5)])
def test_as_many_as_are_asked_for(asked: int, connections: int, given: int) -> None:
    assert workers(connections, workers=asked) == given


def test_one_where_it_cannot_be_split() -> None:
    assert workers(5_000, facts={"workers_possible": False}) == 1
    assert workers(5_000, facts={"workers_possible": False}, workers=3) == 1


@pytest.mark.parametrize(
    ("limit", "tasks", "in_use", "given"), [(1_016, 10, 5, 3), (1_016, 10, 8, 1), (1_016, 100, 0, 5), (16, 100, 0, 1)]
)
def test_no_more_than_there_is_room_for(limit: int, tasks: int, in_use: int, given: int) -> None:
    """Beside the workers there is who brings them forth, and a thread that shows how it goes."""
    assert workers(5_000, limit=limit, facts={"tasks": tasks, "tasks_in_use": in_use}) == given


def test_a_thousand_at_the_most() -> None:
    assert workers(10_000_000) == 1_000


@pytest.mark.parametrize(
    ("connections", "fields", "most", "allows"),
    [
        (10, {}, 1_000, 1_000_000),
        (5_000, {"facts": {"tasks": 10, "tasks_in_use": 5}}, 3, 3_000),
        (10, {"workers": 1}, 1, 1_002),
        (5_000, {"workers": 3}, 3, 3_000),
        (5, {"workers": 7}, 5, 5_000),
        (10, {"facts": {"workers_possible": False}}, 1, 1_002),
    ],
)
def test_how_many_there_could_be(connections: int, fields: dict[str, Any], most: int, allows: int) -> None:
    found = shared(connections, **fields)
    assert (found.workers_most, found.connections_by_descriptors) == (most, allows)
