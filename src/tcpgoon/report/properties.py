"""The figures of an outcome as names and values, for whoever keeps such beside a test's result (JUnit's properties)."""

from collections.abc import Iterator

from tcpgoon.capacity import Capacity, searched
from tcpgoon.discovery.near import clipped
from tcpgoon.plan.escapes import printable
from tcpgoon.report.findings import findings_of
from tcpgoon.result import Part, Result
from tcpgoon.results import Outcome

Property = tuple[str, str | int | float]


def properties(outcome: Outcome) -> Iterator[Property]:
    """``verdict``, ``peak`` and so on; of several after the name of each: ``checkout-1.peak``.

    What was not measured is not there. Times are in seconds.
    """
    if isinstance(outcome, Result | Capacity):
        yield from of_part(outcome.parts[0])
        return
    yield "verdict", str(outcome.verdict)
    yield "reason", printable(outcome.reason)
    for part in outcome.parts:
        yield from ((f"{clipped(part.name)}.{name}", value) for name, value in of_part(part))


def of_part(part: Part) -> Iterator[Property]:
    """Those of one of the things that an outcome consists of."""
    yield "verdict", str(part.verdict)
    yield "reason", printable(part.reason)
    if search := searched(part):
        yield from _of_search(search)
    elif part.result:
        yield from _of_run(part.result)
    if found := findings_of(part):
        yield "findings", " ".join(finding.code for finding in found)


def _of_run(result: Result) -> Iterator[Property]:
    yield "target", printable(str(result.plan.target))
    yield "connections", result.plan.connections
    for name in ("established", "peak", "lost"):
        yield name, getattr(result, name)
    yield from _times(result)


def _times(result: Result) -> Iterator[Property]:
    if times := result.establishment:
        for name in ("p50_s", "p90_s", "p99_s", "max_s"):
            yield name, getattr(times, name)


def _of_search(found: Capacity) -> Iterator[Property]:
    """The answer, whose number is the target's where ``bound`` says so; times are those of the confirmed run."""
    yield "target", printable(str(found.plan.target))
    yield "bound", str(found.bound)
    yield "carries", found.carries
    recovery = found.recovery
    known: dict[str, str | int | float | None] = {
        "bad": found.answer.bad,
        "at_least": found.search.at_least,
        "burst": found.answer.burst,
        "knee": found.knee,
        "next": found.next.name if found.next else None,
        "as_before_s": recovery.as_before_s if recovery else None,
        "again": recovery.again.carries if recovery and recovery.again else None,
    }
    yield from ((name, value) for name, value in known.items() if value is not None)
    yield "trials", len(found.steps)
    if found.confirmed:
        yield from _times(found.confirmed)
