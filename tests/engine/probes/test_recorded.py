"""Each named probe against what real servers said, below their limits and above them."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tcpgoon.engine.probes.exchange import ExchangeProbe, Script
from tcpgoon.engine.probes.probe import PENDING, Progress, Status, failed
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.escapes import parse_escapes
from tcpgoon.plan.named_probes import named_probes, parse_probe
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import Conversation, check_probe, says


class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    probe: str
    server: str
    situation: str
    said: str
    status: Status
    ends: bool = False
    why: str = "NONE"
    reason: str = ""

    def conversation(self) -> Conversation:
        words = parse_escapes(self.said)
        return Conversation(f"{self.server} {self.situation}", says(words), self.status, Unserved[self.why], self.ends)


class _File(msgspec.Struct):
    conversation: list[Recorded]


RECORDED = msgspec.toml.decode(Path(__file__).with_name("recorded.toml").read_bytes(), type=_File).conversation

UNHEARD = {
    "banner": [
        Conversation("one byte", says(b"\0"), Status.PASSED),
        Conversation("nothing", says(), Status.FAILED, Unserved.ENDED, ends=True),
    ],
    "echo": [
        Conversation("what was said", says(b"tcpgoon\n"), Status.PASSED),
        Conversation("something else", says(b"tcpgun\n"), Status.FAILED, Unserved.ENDED, ends=True),
    ],
    "http": [
        Conversation(words.decode(), says(b"HTTP/1." + words + b"\r\n"), status, why)
        for words, status, why in [
            (b"0 200 OK", Status.PASSED, Unserved.NONE),
            (b"1 103 Early Hints", Status.PASSED, Unserved.NONE),
            (b"1 200", Status.PASSED, Unserved.NONE),
            (b"1 301 Moved Permanently", Status.PASSED, Unserved.NONE),
            (b"1 401 Unauthorized", Status.PASSED, Unserved.NONE),
            (b"0 408 Request Time-out", Status.FAILED, Unserved.REFUSED),
            (b"1 429 Too Many Requests", Status.FAILED, Unserved.REFUSED),
            (b"1 500 Internal Server Error", Status.FAILED, Unserved.REFUSED),
            (b"0 503 Service Unavailable", Status.FAILED, Unserved.REFUSED),
            (b"1 2000", Status.PENDING, Unserved.NONE),
        ]
    ],
    "redis": [
        Conversation("protected", says(b"-DENIED Redis is...\r\n"), Status.FAILED, Unserved.REFUSED),
        Conversation("loading", says(b"-LOADING Redis is...\r\n"), Status.PASSED),
    ],
    "postgres": [
        Conversation("a fork that failed", says(b"Ecould not fork\n\0"), Status.FAILED, Unserved.REFUSED),
        Conversation("md5", says(b"R\0\0\0\x0c\0\0\0\x05\1\2\3\4"), Status.PASSED),
        Conversation("cleartext", says(b"R\0\0\0\x08\0\0\0\x03"), Status.PASSED),
    ],
    "mysql": [
        Conversation(
            "with an SQLSTATE",
            says(b"\x1d\0\0\0\xff\x10\x04#08004Too many connections"),
            Status.FAILED,
            Unserved.REFUSED,
        )
    ],
    "imap": [
        Conversation("logged in already", says(b"* PREAUTH hi\r\n"), Status.PASSED),
        Conversation("full", says(b"* BYE Too many\r\n"), Status.FAILED, Unserved.REFUSED, ends=True),
    ],
    "pop3": [Conversation("full", says(b"-ERR [IN-USE] no\r\n"), Status.FAILED, Unserved.REFUSED, ends=True)],
    "smtp": [
        Conversation("several lines", says(b"220-a\r\n220 b\r\n"), Status.PASSED),
        Conversation("no service", says(b"554 go away\r\n"), Status.FAILED, Unserved.REFUSED, ends=True),
    ],
    "ftp": [Conversation("ready in a minute", says(b"120 wait\r\n", b"220 ready\r\n"), Status.PASSED)],
    "ssh": [
        Conversation("words before the version", says(b"hello\r\nSSH\r\nSSH-1.99-x\r\n"), Status.PASSED),
        Conversation("words alone", says(b"not SSH-2.0-x\r\n"), Status.FAILED, Unserved.ENDED, ends=True),
        Conversation("not now", says(b"Not allowed at this time\r\n"), Status.FAILED, Unserved.REFUSED, ends=True),
    ],
}
"""What the documents of the protocols say that there is, and no server at hand said."""


def maker(text: str) -> Callable[[], ExchangeProbe]:
    script = Script(parse_probe(text, Target("localhost", 8080)))
    return lambda: ExchangeProbe(script)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: f"{recorded.server}: {recorded.situation}")
def test_what_a_real_server_said(recorded: Recorded) -> None:
    probe = maker(recorded.probe)()
    progress = probe.received(parse_escapes(recorded.said)) if recorded.said else PENDING
    expected = failed(Unserved[recorded.why], recorded.reason) if recorded.reason else Progress(recorded.status)

    assert (probe.eof() if recorded.ends else progress) == expected


@pytest.mark.parametrize("name", sorted(named_probes()))
def test_each_is_a_probe(name: str) -> None:
    heard = [recorded.conversation() for recorded in RECORDED if recorded.probe.partition(":")[0] == name]
    conversations = [*heard, *UNHEARD.get(name, [])]

    assert {conversation.status for conversation in conversations} >= {Status.PASSED}
    check_probe(maker(name), conversations)
