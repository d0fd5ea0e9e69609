import errno
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.errors import Bug, IllegalTransition
from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import TRANSITIONS, Event, State
from tcpgoon.record.outcome import FIN, OWNER_DIED, ClosedBy, Phase
from tcpgoon.record.table import COLUMNS, ROW_BYTES, SHORTEST_S, Table
from tcpgoon.record.unserved import Unserved

NOTHING: dict[str, Any] = {column.name: 0 for column in COLUMNS}
DIALLED = {**NOTHING, "start_s": 1.0, "source": 2, "endpoint": 3, "state": State.OPENING}
ESTABLISHED = {
    **DIALLED,
    "established_s": 1.5,
    "rtt_us": 300,
    "retransmits": 4,
    "assurance": Assurance.HANDSHAKE,
    "state": State.ESTABLISHED,
}


def row_of(table: Table, row: int) -> dict[str, Any]:
    return {column.name: getattr(table, column.name)[row] for column in COLUMNS}


def dialled(rows: int = 1, row: int = 0) -> Table:
    table = Table(rows)
    table.dial(row, 1.0, source=2, endpoint=3)
    return table


def established(rows: int = 1, row: int = 0) -> Table:
    table = dialled(rows, row)
    table.establish(row, 1.5, rtt_us=300, retransmits=4)
    return table


def test_all_are_planned_at_first() -> None:
    table = Table(3)

    assert table.rows == 3
    assert [row_of(table, row) for row in range(3)] == [NOTHING] * 3


def test_a_dial_is_written_down() -> None:
    assert row_of(dialled(), 0) == DIALLED


def test_source_and_endpoint_are_the_first_where_none_is_said() -> None:
    table = Table(1)
    table.dial(0, 0.5)

    assert row_of(table, 0) == {**NOTHING, "start_s": 0.5, "state": State.OPENING}


def test_a_handshake_is_written_down() -> None:
    assert row_of(established(), 0) == ESTABLISHED


@pytest.mark.parametrize(
    ("end", "written"),
    [
        pytest.param(
            lambda table: table.fail(0, 2.5, errno.ECONNREFUSED, Phase.HANDSHAKE),
            {
                "end_s": 2.5,
                "error": errno.ECONNREFUSED,
                "phase": Phase.HANDSHAKE,
                "closed_by": ClosedBy.NOBODY,
                "state": State.FAILED,
            },
            id="refused",
        ),
        pytest.param(
            lambda table: table.fail(0, 2.5, errno.EMFILE, Phase.SOCKET),
            {"end_s": 2.5, "error": errno.EMFILE, "phase": Phase.SOCKET, "state": State.FAILED},
            id="no descriptor",
        ),
        pytest.param(
            lambda table: table.time_out(0, 6.0, errno.ETIMEDOUT),
            {
                "end_s": 6.0,
                "error": errno.ETIMEDOUT,
                "phase": Phase.HANDSHAKE,
                "closed_by": ClosedBy.US,
                "state": State.FAILED,
            },
            id="timed out",
        ),
        pytest.param(
            lambda table: table.abandon(0, 2.0),
            {"end_s": 2.0, "closed_by": ClosedBy.US, "state": State.ABANDONED},
            id="abandoned",
        ),
    ],
)
def test_the_end_of_a_dial_is_written_down(end: Callable[[Table], None], written: dict[str, Any]) -> None:
    table = dialled()
    end(table)

    assert row_of(table, 0) == {**DIALLED, **written}


@pytest.mark.parametrize(
    ("error", "closed_by"),
    [
        (FIN, ClosedBy.PEER),
        (errno.ECONNRESET, ClosedBy.PEER),
        (errno.EPIPE, ClosedBy.PEER),
        (errno.ETIMEDOUT, ClosedBy.PATH),
        (errno.EHOSTUNREACH, ClosedBy.PATH),
        (errno.ECONNABORTED, ClosedBy.US),
        (65_535, ClosedBy.US),
    ],
)
def test_a_loss_is_written_down(error: int, closed_by: ClosedBy) -> None:
    table = established()
    table.lose(0, 7.25, error)

    assert row_of(table, 0) == {
        **ESTABLISHED,
        "end_s": 7.25,
        "error": error,
        "phase": Phase.HELD,
        "closed_by": closed_by,
        "state": State.LOST,
    }


def test_a_close_is_written_down() -> None:
    table = established()
    table.close(0, 9.0)

    assert row_of(table, 0) == {**ESTABLISHED, "end_s": 9.0, "closed_by": ClosedBy.US, "state": State.CLOSED}


def test_a_level_is_written_down_once_and_never_lowered_by_a_lower_one() -> None:
    table = established()
    table.acknowledge(0)
    assert row_of(table, 0) == {**ESTABLISHED, "assurance": Assurance.ACKNOWLEDGED}
    table.serve(0, 3.0)
    table.acknowledge(0)
    table.serve(0, 4.0)
    assert row_of(table, 0) == {**ESTABLISHED, "assurance": Assurance.SERVED, "served_s": 3.0}


def test_a_probe_is_written_down() -> None:
    table = established()
    table.ask(0, 2.0)
    table.ask(0, 2.5)
    assert row_of(table, 0) == {**ESTABLISHED, "asked_s": 2.0}
    table.refuse(0, Unserved.SILENT)
    assert row_of(table, 0) == {**ESTABLISHED, "asked_s": 2.0, "unserved": Unserved.SILENT}
    table.serve(0, 3.0)
    assert row_of(table, 0) == {**ESTABLISHED, "asked_s": 2.0, "served_s": 3.0, "assurance": Assurance.SERVED}


@pytest.mark.parametrize(
    ("prove", "proved"),
    [
        (lambda table: None, False),
        (lambda table: table.acknowledge(0), True),
        (lambda table: table.serve(0, 2.0), True),
    ],
    ids=["handshake", "acknowledged", "served"],
)
def test_whether_the_other_end_ever_proved_to_hold_it(prove: Callable[[Table], None], proved: bool) -> None:
    table = established()
    prove(table)
    assert table.is_proved(0) is proved


def test_a_tls_handshake_took_no_time_only_where_there_was_none() -> None:
    table = established()
    table.ask(0, 2.0)
    table.shake_hands(0, 2.5)
    assert row_of(table, 0) == {**ESTABLISHED, "asked_s": 2.0, "tls_s": 0.5}
    table.shake_hands(0, 2.0)
    assert table.tls_s[0] == pytest.approx(SHORTEST_S)


def test_one_that_is_served_no_more_is_acknowledged_still() -> None:
    table = established()
    table.serve(0, 3.0)
    table.refuse(0, Unserved.LATE)
    assert row_of(table, 0) == {
        **ESTABLISHED,
        "served_s": 3.0,
        "assurance": Assurance.ACKNOWLEDGED,
        "unserved": Unserved.LATE,
    }


def test_a_proof_ends_a_doubt() -> None:
    table = established()
    table.doubt(0)
    table.acknowledge(0)
    table.close(0, 2.0)
    assert (table.state[0], table.phase[0]) == (State.CLOSED, Phase.NONE)


def test_a_doubt_outlives_the_close() -> None:
    table = established()
    table.doubt(0)
    assert row_of(table, 0) == {**ESTABLISHED, "phase": Phase.DOUBTFUL}
    table.close(0, 9.0)
    assert row_of(table, 0) == {
        **ESTABLISHED,
        "phase": Phase.DOUBTFUL,
        "end_s": 9.0,
        "closed_by": ClosedBy.US,
        "state": State.CLOSED,
    }


ORPHANED = {"end_s": 7.0, "error": OWNER_DIED, "phase": Phase.WORKER, "closed_by": ClosedBy.US}


def test_what_a_dead_worker_had_dialled_has_failed() -> None:
    table = dialled()
    table.orphan(0, 7.0)
    assert row_of(table, 0) == {**DIALLED, **ORPHANED, "state": State.FAILED}


def test_what_a_dead_worker_held_is_lost_and_what_was_proved_of_it_stays() -> None:
    table = established()
    table.serve(0, 3.0)
    table.refuse(0, Unserved.LATE)
    table.doubt(0)
    table.orphan(0, 7.0)
    proved = {"served_s": 3.0, "assurance": Assurance.ACKNOWLEDGED, "unserved": Unserved.LATE}
    assert row_of(table, 0) == {**ESTABLISHED, **proved, **ORPHANED, "state": State.LOST}


def test_what_a_dead_worker_had_not_dialled_stays_planned() -> None:
    table = Table(1)
    table.orphan(0, 7.0)
    assert row_of(table, 0) == NOTHING


@pytest.mark.parametrize(
    "end",
    [
        lambda table: table.close(0, 2.0),
        lambda table: table.lose(0, 2.0, FIN),
        lambda table: table.vanish(0, 2.0, errno.ECONNRESET, ClosedBy.PEER),
        lambda table: table.orphan(0, 2.0),
    ],
    ids=["closed", "lost", "vanished", "orphaned"],
)
def test_what_had_ended_before_its_worker_died_stays_as_it_is(end: Callable[[Table], None]) -> None:
    table = established()
    end(table)
    before = row_of(table, 0)
    table.orphan(0, 7.0)
    assert row_of(table, 0) == before


def test_no_verb_touches_another_row() -> None:
    table = established(rows=3, row=1)
    table.received_bytes[1] += 2**40
    table.lose(1, 3.0, FIN)

    assert row_of(table, 1)["received_bytes"] == 2**40
    assert [row_of(table, row) for row in (0, 2)] == [NOTHING, NOTHING]


VERBS: dict[str, tuple[Event, Callable[[Table, int, float], None]]] = {
    "dial": (Event.DIAL, lambda table, row, now_s: table.dial(row, now_s, 2, 3)),
    "establish": (Event.CONNECT, lambda table, row, now_s: table.establish(row, now_s, 300, 4)),
    "fail": (Event.DIAL_ERROR, lambda table, row, now_s: table.fail(row, now_s, errno.EMFILE, Phase.SOCKET)),
    "time_out": (Event.DIAL_TIMEOUT, lambda table, row, now_s: table.time_out(row, now_s, errno.ETIMEDOUT)),
    "lose by FIN": (Event.PEER_FIN, lambda table, row, now_s: table.lose(row, now_s, FIN)),
    "lose by RST": (Event.PEER_RESET, lambda table, row, now_s: table.lose(row, now_s, errno.ECONNRESET)),
    "lose by the path": (Event.PATH_ERROR, lambda table, row, now_s: table.lose(row, now_s, errno.ETIMEDOUT)),
    "vanish by RST": (
        Event.PEER_RESET,
        lambda table, row, now_s: table.vanish(row, now_s, errno.ECONNRESET, ClosedBy.PEER),
    ),
    "vanish in silence": (
        Event.PATH_ERROR,
        lambda table, row, now_s: table.vanish(row, now_s, errno.ETIMEDOUT, ClosedBy.PATH),
    ),
    "vanish half-open": (
        Event.PATH_ERROR,
        lambda table, row, now_s: table.vanish(row, now_s, errno.ETIMEDOUT, ClosedBy.US),
    ),
    "lose by ourselves": (Event.LOCAL_ERROR, lambda table, row, now_s: table.lose(row, now_s, errno.ECONNABORTED)),
    "close": (Event.CLOSE, lambda table, row, now_s: table.close(row, now_s)),
    "abandon": (Event.STOP, lambda table, row, now_s: table.abandon(row, now_s)),
}
"""The event that each verb stands for, and the verb."""


def written_by(verb: str, now_s: float) -> dict[str, Any]:
    """What a legal ``verb`` writes, beside the state."""
    ended = {"end_s": now_s, "error": 0, "phase": Phase.NONE, "closed_by": ClosedBy.US}
    phantom = {"end_s": now_s, "error": errno.ETIMEDOUT, "phase": Phase.PHANTOM}
    return {
        "dial": {"start_s": now_s, "source": 2, "endpoint": 3},
        "establish": {
            "established_s": now_s,
            "rtt_us": 300,
            "retransmits": 4,
            "assurance": Assurance.HANDSHAKE,
        },
        "fail": {**ended, "error": errno.EMFILE, "phase": Phase.SOCKET, "closed_by": ClosedBy.NOBODY},
        "time_out": {**ended, "error": errno.ETIMEDOUT, "phase": Phase.HANDSHAKE},
        "lose by FIN": {**ended, "phase": Phase.HELD, "closed_by": ClosedBy.PEER},
        "lose by RST": {**ended, "error": errno.ECONNRESET, "phase": Phase.HELD, "closed_by": ClosedBy.PEER},
        "lose by the path": {**ended, "error": errno.ETIMEDOUT, "phase": Phase.HELD, "closed_by": ClosedBy.PATH},
        "lose by ourselves": {**ended, "error": errno.ECONNABORTED, "phase": Phase.HELD},
        "vanish by RST": {**phantom, "error": errno.ECONNRESET, "closed_by": ClosedBy.PEER},
        "vanish in silence": {**phantom, "closed_by": ClosedBy.PATH},
        "vanish half-open": {**phantom, "closed_by": ClosedBy.US},
        "close": ended,
        "abandon": ended,
    }[verb]


def test_there_is_a_verb_for_each_event() -> None:
    assert {event for event, _ in VERBS.values()} == set(Event)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_each_verb_in_each_state(state: State, verb: str) -> None:
    table = Table(2)
    table.state[1] = state
    event, act = VERBS[verb]
    if event in TRANSITIONS[state]:
        act(table, 1, 2.0)
        assert row_of(table, 1) == {**NOTHING, **written_by(verb, 2.0), "state": TRANSITIONS[state][event]}
    else:
        with pytest.raises(IllegalTransition, match=f"^{event.name} met connection 1, which is {state.name}$"):
            act(table, 1, 2.0)
        assert table.state[1] == state
    assert row_of(table, 0) == NOTHING


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(sorted(VERBS)), st.floats(0, 1e9)), max_size=40))
def test_no_order_of_events_leads_outside_of_the_table_of_transitions(steps: list[tuple[int, str, float]]) -> None:
    table, expected = Table(3), [dict(NOTHING) for _ in range(3)]
    for row, verb, now_s in steps:
        event, act = VERBS[verb]
        state = expected[row]["state"]
        new = TRANSITIONS[State(state)].get(event)
        if new is None:
            with pytest.raises(IllegalTransition):
                act(table, row, now_s)
            assert table.state[row] == state
            # It was a bug, and the run ends with it; what else the row holds is not promised.
            expected[row] = row_of(table, row)
        else:
            act(table, row, now_s)
            expected[row] |= {**written_by(verb, now_s), "state": new}
        assert [row_of(table, other) for other in range(3)] == expected


@given(
    st.lists(
        st.sampled_from(["establish", "fail", "time_out", "lose by FIN", "lose by RST", "close", "abandon"]), max_size=8
    )
)
def test_a_connection_has_one_end(verbs: list[str]) -> None:
    """Whatever comes after the first end changes no state any more."""
    table = dialled()
    ended: int | None = None
    for verb in verbs:
        with suppress(IllegalTransition):
            VERBS[verb][1](table, 0, 2.0)
        if ended is None and not TRANSITIONS[State(table.state[0])]:
            ended = table.state[0]
        assert ended in (None, table.state[0])


def test_apply_alone_moves_the_state_and_nothing_else() -> None:
    table = Table(1)
    table.apply(0, Event.DIAL, 3.0)

    assert row_of(table, 0) == {**NOTHING, "state": State.OPENING}


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(lambda table: table.establish(0, 2.0, 2**32, 0), id="rtt_us"),
        pytest.param(lambda table: table.establish(0, 2.0, -1, 0), id="rtt_us below 0"),
        pytest.param(lambda table: table.establish(0, 2.0, 0, 65_536), id="retransmits"),
        pytest.param(lambda table: table.fail(0, 2.0, 65_536, Phase.HANDSHAKE), id="error"),
        pytest.param(lambda table: table.fail(0, 2.0, -1, Phase.HANDSHAKE), id="error below 0"),
        pytest.param(lambda table: table.time_out(0, 2.0, 65_536), id="error of a time-out"),
    ],
)
def test_what_does_not_fit_its_column_is_not_cut_to_fit(verb: Callable[[Table], None]) -> None:
    table = dialled()
    with pytest.raises(ValueError, match=r"^memoryview: invalid value for format '[IH]'$"):
        verb(table)
    assert table.state[0] == State.OPENING


@pytest.mark.parametrize("name", ["source", "endpoint"])
def test_a_dial_from_a_source_or_to_an_endpoint_that_does_not_fit_is_no_dial(name: str) -> None:
    table = Table(1)
    with pytest.raises(ValueError, match=r"^memoryview: invalid value for format 'H'$"):
        table.dial(0, 2.0, **{name: 65_536})
    assert table.state[0] == State.PLANNED


def test_the_greatest_values_fit() -> None:
    table = Table(1)
    table.dial(0, 1.0, source=65_535, endpoint=65_535)
    table.establish(0, 2.0, rtt_us=2**32 - 1, retransmits=65_535)
    table.local_port[0] = 65_535
    table.lose(0, 3.0, 65_535)

    row = row_of(table, 0)
    assert [row[name] for name in ("source", "endpoint", "rtt_us", "retransmits", "local_port", "error")] == [
        65_535,
        65_535,
        2**32 - 1,
        65_535,
        65_535,
        65_535,
    ]


def test_a_buffer_that_cannot_be_written_to_is_found_at_the_first_word() -> None:
    with pytest.raises(TypeError, match=r"^cannot modify read-only memory$"):
        Table(1, memoryview(bytes(ROW_BYTES))).dial(0, 1.0)


@pytest.mark.parametrize("bytes_short", [1, 8, 48, 384])
def test_a_buffer_that_is_too_small_is_refused(bytes_short: int) -> None:
    with pytest.raises(Bug, match="8 rows"):
        Table(8, bytearray(8 * ROW_BYTES - bytes_short))


def test_where_no_syn_had_to_be_repeated_nothing_is_written_of_it() -> None:
    table = Table(1)
    table.dial(0, 1.0)
    table.establish(0, 1.5, rtt_us=80, retransmits=0)
    assert (table.retransmits[0], table.rtt_us[0], table.state[0]) == (0, 80, State.ESTABLISHED)
