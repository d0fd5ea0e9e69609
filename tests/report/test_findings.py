"""How findings are printed, to the letter."""

from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.record.outcome import Side
from tcpgoon.report.findings import found

from .results import metrics, result

OVERFLOW = Finding(
    code="TG301",
    side=Side.TARGET_KERNEL,
    confidence=Confidence.LIKELY,
    sentence="the target's accept queue overflowed: its kernel held 11 of 60 connections",
    remedy="dial more slowly, or raise the backlog",
    commands=("sysctl -w net.core.somaxconn=4096  # on the target", "listen 80 backlog=4096;  # in nginx.conf"),
    evidence={"held": 11, "phantoms": 49, "queued": None},
    accounts_for=49,
)
NO_DESCRIPTORS = Finding(code="TG101", side=Side.CLIENT, sentence="none left", remedy="raise it", evidence={})


def lines(*findings: Finding) -> list[str]:
    return list(found(result(metrics(), findings=findings)))


def test_nothing_found() -> None:
    assert lines() == []


def test_a_finding_with_commands() -> None:
    assert lines(OVERFLOW) == [
        "TG301 (target kernel, likely): the target's accept queue overflowed: its kernel held 11 of 60 connections",
        "      what to do: dial more slowly, or raise the backlog",
        "        sysctl -w net.core.somaxconn=4096  # on the target",
        "        listen 80 backlog=4096;  # in nginx.conf",
        "      more: tcpgoon explain TG301",
    ]


def test_they_stay_in_their_order() -> None:
    assert lines(NO_DESCRIPTORS, OVERFLOW)[:4] == [
        "TG101 (client, certain): none left",
        "      what to do: raise it",
        "      more: tcpgoon explain TG101",
        lines(OVERFLOW)[0],
    ]


def test_no_character_that_a_terminal_obeys_gets_through() -> None:
    evil = Finding(
        code="TG402",
        side=Side.TARGET_APPLICATION,
        confidence=Confidence.POSSIBLE,
        sentence='it said "\x1b[2J\r\n\u202egood\u2028µ"',
        remedy="one\x9b31mtwo",
        commands=("true\nfalse",),
        evidence={},
    )

    assert lines(evil) == [
        r'TG402 (target application, possible): it said "\x1b[2J\r\n\u202egood\u2028µ"',
        r"      what to do: one\x9b31mtwo",
        r"        true\nfalse",
        "      more: tcpgoon explain TG402",
    ]
