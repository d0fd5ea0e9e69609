"""Which checks are asked at the same time."""

import errno

import pytest
from msgspec import structs

from tcpgoon.discovery.instance import Instance, Origin
from tcpgoon.discovery.place import Place
from tcpgoon.engine.machine import preflight
from tcpgoon.options.spelled import spelled
from tcpgoon.options.suites.suite import Check
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.runs.waves import MOST_AT_ONCE, Ready, first_wave, room_of

PLENTY = 1_000_000


def ready(name: str, host: str = "", connections: int = 100, port: int = 80, *addresses: str) -> Ready:
    host = host or f"{name}.example"
    asked = spelled(f"{host}:{port}", {"connections": connections})
    endpoints = tuple(Endpoint(address, port) for address in addresses or (f"192.0.2.{ord(name[0])}",))
    return Ready.to_go(Check(name, asked, True), (Place(target=Target(host, port), endpoints=endpoints),))


def names(wave: list[Ready]) -> str:
    return "".join(one.check.name for one in wave)


@pytest.mark.parametrize(
    ("waiting", "together"),
    [
        ([ready("a")], "a"),
        ([ready("a"), ready("b"), ready("c")], "abc"),
        ([ready("a", "x"), ready("b", "x"), ready("c")], "ac"),
        ([ready("a", "x"), ready("b", "X"), ready("c")], "ac"),
        ([ready("a", "x"), ready("b", "x", 100, 81)], "ab"),
        ([ready("a", "x", 1, 80, "192.0.2.7"), ready("b", "y", 1, 80, "192.0.2.7")], "a"),
        ([ready("a", "x", 1, 80, "192.0.2.7", "192.0.2.8"), ready("b", "y", 1, 80, "192.0.2.8")], "a"),
        ([ready("a", "x", 1, 80, "127.0.0.1"), ready("b", "y", 1, 80, "127.0.0.2")], "a"),
        ([ready("a", "x", 1, 80, "127.0.0.1"), ready("b", "y", 1, 81, "127.0.0.1")], "ab"),
    ],
)
def test_no_two_go_to_one_server(waiting: list[Ready], together: str) -> None:
    assert names(first_wave(waiting, PLENTY)) == together


@pytest.mark.parametrize(
    ("room", "together"),
    [(0, "a"), (281, "a"), (282, "ac"), (100_000, "ac"), (1_000_000, "abc")],
)
def test_together_they_leave_a_fifth_of_what_this_client_has(room: int, together: str) -> None:
    waiting = [ready("a", connections=100), ready("b", connections=100_000), ready("c", connections=100)]
    assert names(first_wave(waiting, room)) == together


def test_of_many_some_are_asked_later() -> None:
    waiting = [ready(chr(ord("a") + number), connections=1) for number in range(12)]
    assert len(first_wave(waiting, PLENTY)) == MOST_AT_ONCE


def test_this_client_has_room_for_some() -> None:
    assert names(first_wave([ready("a", connections=1), ready("b", connections=1)])) == "ab"
    assert names(first_wave([ready("a"), ready("b", connections=100_000_000)])) == "a"


def test_the_room_is_what_the_tightest_limit_leaves() -> None:
    limits = structs.replace(
        preflight.look((), ()),
        descriptors_soft=10_000,
        descriptors_most=None,
        descriptors_in_use=10,
        host_files=None,
        conntrack=None,
        memory_available=None,
        memory_limit=None,
    )
    assert room_of(limits) == 9_990
    assert room_of(structs.replace(limits, host_files=5_000, host_files_exempt=False, host_files_in_use=1)) == 4_999
    assert room_of(structs.replace(limits, conntrack=300, conntrack_in_use=100)) == 200
    assert room_of(structs.replace(limits, memory_available=840_000, swap_free=0)) == 100  # both ends may be here
    assert room_of(structs.replace(limits, memory_limit=840_000, memory_in_use=0)) == 200


def test_all_instances_of_a_check_are_its_servers() -> None:
    instance = Instance(id="i", host="192.0.2.9", port=80)
    origin = Origin(lookup="l", service="s", registry="r", how="each", dialled=(instance,))
    places = (
        Place(target=Target("192.0.2.8", 80), endpoints=(Endpoint("192.0.2.8", 80),), origin=origin),
        Place(target=Target("192.0.2.9", 80), endpoints=(), origin=origin, problem="no address"),
    )
    one = Ready.to_go(Check("a", spelled("file://x", {"each": True})), places)
    assert one.servers == {("192.0.2.8", 80), ("192.0.2.9", 80)}
    assert one.endpoints == {Endpoint("192.0.2.8", 80)}


def test_without_a_descriptor_there_is_room_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(preflight, "look", look)
    assert names(first_wave([ready("a", connections=1), ready("b", connections=1)])) == "a"
