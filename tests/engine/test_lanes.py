"""Where each dial goes, and that processes which share the dials share the ports without a word."""

import errno
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.engine import lanes as lanes_module
from tcpgoon.engine.kernel import ANOTHER_PORT, Refusal
from tcpgoon.engine.lanes import Lane, lanes
from tcpgoon.engine.machine.port_range import PortRange
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.outcome import Phase
from tests.netlab.namespace import Namespace

ENDPOINT = Endpoint("192.0.2.1", 80)
OTHER = Endpoint("192.0.2.2", 80)
SOURCES = ("192.0.2.10", "192.0.2.11")
USABLE = [port for port in range(40_000, 40_100) if port not in {*range(40_000, 40_010), 40_050, 40_099}]
EVERY = range(60), 60


def named(lane: Lane, count: int) -> list[int]:
    return [lane.ports.next() for _ in range(count)]


def test_sources_first_then_endpoints() -> None:
    made = lanes([ENDPOINT, OTHER], SOURCES, *EVERY)
    assert [lane[:2] for lane in made] == [
        (SOURCES[0], ENDPOINT),
        (SOURCES[1], ENDPOINT),
        (SOURCES[0], OTHER),
        (SOURCES[1], OTHER),
    ]


def test_without_sources_the_kernel_chooses_one() -> None:
    assert [lane[:2] for lane in lanes([ENDPOINT, OTHER], (), *EVERY)] == [("", ENDPOINT), ("", OTHER)]


@pytest.mark.parametrize(("dials", "of"), [(range(60), 60), (range(20, 40), 60)], ids=["alone", "one of three"])
def test_where_the_range_is_not_known_ports_are_the_kernels_choice(proc: Path, dials: range, of: int) -> None:
    (proc / "ip_local_port_range").write_text("")
    made = lanes([ENDPOINT], SOURCES, dials, of)
    assert [named(lane, 3) for lane in made] == [[0, 0, 0]] * 2
    assert [lane.ports.known for lane in made] == [False] * 2


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        pytest.param("192.0.2.1", 37 - 10, id="IPv4: 7 in use and 3 in TIME_WAIT"),
        pytest.param("2001:db8::1", 37 - 15, id="IPv6: those of IPv4 too, TIME_WAIT is counted there"),
    ],
)
def test_sockets_in_use_leave_less_to_the_kernels_choice(proc: Path, address: str, plain: int) -> None:
    (lane,) = lanes([Endpoint(address, 80)], (), *EVERY)
    assert [port > 0 for port in named(lane, 60)].index(True) == plain


def test_where_nothing_is_known_of_sockets_in_use_none_is(proc: Path) -> None:
    (proc / "sockstat").unlink()
    (lane,) = lanes([ENDPOINT], (), *EVERY)
    assert [port > 0 for port in named(lane, 60)].index(True) == 37


def test_each_lane_has_ports_of_its_own(proc: Path) -> None:
    (proc / "sockstat").write_text("TCP: inuse 100 orphan 0 tw 0\n")
    made = lanes([ENDPOINT, OTHER], SOURCES, *EVERY)
    assert [sorted(named(lane, 88)) for lane in made] == [USABLE] * 4


def test_towards_this_machine_its_own_port_is_never_named(proc: Path) -> None:
    (lane,) = lanes([Endpoint("127.0.0.1", 40_020)], (), *EVERY)
    assert sorted(named(lane, 87)) == [port for port in USABLE if port != 40_020]


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, list[int], int, int]:
    """So many ports a lane; the dials cut among workers, as many in all as there are ports at the most."""
    ports, sources, endpoints = (draw(st.integers(1, most)) for most in (40, 5, 3))
    dials = draw(st.integers(1, ports * sources * endpoints))
    inner = draw(st.lists(st.integers(0, dials), max_size=6))
    return ports, [0, *sorted(inner), dials], sources, endpoints


@given(shares())
@example((20, [0, 30, 60], 3, 1))
@example((10, [0, 7, 7, 25, 60], 3, 2))
def test_no_two_workers_name_the_same_and_each_has_enough(share: tuple[int, list[int], int, int]) -> None:
    """Each row is dialled by the first port that is named for it: no try is in vain, up to the last port."""
    ports, bounds, sources, endpoints = share
    found, of = PortRange(40_000, 40_000 + ports - 1, frozenset()), bounds[-1]
    taken: Counter[tuple[str, Endpoint, int]] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes_module, "port_range", lambda _: found)
        for first, stop in pairwise(bounds):
            if stop - first in (0, of):
                continue
            here = lanes(
                [Endpoint("192.0.2.1", 80 + k) for k in range(endpoints)],
                [f"192.0.2.{k}" for k in range(sources)],
                range(first, stop),
                of,
            )
            for row in range(first, stop):
                lane = here[row % len(here)]
                taken[lane.source, lane.endpoint, lane.ports.next()] += 1
    assert set(taken.values()) <= {1}


@pytest.fixture
def network() -> Iterator[None]:
    """A network of our own, where the kernel may choose from 100 ports."""
    ours = Namespace()
    try:
        with ours.entered():
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=60)
            Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40099")
            yield
    finally:
        ours.close()


@pytest.mark.requires("root", "ip", "port windows")
@pytest.mark.usefixtures("network")
def test_all_ports_of_all_lanes_are_had_by_several_kernels() -> None:
    """100 from each of two addresses, by three kernels up to the last one, none tried in vain; then there is none."""
    with socket.create_server(("127.0.0.1", 7000), backlog=256) as listener:
        there, froms = Endpoint(*listener.getsockname()), ("127.0.0.2", "127.0.0.3")
        kernels, seen = [], set()
        for first, stop in pairwise((0, 51, 120, 200)):
            made = lanes([there], froms, range(first, stop), 200)
            kernels.append(kernel := EpollKernel(made, range(first, stop + 1)))
            for row in range(first, stop):
                assert kernel.dial(row) is None
                here, _ = kernel.ends(row)
                seen.add((here.address, here.port))
        assert seen == {(address, port) for address in froms for port in range(40_000, 40_100)}
        for kernel, one_more in zip(kernels, (51, 120, 200), strict=True):
            tries = 1
            while (refusal := kernel.dial(one_more)) is ANOTHER_PORT:
                tries += 1
            assert (refusal, tries) == (Refusal(errno.EADDRNOTAVAIL, Phase.CONNECT), 100)
        for kernel in kernels:
            kernel.shut()


@pytest.mark.requires("root", "ip", "port windows")
@pytest.mark.usefixtures("network")
def test_whose_ports_others_took_has_what_its_neighbours_leave() -> None:
    """Of 100 ports somebody has 30, all of them ours; the neighbour needs 50 of its 70 at the most."""
    with socket.create_server(("127.0.0.1", 7000), backlog=256) as listener, ExitStack() as others:
        there = Endpoint(*listener.getsockname())
        ours, _ = lanes([there], (), range(30), 70), lanes([there], (), range(30, 70), 70)
        own = set(named(ours[0], 30 * 100 // 70))
        for port in sorted(own)[:30]:
            other = others.enter_context(socket.socket())
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.connect(("127.0.0.1", 7000))
        kernels = [EpollKernel(lanes([there], (), rows, 70), rows) for rows in (range(30), range(30, 70))]
        for kernel, rows in zip(kernels, (range(30), range(30, 70)), strict=True):
            for row in rows:
                while (refusal := kernel.dial(row)) is ANOTHER_PORT:
                    pass
                assert refusal is None
        for kernel in kernels:
            kernel.shut()
