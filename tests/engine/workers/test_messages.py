import socket
import threading
from collections.abc import Iterator

import pytest

from tcpgoon.engine.workers.messages import (
    MOST_BYTES,
    Arrived,
    Born,
    Died,
    Failed,
    Knocked,
    Message,
    Piece,
    Report,
    decode,
    heard,
    line,
    report,
    tell,
)
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.unserved import Unserved

Line = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Line]:
    near, far = line()
    near.settimeout(10)
    with near, far:
        yield near, far


@pytest.mark.parametrize(
    "message",
    [
        Born(3, 4711),
        Failed(3, 11),
        Died(3, -9),
        Arrived(3, 2, 1.5),
        Knocked(Knock(at_s=1.5, held=7, fared=Fared.WELCOME, time_s=0.25, gone_s=2.0)),
        Piece(3, b"\x00\xff", True),
    ],
)
def test_what_is_told_is_heard(ends: Line, message: Message) -> None:
    tell(ends[1], message)
    assert heard(ends[0]) == message


def test_each_message_is_heard_whole_although_many_tell_at_once(ends: Line) -> None:
    def talk(worker: int) -> None:
        for gate in range(200):
            tell(ends[1], Arrived(worker, gate, 0.25))

    talkers = [threading.Thread(target=talk, args=(worker,)) for worker in range(5)]
    for talker in talkers:
        talker.start()
    found = [heard(ends[0]) for _ in range(1_000)]
    for talker in talkers:
        talker.join()
    for worker in range(5):
        assert [message for message in found if message.worker == worker] == [  # type: ignore[union-attr]
            Arrived(worker, gate, 0.25) for gate in range(200)
        ]


def test_a_report_may_be_larger_than_a_piece(ends: Line) -> None:
    sayings = tuple(Saying(f"{number:0200}", number, Unserved.REFUSED) for number in range(1_001))
    told = Report(
        lag_s=0.5, ramp_lag_s=0.25, lagged_since_s=None, cpu_s=1.5, missing=("a",), sayings=sayings, agreed=()
    )
    talker = threading.Thread(target=report, args=(ends[1], 2, told))
    talker.start()
    data, last, pieces = b"", False, 0
    while not last:
        piece = heard(ends[0])
        assert isinstance(piece, Piece)
        assert (piece.worker, len(piece.data) <= MOST_BYTES) == (2, True)
        data, last, pieces = data + piece.data, piece.last, pieces + 1
    talker.join()
    assert pieces > 1
    assert decode(data) == told


def test_where_nobody_is_left_to_tell_anything(ends: Line) -> None:
    tell(ends[1], Born(0, 1))
    ends[1].close()
    assert heard(ends[0]) == Born(0, 1)
    with pytest.raises(EOFError):
        heard(ends[0])


def test_who_tells_does_not_mind_that_the_parent_is_gone(ends: Line) -> None:
    ends[0].close()
    tell(ends[1], Born(0, 1))


def test_nobody_waits_for_ever(ends: Line) -> None:
    ends[0].settimeout(0.01)
    with pytest.raises(TimeoutError):
        heard(ends[0])
