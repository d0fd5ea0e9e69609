"""When it is over, for people: the lines of the first tcpgoon, then what is new, and the verdict last."""

from collections.abc import Iterator

from tcpgoon.judge.facts import Finding
from tcpgoon.plan.endpoint import host_port
from tcpgoon.plan.units import format_duration
from tcpgoon.record.metrics import Distribution, Ending
from tcpgoon.record.outcome import ClosedBy
from tcpgoon.report.status import status_line
from tcpgoon.result import Result

_CLOSED_BY = {
    ClosedBy.NOBODY: "",
    ClosedBy.US: " by us",
    ClosedBy.PEER: " by the peer",
    ClosedBy.PATH: " by the path",
}


def text_report(result: Result) -> str:
    """The report of ``result``, several lines without a newline at the end."""
    return "\n".join((*_classic(result), *_new(result), verdict_line(result)))


def verdict_line(result: Result) -> str:
    """``PASS: `` and the reason."""
    return f"{result.verdict}: {result.reason}"


def _classic(result: Result) -> Iterator[str]:
    """Line for line what scripts know."""
    metrics = result.metrics
    yield f"--- {_host(result)} tcp test statistics ---"
    yield status_line(metrics.counts)
    if metrics.establishment:
        yield _classic_stats("Response time", "established", metrics.establishment)
    if metrics.time_to_error:
        yield _classic_stats("Time to error", "failed", metrics.time_to_error)


def _host(result: Result) -> str:
    """``name(address):port``; the address alone where it is what was asked for."""
    target, endpoint = result.plan.target, result.endpoint
    return (
        host_port(target.host, target.port)
        if target.by_address
        else f"{target.host}({endpoint.address}):{endpoint.port}"
    )


def _classic_stats(what: str, which: str, times: Distribution) -> str:
    values = (times.min_s, times.mean_s, times.max_s, times.deviation_s)
    return (
        f"{what} stats for {times.count} {which} connections min/avg/max/dev = {'/'.join(map(format_duration, values))}"
    )


def _new(result: Result) -> Iterator[str]:
    metrics, target = result.metrics, result.plan.target
    if not target.by_address:
        others = [endpoint.address for endpoint in result.endpoints if endpoint != result.endpoint]
        yield f"Addresses of {target.host}: {', '.join([f'{result.endpoint.address} (dialled)', *others])}"
    yield f"Peak concurrent connections: {metrics.peak} of {result.plan.connections}"
    if times := metrics.establishment:
        values = (times.p50_s, times.p90_s, times.p99_s, times.max_s)
        yield f"Establishment time p50/p90/p99/max = {'/'.join(map(format_duration, values))}"
    if metrics.losses:
        yield f"Lost while held: {metrics.lost} ({', '.join(map(_loss, metrics.losses))})"
    if metrics.errors:
        yield f"Errors: {', '.join(f'{ending.name} × {ending.count}' for ending in metrics.errors)}"
    if metrics.received_bytes:
        yield f"Received unasked, and dropped: {metrics.received_bytes:,} bytes"
    yield from (f"Not measured here: {what}" for what in result.environment.missing)
    yield from (line for finding in result.findings for line in _finding(finding))


def _loss(ending: Ending) -> str:
    first, last = format_duration(ending.earliest_s), format_duration(ending.latest_s)
    when = first if first == last else f"{first} to {last}"
    name = "RST" if ending.name == "ECONNRESET" else ending.name
    return f"{name}{_CLOSED_BY[ending.closed_by]} × {ending.count}, {when} after they were established"


def _finding(finding: Finding) -> tuple[str, str]:
    return f"{finding.code} ({finding.side}): {finding.sentence}", f"      what to do: {finding.remedy}"
