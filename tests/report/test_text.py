"""The whole report, to the letter, of results that were made up."""

import errno

import msgspec
import pytest

from tcpgoon.judge.facts import Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.counts import Counts
from tcpgoon.record.metrics import Distribution, Ending, Metrics
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.table import Table
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.result import Environment, Result

TIMES = Distribution(
    count=10,
    min_s=0.017929,
    mean_s=0.019814,
    max_s=0.029811,
    deviation_s=0.003353,
    p50_s=0.019,
    p90_s=0.0295,
    p99_s=0.029811,
)


def metrics(**changes: object) -> Metrics:
    nothing = Metrics(
        counts=Counts(closed=10),
        peak=10,
        ramp_s=1.0,
        establishment=TIMES,
        time_to_error=None,
        errors=(),
        losses=(),
        received_bytes=0,
    )
    return msgspec.structs.replace(nothing, **changes)


def result(of: Metrics, host: str = "myhttpsamplehost.com", **changes: object) -> Result:
    endpoint = Endpoint("216.58.201.131", 80)
    made_up = Result(
        plan=Plan(target=Target(host, 80), connections=of.counts.total),
        endpoint=endpoint,
        endpoints=(endpoint,),
        environment=Environment(tcpgoon="1", python="3", system="Linux", cpus=2, begun_at="2026-01-01"),
        limits=ClientLimits(descriptors_soft=1, descriptors_hard=1, descriptors_in_use=1, ports=1),
        duration_s=2.0,
        table=Table(1),
        metrics=of,
        findings=(),
        verdict=Verdict.PASS,
        reason="all is well",
    )
    return msgspec.structs.replace(made_up, **changes)


def test_a_pass() -> None:
    assert text_report(result(metrics())).splitlines() == [
        "--- myhttpsamplehost.com(216.58.201.131):80 tcp test statistics ---",
        "Total: 10, Dialing: 0, Established: 10, Closed: 0, Error: 0, NotInitiated: 0",
        "Response time stats for 10 established connections min/avg/max/dev = 17.929ms/19.814ms/29.811ms/3.353ms",
        "Addresses of myhttpsamplehost.com: 216.58.201.131 (dialled)",
        "Peak concurrent connections: 10 of 10",
        "Establishment time p50/p90/p99/max = 19ms/29.5ms/29.811ms/29.811ms",
        "PASS: all is well",
    ]


def test_nothing_but_failures() -> None:
    refused = Ending(
        count=3980,
        error=errno.ECONNREFUSED,
        phase=Phase.HANDSHAKE,
        closed_by=ClosedBy.NOBODY,
        earliest_s=0.1,
        latest_s=0.3,
    )
    late = Ending(
        count=5, error=errno.ETIMEDOUT, phase=Phase.HANDSHAKE, closed_by=ClosedBy.US, earliest_s=5.0, latest_s=5.0
    )
    times = Distribution(
        count=3985,
        min_s=0.105145,
        mean_s=0.145092,
        max_s=0.316247,
        deviation_s=0.039371,
        p50_s=0.14,
        p90_s=0.2,
        p99_s=0.3,
    )
    of = metrics(counts=Counts(failed=3985), peak=0, establishment=None, time_to_error=times, errors=(refused, late))
    assert text_report(
        result(of, host="216.58.201.131", verdict=Verdict.FAIL, reason="it is not there")
    ).splitlines() == [
        "--- 216.58.201.131:80 tcp test statistics ---",
        "Total: 3985, Dialing: 0, Established: 0, Closed: 0, Error: 3985, NotInitiated: 0",
        "Time to error stats for 3985 failed connections min/avg/max/dev = 105.145ms/145.092ms/316.247ms/39.371ms",
        "Peak concurrent connections: 0 of 3985",
        "Errors: ECONNREFUSED × 3980, dial timeout × 5",
        "FAIL: it is not there",
    ]


@pytest.mark.parametrize(
    ("error", "closed_by", "first_s", "last_s", "line"),
    [
        (FIN, ClosedBy.PEER, 0.5, 0.501, "FIN by the peer × 4, 500ms to 501ms after they were established"),
        (errno.ECONNRESET, ClosedBy.PEER, 1.0, 1.0, "RST by the peer × 4, 1s after they were established"),
        (errno.ETIMEDOUT, ClosedBy.PATH, 9.0, 9.5, "ETIMEDOUT by the path × 4, 9s to 9.5s after they were established"),
    ],
)
def test_lost_connections_with_who_closed_and_when(
    error: int, closed_by: ClosedBy, first_s: float, last_s: float, line: str
) -> None:
    loss = Ending(count=4, error=error, phase=Phase.HELD, closed_by=closed_by, earliest_s=first_s, latest_s=last_s)
    report = text_report(result(metrics(counts=Counts(closed=6, lost=4), losses=(loss,))))
    assert f"\nLost while held: 4 ({line})\n" in report


def test_all_addresses_are_shown_and_the_dialled_one_is_marked() -> None:
    found = (Endpoint("216.58.201.131", 80), Endpoint("2a00:1450::1", 80))
    report = text_report(result(metrics(), endpoints=found))
    assert "\nAddresses of myhttpsamplehost.com: 216.58.201.131 (dialled), 2a00:1450::1\n" in report


def test_an_ipv6_address_is_put_into_brackets() -> None:
    endpoint = Endpoint("::1", 80)
    report = text_report(result(metrics(), host="::1", endpoint=endpoint, endpoints=(endpoint,)))
    assert report.splitlines()[0] == "--- [::1]:80 tcp test statistics ---"


def test_what_peers_sent_what_is_missing_and_what_was_found() -> None:
    found = Finding(code="TG101", side=Side.CLIENT, sentence="no descriptors", remedy="raise it", evidence={})
    environment = msgspec.structs.replace(result(metrics()).environment, missing=("no epoll",))
    report = text_report(
        result(metrics(received_bytes=1_234_567), findings=(found,), environment=environment, reason="ours")
    )
    assert report.splitlines()[-5:] == [
        "Received unasked, and dropped: 1,234,567 bytes",
        "Not measured here: no epoll",
        "TG101 (client): no descriptors",
        "      what to do: raise it",
        "PASS: ours",
    ]


def test_the_verdict_is_the_last_line() -> None:
    assert text_report(result(metrics())).splitlines()[-1] == verdict_line(result(metrics())) == "PASS: all is well"
