"""The connections that are open: what happens to one of them goes into the table, whoever of the loop's parts saw it.

Beside the rows it keeps what peers say (`Heard`) and what is still to be sent.
"""

from collections.abc import Callable

from tcpgoon.engine.kernel import Kernel, first_ending
from tcpgoon.record.connection import State
from tcpgoon.record.heard import MOST_DISTINCT, Heard
from tcpgoon.record.outcome import FIN, ClosedBy, ended_by
from tcpgoon.record.said import MOST_SAID
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

_ESTABLISHED = int(State.ESTABLISHED)


class Connections:
    """The open ones among the rows of ``table``; ``now`` gives seconds since the beginning of the run."""

    def __init__(self, table: Table, kernel: Kernel, reset: bool, now: Callable[[], float]) -> None:
        self.table = table
        self.kernel = kernel
        self.now = now
        self.heard = Heard()
        self.held = 0
        """How many are established."""
        self.dialing = 0
        """How many are dialled and not decided."""
        self.called: set[int] = set()
        """The rows whose peers are being asked for a sign of life: an error there is the answer of a phantom."""
        self.on_end: Callable[[int], None] = lambda _row: None
        """Told of each row that the peer or the path ended."""
        self._reset = reset
        self.unsent: dict[int, bytes] = {}
        """What there was no room for."""
        self._words: dict[int, bytes] = {}
        self._texts: dict[bytes, bytes] = {}

    def is_held(self, row: int) -> bool:
        """Whether ``row`` is established, as far as we know."""
        return self.table.state[row] == _ESTABLISHED

    def rtt_s(self, row: int) -> float:
        """The round trip of ``row``, as the handshake took it; 0 where it is not known."""
        return self.table.rtt_us[row] / 1e6

    def send(self, row: int, data: bytes) -> None:
        """Send ``data`` on ``row``, what there is no room for later."""
        if not data:
            return
        if row in self.unsent:
            self.unsent[row] += data
            return
        sent, error = self.kernel.send(row, data)
        if error:
            self.end_with(row, self.now(), error)
        elif sent < len(data):
            self.unsent[row] = data[sent:]

    def writable(self, row: int) -> None:
        """There is room again."""
        if row in self.unsent:
            self.send(row, self.unsent.pop(row))

    # What peers say.

    def is_quiet(self, row: int) -> bool:
        """Whether what the peer of ``row`` says is still to be kept: its first words."""
        return len(self.words(row)) < MOST_SAID

    def keep_words(self, row: int, data: bytes) -> None:
        """``data`` was said on ``row``, and may be the reason for what comes."""
        words = (self.words(row) + data)[:MOST_SAID]
        if len(self._texts) < MOST_DISTINCT:
            words = self._texts.setdefault(words, words)  # a thousand equal greetings are one object
        self._words[row] = words

    def words(self, row: int) -> bytes:
        """The first words of the peer of ``row``, since it last gave an answer."""
        return self._words.get(row, b"")

    def forget_words(self, row: int) -> None:
        """What was said on ``row`` was an answer, and no reason for anything."""
        self._words.pop(row, None)

    # How they end.

    def end_with(self, row: int, now_s: float, error: int) -> None:
        """Our kernel said ``error`` of ``row``, which nobody has read from since: what came before the end counts."""
        data, _ = self.kernel.read(row)
        self.table.received_bytes[row] += len(data)
        self.keep_words(row, data)
        self.lose(row, now_s, first_ending(error))

    def lose(self, row: int, now_s: float, error: int) -> None:
        """The peer or the path ended ``row``: with `FIN` or an errno."""
        closed_by = ended_by(error)
        if row in self.called and error != FIN and closed_by is not ClosedBy.US:
            self.vanish(row, now_s, error, closed_by)
            return
        self._end(row)
        if error == FIN:
            self.table.acknowledge(row)  # only a full connection at the other end can be closed there
        self.table.lose(row, now_s, error)
        if self.table.unserved[row] != Unserved.REFUSED:  # those words are known
            self.heard.said(self.words(row))
        self._words.pop(row, None)

    def vanish(self, row: int, now_s: float, error: int, closed_by: ClosedBy) -> None:
        """``row`` is a phantom; where it was proved to be real before, it was lost without a word."""
        if self.kernel.sign(row).exchanged:
            self.table.acknowledge(row)
        self._end(row)
        self._words.pop(row, None)
        if self.table.is_proved(row):
            self.table.lose(row, now_s, error)
        else:
            self.table.vanish(row, now_s, error, closed_by)

    def close(self, row: int) -> None:
        """Close ``row`` at our end; the table is not told."""
        # Its port is asked for only now: during the ramp that would slow every dial by a system call.
        self.table.local_port[row] = self.kernel.local_port(row)
        self.kernel.close(row, self._reset)

    def _end(self, row: int) -> None:
        self.close(row)
        self.held -= 1
        self.called.discard(row)
        self.unsent.pop(row, None)
        self.on_end(row)
