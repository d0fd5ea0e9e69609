"""Each instance by itself: real servers, one after another."""

import gc
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tcpgoon.discovery.instance import Instance, Origin, Status
from tcpgoon.discovery.place import Place
from tcpgoon.errors import Bug
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint, Family, Target
from tcpgoon.plan.pacing import AllAtOnce
from tcpgoon.plan.plan import Plan
from tcpgoon.results import EachResult, InstanceResult
from tcpgoon.runs.each import STOPPED, run_each
from tcpgoon.runs.stop import Stop
from tcpgoon.server import Server, ServerConfig

DOWN = Instance(id="down", host="192.0.2.9", port=80, status=Status.DOWN)


def plan_of(target: Target) -> Plan:
    return Plan(target=target, connections=20, pacing=AllAtOnce(), hold_s=0.05)


def place(number: int, port: int, problem: str = "", address: str = "127.0.0.1") -> Place:
    instance = Instance(id=f"checkout-{number}", host=address, port=port)
    origin = Origin(
        lookup="file://x", service="checkout", registry="x", how="each", dialled=(instance,), others=(DOWN,)
    )
    endpoints = () if problem else (Endpoint(address, port),)
    return Place(target=Target(address, port), endpoints=endpoints, origin=origin, problem=problem)


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Those of three servers, of which the second takes 10 connections."""
    with ExitStack() as servers:
        limits = (None, 10, None)
        yield [
            servers.enter_context(Server(ServerConfig(max_connections=limit) if limit else ServerConfig())).port
            for limit in limits
        ]


def verdicts(each: EachResult) -> list[tuple[str, Verdict]]:
    return [(one.instance.id, one.verdict) for one in each.results]


def test_a_verdict_for_each_and_the_worst_over_all(ports: list[int]) -> None:
    begun: list[int] = []
    ended: list[InstanceResult] = []
    each = run_each(
        [place(number, port) for number, port in enumerate(ports, 1)],
        plan_of,
        begins=lambda number, _place: begun.append(number),
        ended=ended.append,
    )
    assert verdicts(each) == [
        ("checkout-1", Verdict.PASS),
        ("checkout-2", Verdict.FAIL),
        ("checkout-3", Verdict.PASS),
    ]
    assert (each.verdict, each.reason) == (Verdict.FAIL, "of 3 instances 1 failed, 2 passed")
    assert (each.lookup, each.service, each.registry, each.others) == ("file://x", "checkout", "x", (DOWN,))
    assert (begun, tuple(ended)) == ([1, 2, 3], each.results)
    for one, port in zip(each.results, ports, strict=True):
        assert one.result is not None
        assert (one.result.endpoint, one.reason) == (Endpoint("127.0.0.1", port), one.result.reason)
        assert one.result.origin is not None
        assert one.result.origin.dialled == (one.instance,)


def test_one_that_cannot_be_asked_keeps_no_other_from_it(ports: list[int]) -> None:
    """One cannot be located; of another it is found out when it is dialled that our source is of another family."""
    strange = place(2, 80, address="::1")

    def plan(target: Target) -> Plan:
        return Plan(target=target, connections=5, pacing=AllAtOnce(), hold_s=0, family=Family.IPV4)

    each = run_each([place(1, 80, "its name is private"), strange, place(3, ports[0])], plan)
    assert [(one.verdict, one.reason, one.result is None) for one in each.results[:2]] == [
        (Verdict.INCONCLUSIVE, "its name is private", True),
        (Verdict.INCONCLUSIVE, "target, sources and -4/-6 do not agree: some are IPv4, some are IPv6", True),
    ]
    assert each.results[2].verdict is Verdict.PASS
    assert each.verdict is Verdict.INCONCLUSIVE


def test_once_it_is_to_stop_no_further_one_is_begun(ports: list[int]) -> None:
    stop = Stop()
    each = run_each(
        [place(number, port) for number, port in enumerate(ports, 1)],
        plan_of,
        stop=stop,
        ended=lambda _: stop.request(),
    )
    assert verdicts(each) == [
        ("checkout-1", Verdict.PASS),
        ("checkout-2", Verdict.INTERRUPTED),
        ("checkout-3", Verdict.INTERRUPTED),
    ]
    assert {one.reason for one in each.results[1:]} == {STOPPED}
    assert each.verdict is Verdict.INTERRUPTED


def shared_memory() -> int:
    """How many descriptors of it this process has."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += str(descriptor.readlink()).startswith("/memfd:tcpgoon ")
    return found


@pytest.mark.parametrize("keep_rows", [True, False])
def test_many_results_need_not_keep_all_that_happened(keep_rows: bool, ports: list[int]) -> None:
    """Tables that workers share have a descriptor each."""

    def plan(target: Target) -> Plan:
        return Plan(target=target, connections=2, pacing=AllAtOnce(), hold_s=0, workers=2)

    gc.collect()  # tables of other tests
    before = shared_memory()
    each = run_each([place(number, ports[0]) for number in (1, 2, 3)], plan, keep_rows=keep_rows)
    assert [one.result and (one.result.metrics.established, one.result.table.rows) for one in each.results] == [
        (2, 2 if keep_rows else 0)
    ] * 3
    assert keep_rows or shared_memory() - before <= 1  # that of the last one, which could be stopped until now


@pytest.mark.parametrize("places", [[], [Place(target=Target("h", 80), endpoints=())]])
def test_what_was_not_looked_up_has_no_instances(places: list[Place]) -> None:
    with pytest.raises(Bug):
        run_each(places, plan_of)
