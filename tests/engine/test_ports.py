"""Which local port a dial is to use."""

from itertools import pairwise

import pytest

from tcpgoon.engine.ports import Ports


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100, 101, 28_232])
def test_every_port_is_visited_once_a_round(size: int) -> None:
    ports = Ports(30_000, 30_000 + size - 1, busy=size, seed=17)
    assert sorted(ports.next() for _ in range(size)) == list(range(30_000, 30_000 + size))


def test_the_kernel_chooses_while_its_half_is_rather_empty() -> None:
    ports = Ports(32_768, 60_999)
    chosen = [ports.next() for _ in range(10_588)]
    assert chosen[:10_587] == [0] * 10_587
    assert 32_768 <= chosen[-1] <= 60_999


def test_ports_in_use_count_against_that() -> None:
    ports = Ports(40_000, 40_099, busy=30)
    assert [ports.next() > 0 for _ in range(8)] == [False] * 7 + [True]


def test_the_parity_that_connect_takes_last_is_named_first() -> None:
    ports = Ports(32_768, 32_867, busy=100)
    first_half = [ports.next() for _ in range(50)]
    assert {port % 2 for port in first_half} == {1}


def test_neighbours_in_time_are_no_neighbours_in_number() -> None:
    ports = Ports(32_768, 60_999, busy=60_000, seed=3)
    visited = [ports.next() for _ in range(1_000)]
    assert min(abs(a - b) for a, b in pairwise(visited)) > 1_000


def test_the_start_depends_on_the_seed() -> None:
    assert Ports(32_768, 60_999, 60_000, seed=1).next() != Ports(32_768, 60_999, 60_000, seed=2).next()


def test_the_range_is_tried_once_in_all_then_one_port_a_dial_until_one_is_free() -> None:
    ports = Ports(40_000, 40_004, busy=5)
    tries = 1
    while ports.taken():
        tries += 1
    assert tries == 5
    assert not ports.taken()
    assert not ports.taken()
    ports.used()
    assert ports.taken()


def test_all_can_be_left_to_the_kernel() -> None:
    ports = Ports.of_the_kernel()
    assert {ports.next() for _ in range(1_000)} == {0}


def test_a_forbidden_port_is_never_named() -> None:
    ports = Ports(40_000, 40_009, busy=10, forbidden=frozenset({40_000, 40_003, 50_000}))
    assert sorted(ports.next() for _ in range(8)) == [40_001, 40_002, *range(40_004, 40_010)]


def test_all_are_forbidden() -> None:
    """Then the kernel says what it says: a port has to be named."""
    ports = Ports(40_000, 40_000, busy=1, forbidden=frozenset({40_000}))
    assert ports.next() == 40_000
    assert not ports.known


@pytest.mark.parametrize(("dials", "made"), [(10_587, False), (10_588, True)])
def test_the_order_is_made_before_the_dials_that_need_it(dials: int, made: bool) -> None:
    ports = Ports(32_768, 60_999)
    ports.prepare(dials)
    assert (ports._order is not None) == made
    in_order = ports._order
    assert [ports.next() for _ in range(dials)].count(0) == 10_587
    assert ports._order is in_order
