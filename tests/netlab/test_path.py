"""What a direction does with packets: pure, so no network is needed."""

import pytest

from tests.netlab.path import Direction, is_chatter


def direction(delay_s: float = 0.025, loss: float = 0.0, seed: str = "1", room: int = 1_000) -> Direction:
    return Direction(delay_s, loss, seed, room)


def numbered(count: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(count)]


def survivors(path: Direction, packets: list[bytes]) -> list[bytes]:
    for packet in packets:
        path.take(packet, now=0)
    return list(path.due(now=1))


def test_a_packet_comes_out_after_the_delay_and_once() -> None:
    path = direction(delay_s=0.025)
    assert path.next_due == float("inf")
    path.take(b"one", now=1.0)
    path.take(b"two", now=1.01)
    assert path.next_due == 1.025
    assert list(path.due(1.0249)) == []
    assert list(path.due(1.025)) == [b"one"]
    assert path.next_due == 1.035
    assert list(path.due(9)) == [b"two"]
    assert list(path.due(9)) == []
    assert path.counts() == {"taken": 2, "delivered": 2, "lost": 0, "cut": 0, "overflowed": 0}


def test_without_delay_it_comes_out_at_once() -> None:
    path = direction(delay_s=0)
    path.take(b"one", now=1.0)
    assert list(path.due(1.0)) == [b"one"]


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.5])
def test_the_share_that_is_lost(loss: float) -> None:
    path = direction(loss=loss, room=10_000)
    arrived = survivors(path, numbered(10_000))
    assert len(arrived) == 10_000 - path.lost
    assert path.lost == pytest.approx(10_000 * loss, rel=0.2)


def test_the_same_packets_are_lost_for_the_same_seed_and_others_for_another() -> None:
    first, again, other = (survivors(direction(loss=0.1, seed=seed), numbered(500)) for seed in ("1", "1", "2"))
    assert first == again
    assert first != other


def test_all_or_nothing_is_lost() -> None:
    assert survivors(direction(loss=1), numbered(50)) == []
    assert survivors(direction(loss=0), numbered(50)) == numbered(50)


def test_a_cut_takes_what_is_on_its_way_too() -> None:
    path = direction()
    path.take(b"on its way", now=0)
    path.cut()
    path.take(b"too late", now=0)
    assert path.next_due == float("inf")
    assert list(path.due(1)) == []
    path.mend()
    path.take(b"again", now=1)
    assert list(path.due(2)) == [b"again"]
    assert path.counts() == {"taken": 3, "delivered": 1, "lost": 0, "cut": 2, "overflowed": 0}


def test_a_cut_does_not_change_which_packets_are_lost_later() -> None:
    """A number belongs to a packet, whatever becomes of it."""
    path = direction(loss=0.1)
    path.cut()
    before = survivors(path, numbered(250))
    path.mend()
    rest = survivors(path, numbered(500)[250:])
    whole = survivors(direction(loss=0.1), numbered(500))
    assert (before, rest) == ([], [packet for packet in whole if packet in numbered(500)[250:]])


def test_above_its_room_packets_are_dropped_and_counted() -> None:
    path = direction(room=3)
    assert survivors(path, numbered(5)) == numbered(3)
    assert path.counts() == {"taken": 5, "delivered": 3, "lost": 0, "cut": 0, "overflowed": 2}


def test_only_ipv6_multicast_is_chatter() -> None:
    ipv6 = bytes([0x60, *bytes(23)])
    assert is_chatter(ipv6 + bytes([0xFF, *bytes(15)]))
    assert not is_chatter(ipv6 + bytes([0x20, *bytes(15)]))
    assert not is_chatter(bytes([0x45, *bytes(23), 0xFF]))
