r"""Whether something is a `Probe`: what the engine relies on, tried with conversations that you give.

::

    check_probe(lambda: MyProbe(), [
        Conversation("below the limit", says(b"READY\n"), Status.PASSED),
        Conversation("above it", says(b"BUSY\n"), Status.FAILED, ends=True),
    ])

Each conversation is had in many ways: all at once, one byte at a time, cut at random, broken off after any byte. The
outcome must not depend on how the bytes come, is final, and what is kept of an endless peer is bounded.
"""

import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from tcpgoon.engine.probes.probe import PASSED, PENDING, Probe, Progress, Status
from tcpgoon.record.said import MOST_SAID
from tcpgoon.record.unserved import Unserved

Peer = Callable[[bytes], bytes]
"""The other end: what it answers to what it is sent. It is called first with what `Probe.start` sends."""

CUTS = 20
"""In how many ways each conversation is cut at random."""

ENDLESS_BYTES = 1 << 20
"""How much garbage an endless peer sends."""

MOST_KEPT = 1 << 17
"""Bytes that a probe may take for it."""


class ProbeFault(AssertionError):  # noqa: N818 - a finding, not a crash
    """It is no probe; the text says why."""


class Conversation(msgspec.Struct, frozen=True):
    """What a peer does, and what the probe has to make of it."""

    name: str
    peer: Callable[[], Peer]
    """Makes the peer anew for each time that the conversation is had."""
    status: Status
    """What it comes to; `PENDING` where the peer just says no more."""
    why: Unserved = Unserved.NONE
    ends: bool = False
    """Whether the peer closes at the end."""


def says(*words: bytes) -> Callable[[], Peer]:
    """A peer that says the first of ``words`` when it is spoken to, or at once, and each of the others in turn."""

    def peer() -> Peer:
        left = iter(words)
        return lambda _sent: next(left, b"")

    return peer


def check_probe(make: Callable[[], Probe], conversations: Iterable[Conversation], seed: int = 0) -> None:
    """Raises `ProbeFault` where what ``make`` makes is no probe. ``seed`` is for the cuts."""
    _check_silence(make)
    for conversation in conversations:
        _check_conversation(make, conversation, random.Random(seed))  # noqa: S311 - no secret
        _check_breaks(make, conversation)
    for byte in (b"\0", b"\n", b"A", b"\xff"):
        _check_endless(make, lambda byte=byte: byte * 4096)  # type: ignore[misc]
    noise = random.Random(seed)  # noqa: S311
    _check_endless(make, lambda: noise.randbytes(noise.randrange(1, 65_536)))


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise ProbeFault(fault)


def _check_silence(make: Callable[[], Probe]) -> None:
    """What is true of any probe before its peer has said a word."""
    probe = make()
    _require(isinstance(probe.start(), bytes), "start() does not give bytes")
    _require(probe.to_send() == b"", "start() does not give all that is to be sent: to_send() has more")
    _require(probe.received(b"") is PENDING, "nothing was received, and it is not PENDING")
    _require(probe.said == b"", "said is not empty, and the peer has said nothing")
    end = probe.eof()
    _require(end.status is Status.FAILED, f"the peer closed without a word, and that is {end}")


def _check_conversation(make: Callable[[], Probe], conversation: Conversation, cuts: random.Random) -> None:
    ways: list[tuple[str, Callable[[], int]]] = [
        ("all at once", lambda: 1 << 30),
        ("one byte at a time", lambda: 1),
        *((f"cut at random ({way})", lambda: cuts.randrange(1, 64)) for way in range(CUTS)),
    ]
    for way, size in ways:
        probe = make()
        *_, progress = _converse(probe, conversation.peer(), size)
        if conversation.ends:
            progress = probe.eof()
        _check_outcome(probe, progress, f"{conversation.name}, {way}")
        found, expected = (progress.status, progress.why), (conversation.status, conversation.why)
        _require(found == expected, f"{conversation.name}, {way}: {progress}, not {expected}")


def _converse(probe: Probe, peer: Peer, size: Callable[[], int]) -> Iterator[Progress]:
    """The progress after each piece, until all is said or the probe is over; at least one."""
    waiting = peer(probe.start())
    progress = PENDING
    yield progress
    while waiting and progress is PENDING:
        cut = size()
        piece, waiting = waiting[:cut], waiting[cut:]
        progress = probe.received(piece)
        waiting += peer(sent) if (sent := probe.to_send()) else b""
        waiting += peer(b"") if not waiting else b""
        yield progress


def _check_outcome(probe: Probe, progress: Progress, name: str) -> None:
    """What is true of any progress, and that a final one is final."""
    _require(len(probe.said) <= MOST_SAID, f"{name}: said has {len(probe.said)} bytes, more than {MOST_SAID}")
    if progress.status is Status.PASSED:
        _require(progress is PASSED, f"{name}: a pass is not the object PASSED")
    if progress.status is Status.FAILED:
        _require(progress.why is not Unserved.NONE, f"{name}: a failure without its kind: {progress}")
        _require(_is_plain(progress.reason), f"{name}: a reason that is no line of plain text: {progress.reason!r}")
    if progress is PENDING:
        return
    for after in (probe.received(b"\xff" * 100), probe.received(b""), probe.eof()):
        _require(after == progress, f"{name}: {progress} was not final: {after}")


def _is_plain(reason: str) -> bool:
    return bool(reason) and reason.replace("…", "").isascii() and reason.isprintable()


def _check_breaks(make: Callable[[], Probe], conversation: Conversation) -> None:
    """The peer closes after any number of bytes."""
    for broken_after in _break_points(make, conversation):
        probe, progress = make(), PENDING
        pieces = _converse(probe, conversation.peer(), lambda: 1)
        for _ in range(broken_after + 1):
            progress = next(pieces)
        end = probe.eof()
        _require(
            end.status is not Status.PENDING, f"{conversation.name}: closed after {broken_after} bytes, and PENDING"
        )
        decided = progress is not PENDING
        _require(not decided or end == progress, f"{conversation.name}: {progress}, then closed, and then {end}")


def _break_points(make: Callable[[], Probe], conversation: Conversation) -> Sequence[int]:
    """Numbers of bytes: all of a short conversation, sixty or so of a long one."""
    count = sum(1 for _ in _converse(make(), conversation.peer(), lambda: 1))
    return range(0, count, count // 60 + 1)


def _check_endless(make: Callable[[], Probe], garbage: Callable[[], bytes]) -> None:
    """A peer that never stops, and never says anything of use, does not fill our memory."""
    probe = make()
    probe.start()
    pieces = [garbage()]
    while sum(map(len, pieces)) < ENDLESS_BYTES:
        pieces.append(garbage())
    tracemalloc.start()
    try:
        for piece in pieces:
            probe.received(piece)
            probe.to_send()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    _require(kept < MOST_KEPT, f"it keeps {kept:,} bytes of what an endless peer said")
    _require(len(probe.said) <= MOST_SAID, f"said has {len(probe.said)} bytes, more than {MOST_SAID}")
    _require(probe.received(b"") is not PENDING, f"{ENDLESS_BYTES:,} bytes of garbage, and it is still PENDING")
