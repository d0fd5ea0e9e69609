"""What is asked of the application at the other end, and which answer proves that it serves the connection."""

import re
import warnings
from collections.abc import Callable
from enum import Enum
from typing import Self

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.escapes import format_escapes, is_text, parse_escapes

MOST_SENT = 16_384
"""Bytes that a probe may send: what the send buffer of a new connection takes at once."""

LONGEST_PATTERN = 4_096

ANYTHING = "(?s)."
"""The pattern of whoever is content with any answer."""


class ProbeAt(Enum):
    """When each connection is asked."""

    OPEN = "open"
    """As soon as it is established."""
    PEAK = "peak"
    """Once all are open, so that all are served at once; then they are held on."""
    END = "end"
    """At the end of the hold."""


class ProxyProtocol(Enum):
    """The header that tells a server behind a proxy who the client is; it is sent before anything else."""

    V1 = "v1"
    """One line of text."""
    V2 = "v2"
    """Binary."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    r"""Send something once, and expect an answer.

    All is text, so that a saved plan can be read: what is sent has the escapes of `parse_escapes`; the patterns are
    regular expressions over *bytes* (``.`` is any byte but ``\n``; ``(?s)`` makes it any byte).

    Raises `PlanError` for an unknown escape, text that is not UTF-8, too much to send, and a pattern that is none or
    that matches where nothing was said, since it would prove nothing.
    """

    name: str
    """What the report calls it."""
    send: str = ""
    """Empty: the server speaks first."""
    expect: str = ANYTHING
    """What proves that the connection is served."""
    refused: str = ""
    """What means no; the group ``reason`` in it, if there is one, is what is reported. Empty: nothing known."""
    anchored: bool = False
    """Whether the patterns describe the beginning of what the peer says; otherwise they are searched for in it."""
    once: bool = False
    """Whether it may be asked only once on a connection."""
    secret: bool = False
    """Whether what is sent and expected was read from a file, and is told to nobody."""
    withheld_bytes: int | None = None
    """How much is sent, where that is all that is told: this can be shown, and not be asked. None: nothing is missing.
    """

    def __post_init__(self) -> None:
        if not (is_text(self.name) and is_text(self.send)):
            raise PlanError(rf"{self.name!r} is not UTF-8, or what it sends is not: write such bytes as \xff")
        if (size := len(parse_escapes(self.send))) > MOST_SENT:
            raise PlanError(f"the probe sends {size:,} bytes: at most {MOST_SENT:,} are sent")
        if not 0 <= (self.withheld_bytes or 0) <= MOST_SENT:
            raise PlanError(f"the probe sent {self.withheld_bytes} bytes: it must be from 0 to {MOST_SENT:,}")
        _prove_something(self.expect)
        if self.refused:
            _prove_something(self.refused)

    @property
    def repeatable(self) -> bool:
        """Whether it can be asked again on the same connection: what a server says first it says once."""
        return bool(self.send or self.withheld_bytes) and not self.once

    @property
    def payload(self) -> bytes:
        """The bytes to send. Raises `PlanError` where they were withheld."""
        if self.withheld_bytes is not None:
            raise PlanError("what the probe sends was secret when this plan was saved: it has to be given anew")
        return parse_escapes(self.send)

    @property
    def as_told(self) -> Self:
        """Itself, without what nobody is to be told."""
        if not self.secret or self.withheld_bytes is not None:
            return self
        return msgspec.structs.replace(self, send="", expect=ANYTHING, withheld_bytes=len(self.payload))

    def __repr__(self) -> str:
        return super(Exchange, self.as_told).__repr__()  # it is what tracebacks and failed assertions show


def parse_exchange(send: str | None, expect: str | None, read: Callable[[str], bytes]) -> Exchange:
    r"""The exchange of ``--send`` and ``--expect``; without the latter any answer will do.

    ``@name`` stands for what ``read(name)`` gives: sent as it is, or a pattern up to its last line end; either is a
    secret. To begin with an ``@``, write ``\x40``. Raises `PlanError`, and what ``read`` raises.
    """
    if send is None and expect is None:
        raise PlanError("a probe sends something or expects something: give --send, --expect or both")
    sent = read(send[1:]) if send and send.startswith("@") else parse_escapes(send or "")
    pattern = _decoded(read(expect[1:])) if expect and expect.startswith("@") else expect
    return Exchange(
        name="send/expect",
        send=format_escapes(sent),  # formatted anew, what was given in some other encoding is plain ASCII from here on
        expect=ANYTHING if pattern is None else pattern,
        anchored=False,
        secret=any(text is not None and text.startswith("@") for text in (send, expect)),
    )


def compile_pattern(text: str) -> re.Pattern[bytes]:
    """The regular expression over bytes that ``text`` is; what is not ASCII in it stands for its UTF-8.

    Nothing protects from a pattern that backtracks without end, such as ``(a+)+$``: it is the user's own, and is
    searched for in a few kilobytes at a time. Raises `PlanError`.
    """
    if len(text) > LONGEST_PATTERN:
        raise PlanError(f"a regular expression of {len(text):,} characters: at most {LONGEST_PATTERN:,} are allowed")
    try:
        with warnings.catch_warnings():
            # What a future Python may read differently is no business of whoever runs this one.
            warnings.simplefilter("ignore")
            return re.compile(text.encode())
    except UnicodeEncodeError as exc:
        raise PlanError(rf"{text!r} is not UTF-8: write such bytes as \xff") from exc
    except (re.error, ValueError, OverflowError, RecursionError) as exc:
        raise PlanError(f"{text!r} is no regular expression: {exc}") from exc


def _prove_something(text: str) -> None:
    if compile_pattern(text).search(b""):
        raise PlanError(f"{text!r} matches where nothing was said: it would prove nothing")


def _decoded(source: bytes) -> str:
    return source.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
