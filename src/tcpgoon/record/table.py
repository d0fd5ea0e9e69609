"""The table: one row per connection, one typed column per fact, all in one block of memory.

The block can be any writable buffer, also one that processes share; a column is a typed view into it. A row costs
`ROW_BYTES` and no object. The verbs below are the only way in which a row changes: each moves the state along
`TRANSITIONS` and writes down what was learnt, with "now" as an argument, in seconds since the beginning of the run.
"""

import mmap
from typing import NamedTuple

from tcpgoon.errors import Bug, IllegalTransition
from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import ILLEGAL, NEXT, STATES, Event, State
from tcpgoon.record.outcome import FIN, OWNER_DIED, ClosedBy, Phase, ended_by
from tcpgoon.record.unserved import Unserved


class Column(NamedTuple):
    """One fact about every connection: its name, its type as `struct` spells it, and what it means."""

    name: str
    type: str
    meaning: str


COLUMNS = (
    # The widest first: so every column starts at a multiple of its own width, whatever the number of rows.
    Column("start_s", "d", "when connect() was called, since the beginning of the run"),
    Column("established_s", "d", "when user space saw it writable, since the beginning of the run; 0 if it never was"),
    Column("end_s", "d", "when it ended, whoever ended it, since the beginning of the run"),
    Column("asked_s", "d", "when its probe began, since the beginning of the run; 0 if it was not asked"),
    Column("served_s", "d", "when its application first proved to serve it, since the beginning of the run; 0: never"),
    Column("received_bytes", "Q", "how much the peer sent: counted and dropped"),
    Column("rtt_us", "I", "the kernel's own time from SYN to SYN-ACK (tcpi_rtt); 0 if unknown"),
    Column("tls_s", "f", "how long the TLS handshake took, in seconds; 0 if there was none"),
    Column("local_port", "H", "the port at our end; 0 if unknown"),
    Column("error", "H", "the errno that it ended with; 0 with state LOST is a FIN"),
    Column("retransmits", "H", "SYNs that had to be repeated (tcpi_total_retrans right after the handshake)"),
    Column("source", "H", "which of the addresses that are dialled from it was dialled from"),
    Column("endpoint", "H", "which of the endpoints that are dialled it was dialled to"),
    Column("state", "B", "a State"),
    Column("assurance", "B", "an Assurance"),
    Column("phase", "B", "the Phase that it ended in"),
    Column("closed_by", "B", "the ClosedBy that ended it first"),
    Column("unserved", "B", "the Unserved that says why its probe did not pass"),
)
_WIDTH = {"d": 8, "Q": 8, "I": 4, "f": 4, "H": 2, "B": 1}
ROW_BYTES = sum(_WIDTH[column.type] for column in COLUMNS)

_DIAL, _CONNECT, _HANDSHAKE = Event.DIAL, Event.CONNECT, Assurance.HANDSHAKE  # to look a member up takes 50 ns

SHORTEST_S = 1e-9
"""What is written for a time that the clock is too coarse for, where 0 says that there was none."""

_ORPHANED: dict[int, Event] = {State.OPENING: Event.DIAL_ERROR, State.ESTABLISHED: Event.LOCAL_ERROR}
"""What happens to those in which state, when the process that has them dies."""

_LOSSES = {ClosedBy.PEER: Event.PEER_RESET, ClosedBy.PATH: Event.PATH_ERROR, ClosedBy.US: Event.LOCAL_ERROR}


class Table:
    """``rows`` connections, all PLANNED at first; ``memory`` is a zeroed buffer of ``rows * ROW_BYTES`` bytes or more.

    Without ``memory`` the table makes its own, which the children of a fork share. Rows are numbered from 0.
    """

    start_s: "memoryview[float]"
    established_s: "memoryview[float]"
    end_s: "memoryview[float]"
    asked_s: "memoryview[float]"
    served_s: "memoryview[float]"
    received_bytes: "memoryview[int]"
    rtt_us: "memoryview[int]"
    tls_s: "memoryview[float]"
    local_port: "memoryview[int]"
    error: "memoryview[int]"
    retransmits: "memoryview[int]"
    source: "memoryview[int]"
    endpoint: "memoryview[int]"
    state: "memoryview[int]"
    assurance: "memoryview[int]"
    phase: "memoryview[int]"
    closed_by: "memoryview[int]"
    unserved: "memoryview[int]"

    def __init__(self, rows: int, memory: bytearray | mmap.mmap | memoryview | None = None) -> None:
        self.rows = rows
        if memory is None:
            memory = mmap.mmap(-1, rows * ROW_BYTES) if rows else bytearray()
        block = memoryview(memory).cast("B")
        if len(block) < rows * ROW_BYTES:
            raise Bug(f"{rows} rows need {rows * ROW_BYTES} bytes of memory; there are {len(block)}")
        offset = 0
        for column in COLUMNS:
            size = rows * _WIDTH[column.type]
            setattr(self, column.name, block[offset : offset + size].cast(column.type))  # type: ignore[call-overload]
            offset += size

    def apply(self, row: int, event: Event, now_s: float) -> None:
        """Move ``row`` along the table of transitions. Raises `IllegalTransition`."""
        new = NEXT[event * STATES + self.state[row]]
        if new == ILLEGAL:
            raise IllegalTransition(f"{event.name} met connection {row}, which is {State(self.state[row]).name}")
        self.state[row] = new

    def dial(self, row: int, now_s: float, source: int = 0, endpoint: int = 0) -> None:
        """``connect()`` is called now, from the source and to the endpoint of that number."""
        if source:
            self.source[row] = source
        if endpoint:
            self.endpoint[row] = endpoint
        self.start_s[row] = now_s
        self.apply(row, _DIAL, now_s)

    def establish(self, row: int, now_s: float, rtt_us: int, retransmits: int) -> None:
        """The handshake succeeded; the last two are what the kernel says of it."""
        self.established_s[row] = now_s
        self.rtt_us[row] = rtt_us
        if retransmits:
            self.retransmits[row] = retransmits
        self.assurance[row] = _HANDSHAKE
        self.apply(row, _CONNECT, now_s)

    def fail(self, row: int, now_s: float, error: int, phase: Phase) -> None:
        """The dial ended with ``error`` in ``phase``."""
        self._end(row, now_s, error, phase, ClosedBy.NOBODY)
        self.apply(row, Event.DIAL_ERROR, now_s)

    def time_out(self, row: int, now_s: float, error: int) -> None:
        """The dial took longer than we wait; ``error`` is ETIMEDOUT."""
        self._end(row, now_s, error, Phase.HANDSHAKE, ClosedBy.US)
        self.apply(row, Event.DIAL_TIMEOUT, now_s)

    def lose(self, row: int, now_s: float, error: int) -> None:
        """The peer or the path ended an established connection; ``error`` is `FIN` or an errno."""
        closed_by = ended_by(error)
        self._end(row, now_s, error, Phase.HELD, closed_by)
        self.apply(row, Event.PEER_FIN if error == FIN else _LOSSES[closed_by], now_s)

    def vanish(self, row: int, now_s: float, error: int, closed_by: ClosedBy) -> None:
        """An established connection proved to be a phantom: by ECONNRESET, or ETIMEDOUT where nothing answered.

        ``closed_by`` is PEER for the first and PATH for the second; US where the peer's kernel did answer, and what it
        answered was that the handshake is not over.
        """
        self._end(row, now_s, error, Phase.PHANTOM, closed_by)
        self.apply(row, Event.PEER_RESET if closed_by is ClosedBy.PEER else Event.PATH_ERROR, now_s)

    def acknowledge(self, row: int) -> None:
        """The kernel at the other end proved to hold it; a doubt that there was is settled by it."""
        if self.assurance[row] < Assurance.ACKNOWLEDGED:
            self.assurance[row] = Assurance.ACKNOWLEDGED
        if self.phase[row] == Phase.DOUBTFUL:
            self.phase[row] = Phase.NONE

    def is_proved(self, row: int) -> bool:
        """Whether the other end ever proved to hold it."""
        return self.assurance[row] >= Assurance.ACKNOWLEDGED

    def ask(self, row: int, now_s: float) -> None:
        """Its probe begins."""
        if not self.asked_s[row]:
            self.asked_s[row] = now_s

    def shake_hands(self, row: int, now_s: float) -> None:
        """Its TLS handshake is over."""
        self.tls_s[row] = max(now_s - self.asked_s[row], SHORTEST_S)

    def serve(self, row: int, now_s: float) -> None:
        """Its application proved to serve it."""
        if not self.served_s[row]:
            self.served_s[row] = now_s
        self.acknowledge(row)
        self.assurance[row] = Assurance.SERVED
        self.unserved[row] = Unserved.NONE

    def refuse(self, row: int, why: Unserved) -> None:
        """Its application was asked, and did not serve it, or not any more."""
        self.unserved[row] = why
        if self.assurance[row] == Assurance.SERVED:
            self.assurance[row] = Assurance.ACKNOWLEDGED

    def doubt(self, row: int) -> None:
        """Whether the other end holds it cannot be found out in time; it is still to be closed."""
        self.phase[row] = Phase.DOUBTFUL

    def close(self, row: int, now_s: float) -> None:
        """We close an established connection, as planned."""
        doubtful = self.phase[row] == Phase.DOUBTFUL
        self._end(row, now_s, 0, Phase.DOUBTFUL if doubtful else Phase.NONE, ClosedBy.US)
        self.apply(row, Event.CLOSE, now_s)

    def abandon(self, row: int, now_s: float) -> None:
        """The run stops before the dial was decided."""
        self._end(row, now_s, 0, Phase.NONE, ClosedBy.US)
        self.apply(row, Event.STOP, now_s)

    def orphan(self, row: int, now_s: float) -> None:
        """The process of ours that has ``row`` is dead: what it dialled has failed, what it held is lost.

        What it had not even dialled stays PLANNED, and what had ended before stays as it is.
        """
        event = _ORPHANED.get(self.state[row])
        if event is not None:
            self._end(row, now_s, OWNER_DIED, Phase.WORKER, ClosedBy.US)
            self.apply(row, event, now_s)

    def _end(self, row: int, now_s: float, error: int, phase: Phase, closed_by: ClosedBy) -> None:
        self.end_s[row] = now_s
        self.error[row] = error
        self.phase[row] = phase
        self.closed_by[row] = closed_by
