"""When it is over, for people: the lines of the first tcpgoon, then what is new, and the verdict last."""

from collections.abc import Iterator, Sequence

from tcpgoon.judge.client_workers import named
from tcpgoon.plan.endpoint import host_port
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.units import format_duration
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.ending import Ending
from tcpgoon.record.outcome import ClosedBy
from tcpgoon.report import findings, on_site, proof
from tcpgoon.report.origin import fared, origin_lines
from tcpgoon.report.status import status_line
from tcpgoon.report.survival import survival_lines
from tcpgoon.result import Part, Result
from tcpgoon.results import InstanceResult, Outcome

CLOSED_BY = {
    ClosedBy.NOBODY: "",
    ClosedBy.US: " by us",
    ClosedBy.PEER: " by the peer",
    ClosedBy.PATH: " by the path",
}


MOST_LISTED = 4
"""Addresses of this host that are shown one by one."""


def text_report(result: Result) -> str:
    """The report of ``result``, several lines without a newline at the end."""
    return "\n".join((*_classic(result), *_new(result), verdict_line(result)))


def verdict_line(result: Outcome | Part | InstanceResult) -> str:
    """``PASS: `` and the reason."""
    return f"{result.verdict}: {printable(result.reason)}"


def _classic(result: Result) -> Iterator[str]:
    """Line for line what scripts know."""
    metrics = result.metrics
    yield f"--- {_host(result)} tcp test statistics ---"
    yield status_line(metrics.counts)
    if metrics.response:
        yield _classic_stats("Response time", "established", metrics.response)
    if metrics.time_to_error:
        yield _classic_stats("Time to error", "failed", metrics.time_to_error)


def _host(result: Result) -> str:
    """``name(address):port``; the address alone where it is what was asked for."""
    target, endpoint = result.plan.target, result.endpoint
    if result.origin and len(result.dialled) > 1:
        return printable(result.origin.service)
    if target.by_address or len(result.dialled) > 1:
        return host_port(target.host, target.port)
    return f"{target.host}({endpoint.address}):{endpoint.port}"


def _classic_stats(what: str, which: str, times: Distribution) -> str:
    values = (times.min_s, times.mean_s, times.max_s, times.deviation_s)
    return (
        f"{what} stats for {times.count} {which} connections min/avg/max/dev = {'/'.join(map(format_duration, values))}"
    )


def _new(result: Result) -> Iterator[str]:
    target = result.plan.target
    yield from origin_lines(result)
    if not target.by_address and not (result.origin and len(result.dialled) > 1):
        yield f"Addresses of {target.host}: {', '.join(_addresses(result))}"
    if len(result.sources) > 1:
        yield f"Dialled from {len(result.sources):,} addresses: {_listed(result.sources)}"
    yield from proof.there(result)
    yield from _times(result)
    yield from _ended(result)
    yield from proof.served(result)
    yield from proof.newcomers(result)
    yield from survival_lines(result.lifetimes)
    if received := result.metrics.received_bytes:
        yield f"{'Received' if result.plan.asks else 'Received unasked, and dropped'}: {received:,} bytes"
    yield from on_site.on_site(result)
    yield from _workers(result)
    yield from (f"Not measured here: {what}" for what in result.environment.missing)
    yield from findings.found(result)


def _addresses(result: Result) -> Iterator[str]:
    """``192.0.2.1 (dialled), 192.0.2.2``; with how many are held, where several were dialled."""
    if len(result.dialled) == 1:
        yield f"{result.endpoint.address} (dialled)"
        yield from (endpoint.address for endpoint in result.endpoints if endpoint != result.endpoint)
        return
    for number, endpoint in enumerate(result.dialled):
        yield f"{endpoint.address} (dialled, {fared(result, number)})"


def _listed(addresses: Sequence[str]) -> str:
    """Few are listed; of many, the first and the last."""
    return ", ".join(addresses) if len(addresses) <= MOST_LISTED else f"{addresses[0]} … {addresses[-1]}"


def _times(result: Result) -> Iterator[str]:
    metrics = result.metrics
    for what, times in (
        ("Establishment time", metrics.establishment),
        ("Handshake RTT (kernel)", metrics.handshake_rtt),
        ("TLS handshake time", metrics.tls),
        ("Probe answer time", metrics.answers),
    ):
        if times:
            values = (times.p50_s, times.p90_s, times.p99_s, times.max_s)
            yield f"{what} p50/p90/p99/max = {'/'.join(map(format_duration, values))}"
    if metrics.retransmitted:
        yield f"SYN retransmits: {_retransmits(result)}"
    if metrics.client_is_slow and metrics.lateness:
        late = format_duration(metrics.lateness.p90_s)
        yield (
            f"The client is what is slow, not the target: user space saw connections {late} (p90) after the kernel "
            "had them"
        )


def _retransmits(result: Result) -> str:
    """``12 connections needed 1 retransmit, 3 needed 2``."""
    (times, connections), *more = result.metrics.retransmitted
    first = f"{_plural(connections, 'connection')} needed {_plural(times, 'retransmit')}"
    return ", ".join([first, *(f"{count} needed {times}" for times, count in more)])


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _ended(result: Result) -> Iterator[str]:
    metrics = result.metrics
    if metrics.phantoms:
        yield f"Phantoms: {metrics.phantoms} ({', '.join(map(_counted, metrics.phantom_endings))})"
    if metrics.losses:
        yield f"Lost while held: {metrics.breakdown.lost} ({', '.join(map(_loss, metrics.losses))})"
    if metrics.errors:
        yield f"Errors: {', '.join(map(_counted, metrics.errors))}"
    if metrics.orphaned:
        yield f"Lost with a worker that died: {metrics.breakdown.orphaned} held, {metrics.orphaned_dials} dialling"


def _workers(result: Result) -> Iterator[str]:
    """``Workers: 51 processes, the longest loop lag 84ms (worker 7, pid 1234)``, and who died."""
    workers, slowest, dead = result.strain.workers, result.strain.slowest, result.strain.died
    if slowest is None:
        return
    several = f"{len(workers)} process{'es' * (len(workers) != 1)}"
    lag = f"{format_duration(round(slowest.lag_s, 3))} (worker {slowest.number}, pid {slowest.pid})"
    yield f"Workers: {several}, the longest loop lag {lag}" + (f"; {len(dead)} died ({named(dead)})" if dead else "")


def _counted(ending: Ending) -> str:
    return f"{ending.name} × {ending.count}"


def _loss(ending: Ending) -> str:
    first, last = format_duration(ending.earliest_s), format_duration(ending.latest_s)
    when = first if first == last else f"{first} to {last}"
    name = "RST" if ending.name == "ECONNRESET" else ending.name
    by = f"{CLOSED_BY[ending.closed_by]}{' (not served)' if ending.unserved else ''}"
    return f"{name}{by} × {ending.count}, {when} after they were established"
