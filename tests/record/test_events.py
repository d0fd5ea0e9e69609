"""What happened to connections, told from the table alone, as if each step had been noted when it happened."""

import errno
from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.record.connection import TRANSITIONS, Event, State
from tcpgoon.record.events import EVENTS_AT_ONCE, ConnectionEvent, Events
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.table import Table


def taken(events: Events) -> list[ConnectionEvent]:
    return [event for some in events.take() for event in some]


def test_nothing_has_happened() -> None:
    assert taken(Events(Table(0))) == taken(Events(Table(9))) == []


def test_a_life_in_steps_that_are_told_once() -> None:
    table = Table(2)
    events = Events(table)
    table.dial(1, 0.25)
    assert taken(events) == [ConnectionEvent(0.25, 1, State.OPENING, "", 0)]
    table.establish(1, 0.5, 100, 0)
    assert taken(events) == [ConnectionEvent(0.5, 1, State.ESTABLISHED, "", 0)]
    assert taken(events) == []
    table.local_port[1] = 40_000
    table.close(1, 1.5)
    assert taken(events) == [ConnectionEvent(1.5, 1, State.CLOSED, "", 40_000)]
    assert taken(events) == []


def test_a_whole_life_since_the_last_look() -> None:
    table = Table(1)
    events = Events(table)
    table.dial(0, 0.25)
    table.establish(0, 0.25, 100, 0)
    table.lose(0, 0.25, errno.ECONNRESET)

    assert taken(events) == [
        ConnectionEvent(0.25, 0, State.OPENING, "", 0),
        ConnectionEvent(0.25, 0, State.ESTABLISHED, "", 0),
        ConnectionEvent(0.25, 0, State.LOST, "ECONNRESET", 0),
    ]


def test_what_ended_it_has_a_name() -> None:
    table = Table(8)
    for row in range(8):
        table.dial(row, 0.0)
    for row in range(4, 8):
        table.establish(row, 0.0, 100, 0)
    events = Events(table)
    taken(events)
    table.fail(0, 1.0, errno.EMFILE, Phase.SOCKET)
    table.time_out(1, 2.0, errno.ETIMEDOUT)
    table.abandon(2, 3.0)
    table.orphan(3, 4.0)
    table.lose(4, 5.0, FIN)
    table.vanish(5, 6.0, errno.ECONNRESET, ClosedBy.PEER)
    table.orphan(6, 7.0)
    table.close(7, 8.0)

    assert [(event.at_s, event.connection, event.state, event.error) for event in taken(events)] == [
        (1.0, 0, State.FAILED, "EMFILE"),
        (2.0, 1, State.FAILED, "ETIMEDOUT"),
        (3.0, 2, State.ABANDONED, ""),
        (4.0, 3, State.FAILED, "worker died"),
        (5.0, 4, State.LOST, "FIN"),
        (6.0, 5, State.LOST, "phantom, ECONNRESET"),
        (7.0, 6, State.LOST, "worker died"),
        (8.0, 7, State.CLOSED, ""),
    ]


def test_so_many_in_a_list_at_the_most() -> None:
    table = Table(EVENTS_AT_ONCE + 1)
    for row in reversed(range(table.rows)):
        table.dial(row, float(table.rows - row))
    lists = list(Events(table).take())

    assert [len(some) for some in lists] == [EVENTS_AT_ONCE, 1]
    assert [event.connection for some in lists for event in some] == list(reversed(range(table.rows)))


def test_what_other_processes_write_is_seen() -> None:
    memory = bytearray(1_000)
    events = Events(Table(3, memory))
    Table(3, memory).dial(2, 0.5)

    assert taken(events) == [ConnectionEvent(0.5, 2, State.OPENING, "", 0)]


VERBS: dict[Event, Callable[[Table, int, float], None]] = {
    Event.DIAL: lambda table, row, now_s: table.dial(row, now_s),
    Event.CONNECT: lambda table, row, now_s: table.establish(row, now_s, 100, 0),
    Event.DIAL_ERROR: lambda table, row, now_s: table.fail(row, now_s, errno.ECONNREFUSED, Phase.HANDSHAKE),
    Event.DIAL_TIMEOUT: lambda table, row, now_s: table.time_out(row, now_s, errno.ETIMEDOUT),
    Event.PEER_FIN: lambda table, row, now_s: table.lose(row, now_s, FIN),
    Event.PEER_RESET: lambda table, row, now_s: table.lose(row, now_s, errno.ECONNRESET),
    Event.PATH_ERROR: lambda table, row, now_s: table.lose(row, now_s, errno.ETIMEDOUT),
    Event.LOCAL_ERROR: lambda table, row, now_s: table.orphan(row, now_s),
    Event.CLOSE: lambda table, row, now_s: table.close(row, now_s),
    Event.STOP: lambda table, row, now_s: table.abandon(row, now_s),
}


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(Event), st.booleans()), max_size=60))
@example([(0, Event.DIAL, False), (0, Event.CONNECT, False), (0, Event.CLOSE, True)])
def test_what_is_told_is_what_happened(steps: list[tuple[int, Event, bool]]) -> None:
    """Each transition of each row once, in the order of time, however often somebody looks."""
    table = Table(5)
    events, happened, told = Events(table), [], []
    for number, (row, event, look) in enumerate(steps):
        if event in TRANSITIONS[State(table.state[row])]:
            VERBS[event](table, row, float(number))
            happened.append((float(number), row, State(table.state[row])))
        if look:
            told += taken(events)
    told += taken(events)

    assert [(event.at_s, event.connection, event.state) for event in told] == happened
