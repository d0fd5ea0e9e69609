"""Connections that are open: sending in parts, what peers said, and how they end."""

import errno

import pytest

from tcpgoon.engine.connections import Connections
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.connection import State
from tcpgoon.record.heard import MOST_DISTINCT, OTHER_WORDS, Saying
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.said import MOST_SAID
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import FakeClock, FakeKernel, Peer

SILENT = Peer()
HELD = (State.ESTABLISHED, 0, Phase.NONE, ClosedBy.NOBODY)


class Open:
    """``rows`` connections, established at once."""

    def __init__(self, peer: Peer = SILENT, rows: int = 1, reset: bool = False) -> None:
        self.clock = FakeClock()
        self.kernel = FakeKernel(self.clock, lambda _: peer)
        self.table = Table(rows)
        self.connections = Connections(self.table, self.kernel, reset, self.clock)
        self.ended: list[int] = []
        self.connections.on_end = self.ended.append
        for row in range(rows):
            self.table.dial(row, 0.0)
            assert self.kernel.dial(row) is None
            self.table.establish(row, 0.0, 100, 0)
        self.connections.held = rows
        self.kernel.poll(0.0)

    def end_of(self, row: int = 0) -> tuple[State, int, Phase, ClosedBy]:
        table = self.table
        return State(table.state[row]), table.error[row], Phase(table.phase[row]), ClosedBy(table.closed_by[row])

    @property
    def sent(self) -> list[tuple[float, bytes]]:
        return [(at_s, data) for at_s, _, data in self.kernel.sent]

    @property
    def sayings(self) -> list[Saying]:
        return list(self.connections.heard.sayings)


def test_all_is_sent_that_there_is_room_for_and_the_rest_later() -> None:
    run = Open(Peer(room=4))
    run.connections.send(0, b"one two")
    run.connections.send(0, b"")
    run.connections.send(0, b" three")
    assert run.sent == [(0.0, b"one ")]
    while run.connections.unsent:
        for row, _ in run.kernel.poll(9.0):
            run.connections.writable(row)
    assert run.sent == [(0.0, b"one "), (1.0, b"two "), (2.0, b"thre"), (3.0, b"e")]
    run.connections.writable(0)
    assert len(run.sent) == 4


@pytest.mark.parametrize(("error", "ended_with"), [(errno.ECONNRESET, errno.ECONNRESET), (errno.EPIPE, FIN)])
def test_what_ended_before_we_sent_is_lost_with_what_it_had_said(error: int, ended_with: int) -> None:
    run = Open(Peer(sends=((0.0, b"421 too many\r\n"),)))
    run.kernel.poll(0.0)
    run.kernel.send = lambda row, data: (0, error)  # type: ignore[method-assign]
    run.connections.send(0, b"hello")
    assert run.end_of() == (State.LOST, ended_with, Phase.HELD, ClosedBy.PEER)
    assert run.table.received_bytes[0] == 14
    assert run.sayings == [Saying(r"421 too many\r\n", 1, Unserved.NONE)]
    assert (run.ended, run.connections.held, run.kernel.open_rows) == ([0], 0, set())


def test_what_could_not_be_sent_is_dropped_with_the_connection() -> None:
    run = Open(Peer(room=1))
    run.connections.send(0, b"hello")
    run.connections.lose(0, 2.0, errno.ECONNRESET)
    assert run.connections.unsent == {}


@pytest.mark.parametrize(
    ("error", "closed_by", "assurance"),
    [
        (FIN, ClosedBy.PEER, Assurance.ACKNOWLEDGED),
        (errno.ECONNRESET, ClosedBy.PEER, Assurance.HANDSHAKE),
        (errno.ETIMEDOUT, ClosedBy.PATH, Assurance.HANDSHAKE),
        (errno.ENOMEM, ClosedBy.US, Assurance.HANDSHAKE),
    ],
)
def test_only_who_has_a_connection_can_close_it(error: int, closed_by: ClosedBy, assurance: Assurance) -> None:
    run = Open()
    run.connections.lose(0, 2.0, error)
    assert run.end_of() == (State.LOST, error, Phase.HELD, closed_by)
    assert run.table.assurance[0] == assurance
    assert run.kernel.closed == [(0.0, 0, False)]


@pytest.mark.parametrize(
    ("error", "phase", "closed_by"),
    [
        (FIN, Phase.HELD, ClosedBy.PEER),
        (errno.ECONNRESET, Phase.PHANTOM, ClosedBy.PEER),
        (errno.EHOSTUNREACH, Phase.PHANTOM, ClosedBy.PATH),
        (errno.ENOMEM, Phase.HELD, ClosedBy.US),
    ],
)
def test_an_error_that_answers_a_call_is_that_of_a_phantom(error: int, phase: Phase, closed_by: ClosedBy) -> None:
    run = Open()
    run.connections.called.add(0)
    run.connections.lose(0, 2.0, error)
    assert run.end_of() == (State.LOST, error, phase, closed_by)
    assert run.connections.called == set()


@pytest.mark.parametrize("proved", ["in the table", "by its kernel"])
def test_who_was_real_once_is_no_phantom(proved: str) -> None:
    run = Open()
    if proved == "in the table":
        run.table.acknowledge(0)
    else:
        run.kernel.send(0, b"x")
    run.connections.called.add(0)
    run.connections.lose(0, 2.0, errno.ECONNRESET)
    assert run.end_of() == (State.LOST, errno.ECONNRESET, Phase.HELD, ClosedBy.PEER)
    assert run.table.assurance[0] == Assurance.ACKNOWLEDGED


def test_what_was_said_before_the_close_is_kept_once_with_its_count() -> None:
    run = Open(rows=5)
    for row in range(5):
        run.connections.keep_words(row, b"-ERR max number ")
        run.connections.keep_words(row, b"of clients\x1b\r\n")
        run.connections.lose(row, 1.0, FIN)
    assert run.sayings == [Saying(r"-ERR max number of clients\x1b\r\n", 5, Unserved.NONE)]


def test_a_phantom_says_nothing_and_who_has_refused_has_said_it() -> None:
    run = Open(rows=3)
    for row in range(3):
        run.connections.keep_words(row, b"no")
    run.connections.vanish(0, 1.0, errno.ETIMEDOUT, ClosedBy.PATH)
    run.table.refuse(1, Unserved.REFUSED)
    run.connections.lose(1, 1.0, FIN)
    run.connections.forget_words(2)
    run.connections.lose(2, 1.0, FIN)
    assert run.sayings == []


def test_no_more_is_kept_of_what_is_said_than_a_few_words() -> None:
    run = Open()
    assert run.connections.is_quiet(0)
    for _ in range(3):
        run.connections.keep_words(0, b"x" * 90)
    assert not run.connections.is_quiet(0)
    assert run.connections.words(0) == b"x" * MOST_SAID
    run.connections.lose(0, 1.0, FIN)
    assert run.sayings == [Saying("x" * MOST_SAID, 1, Unserved.NONE)]
    assert run.connections.words(0) == b""


def test_equal_words_are_one_object_and_different_ones_are_bounded() -> None:
    run = Open(rows=MOST_DISTINCT + 5)
    for row in range(MOST_DISTINCT + 5):
        run.connections.keep_words(row, b"%d" % (row // 2 * 2))
    assert run.connections.words(0) is run.connections.words(1)
    for row in range(MOST_DISTINCT + 5):
        run.connections.keep_words(row, b"|%d" % row)
        run.connections.lose(row, 1.0, FIN)
    assert len(run.sayings) == MOST_DISTINCT + 1
    assert run.sayings[0] == Saying(OTHER_WORDS, 5, Unserved.NONE)


@pytest.mark.parametrize("reset", [False, True])
def test_closed_by_us_its_port_is_noted_and_nobody_else_is_told(reset: bool) -> None:
    run = Open(reset=reset)
    assert run.connections.is_held(0)
    run.connections.close(0)
    assert run.table.local_port[0] == 10_000
    assert run.kernel.closed == [(0.0, 0, reset)]
    assert (run.ended, run.end_of()) == ([], HELD)
    assert run.kernel.ends(0)[0] == Endpoint("192.0.2.7", 10_000)
