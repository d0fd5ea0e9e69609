"""Why a test failed, in a few lines: the verdict, the first finding and its remedy."""

from collections.abc import Iterator

from tcpgoon.judge.facts import Finding
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.record.outcome import Side
from tcpgoon.report.findings import findings_of, said
from tcpgoon.report.text import verdict_line
from tcpgoon.results import Outcome

MOST_PARTS = 10
"""Instances that are named."""

OURS = "It is a limit of this machine, and not known to be one of the target: the question could not be asked."
NOBODYS = "Nothing is known of the target: the question could not be answered."


def failure(outcome: Outcome) -> str:
    """Several lines about ``outcome``, which did not pass."""
    return "\n".join((verdict_line(outcome), *_parts(outcome), *_findings(outcome)))


def _parts(outcome: Outcome) -> Iterator[str]:
    """Which of several did not pass."""
    if len(outcome.parts) < 2:
        return
    failed = [part for part in outcome.parts if part.verdict is not Verdict.PASS]
    for part in failed[:MOST_PARTS]:
        yield f"{printable(part.name)}: {verdict_line(part)}"
    if len(failed) > MOST_PARTS:
        yield f"… and {len(failed) - MOST_PARTS:,} more"


def _findings(outcome: Outcome) -> Iterator[str]:
    found = list(_found(outcome))
    if found:
        yield from said(found[0])
    if others := list(dict.fromkeys(finding.code for finding in found[1:])):
        yield f"also found: {', '.join(others)}"
    if outcome.verdict is Verdict.INCONCLUSIVE:
        yield OURS if found and found[0].side is Side.CLIENT else NOBODYS


def _found(outcome: Outcome) -> Iterator[Finding]:
    """What was found of those that have the verdict over all, the first of them first."""
    for part in outcome.parts:
        if part.verdict is outcome.verdict:
            yield from findings_of(part)
