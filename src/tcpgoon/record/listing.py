"""The rows of a table one by one, in words: for whoever wants to look at single connections.

They are taken in pieces: a million of them are never in memory at once in this form, which takes a hundred times as
much as the table.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import ClosedBy, Phase, error_name
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

PIECE = 4_096
"""Rows that are taken at once."""

_ENDED = frozenset({State.LOST, State.FAILED})
"""The states whose error is one: the others have 0 there, which in LOST is a FIN."""


class Listed(NamedTuple):
    """One connection; None, or an empty text, stands for what was not, or is not known.

    Times are in seconds since the beginning of the run, but for the TLS handshake's, which is how long it took.
    """

    connection: int
    """Its number, from 0."""
    state: str
    assurance: str
    address: str
    port: int
    source_address: str
    local_port: int | None
    start_s: float | None
    established_s: float | None
    asked_s: float | None
    served_s: float | None
    end_s: float | None
    handshake_rtt_us: int | None
    syn_retransmits: int
    tls_s: float | None
    received_bytes: int
    phase: str
    closed_by: str
    error: str
    unserved: str


def listing(
    table: Table, endpoints: Sequence[tuple[str, int]], sources: Sequence[str], piece: int = PIECE
) -> Iterator[Listed]:
    """The rows of ``table``: dialled to ``endpoints``, from ``sources``; without any the kernel chose."""
    named_sources = list(sources) or [""]
    names = _Names()
    for first in range(0, table.rows, piece):
        rows = slice(first, min(first + piece, table.rows))
        state, error = _values(table, "state", rows), _values(table, "error", rows)
        places = [endpoints[number] for number in _values(table, "endpoint", rows)]
        yield from map(
            Listed,
            range(rows.start, rows.stop),
            [names.state[one] for one in state],
            [names.assurance[one] for one in _values(table, "assurance", rows)],
            [address for address, _ in places],
            [port for _, port in places],
            [named_sources[number] for number in _values(table, "source", rows)],
            _unless_0(table, "local_port", rows),
            _starts_s(table, state, rows),
            *(_unless_0(table, name, rows) for name in ("established_s", "asked_s", "served_s", "end_s", "rtt_us")),
            _values(table, "retransmits", rows),
            _unless_0(table, "tls_s", rows),
            _values(table, "received_bytes", rows),
            [names.phase[one] for one in _values(table, "phase", rows)],
            [names.closed_by[one] for one in _values(table, "closed_by", rows)],
            [error_name(number) if one in _ENDED else "" for one, number in zip(state, error, strict=True)],
            [names.unserved[one] for one in _values(table, "unserved", rows)],
        )


class _Names:
    """What the numbers in a table mean."""

    def __init__(self) -> None:
        self.state = [state.name for state in State]
        self.assurance, self.phase, self.unserved = map(_of, (Assurance, Phase, Unserved))
        self.closed_by = _of(ClosedBy)


def _of(names: type[IntEnum]) -> list[str]:
    """The first of each says that there is nothing to say."""
    return ["", *(one.name.lower() for one in list(names)[1:])]


def _values(table: Table, name: str, rows: slice) -> list[Any]:
    values: list[Any] = getattr(table, name)[rows].tolist()
    return values


def _unless_0(table: Table, name: str, rows: slice) -> list[Any]:
    return [value or None for value in _values(table, name, rows)]


def _starts_s(table: Table, state: Sequence[int], rows: slice) -> list[float | None]:
    """The first one may have been dialled at 0."""
    starts_s = _values(table, "start_s", rows)
    return [None if one == State.PLANNED else start_s for one, start_s in zip(state, starts_s, strict=True)]
