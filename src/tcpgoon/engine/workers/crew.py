"""The crew of a run, seen by the parent: it starts the workers, opens the gates, and goes on where one of them dies.

The parent runs no loop meanwhile. It reads the table that the workers write, and writes only the rows of the dead.
"""

import errno
import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from tcpgoon.engine.gates import Gate
from tcpgoon.engine.machine.host import cores
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.workers import messages
from tcpgoon.engine.workers.messages import Arrived, Born, Died, Failed, Knocked, Message, Piece, Report
from tcpgoon.engine.workers.worker import Task
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.record.heard import Heard
from tcpgoon.record.knock import Knock
from tcpgoon.record.outcome import error_name
from tcpgoon.record.table import ROW_BYTES

TICK_S = 1.0
"""How often it is looked whether all live, where nobody says anything."""

PATIENCE_TICKS = 60
"""Whoever does not look at its connections for so many, while it should, is given up."""

HURRIED_TICKS = 5
"""The same once the run is to be ended."""

_GRACE_S = 5.0

# -P: a socket.py in the current directory is not to be taken for the standard library's. But where tcpgoon itself is
# found is known: it need not be installed.
_PROGRAM = """\
import sys
sys.path.append(sys.argv.pop(1))
from tcpgoon.engine.workers.nursery import main
main(*map(int, sys.argv[1:]))
"""
_WHERE_WE_ARE = str(Path(__file__).parents[3])


class _Member:
    """One worker, as the parent knows it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid = 0
        self.gate: Gate | None = None
        """The last that it has come to."""
        self.came_s = 0.0
        """When it came there."""
        self.report: Report | None = None
        self.ended = ""
        self.ended_s: float | None = None
        self.is_gone = False
        self.looked_s = 0.0
        self.silent = 0
        """For how many ticks it has not looked."""
        self.pieces = bytearray()

    @property
    def is_at_work(self) -> bool:
        """Whether anything is still to come from it."""
        return self.report is None and not self.ended


class Crew:
    """The workers of ``task``; ``now_s`` gives seconds since the beginning of the run.

    ``at`` says what is to be done when all have come to a gate, before it opens. Raises `OSError` where there is no
    memory for them.
    """

    def __init__(self, task: Task, now_s: Callable[[], float], at: Mapping[Gate, Callable[[], None]]) -> None:
        self._task = task
        self._now_s = now_s
        self._at = at
        self._members = [_Member(number) for number in range(len(task.shares))]
        self._closed = [(Gate.DIAL, turn) for turn in range(task.turns)] + [(gate, 0) for gate in Gate if gate]
        """The gates that are to be opened still, in their order; that for dialling is one for each turn."""
        self._resources = ExitStack()
        self._nursery: subprocess.Popen[bytes] | None = None
        self._look_at_s = 0.0
        self._waited_s = 0.0
        """The longest that all were kept waiting by us, or by one that stood still until it died."""
        self._last_death_s = 0.0
        self.heard = Heard()
        self.knocks: list[Knock] = []
        self.gate: tuple[Gate, float] | None = None
        """The gate that was opened last, and when; of those for dialling the first."""
        self.interrupted = False
        """Whether `stop` came before the hold was over and what was asked for was proved."""
        try:
            self._open()
        except BaseException:
            self._resources.close()
            raise

    def _open(self) -> None:
        size = self._task.board_bytes + self._task.plan.connections * ROW_BYTES
        self._memory_fd = os.memfd_create("tcpgoon")
        self._resources.callback(os.close, self._memory_fd)
        # All of it now: were it found wanting later, the kernel would have to kill whoever writes.
        os.posix_fallocate(self._memory_fd, 0, size)
        memory = memoryview(mmap.mmap(self._memory_fd, size))
        self._board, self.table = self._task.board(memory), self._task.table(memory)
        self._line, self._far_end = messages.line()
        self._resources.callback(self._line.close)
        self._resources.callback(self._far_end.close)
        self._line.settimeout(TICK_S)
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._resources.callback(self._silence_bell)

    def _silence_bell(self) -> None:
        """Nobody is to ring by a number that may be somebody else's soon."""
        bell, self._bell = self._bell, -1
        os.close(bell)

    # What the runner asks for.

    def run(self) -> None:
        """Let them do it; returns when nothing is open any more."""
        with self._resources:
            try:
                self._start()
            except OSError as exc:  # no process, or no descriptor for what it is told by
                for member in self._members:
                    self._bury(member, error_name(exc.errno or errno.EAGAIN))
            try:
                while any(member.is_at_work for member in self._members):
                    self._hear()
                    self._open_gates()
                if (Gate.LOOK, 0) in self._closed:
                    self.interrupted = self._board.is_over
            finally:
                self._line.close()
                self._dismiss()

    def stop(self) -> None:
        """Dial no more, close everything, let `run` return; for other threads and signal handlers."""
        self._board.end()
        self._ring()

    @property
    def missing(self) -> tuple[str, ...]:
        """What the workers did without."""
        found = [member.report.missing for member in self._members if member.report]
        return tuple(dict.fromkeys(sentence for missing in found for sentence in missing))

    @property
    def lag_s(self) -> float:
        """The longest so far that one of them did not look at its connections."""
        return max(map(self._board.lag_s, range(len(self._members))))

    def strain(self, gauge: Gauge) -> Strain:
        """What the run demanded of this client; ``gauge`` was made before it."""
        return gauge.strain(0.0, 0.0).shared(list(map(self._described, self._members)), cores(), self._waited_s)

    def _described(self, member: _Member) -> Worker:
        found = member.report
        return Worker(
            number=member.number,
            pid=member.pid,
            connections=len(self._task.shares[member.number].rows),
            lag_s=found.lag_s if found else self._board.lag_s(member.number),
            ramp_lag_s=found.ramp_lag_s if found else self._board.lag_s(member.number),
            lagged_since_s=found.lagged_since_s if found else None,
            cpu_s=found.cpu_s if found else 0.0,
            ended=member.ended,
            ended_s=member.ended_s,
        )

    # Their life and death.

    def _start(self) -> None:
        inherited = (self._memory_fd, self._far_end.fileno(), self._bell)
        self._nursery = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I" if sys.flags.isolated else "-P", "-c", _PROGRAM, _WHERE_WE_ARE, *map(str, inherited)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=inherited,
            process_group=0,  # the terminal's Ctrl-C is for the parent, who then ends the run
        )
        self._far_end.close()
        assert self._nursery.stdin  # noqa: S101 - Popen was asked for a pipe
        with suppress(BrokenPipeError), self._nursery.stdin as told:  # dead already: it is found out soon
            told.write(msgspec.msgpack.encode(self._task))

    def _hear(self) -> None:
        """Wait for a message, and heed it; now and then look whether all live."""
        try:
            self._heed(messages.heard(self._line))
        except TimeoutError:
            pass
        except EOFError:  # nobody lives who could say anything
            for member in self._members:
                self._bury(member, "killed" if member.pid else "not started")
        if self._now_s() >= self._look_at_s:
            self._look_at_s = self._now_s() + TICK_S
            self._look_after_all()

    def _heed(self, message: Message) -> None:
        match message:
            case Born(number, pid):
                self._members[number].pid = pid
            case Failed(number, error):
                self._bury(self._members[number], error_name(error))
            case Died(number, status):
                self._members[number].is_gone = True
                self._bury(self._members[number], _how(status))
            case Arrived(number, gate, at_s):
                self._members[number].gate, self._members[number].came_s = Gate(gate), at_s
            case Knocked(knock):
                self.knocks.append(knock)
            case Piece(number, data, last):
                self._take(self._members[number], data, last)

    def _take(self, member: _Member, data: bytes, last: bool) -> None:
        member.pieces += data
        if last:
            member.report = messages.decode(bytes(member.pieces))
            self.heard.add(member.report.sayings, member.report.agreed)
            member.pieces.clear()

    def _bury(self, member: _Member, how: str) -> None:
        """``member`` has ended: what it leaves open is lost, by no fault of the target's."""
        if not member.is_at_work:
            return
        self._last_death_s = self._now_s()
        if not self._may_sleep(member):
            self._waited_s = max(self._waited_s, self._last_death_s - self._stands_still_since_s(member))
        member.ended, member.ended_s = how, self._last_death_s
        for row in self._task.shares[member.number].rows:
            self.table.orphan(row, member.ended_s)

    def _look_after_all(self) -> None:
        """Find out who does not live, or does not look, any more."""
        patience = HURRIED_TICKS if self._board.is_over else PATIENCE_TICKS
        orphaned = self._nursery is not None and self._nursery.poll() is not None
        for member in self._members:
            if not member.is_at_work:
                continue
            if orphaned and (not member.pid or not _lives(member.pid)):
                self._bury(member, "killed")  # nobody is left who could say how
            elif self._is_silent(member) >= patience:
                _kill(member.pid)  # first: it must not wake up and write what is ours then
                self._bury(member, "stalled")

    def _is_silent(self, member: _Member) -> int:
        """For how many ticks it has not looked although it should have."""
        looked_s = self._board.looked_s(member.number)
        idle = looked_s != member.looked_s or self._may_sleep(member)
        member.silent, member.looked_s = 0 if idle else member.silent + 1, looked_s
        return member.silent

    def _stands_still_since_s(self, member: _Member) -> float:
        """Since when ``member`` does not look although it should: at a gate and in the hold it may sleep."""
        slept_s = self._opened_s(member) or 0.0
        if member.gate is Gate.HOLD:
            slept_s += self._task.plan.hold_s
        return max(self._board.looked_s(member.number), slept_s)

    def _opened_s(self, member: _Member) -> float | None:
        """When the gate was opened to ``member`` that it came to last; None: it waits there."""
        if member.gate is None:
            return None
        return self._board.opened_s(member.gate, self._task.shares[member.number].turn)

    def _may_sleep(self, member: _Member) -> bool:
        """Whether nothing has to happen to it now: it waits at a gate that is closed, or it holds."""
        if self._board.is_over:
            return False
        if member.gate is None:
            return False
        opened_s = self._opened_s(member)
        if opened_s is None:
            return True
        return member.gate is Gate.HOLD and self._now_s() < opened_s + self._task.plan.hold_s

    def _dismiss(self) -> None:
        """The line is closed: whoever is left ends now. Wait for the nursery, which waits for all."""
        if self._nursery is None:
            return
        try:
            self._nursery.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            for member in self._members:
                if not member.is_gone:
                    _kill(member.pid)
            self._nursery.kill()
            self._nursery.wait()

    # The gates.

    def _open_gates(self) -> None:
        while (due := self._due()) is not None:
            gate, turn = due
            if gate in self._at and not self._board.is_over:
                self._at[gate]()
            came_s = max(member.came_s for member in self._members if member.is_at_work)
            self._waited_s = max(self._waited_s, self._now_s() - max(came_s, self._last_death_s))
            if gate is Gate.LOOK:
                self.interrupted = self._board.is_over
            self._board.open(gate, turn, now_s := self._now_s())
            self.gate = self.gate if turn else (gate, now_s)
            self._closed.remove(due)
            self._ring()

    def _ring(self) -> None:
        if self._bell >= 0:
            os.eventfd_write(self._bell, 1)

    def _due(self) -> tuple[Gate, int] | None:
        """The gate that is to be opened next, where all have come to it that have to."""
        if not self._closed or not any(member.is_at_work for member in self._members):
            return None
        following = self._closed[0]
        return following if all(self._has_come(member, *following) for member in self._members) else None

    def _has_come(self, member: _Member, gate: Gate, turn: int) -> bool:
        """Whether ``member`` is not to be waited for at ``gate``."""
        if not member.is_at_work:
            return True
        own_turn = self._task.shares[member.number].turn
        # Before a turn of dials all of the turn before it have dialled: they wait at the next gate.
        needed = Gate.ASK if gate is Gate.DIAL and own_turn < turn else gate
        return member.gate is not None and member.gate >= needed


def _how(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:  # a real-time signal
        return f"signal {-status}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _kill(pid: int) -> None:
    if pid:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
