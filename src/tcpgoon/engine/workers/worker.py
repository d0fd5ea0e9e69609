"""What one worker does: a loop over its share, in the memory and by the gates that all of them share."""

import socket
import time
from collections.abc import Callable

import msgspec

from tcpgoon.engine.gates import Gate
from tcpgoon.engine.lanes import lanes
from tcpgoon.engine.loop import Loop
from tcpgoon.engine.probes.making import Questions
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.engine.workers.board import Board
from tcpgoon.engine.workers.messages import Arrived, Knocked, Report, report, tell
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import Share
from tcpgoon.record.table import Table


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What all workers of a run are told: no row, no secret and no code of ours goes any other way."""

    plan: Plan
    endpoints: tuple[Endpoint, ...]
    sources: tuple[str, ...]
    """The addresses to dial from; none is the kernel's choice."""
    shares: tuple[Share, ...]
    begun: float
    """The reading of the monotonic clock that the times of the table count from."""
    knocks: bool
    """Whether newcomers knock: the first worker has them."""

    @property
    def turns(self) -> int:
        """How many turns of dialling there are."""
        return self.shares[-1].turn + 1

    @property
    def board_bytes(self) -> int:
        """The bytes of the shared memory that come before the table."""
        return Board.size(self.turns, len(self.shares))

    def board(self, memory: memoryview) -> Board:
        """The board in the shared ``memory``."""
        return Board(memory, self.turns, len(self.shares))

    def table(self, memory: memoryview) -> Table:
        """The table in the shared ``memory``."""
        return Table(self.plan.connections, memory[self.board_bytes :])


class Place:
    """What a worker has of its own: its ``number``, its end of the ``line``, and the ``bell`` that wakes all."""

    def __init__(self, number: int, line: socket.socket, bell: int) -> None:
        self.number = number
        self.line = line
        self.bell = bell


class SharedGates:
    """The gates on the ``board``, for one worker; ``at_hold`` is called when it comes to that one.

    ``now_s`` gives seconds since the beginning of the run.
    """

    def __init__(
        self, board: Board, share: Share, place: Place, now_s: Callable[[], float], at_hold: Callable[[], None]
    ) -> None:
        self._board = board
        self._turn = share.turn
        self._place = place
        self._now_s = now_s
        self._at_hold = at_hold

    def arrive(self, gate: Gate) -> None:
        """See `Gates.arrive`."""
        if gate is Gate.HOLD:
            self._at_hold()
        tell(self._place.line, Arrived(self._place.number, gate, self._now_s()))

    def opened_s(self, gate: Gate) -> float | None:
        """See `Gates.opened_s`."""
        return self._board.opened_s(gate, self._turn)

    @property
    def is_over(self) -> bool:
        """See `Gates.is_over`: also where the parent is no more, which ends the line."""
        return self._board.is_over or _has_ended(self._place.line)

    def looked(self, now_s: float, lag_s: float) -> None:
        """See `Gates.looked`."""
        self._board.look(self._place.number, now_s, lag_s)


def work(task: Task, memory: memoryview, questions: Questions | None, place: Place) -> None:
    """Do the share of the worker at ``place``, and report."""
    share, cpu_s = task.shares[place.number], 0.0
    knocks = task.knocks and place.number == 0
    ways = lanes(task.endpoints, task.sources, share.rows, task.plan.connections)
    kernel = EpollKernel(ways, range(share.first, share.stop + knocks))
    for fd in (place.bell, place.line.fileno()):
        kernel.heed(fd)

    def at_hold() -> None:
        nonlocal cpu_s
        cpu_s = time.process_time()

    gates = SharedGates(task.board(memory), share, place, lambda: time.monotonic() - task.begun, at_hold)
    newcomer = share.stop if knocks else None
    loop = Loop(task.plan, share, task.table(memory), kernel, time.monotonic, task.begun, questions, newcomer, gates)
    loop.when_knocked(lambda knock: tell(place.line, Knocked(knock)))
    try:
        loop.run()
    finally:
        kernel.shut()
    found = Report(
        lag_s=loop.lag.longest_s,
        ramp_lag_s=loop.ramp_lag_s,
        lagged_since_s=loop.lag.since_s,
        cpu_s=cpu_s or time.process_time(),
        missing=kernel.missing,
        sayings=loop.heard.sayings,
        agreed=loop.heard.tls,
    )
    report(place.line, place.number, found)


def _has_ended(line: socket.socket) -> bool:
    """Whether the other end of ``line`` is gone: nothing else is ever said on it in this direction."""
    try:
        return line.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
