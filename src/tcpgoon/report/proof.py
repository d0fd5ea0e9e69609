"""The lines about what was proved: how many connections were really there, who served, what was said, newcomers."""

from collections.abc import Iterator

from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.units import format_duration
from tcpgoon.record.heard import Agreed, Saying
from tcpgoon.record.newcomers import Newcomers
from tcpgoon.record.unserved import Unserved
from tcpgoon.result import Result

MOST_TEXTS = 10
"""Distinct texts of the peers that are shown, and distinct outcomes of TLS handshakes."""

_LEVEL = {
    Assurance.HANDSHAKE: "established",
    Assurance.ACKNOWLEDGED: "acknowledged",
    Assurance.SERVED: "served",
}

_WHY = {
    Unserved.REFUSED: "refused",
    Unserved.ENDED: "closed before the answer",
    Unserved.ENDLESS: "no answer in all that it said",
    Unserved.NO_TLS: "no TLS handshake",
    Unserved.UNTRUSTED: "certificate does not verify",
    Unserved.SILENT: "no answer within {timeout}",
    Unserved.UNACKED: "request never acknowledged",
    Unserved.UNEXPECTED: "another answer than expected",
    Unserved.LATE: "answered later than {timeout}",
}


def there(result: Result) -> Iterator[str]:
    """What became of those that our kernel called established, and how many were there at once."""
    metrics = result.metrics
    proving = metrics.asked > Assurance.HANDSHAKE
    if proving and metrics.breakdown.established:
        yield f"Established: {metrics.breakdown.established}, of which {_breakdown(result)}"
    if not proving or result.verdict is Verdict.INTERRUPTED:  # the proof comes last, and did not come
        yield f"Peak concurrent connections: {metrics.levels[0].peak} of {result.plan.connections}"
    else:
        yield f"Peak concurrent connections: {metrics.peak} of {result.plan.connections} ({_LEVEL[metrics.asked]})"


def _breakdown(result: Result) -> str:
    """``acknowledged: 98 (served: 90, not served: 8), phantom: 2``."""
    parts, asked = result.metrics.breakdown, result.metrics.asked
    served = [f"served: {parts.served}"] if parts.served or asked is Assurance.SERVED else []
    served += [f"not served: {parts.not_served}"] if parts.not_served else []
    others = {
        "phantom": parts.phantoms,
        "doubtful": parts.doubtful,
        "lost while held": parts.lost,
        "lost with a worker that died": parts.orphaned,
        "not proved": parts.unproved,
    }
    of_them = f" ({', '.join(served)})" if served else ""
    counted = [f"{what}: {count}" for what, count in others.items() if count]
    return ", ".join([f"acknowledged: {parts.acknowledged}{of_them}", *counted])


def served(result: Result) -> Iterator[str]:
    """What the probes came to, what the peers said, and what was agreed on in TLS handshakes."""
    metrics, timeout = result.metrics, format_duration(result.plan.probe_timeout_s)
    if metrics.unserved:
        ways = (f"{_WHY[entry.why].format(timeout=timeout)} × {entry.count}" for entry in metrics.unserved)
        yield f"Not served: {metrics.not_served} ({', '.join(ways)})"
    yield from _first(list(map(_saying, result.sayings)), "other texts")
    yield from _first(list(map(_agreed, result.tls)), "other outcomes of a TLS handshake")


def _first(lines: list[str], others: str) -> Iterator[str]:
    yield from lines[:MOST_TEXTS]
    if len(lines) > MOST_TEXTS:
        yield f"… and {len(lines) - MOST_TEXTS} {others}"


def _saying(saying: Saying) -> str:
    what = f'The peer said: "{saying.text}"' if saying.is_quoted else f"The probe failed: {saying.text}"
    return f"{what} × {saying.count}"


def _agreed(agreed: Agreed) -> str:
    facts = agreed.facts
    alpn = [f"ALPN {facts.alpn}"] if facts.alpn else []
    expiry = [f"certificate ends {facts.expires_at}"] if facts.expires_at else []
    return f"TLS: {', '.join([facts.version, facts.cipher, *alpn, *expiry])} × {agreed.count}"


def newcomers(result: Result) -> Iterator[str]:
    """``A newcomer at 1000 connections: served in 1.4ms (median of 9, 1.2ms to 3ms), left waiting × 1``."""
    for part in result.metrics.newcomers:
        beside = f"{part.least_held} to " if part.least_held < part.most_held else ""
        beside += f"{part.most_held} connection{'s' * (part.most_held != 1)}"
        yield f"A newcomer at {beside}: {', '.join(_fared(part, _LEVEL[result.metrics.asked]))}"


def _fared(part: Newcomers, welcome: str) -> Iterator[str]:
    if times := part.welcome:
        of_several = f" (median of {times.count}, {format_duration(times.min_s)} to {format_duration(times.max_s)})"
        yield f"{welcome} in {format_duration(times.p50_s)}{of_several if times.count > 1 else ''}"
    alone = not part.welcome and len(part.others) == 1 and part.others[0][1] == 1
    yield from (how if alone else f"{how} × {count}" for how, count in part.others)
