"""The figures of an outcome as names and values, for whoever keeps such beside a test's result (JUnit's properties)."""

from collections.abc import Iterator

from tcpgoon.discovery.near import clipped
from tcpgoon.plan.escapes import printable
from tcpgoon.result import Part, Result
from tcpgoon.results import Outcome

Property = tuple[str, str | int | float]


def properties(outcome: Outcome) -> Iterator[Property]:
    """``verdict``, ``peak`` and so on; of several after the name of each: ``checkout-1.peak``.

    What was not measured is not there. Times are in seconds.
    """
    if isinstance(outcome, Result):
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
    if part.result is None:
        return
    result = part.result
    yield "target", printable(str(result.plan.target))
    yield "connections", result.plan.connections
    for name in ("established", "peak", "lost"):
        yield name, getattr(result, name)
    if times := result.establishment:
        for name in ("p50_s", "p90_s", "p99_s", "max_s"):
            yield name, getattr(times, name)
    if result.findings:
        yield "findings", " ".join(finding.code for finding in result.findings)
