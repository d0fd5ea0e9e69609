import select

import pytest

from tcpgoon.server.places import Places


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_there_are_as_many_places_as_the_limit(limit: int) -> None:
    places = Places.create(limit)
    assert [places.take() for _ in range(limit + 2)] == [True] * limit + [False] * 2
    places.give_back()
    assert [places.take(), places.take()] == [True, False]
    places.close()


def test_it_is_readable_while_a_place_is_free() -> None:
    places = Places.create(1)
    poll = select.poll()
    poll.register(places.fd, select.POLLIN)
    assert poll.poll(0) == [(places.fd, select.POLLIN)]
    places.take()
    assert poll.poll(0) == []
    places.give_back()
    assert poll.poll(0) == [(places.fd, select.POLLIN)]
    places.close()
