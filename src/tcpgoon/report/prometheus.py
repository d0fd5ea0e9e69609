"""Prometheus' text format, for the textfile collector of its node exporter: what a run came to, as gauges.

All are gauges, since nothing is counted on from run to run. Times are in seconds, and the percentiles of a run are
fields of its result: they have a label for the statistic, rather than being a summary, whose sum and count would go up.
What was not measured is not there. Of a search the connections and times are those of the run that confirmed its
answer.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tcpgoon.capacity import Capacity, searched
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.record.distribution import Distribution
from tcpgoon.report.capacity_metrics import FAMILIES, capacity_samples
from tcpgoon.report.findings import findings_of
from tcpgoon.result import Part, Result
from tcpgoon.results import EachResult, Outcome

Sample = tuple[dict[str, str], float]

_FAMILIES = {
    "tcpgoon_overall_verdict": "The verdict over all, which is the worst: 1 for that one, 0 for the others.",
    "tcpgoon_verdict": "The verdict: 1 for that one, 0 for the others.",
    "tcpgoon_info": "Which tcpgoon asked, and from where; always 1.",
    "tcpgoon_begun_timestamp_seconds": "When it began, in Unix time.",
    "tcpgoon_duration_seconds": "How long it took.",
    "tcpgoon_connections_planned": "Connections that were asked for.",
    "tcpgoon_connections": "Connections by the state that they ended in.",
    "tcpgoon_connections_reached": "Connections of which the level of assurance was ever proved.",
    "tcpgoon_connections_held": "Connections of which the level is proved, and that were there to the end.",
    "tcpgoon_connections_peak": "Most connections at the same instant, at the level.",
    "tcpgoon_connections_established": "Connections at the level asked for and still there at the end of the hold.",
    "tcpgoon_connections_lost": "Connections that the peer or the path ended before we did, and phantoms.",
    "tcpgoon_connections_phantom": "Connections that looked established and were not there.",
    "tcpgoon_connections_doubtful": "Connections of which it could not be found out whether they were there.",
    "tcpgoon_connections_not_served": "Connections whose probe did not pass.",
    "tcpgoon_connections_ended": "Connections that failed or were lost, by how.",
    "tcpgoon_received_bytes": "What all peers together sent.",
    "tcpgoon_establishment_seconds": "connect() to writable, of those that reached the level asked for.",
    "tcpgoon_handshake_rtt_seconds": "From SYN to SYN-ACK, as the kernel saw it.",
    "tcpgoon_tls_handshake_seconds": "The TLS handshakes.",
    "tcpgoon_answer_seconds": "From the beginning of the probe to its answer, without the TLS handshake.",
    "tcpgoon_time_to_error_seconds": "connect() to the error, of the dials that failed.",
    "tcpgoon_newcomer_seconds": "How long newcomers waited that were welcome, when all were held.",
    "tcpgoon_requirement_met": "Whether a requirement holds: 1 or 0; where that is not known, it is not there.",
    "tcpgoon_finding": "What was found, by code; always 1.",
    **FAMILIES,
}
"""Name and help of each."""


def prometheus(outcome: Outcome) -> str:
    """``outcome`` as the text of a ``.prom`` file."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(outcome))
    text: bytes = generate_latest(registry)
    return text.decode()


class _Collected(Collector):
    """The metrics, as the library wants to be given them."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Those that have a sample, in the order above."""
        samples: dict[str, list[Sample]] = {name: [] for name in _FAMILIES}
        for name, labels, value in _samples(self._outcome):
            samples[name].append(({key: printable(text) for key, text in labels.items()}, value))
        for name, said in _FAMILIES.items():
            family = GaugeMetricFamily(name, said)
            for labels, value in samples[name]:
                family.add_sample(name, labels, value)
            if family.samples:
                yield family


def _samples(outcome: Outcome) -> Iterator[tuple[str, dict[str, str], float]]:
    for verdict in Verdict:
        yield "tcpgoon_overall_verdict", {"name": _name(outcome), "verdict": verdict}, verdict is outcome.verdict
    seen: Counter[str] = Counter()
    for part in outcome.parts:
        seen[part.name] += 1
        # A series must not be there twice, whatever a registry calls its instances.
        name = part.name if seen[part.name] == 1 else f"{part.name} #{seen[part.name]}"
        for family, labels, value in _of_part(part):
            yield family, {"part": name, **labels}, value


def _name(outcome: Outcome) -> str:
    if isinstance(outcome, Result | Capacity):
        return str(outcome.plan.target)
    return outcome.service if isinstance(outcome, EachResult) else outcome.suite


def _of_part(part: Part) -> Iterator[tuple[str, dict[str, str], float]]:
    for verdict in Verdict:
        yield "tcpgoon_verdict", {"verdict": verdict}, verdict is part.verdict
    if asked := searched(part) or part.result:
        target = {"target": str(asked.plan.target)}
        for family, labels, value in (*_about(asked), *_came(part), *_found(part)):
            yield family, {**target, **labels}, value


def _came(part: Part) -> Iterator[tuple[str, dict[str, str], float]]:
    if search := searched(part):
        yield from capacity_samples(search)
    if part.result:
        yield from _counted(part.result)
        yield from _timed(part.result)
        yield from _required(part.result)


def _about(asked: Result | Capacity) -> Iterator[tuple[str, dict[str, str], float]]:
    environment = asked.environment
    yield "tcpgoon_info", {"version": environment.tcpgoon, "system": environment.system}, 1
    with suppress(ValueError):  # of a file that somebody else wrote
        begun_at = datetime.fromisoformat(environment.begun_at)
        yield "tcpgoon_begun_timestamp_seconds", {}, begun_at.replace(tzinfo=begun_at.tzinfo or UTC).timestamp()
    yield "tcpgoon_duration_seconds", {}, asked.duration_s


def _counted(result: Result) -> Iterator[tuple[str, dict[str, str], float]]:
    metrics = result.metrics
    yield "tcpgoon_received_bytes", {}, metrics.received_bytes
    yield "tcpgoon_connections_planned", {}, result.plan.connections
    for state, count in msgspec.structs.asdict(metrics.counts).items():
        yield "tcpgoon_connections", {"state": state}, count
    for level in metrics.levels:
        labels = {"level": level.assurance.name.lower()}
        yield "tcpgoon_connections_reached", labels, level.reached
        yield "tcpgoon_connections_held", labels, level.held
        yield "tcpgoon_connections_peak", labels, level.peak
    yield "tcpgoon_connections_established", {}, metrics.established
    yield "tcpgoon_connections_lost", {}, metrics.lost
    yield "tcpgoon_connections_phantom", {}, metrics.phantoms
    yield "tcpgoon_connections_doubtful", {}, metrics.doubtful
    yield "tcpgoon_connections_not_served", {}, metrics.not_served
    for ending in (*metrics.errors, *metrics.losses, *metrics.phantom_endings):
        labels = {
            "error": ending.name,
            "phase": ending.phase.name.lower(),
            "closed_by": ending.closed_by.name.lower(),
            "unserved": ending.unserved.name.lower(),
            "side": ending.side,
        }
        yield "tcpgoon_connections_ended", labels, ending.count


def _timed(result: Result) -> Iterator[tuple[str, dict[str, str], float]]:
    metrics = result.metrics
    beside_all = next((one for one in metrics.newcomers if one.beside_all), None)
    for family, times in (
        ("tcpgoon_establishment_seconds", metrics.establishment),
        ("tcpgoon_handshake_rtt_seconds", metrics.handshake_rtt),
        ("tcpgoon_tls_handshake_seconds", metrics.tls),
        ("tcpgoon_answer_seconds", metrics.answers),
        ("tcpgoon_time_to_error_seconds", metrics.time_to_error),
        ("tcpgoon_newcomer_seconds", beside_all.welcome if beside_all else None),
    ):
        for statistic, seconds in _statistics(times):
            yield family, {"statistic": statistic}, seconds


def _statistics(times: Distribution | None) -> Iterator[tuple[str, float]]:
    for name, value in (msgspec.structs.asdict(times) if times else {}).items():
        if name.endswith("_s"):
            yield name.removesuffix("_s"), value


def _required(result: Result) -> Iterator[tuple[str, dict[str, str], float]]:
    came = {one.text: one.holds for one in result.checked}
    for text, holds in came.items():
        if holds is not None:
            yield "tcpgoon_requirement_met", {"requirement": text}, holds


def _found(part: Part) -> Iterator[tuple[str, dict[str, str], float]]:
    for code, side in dict.fromkeys((finding.code, finding.side) for finding in findings_of(part)):
        yield "tcpgoon_finding", {"code": code, "side": side}, 1
