import pytest

from tcpgoon.record.connection import ILLEGAL, NEXT, STATES, TRANSITIONS, Event, State


def test_the_table_of_transitions() -> None:
    drawn = {(state.name, event.name): new.name for state, moves in TRANSITIONS.items() for event, new in moves.items()}

    assert list(TRANSITIONS) == list(State)
    assert drawn == {
        ("PLANNED", "DIAL"): "OPENING",
        ("OPENING", "CONNECT"): "ESTABLISHED",
        ("OPENING", "DIAL_ERROR"): "FAILED",
        ("OPENING", "DIAL_TIMEOUT"): "FAILED",
        ("OPENING", "STOP"): "ABANDONED",
        ("ESTABLISHED", "PEER_FIN"): "LOST",
        ("ESTABLISHED", "PEER_RESET"): "LOST",
        ("ESTABLISHED", "PATH_ERROR"): "LOST",
        ("ESTABLISHED", "LOCAL_ERROR"): "LOST",
        ("ESTABLISHED", "CLOSE"): "CLOSED",
    }


@pytest.mark.parametrize("event", Event, ids=lambda event: event.name)
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_the_row_of_bytes_is_the_same_table(state: State, event: Event) -> None:
    assert NEXT[event * STATES + state] == TRANSITIONS[state].get(event, ILLEGAL)


def test_the_row_of_bytes_has_a_cell_for_each_and_no_more() -> None:
    assert len(NEXT) == len(State) * len(Event) == 70
    assert len(State) == STATES == 7
    assert ILLEGAL not in list(State)


def test_a_connection_never_comes_back_to_where_it_was() -> None:
    """A failed or lost connection is never dialled again: every step leads to a state with a greater number."""
    assert all(new > state for state, moves in TRANSITIONS.items() for new in moves.values())


def test_the_numbers_that_the_table_keeps() -> None:
    """A row that was saved is read by a later version: these do not change."""
    assert {state.name: int(state) for state in State} == {
        "PLANNED": 0,
        "OPENING": 1,
        "ESTABLISHED": 2,
        "CLOSED": 3,
        "LOST": 4,
        "FAILED": 5,
        "ABANDONED": 6,
    }
    assert [int(event) for event in Event] == list(range(10))
