"""What else is known of a run, in lines, under headings: how connections ended, what was said, where it ran."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.units import format_duration
from tcpgoon.record.ending import Ending
from tcpgoon.report import on_site, proof
from tcpgoon.report.origin import origin_lines
from tcpgoon.result import Result

MOST_LINES = 40
"""Under one heading."""


class Detail(NamedTuple):
    """A heading and the pairs below it; a line alone has no name."""

    heading: str
    pairs: tuple[tuple[str, str], ...]


def details(result: Result) -> Iterator[Detail]:
    """Those of which there is anything."""
    for heading, pairs in (
        ("How connections ended", _endings(result)),
        ("What was proved", _lines(proof.there(result), proof.served(result), proof.newcomers(result))),
        ("At the target", _lines(origin_lines(result), on_site.on_site(result))),
        ("What was asked", _plan(result)),
        ("Environment", _environment(result)),
    ):
        if found := tuple(pairs):
            yield Detail(heading, found[:MOST_LINES])


def _lines(*lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    return (("", line) for some in lines for line in some)


def _endings(result: Result) -> Iterator[tuple[str, str]]:
    metrics = result.metrics
    for what, endings in (
        ("Failed", metrics.errors),
        ("Lost", metrics.losses),
        ("Phantom", metrics.phantom_endings),
    ):
        yield from ((what, _ending(ending)) for ending in endings)


def _ending(ending: Ending) -> str:
    ages = [format_duration(age_s) for age_s in (ending.earliest_s, ending.latest_s)]
    return f"{ending.name} × {ending.count:,} ({ending.side}), after {' to '.join(dict.fromkeys(ages))}"


def _plan(result: Result) -> Iterator[tuple[str, str]]:
    plan = result.plan
    yield "Target", str(plan.target)
    yield "Dialled", ", ".join(map(str, result.dialled[:MOST_LINES]))
    if result.sources:
        yield "Dialled from", ", ".join(result.sources[:MOST_LINES])
    yield "Connections", f"{plan.connections:,}"
    yield "Pacing", _pacing(result)
    yield "Hold", format_duration(plan.hold_s)
    yield from [("Keepalive", format_duration(plan.keepalive_s))] if plan.keepalive_s else []
    yield "Assurance", plan.level.name.lower()
    # What a probe sends may be a secret: its name has to do.
    yield from [("Probe", plan.probe.name)] if plan.probe else []
    yield from [("TLS", "yes")] if plan.tls else []
    yield "Dial timeout", format_duration(plan.dial_timeout_s)
    yield from (("Required", str(requirement)) for requirement in plan.required)


def _pacing(result: Result) -> str:
    pacing = result.plan.pacing
    if isinstance(pacing, ConstantRate):
        return f"one every {format_duration(pacing.interval_s)}"
    return "all at once"


def _environment(result: Result) -> Iterator[tuple[str, str]]:
    environment, strain, limits = result.environment, result.strain, result.limits
    yield "Begun at", environment.begun_at
    yield "Took", format_duration(result.duration_s)
    yield "tcpgoon", environment.tcpgoon
    yield "Python", environment.python
    yield "System", environment.system
    yield "CPUs", f"{environment.cpus:,}"
    yield "Descriptors", f"{limits.descriptors_soft:,}"
    yield from [] if limits.ports is None else [("Local ports", f"{limits.ports:,}")]
    yield "Longest loop lag", format_duration(strain.lag_s)
    yield from [("Worker processes", f"{len(strain.workers):,}")] if strain.workers else []
    yield from (("Not measured here", what) for what in environment.missing)
