"""The board: a few numbers in front of the table, in the memory that all processes of a run share.

The parent writes which gates are open, and that all is over; each worker writes when it last looked at its connections,
and its longest lag, which is known then also of one that dies. Every number is one aligned word with one writer: nobody
ever reads half of one.
"""

from tcpgoon.engine.gates import Gate
from tcpgoon.record.table import SHORTEST_S

_WORD = 8
_PAGE = 4_096


class Board:
    """The board of ``workers`` that dial in so many ``turns``, in zeroed ``memory`` of `size` bytes or more.

    Times are in seconds since the beginning of the run.
    """

    def __init__(self, memory: memoryview, turns: int, workers: int) -> None:
        numbers = memory[: _words(turns, workers) * _WORD].cast("d")
        self._over, self._opened_s = numbers[:1], numbers[1 : 1 + _gates(turns)]
        self._looked_s = numbers[1 + _gates(turns) :][:workers]
        self._lag_s = numbers[1 + _gates(turns) + workers :]
        self._turns = turns

    @staticmethod
    def size(turns: int, workers: int) -> int:
        """Bytes that it takes: whole pages, so that what comes after it is aligned."""
        return -(-_words(turns, workers) * _WORD // _PAGE) * _PAGE

    def open(self, gate: Gate, turn: int, now_s: float) -> None:
        """``gate`` is open from ``now_s`` on; that for dialling is one for each turn."""
        self._opened_s[self._place(gate, turn)] = max(now_s, SHORTEST_S)

    def opened_s(self, gate: Gate, turn: int) -> float | None:
        """When ``gate`` was opened; None: it is not open yet."""
        return self._opened_s[self._place(gate, turn)] or None

    def end(self) -> None:
        """All is to be ended now."""
        self._over[0] = 1.0

    @property
    def is_over(self) -> bool:
        """Whether all is to be ended now."""
        return bool(self._over[0])

    def look(self, worker: int, now_s: float, lag_s: float) -> None:
        """``worker`` looks at its connections; ``lag_s`` is the longest so far that it did not."""
        self._looked_s[worker] = now_s
        self._lag_s[worker] = lag_s

    def lag_s(self, worker: int) -> float:
        """The longest that ``worker`` did not look, as far as it came to say so."""
        return self._lag_s[worker]

    def looked_s(self, worker: int) -> float:
        """When ``worker`` last did; 0: never yet."""
        return self._looked_s[worker]

    def _place(self, gate: Gate, turn: int) -> int:
        return turn if gate is Gate.DIAL else self._turns + gate - 1


def _gates(turns: int) -> int:
    return turns + len(Gate) - 1


def _words(turns: int, workers: int) -> int:
    return 1 + _gates(turns) + 2 * workers
