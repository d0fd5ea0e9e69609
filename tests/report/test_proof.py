"""The lines about proof, to the letter."""

import errno

import msgspec
import pytest

from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.verdict import Verdict, judge
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.record.counts import Counts
from tcpgoon.record.heard import Agreed, Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.level import Breakdown
from tcpgoon.record.metrics import NotServed, measure
from tcpgoon.record.newcomers import Newcomers
from tcpgoon.record.outcome import FIN, ClosedBy
from tcpgoon.record.table import Table
from tcpgoon.record.tls_facts import TlsFacts
from tcpgoon.record.unserved import Unserved
from tcpgoon.report.proof import newcomers, served, there
from tcpgoon.report.text import text_report
from tcpgoon.result import Result

from .results import TIMES, metrics, of_level, result

HANDSHAKE, ACKNOWLEDGED, SERVED = Assurance.HANDSHAKE, Assurance.ACKNOWLEDGED, Assurance.SERVED


def result_of(plan: Plan, table: Table, knocks: tuple[Knock, ...] = (), sayings: tuple[Saying, ...] = ()) -> Result:
    """What a run would give that came to ``table``."""
    found = measure(table, plan.level, knocks)
    template = result(found, host=plan.target.host)
    facts = Facts(plan=plan, limits=template.limits, metrics=found, newcomers=knocks, sayings=sayings)
    judgement = judge(facts, diagnose(facts))
    return msgspec.structs.replace(
        template, plan=plan, verdict=judgement.verdict, reason=judgement.reason, sayings=sayings, newcomers=knocks
    )


def established(rows: int) -> Table:
    table = Table(rows)
    for row in range(rows):
        table.dial(row, 0.0)
        table.establish(row, 0.05, 50_000, 0)
    return table


def test_the_report_of_phantoms() -> None:
    """The case of a server with a short backlog, 50 ms away."""
    table = established(60)
    for row in range(11):
        table.acknowledge(row)
        table.close(row, 1.2)
    for row in range(11, 60):
        table.vanish(row, 1.1, errno.ECONNRESET, ClosedBy.PEER)

    assert text_report(result_of(Plan(target=Target("10.0.0.1", 80), connections=60), table)).splitlines() == [
        "--- 10.0.0.1:80 tcp test statistics ---",
        "Total: 60, Dialing: 0, Established: 11, Closed: 49, Error: 0, NotInitiated: 0",
        "Response time stats for 60 established connections min/avg/max/dev = 50ms/50ms/50ms/0s",
        "Established: 60, of which acknowledged: 11, phantom: 49",
        "Peak concurrent connections: 11 of 60 (acknowledged)",
        "Establishment time p50/p90/p99/max = 50ms/50ms/50ms/50ms",
        "Handshake RTT (kernel) p50/p90/p99/max = 50ms/50ms/50ms/50ms",
        "Phantoms: 49 (RST × 49)",
        "FAIL: only 11 of 60 connections were established, acknowledged and held to the end: 49 phantoms (RST)",
    ]


def test_the_report_of_a_service_that_is_full() -> None:
    table = established(5)
    for row in range(5):
        table.ask(row, 0.25)
        table.acknowledge(row)
    table.serve(0, 0.375)
    table.serve(1, 0.5)
    table.refuse(2, Unserved.SILENT)
    table.refuse(3, Unserved.REFUSED)
    table.refuse(4, Unserved.REFUSED)
    table.lose(4, 1.05, FIN)
    for row in range(4):
        table.close(row, 9.0)
    knocks = (
        Knock(at_s=0.0, held=0, fared=Fared.WELCOME, time_s=0.0012, gone_s=0.25),
        Knock(at_s=0.03, held=2, fared=Fared.WELCOME, time_s=0.002, gone_s=0.25),
        Knock(at_s=2.0, held=5, fared=Fared.TURNED_AWAY, time_s=0.1, gone_s=2.5),
        Knock(at_s=3.0, held=5, fared=Fared.WELCOME, time_s=0.2, gone_s=3.5),
        Knock(at_s=4.0, held=5, fared=Fared.WELCOME, time_s=0.1, gone_s=4.5),
        Knock(at_s=5.0, held=4, fared=Fared.WELCOME, time_s=0.3, gone_s=5.5),
    )
    sayings = (
        Saying(r"-ERR max number of clients reached\r\n", 2, Unserved.REFUSED),
        Saying("closed without a word", 1, Unserved.ENDED),
    )
    plan = Plan(
        target=Target("10.0.0.1", 80), connections=5, probe=Exchange(name="redis", send="PING"), probe_timeout_s=0.5
    )

    assert text_report(result_of(plan, table, knocks, sayings)).splitlines()[3:] == [
        "Established: 5, of which acknowledged: 4 (served: 2, not served: 2), lost while held: 1",
        "Peak concurrent connections: 2 of 5 (served)",
        "Establishment time p50/p90/p99/max = 50ms/50ms/50ms/50ms",
        "Handshake RTT (kernel) p50/p90/p99/max = 50ms/50ms/50ms/50ms",
        "Probe answer time p50/p90/p99/max = 125ms/250ms/250ms/250ms",
        "Lost while held: 1 (FIN by the peer (not served) × 1, 1s after they were established)",
        "Not served: 3 (refused × 2, no answer within 500ms × 1)",
        r'The peer said: "-ERR max number of clients reached\r\n" × 2',
        "The probe failed: closed without a word × 1",
        "A newcomer at 0 connections: served in 1.2ms",
        "A newcomer at 2 connections: served in 2ms",
        "A newcomer at 4 to 5 connections: served in 200ms (median of 3, 100ms to 300ms), turned away × 1",
        "FAIL: only 2 of 5 connections were established, served and held to the end: "
        r'2 × refused: "-ERR max number of clients reached\r\n", 1 gave no answer within 500ms',
    ]


@pytest.mark.parametrize(
    ("asked", "parts", "lines"),
    [
        (HANDSHAKE, Breakdown(established=9, unproved=9), ["Peak concurrent connections: 7 of 10"]),
        (ACKNOWLEDGED, Breakdown(), ["Peak concurrent connections: 7 of 10 (acknowledged)"]),
        (
            ACKNOWLEDGED,
            Breakdown(established=9, acknowledged=9),
            ["Established: 9, of which acknowledged: 9", "Peak concurrent connections: 7 of 10 (acknowledged)"],
        ),
        (
            ACKNOWLEDGED,
            Breakdown(established=9, acknowledged=9, served=4),
            [
                "Established: 9, of which acknowledged: 9 (served: 4)",
                "Peak concurrent connections: 7 of 10 (acknowledged)",
            ],
        ),
        (
            SERVED,
            Breakdown(established=9, acknowledged=9, not_served=9),
            [
                "Established: 9, of which acknowledged: 9 (served: 0, not served: 9)",
                "Peak concurrent connections: 7 of 10 (served)",
            ],
        ),
        (
            SERVED,
            Breakdown(established=10, acknowledged=3, served=3, phantoms=1, doubtful=1, lost=2, unproved=3),
            [
                "Established: 10, of which acknowledged: 3 (served: 3), phantom: 1, doubtful: 1, lost while held: 2, "
                "not proved: 3",
                "Peak concurrent connections: 7 of 10 (served)",
            ],
        ),
    ],
)
def test_how_many_were_there(asked: Assurance, parts: Breakdown, lines: list[str]) -> None:
    found = metrics(asked=asked, levels=of_level(asked, 7, 7), breakdown=parts)

    assert list(there(result(found))) == lines


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Unserved.REFUSED, "refused"),
        (Unserved.ENDED, "closed before the answer"),
        (Unserved.ENDLESS, "no answer in all that it said"),
        (Unserved.NO_TLS, "no TLS handshake"),
        (Unserved.UNTRUSTED, "certificate does not verify"),
        (Unserved.SILENT, "no answer within 5s"),
        (Unserved.UNACKED, "request never acknowledged"),
        (Unserved.UNEXPECTED, "another answer than expected"),
        (Unserved.LATE, "answered later than 5s"),
    ],
)
def test_why_they_were_not_served(why: Unserved, words: str) -> None:
    found = metrics(unserved=(NotServed(why=why, count=7, held=3), NotServed(why=Unserved.REFUSED, count=2, held=2)))

    assert list(served(result(found))) == [f"Not served: 9 ({words} × 7, refused × 2)"]


def test_of_the_texts_the_first_are_shown() -> None:
    sayings = tuple(Saying(f"text {number}", 20 - number, Unserved.NONE) for number in range(12))

    assert list(served(result(metrics(), sayings=sayings))) == [
        *(f'The peer said: "text {number}" × {20 - number}' for number in range(10)),
        "… and 2 other texts",
    ]
    assert len(list(served(result(metrics(), sayings=sayings[:10])))) == 10


def test_what_tls_came_to() -> None:
    modern = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", alpn="h2", expires_at="2049-12-31T23:59:59Z")
    agreed = (Agreed(modern, 100), Agreed(TlsFacts(version="TLSv1.2", cipher="AES128-SHA256"), 1))

    assert list(served(result(metrics(), tls=agreed))) == [
        "TLS: TLSv1.3, TLS_AES_256_GCM_SHA384, ALPN h2, certificate ends 2049-12-31T23:59:59Z × 100",
        "TLS: TLSv1.2, AES128-SHA256 × 1",
    ]
    assert list(served(result(metrics(), tls=agreed * 6)))[-1] == "… and 2 other outcomes of a TLS handshake"


@pytest.mark.parametrize(
    ("asked", "part", "line"),
    [
        (
            HANDSHAKE,
            Newcomers(least_held=0, most_held=0, welcome=msgspec.structs.replace(TIMES, count=1), others=()),
            "A newcomer at 0 connections: established in 19ms",
        ),
        (
            ACKNOWLEDGED,
            Newcomers(least_held=1, most_held=1, welcome=TIMES, others=(("left waiting", 3), ("reset", 1))),
            "A newcomer at 1 connection: acknowledged in 19ms (median of 10, 17.929ms to 29.811ms), "
            "left waiting × 3, reset × 1",
        ),
        (
            SERVED,
            Newcomers(least_held=990, most_held=1000, welcome=None, others=(("refused (ECONNREFUSED)", 1),)),
            "A newcomer at 990 to 1000 connections: refused (ECONNREFUSED)",
        ),
        (
            SERVED,
            Newcomers(least_held=9, most_held=9, welcome=None, others=(("closed", 2),)),
            "A newcomer at 9 connections: closed × 2",
        ),
    ],
)
def test_how_newcomers_fared(asked: Assurance, part: Newcomers, line: str) -> None:
    found = metrics(asked=asked, levels=of_level(asked, 10, 10), newcomers=(part,), counts=Counts(closed=10))

    assert list(newcomers(result(found))) == [line]


def test_a_run_that_was_stopped_says_what_our_kernel_held() -> None:
    """The proof is the last act, and was not begun."""
    table = established(3)
    for row in range(3):
        table.close(row, 0.5)
    stopped = result_of(Plan(target=Target("10.0.0.1", 80), connections=4), table)
    stopped = msgspec.structs.replace(stopped, verdict=Verdict.INTERRUPTED)
    assert list(there(stopped)) == [
        "Established: 3, of which acknowledged: 0, not proved: 3",
        "Peak concurrent connections: 3 of 4",
    ]
