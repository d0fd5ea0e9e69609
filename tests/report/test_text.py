"""The whole report, to the letter, of results that were made up."""

import errno

import msgspec
import pytest

from tcpgoon.judge.facts import Finding
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.counts import Counts
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.ending import Ending
from tcpgoon.record.level import Breakdown
from tcpgoon.record.metrics import AtEndpoint, Retransmitted
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.unserved import Unserved
from tcpgoon.report.text import text_report, verdict_line

from .results import TIMES, metrics, of_level, result


def worker(number: int, lag_s: float = 0.0, ended: str = "", ended_s: float | None = None) -> Worker:
    return Worker(number=number, pid=4_700 + number, connections=5, lag_s=lag_s, ended=ended, ended_s=ended_s)


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
    of = metrics(
        counts=Counts(failed=3985),
        levels=of_level(Assurance.HANDSHAKE, 0, 0),
        response=None,
        establishment=None,
        time_to_error=times,
        errors=(refused, late),
    )
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
    ("error", "closed_by", "why", "first_s", "last_s", "line"),
    [
        (FIN, ClosedBy.PEER, Unserved.NONE, 0.5, 0.501, "FIN by the peer × 4, 500ms to 501ms"),
        (FIN, ClosedBy.PEER, Unserved.ENDED, 0.5, 0.5, "FIN by the peer (not served) × 4, 500ms"),
        (errno.ECONNRESET, ClosedBy.PEER, Unserved.NONE, 1.0, 1.0, "RST by the peer × 4, 1s"),
        (errno.ETIMEDOUT, ClosedBy.PATH, Unserved.NONE, 9.0, 9.5, "ETIMEDOUT by the path × 4, 9s to 9.5s"),
    ],
)
def test_lost_connections_with_who_closed_and_when(
    error: int, closed_by: ClosedBy, why: Unserved, first_s: float, last_s: float, line: str
) -> None:
    loss = Ending(
        count=4,
        error=error,
        phase=Phase.HELD,
        closed_by=closed_by,
        earliest_s=first_s,
        latest_s=last_s,
        unserved=why,
    )
    found = metrics(counts=Counts(closed=6, lost=4), losses=(loss,), breakdown=Breakdown(established=10, lost=4))
    report = text_report(result(found))
    assert f"\nLost while held: 4 ({line} after they were established)\n" in report


def test_what_went_with_a_worker_that_died() -> None:
    """It is neither a loss nor an error, although its state says so to scripts."""
    apart = Breakdown(established=10, acknowledged=4, lost=1, orphaned=5)
    counts = Counts(closed=4, lost=6, failed=3)
    found = metrics(counts=counts, breakdown=apart, orphaned_dials=3, asked=Assurance.ACKNOWLEDGED)
    assert text_report(result(found)).splitlines()[1:] == [
        "Total: 13, Dialing: 0, Established: 4, Closed: 6, Error: 3, NotInitiated: 0",
        "Response time stats for 10 established connections min/avg/max/dev = 17.929ms/19.814ms/29.811ms/3.353ms",
        "Addresses of myhttpsamplehost.com: 216.58.201.131 (dialled)",
        "Established: 10, of which acknowledged: 4, lost while held: 1, lost with a worker that died: 5",
        "Peak concurrent connections: 99 of 13 (acknowledged)",
        "Establishment time p50/p90/p99/max = 19ms/29.5ms/29.811ms/29.811ms",
        "Lost with a worker that died: 5 held, 3 dialling",
        "PASS: all is well",
    ]


@pytest.mark.parametrize(
    ("workers", "line"),
    [
        (
            [worker(0, 0.0321), worker(1, 0.08449), worker(2)],
            "Workers: 3 processes, the longest loop lag 84ms (worker 1, pid 4701)",
        ),
        ([worker(0)], "Workers: 1 process, the longest loop lag 0s (worker 0, pid 4700)"),
        (
            [worker(0), worker(1, 2.5, "SIGKILL", 12.3), worker(2, 0.1, "stalled", 31.0)],
            "Workers: 3 processes, the longest loop lag 2.5s (worker 1, pid 4701); 2 died (pid 4701: SIGKILL after "
            "12.3s, pid 4702: stalled after 31s)",
        ),
    ],
)
def test_the_processes_that_did_it(workers: list[Worker], line: str) -> None:
    lines = text_report(result(metrics(), strain=Strain(workers=tuple(workers)))).splitlines()
    assert lines[-2:] == [line, "PASS: all is well"]


def test_all_addresses_are_shown_and_the_dialled_one_is_marked() -> None:
    found = (Endpoint("216.58.201.131", 80), Endpoint("2a00:1450::1", 80))
    report = text_report(result(metrics(), endpoints=found))
    assert "\nAddresses of myhttpsamplehost.com: 216.58.201.131 (dialled), 2a00:1450::1\n" in report


def test_where_all_are_dialled_each_is_shown_with_what_it_holds() -> None:
    """The last two were not dialled: there were no more connections."""
    found = tuple(Endpoint(f"192.0.2.{number}", 80) for number in range(1, 5))
    two = (AtEndpoint(1_500, 1_400), AtEndpoint(1, 0))
    made_up = result(metrics(by_endpoint=two), endpoints=found, endpoint=found[0])
    report = text_report(msgspec.structs.replace(made_up, plan=msgspec.structs.replace(made_up.plan, spread=True)))
    assert report.startswith("--- myhttpsamplehost.com:80 tcp test statistics ---\n")
    assert (
        "\nAddresses of myhttpsamplehost.com: 192.0.2.1 (dialled, 1,400 of 1,500 established), "
        "192.0.2.2 (dialled, 0 of 1 established), 192.0.2.3 (dialled, 0 of 0 established), "
        "192.0.2.4 (dialled, 0 of 0 established)\n"
    ) in report


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (2, "2 addresses: 127.0.0.1, 127.0.0.2"),
        (4, "4 addresses: 127.0.0.1, 127.0.0.2, 127.0.0.3, 127.0.0.4"),
        (36, "36 addresses: 127.0.0.1 … 127.0.0.36"),
        (1_024, "1,024 addresses: 127.0.0.1 … 127.0.4.0"),
    ],
)
def test_where_it_was_dialled_from(count: int, line: str) -> None:
    sources = tuple(f"127.0.{number >> 8}.{number & 255}" for number in range(1, count + 1))
    assert f"\nDialled from {line}\n" in text_report(result(metrics(), sources=sources))


@pytest.mark.parametrize("sources", [(), ("127.0.0.2",)])
def test_of_one_source_nothing_is_said(sources: tuple[str, ...]) -> None:
    assert "Dialled from" not in text_report(result(metrics(), sources=sources))


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
    assert report.splitlines()[-6:] == [
        "Received unasked, and dropped: 1,234,567 bytes",
        "Not measured here: no epoll",
        "TG101 (client, certain): no descriptors",
        "      what to do: raise it",
        "      more: tcpgoon explain TG101",
        "PASS: ours",
    ]


def test_what_was_received_where_it_was_asked_for() -> None:
    asked = result(metrics(received_bytes=1_234_567))
    asked = msgspec.structs.replace(asked, plan=msgspec.structs.replace(asked.plan, tls=TlsOptions(verify=False)))

    assert "\nReceived: 1,234,567 bytes\n" in text_report(asked)


def phantoms(count: int, error: int, closed_by: ClosedBy) -> Ending:
    return Ending(count=count, error=error, phase=Phase.PHANTOM, closed_by=closed_by, earliest_s=1.0, latest_s=2.0)


def test_phantoms_by_what_gave_them_away() -> None:
    found = metrics(
        counts=Counts(closed=1, lost=9),
        breakdown=Breakdown(established=10, phantoms=9, acknowledged=1),
        phantom_endings=(
            phantoms(6, errno.ECONNRESET, ClosedBy.PEER),
            phantoms(2, errno.ETIMEDOUT, ClosedBy.PATH),
            phantoms(1, errno.ETIMEDOUT, ClosedBy.US),
        ),
    )

    assert "\nPhantoms: 9 (RST × 6, no answer × 2, half-open × 1)\n" in text_report(result(found))


def test_all_times() -> None:
    """Each of the four has its own line, in the order in which they pass."""
    rtt, tls, answers = (msgspec.structs.replace(TIMES, p50_s=p50_s) for p50_s in (0.001, 0.002, 0.003))
    found = metrics(handshake_rtt=rtt, tls=tls, answers=answers)

    assert text_report(result(found)).splitlines()[4:-1] == [
        "Peak concurrent connections: 10 of 10",
        "Establishment time p50/p90/p99/max = 19ms/29.5ms/29.811ms/29.811ms",
        "Handshake RTT (kernel) p50/p90/p99/max = 1ms/29.5ms/29.811ms/29.811ms",
        "TLS handshake time p50/p90/p99/max = 2ms/29.5ms/29.811ms/29.811ms",
        "Probe answer time p50/p90/p99/max = 3ms/29.5ms/29.811ms/29.811ms",
    ]


@pytest.mark.parametrize(
    ("repeated", "line"),
    [
        ([(1, 12), (2, 3), (5, 1)], "12 connections needed 1 retransmit, 3 needed 2, 1 needed 5"),
        ([(1, 1)], "1 connection needed 1 retransmit"),
        ([(2, 7)], "7 connections needed 2 retransmits"),
    ],
)
def test_syns_that_had_to_be_repeated(repeated: list[tuple[int, int]], line: str) -> None:
    found = metrics(retransmitted=tuple(Retransmitted(*entry) for entry in repeated))

    assert f"\nSYN retransmits: {line}\n" in text_report(result(found))


def test_a_slow_client_is_told_so() -> None:
    near = msgspec.structs.replace(TIMES, p90_s=0.0001)
    late = msgspec.structs.replace(TIMES, p90_s=0.012)
    slow, quick = (text_report(result(metrics(handshake_rtt=near, lateness=one))) for one in (late, near))

    words = "user space saw connections 12ms (p90) after the kernel had them"
    line = f"\nThe client is what is slow, not the target: {words}\n"
    assert line in slow
    assert "slow" not in quick


def test_the_classic_lines_are_about_all_that_were_established() -> None:
    found = metrics(establishment=None, asked=Assurance.SERVED, levels=of_level(Assurance.SERVED, 0, 0))

    assert text_report(result(found)).splitlines()[2] == (
        "Response time stats for 10 established connections min/avg/max/dev = 17.929ms/19.814ms/29.811ms/3.353ms"
    )


def test_the_verdict_is_the_last_line() -> None:
    assert text_report(result(metrics())).splitlines()[-1] == verdict_line(result(metrics())) == "PASS: all is well"
