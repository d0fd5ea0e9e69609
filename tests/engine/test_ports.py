"""Which local port a dial is to use."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.engine.ports import Ports, Slice


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


def sliced(first: int, stop: int, of: int, seed: int = 0, forbidden: frozenset[int] = frozenset()) -> Ports:
    return Ports(40_000, 40_099, seed=seed, forbidden=forbidden, mine=Slice(first, stop, of))


def named(ports: Ports, count: int) -> list[int]:
    return [ports.next() for _ in range(count)]


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, list[int], frozenset[int]]:
    """So many ports, the dials to be made by them cut among processes, and ports that are left out."""
    size = draw(st.integers(1, 90))
    forbidden = draw(st.frozensets(st.integers(40_000, 40_000 + size - 1), max_size=size - 1))
    dials = draw(st.integers(1, 120))
    inner = draw(st.lists(st.integers(0, dials), max_size=5))
    return size, [0, *sorted(inner), dials], forbidden


@given(cut=cuts(), seed=st.integers(0, 1 << 62))
@example(cut=(100, [0, 50, 100], frozenset()), seed=7)
@example(cut=(3, [0, 0, 1, 3], frozenset()), seed=1)
def test_slices_share_the_ports_without_a_word(cut: tuple[int, list[int], frozenset[int]], seed: int) -> None:
    """Nobody has another's, all are had, and nobody has too few; whatever place each begins at."""
    size, bounds, forbidden = cut
    usable = [port for port in range(40_000, 40_000 + size) if port not in forbidden]
    seen: list[int] = []
    for k, (first, stop) in enumerate(pairwise(bounds)):
        mine = Slice(first, stop, bounds[-1])
        count = len(mine.of_ports(len(usable)))
        assert count >= min(stop - first, (stop - first) * len(usable) // bounds[-1])
        if count:
            ports = Ports(40_000, 40_000 + size - 1, seed=seed + k, forbidden=forbidden, mine=mine)
            seen += (mine_alone := named(ports, count))
            assert named(ports, count) == mine_alone
    assert sorted(seen) == usable


def test_of_a_slice_none_is_left_to_the_kernel() -> None:
    assert 0 not in named(sliced(0, 10, 100), 200)


def test_a_whole_slice_in_use_is_passed_over_to_the_others_ports() -> None:
    ports, tried = sliced(20, 30, 100, seed=3), []
    for _ in range(99):
        tried.append(ports.next())
        assert ports.taken()
    tried.append(ports.next())
    assert not ports.taken()
    assert set(tried[:10]) == set(named(sliced(20, 30, 100), 10))
    assert sorted(tried) == list(range(40_000, 40_100))


def test_when_one_is_free_again_a_whole_round_of_tries_is_due_again() -> None:
    ports = sliced(20, 30, 100)
    own = set(named(sliced(20, 30, 100), 10))
    for _ in range(9):
        ports.next()
        ports.taken()
    assert ports.next() in own
    ports.used()
    for _ in range(10):
        assert ports.next() in own
        ports.taken()
    assert ports.next() not in own
    assert ports.budget == 90


def test_who_found_its_slice_in_use_goes_on_with_the_others_ports() -> None:
    """Not from the beginning: to find out again that all of its own are in use would take too long."""
    ports = sliced(20, 30, 100)
    for _ in range(10):
        ports.next()
        ports.taken()
    others = named(ports, 90)
    ports.used()
    assert sorted(others) == sorted(set(range(40_000, 40_100)) - set(named(sliced(20, 30, 100), 10)))
    for _ in range(90):
        assert ports.next() in others
        ports.taken()
    assert ports.next() not in others


def test_a_slice_of_nothing_has_the_ports_of_the_others() -> None:
    """As for a newcomer on a lane that none of our rows is on."""
    assert sorted(named(sliced(0, 0, 0), 100)) == list(range(40_000, 40_100))
    assert sorted(named(sliced(5, 5, 10), 100)) == list(range(40_000, 40_100))


def test_a_slice_of_a_range_in_which_all_are_forbidden() -> None:
    assert sorted(named(sliced(0, 1, 1, forbidden=frozenset(range(40_000, 40_100))), 100)) == list(
        range(40_000, 40_100)
    )


def test_neighbours_in_time_are_no_neighbours_in_number_within_a_slice() -> None:
    ports = Ports(32_768, 60_999, mine=Slice(20_000, 21_000, 28_232))
    assert min(abs(a - b) for a, b in pairwise(named(ports, 1_000))) > 1_000
