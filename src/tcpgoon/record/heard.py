"""What the peers said and what their TLS taught: once per distinct text, with its count.

A row has no room for text, and needs none: a thousand connections that are refused are refused in the same words. What
a hostile peer could make of that, a new text for each connection, is bounded: beyond `MOST_DISTINCT` the rest is one.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

import msgspec

from tcpgoon.record.said import escape
from tcpgoon.record.tls_facts import TlsFacts
from tcpgoon.record.unserved import Unserved

MOST_DISTINCT = 1_000
"""Distinct texts that are kept."""

OTHER_WORDS = "(other words)"
"""What stands for all beyond them."""

_IN_ITS_OWN_WORDS = {Unserved.NONE, Unserved.REFUSED, Unserved.UNEXPECTED, Unserved.LATE}

_Key = TypeVar("_Key", bound=Hashable)


class Saying(msgspec.Struct, frozen=True):
    """``count`` connections on which the peer said the same, or failed to serve in the same way."""

    text: str
    """The peer's own words, or what the probe made of them: printable ASCII, and an ellipsis where there was more."""
    count: int
    why: Unserved
    """`Unserved.NONE` where no probe had asked: it is what was said on connections that the peer then closed."""

    @property
    def is_quoted(self) -> bool:
        """Whether the text is the peer's own, not what the probe made of it."""
        return self.why in _IN_ITS_OWN_WORDS


class Agreed(msgspec.Struct, frozen=True):
    """``count`` connections whose TLS handshake came to the same."""

    facts: TlsFacts
    count: int


class Heard:
    """Collects what there is to hear while a run goes on."""

    def __init__(self) -> None:
        self._sayings: Counter[tuple[Unserved, str]] = Counter()
        self._agreed: Counter[TlsFacts | None] = Counter()

    def said(self, data: bytes) -> None:
        """The peer had said ``data`` (its first bytes) when it closed a connection."""
        if data:
            self.refused(Unserved.NONE, escape(data))

    def refused(self, why: Unserved, reason: str) -> None:
        """A probe failed for ``reason``, which is safe to print."""
        _count(self._sayings, (why, reason), (why, OTHER_WORDS))

    def agreed(self, facts: TlsFacts) -> None:
        """A TLS handshake came to an end."""
        _count(self._agreed, facts, None)

    def add(self, sayings: Iterable[Saying], agreed: Iterable[Agreed]) -> None:
        """What somebody else heard."""
        for saying in sayings:
            _count(self._sayings, (saying.why, saying.text), (saying.why, OTHER_WORDS), saying.count)
        for one in agreed:
            _count(self._agreed, one.facts, None, one.count)

    @property
    def sayings(self) -> tuple[Saying, ...]:
        """All that was said; the most frequent first."""
        return tuple(Saying(text, count, why) for (why, text), count in self._sayings.most_common())

    @property
    def tls(self) -> tuple[Agreed, ...]:
        """All that was agreed on; the most frequent first."""
        return tuple(Agreed(facts, count) for facts, count in self._agreed.most_common() if facts)


def _count(counter: "Counter[_Key]", key: _Key, beyond: _Key, count: int = 1) -> None:
    counter[key if key in counter or len(counter) < MOST_DISTINCT else beyond] += count
