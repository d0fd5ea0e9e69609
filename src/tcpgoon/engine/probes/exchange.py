"""Send once, expect an answer: the probe of all protocols in which one question is enough.

What a peer may cost is bounded. Of what it says we look at 64 KB, and a pattern is searched for in no more than 4 KB of
what came before together with what has just come, whether the bytes come one at a time or all at once: the time is
linear in the number of times that something comes. The price is that a match may not be longer than that. A pattern
that describes the beginning is tried on the first 4 KB alone.
"""

import re
from collections.abc import Callable

from tcpgoon.engine.probes.probe import PASSED, PENDING, Progress, failed
from tcpgoon.plan.probe import Exchange, compile_pattern
from tcpgoon.record.said import MOST_SAID, escape
from tcpgoon.record.unserved import Unserved

MOST_BYTES = 65_536
"""How much of what a peer says is looked at where a pattern is searched for."""

WINDOW = 4_096
"""The longest match; how much is looked at where a pattern describes the beginning."""

_CUT_SHORT = failed(Unserved.ENDED, "closed before the answer")
_SILENT = failed(Unserved.ENDED, "closed without a word")

_Find = Callable[[bytes, int], re.Match[bytes] | None]


class Script:
    """What is the same for all probes of one `Exchange`: made once, patterns compiled."""

    __slots__ = ("_expected", "_refused", "limit", "payload", "too_much")

    def __init__(self, exchange: Exchange) -> None:
        self.payload = exchange.payload
        self.limit = WINDOW if exchange.anchored else MOST_BYTES
        self.too_much = failed(Unserved.ENDLESS, f"no answer within the first {self.limit:,} bytes")
        self._expected = _finder(exchange.expect, exchange.anchored)
        self._refused = _finder(exchange.refused, exchange.anchored) if exchange.refused else None

    def judge(self, heard: bytes, begin: int) -> Progress:
        """What ``heard`` from ``begin`` on means; what is before it has been cut off somewhere."""
        if self._refused and (refusal := self._refused(heard, begin)):
            return failed(Unserved.REFUSED, escape(refusal.groupdict().get("reason") or refusal[0]))
        return PASSED if self._expected(heard, begin) else PENDING


class ExchangeProbe:
    """One exchange; see `tcpgoon.engine.probes.probe.Probe`."""

    __slots__ = ("_count", "_heard", "_progress", "_said", "_script")

    def __init__(self, script: Script) -> None:
        self._script = script
        self._progress = PENDING
        self._heard = b""
        """The last `WINDOW` bytes and one before them, which tells where the real beginning is not."""
        self._said = b""
        self._count = 0

    def start(self) -> bytes:
        """What the exchange sends."""
        return self._script.payload

    def received(self, data: bytes) -> Progress:
        """See `Probe.received`."""
        if self._progress is PENDING and data:
            self._progress = self._look(data)
            if self._progress is not PENDING:
                self._heard = b""
        return self._progress

    def to_send(self) -> bytes:
        """Nothing: all was said at the start."""
        return b""

    def eof(self) -> Progress:
        """See `Probe.eof`."""
        if self._progress is PENDING:
            self._progress = _CUT_SHORT if self._said else _SILENT
            self._heard = b""
        return self._progress

    @property
    def said(self) -> bytes:
        """See `Probe.said`."""
        return self._said

    def _look(self, data: bytes) -> Progress:
        script = self._script
        data = data[: script.limit - self._count]
        heard = self._heard + data
        # Where the beginning has been cut off, the byte before the window stands for it: ``\A`` does not match there.
        progress = script.judge(heard, 1 if self._count > len(self._heard) else 0)
        self._heard = heard[-WINDOW - 1 :]
        self._count += len(data)
        if len(self._said) < MOST_SAID:
            self._said += data[: MOST_SAID - len(self._said)]
        return script.too_much if progress is PENDING and self._count >= script.limit else progress


def _finder(pattern: str, anchored: bool) -> _Find:
    compiled = compile_pattern(pattern)
    return compiled.match if anchored else compiled.search
