"""The life of a connection, as one table: states × events.

A row starts PLANNED. ``DIAL`` takes it to OPENING, and it stays there until the handshake is decided: ESTABLISHED, or
FAILED. An established one is CLOSED by us as the plan says, or LOST because the peer or the path ended it first. What
was still opening when the run was stopped is ABANDONED: nothing is known of it, and no statistic counts it. A failed or
lost connection is never dialled again: that would hide what happened.

An event that a state does not know is a key that is absent here, and raises `IllegalTransition`. What runs does
not look into the dicts below but into `NEXT`, the same table as one row of bytes; a test holds the two equal. The
diagram in the documentation is made from this table.
"""

from enum import IntEnum


class State(IntEnum):
    """Where a connection is in its life."""

    PLANNED = 0
    OPENING = 1
    ESTABLISHED = 2
    CLOSED = 3
    LOST = 4
    FAILED = 5
    ABANDONED = 6


class Event(IntEnum):
    """What can happen to a connection."""

    DIAL = 0
    """We start to dial it."""
    CONNECT = 1
    """The handshake succeeded."""
    DIAL_ERROR = 2
    """The dial failed with an errno."""
    DIAL_TIMEOUT = 3
    """The dial was not decided within the dial timeout."""
    PEER_FIN = 4
    """The peer closed it politely."""
    PEER_RESET = 5
    """The peer reset it."""
    PATH_ERROR = 6
    """Our kernel gave it up: silence, or the network's word."""
    LOCAL_ERROR = 7
    """Our own host ended it: no memory, somebody with the right to do so, or the process of ours that held it died."""
    CLOSE = 8
    """We close it, as planned."""
    STOP = 9
    """The run is stopped."""


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.PLANNED: {
        Event.DIAL: State.OPENING,
    },
    State.OPENING: {
        Event.CONNECT: State.ESTABLISHED,
        Event.DIAL_ERROR: State.FAILED,
        Event.DIAL_TIMEOUT: State.FAILED,
        Event.STOP: State.ABANDONED,
    },
    State.ESTABLISHED: {
        Event.PEER_FIN: State.LOST,
        Event.PEER_RESET: State.LOST,
        Event.PATH_ERROR: State.LOST,
        Event.LOCAL_ERROR: State.LOST,
        Event.CLOSE: State.CLOSED,
    },
    State.CLOSED: {},
    State.LOST: {},
    State.FAILED: {},
    State.ABANDONED: {},
}

ILLEGAL = 255
"""What `NEXT` holds where `TRANSITIONS` has no key."""

NEXT = bytes(TRANSITIONS[state].get(event, ILLEGAL) for event in Event for state in State)
"""The state after ``event`` in ``state``, at ``event * len(State) + state``: one lookup, no hashing."""

STATES = len(State)
