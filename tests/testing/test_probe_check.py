"""Whoever breaks what the engine relies on is found out."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tcpgoon.engine.probes.probe import PASSED, PENDING, Probe, Progress, Status, failed
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing.probe_check import Conversation, ProbeFault, check_probe, says

LIMIT = 1_000
CONVERSATIONS = [
    Conversation("served", says(b"READY\n"), Status.PASSED),
    Conversation("refused", says(b"BUSY\n"), Status.FAILED, Unserved.REFUSED),
    Conversation("in two turns", says(b"RE", b"ADY\n"), Status.PASSED),
    Conversation("in part", says(b"READ"), Status.PENDING),
    Conversation("cut off", says(b"READ"), Status.FAILED, Unserved.ENDED, ends=True),
]


class Ready:
    """A good probe, written as somebody else would."""

    def __init__(self) -> None:
        self.heard = b""
        self.progress = PENDING

    def start(self) -> bytes:
        return b"?\n"

    def received(self, data: bytes) -> Progress:
        if self.progress is PENDING:
            self.heard = (self.heard + data)[:LIMIT]
            self.progress = self.look()
        return self.progress

    def look(self) -> Progress:
        if self.heard.startswith(b"READY\n"):
            return PASSED
        if self.heard.startswith(b"BUSY\n"):
            return failed(Unserved.REFUSED, "BUSY")
        return failed(Unserved.ENDLESS, "too much") if len(self.heard) == LIMIT else PENDING

    def to_send(self) -> bytes:
        return b""

    def eof(self) -> Progress:
        if self.progress is PENDING:
            self.progress = failed(Unserved.ENDED, "closed")
        return self.progress

    @property
    def said(self) -> bytes:
        return self.heard[:200]


def test_a_probe_by_somebody_else() -> None:
    check_probe(Ready, CONVERSATIONS)


class StartsWithText(Ready):
    def start(self) -> bytes:
        return "?\n"  # type: ignore[return-value]


class KeepsSomethingBack(Ready):
    def to_send(self) -> bytes:
        return b"and"


class PassesUnasked(Ready):
    def look(self) -> Progress:
        return PASSED


class InventsWords(Ready):
    @property
    def said(self) -> bytes:
        return b"hello"


class TrustsSilence(Ready):
    def eof(self) -> Progress:
        return PASSED


class WantsItWhole(Ready):
    def received(self, data: bytes) -> Progress:
        self.heard = b""
        return super().received(data)


class QuotesWithoutEnd(Ready):
    @property
    def said(self) -> bytes:
        return self.heard * 100


class PassesInOtherWords(Ready):
    def received(self, data: bytes) -> Progress:
        return Progress(*super().received(data)) if data else PENDING

    def eof(self) -> Progress:
        return super().eof()


class FailsWithoutAKind(Ready):
    def look(self) -> Progress:
        progress = super().look()
        return progress._replace(why=Unserved.NONE) if progress.why is Unserved.REFUSED else progress


class FailsInColour(Ready):
    def look(self) -> Progress:
        progress = super().look()
        return progress._replace(reason="\x1b[31m") if progress.why is Unserved.REFUSED else progress


class FailsWithoutAReason(Ready):
    def look(self) -> Progress:
        progress = super().look()
        return progress._replace(reason="") if progress.why is Unserved.REFUSED else progress


class ChangesItsMind(Ready):
    def eof(self) -> Progress:
        return failed(Unserved.ENDED, "closed")


class WaitsForEver(Ready):
    def eof(self) -> Progress:
        return super().eof() if not self.heard else self.progress


class ListensForEver(Ready):
    def look(self) -> Progress:
        progress = super().look()
        return PENDING if progress.why is Unserved.ENDLESS else progress


class KeepsAll(Ready):
    def received(self, data: bytes) -> Progress:
        self.everything = [*getattr(self, "everything", []), bytearray(data)]
        return super().received(data)


class QuotesGarbage(Ready):
    @property
    def said(self) -> bytes:
        return self.heard


@pytest.mark.parametrize(
    ("probe", "fault"),
    [
        (StartsWithText, "start() does not give bytes"),
        (KeepsSomethingBack, "start() does not give all that is to be sent: to_send() has more"),
        (PassesUnasked, "nothing was received, and it is not PENDING"),
        (InventsWords, "said is not empty, and the peer has said nothing"),
        (TrustsSilence, "the peer closed without a word, and that is "),
        (WantsItWhole, "served, one byte at a time: "),
        (QuotesWithoutEnd, "served, all at once: said has 600 bytes"),
        (PassesInOtherWords, "served, all at once: a pass is not the object PASSED"),
        (FailsWithoutAKind, "refused, all at once: a failure without its kind: "),
        (FailsInColour, "refused, all at once: a reason that is no line of plain text: '\\x1b[31m'"),
        (FailsWithoutAReason, "refused, all at once: a reason that is no line of plain text: ''"),
        (ChangesItsMind, "served, all at once: Progress(status=<Status.PASSED: 'passed'>, "),
        (WaitsForEver, "served: closed after 1 bytes, and PENDING"),
        (ListensForEver, "1,048,576 bytes of garbage, and it is still PENDING"),
        (KeepsAll, "it keeps "),
        (QuotesGarbage, "said has 1000 bytes, more than 200"),
    ],
)
def test_what_is_no_probe(probe: Callable[[], Probe], fault: str) -> None:
    with pytest.raises(ProbeFault) as caught:
        check_probe(probe, CONVERSATIONS)
    assert str(caught.value).startswith(fault)


def test_a_conversation_that_ends_otherwise() -> None:
    with pytest.raises(ProbeFault) as caught:
        check_probe(Ready, [Conversation("x", says(b"READY\n"), Status.FAILED, Unserved.REFUSED)])
    assert str(caught.value).startswith("x, all at once: ")


def test_a_peer_that_answers() -> None:
    """It hears what the probe says, each time."""
    heard: list[bytes] = []

    class Polite(Ready):
        def __init__(self) -> None:
            super().__init__()
            self.thanks: Iterator[bytes] = iter([])

        def received(self, data: bytes) -> Progress:
            before = self.heard
            progress = super().received(data)
            if not before and self.heard:
                self.thanks = iter([b"thanks"])
            return progress

        def to_send(self) -> bytes:
            return next(self.thanks, b"")

    def peer() -> Any:
        def answer(sent: bytes) -> bytes:
            heard.append(sent)
            return {b"?\n": b"RE", b"thanks": b"ADY\n"}.get(sent, b"")

        return answer

    check_probe(Polite, [Conversation("polite", peer, Status.PASSED)])
    assert heard[:2] == [b"?\n", b"thanks"]


def test_somebody_who_only_listens() -> None:
    peer = says(b"a", b"b")()
    assert [peer(b""), peer(b"x"), peer(b""), peer(b"")] == [b"a", b"b", b"", b""]
