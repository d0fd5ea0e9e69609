"""The findings in the text report: what stopped the target, or us, and what to do about it.

A sentence holds the numbers that people need; the rest of the evidence is for machines, which read the result. Lines
are not wrapped: scripts look for them, and people paste commands. No ``$`` stands before these: some are lines for a
configuration file, and say so.
"""

from collections.abc import Iterator

from tcpgoon.capacity import searched
from tcpgoon.judge.facts import Finding
from tcpgoon.plan.escapes import printable
from tcpgoon.result import Part, Result

_INDENT = " " * len("TG301 ")


def found(result: Result) -> Iterator[str]:
    """The lines about each finding, first cause first."""
    return (line for finding in result.findings for line in said(finding))


def findings_of(part: Part) -> tuple[Finding, ...]:
    """Those of ``part``; of a search what ended it, and not what was seen in the run that confirmed its answer."""
    if search := searched(part):
        return search.findings
    return part.result.findings if part.result else ()


def said(finding: Finding) -> Iterator[str]:
    """The lines about ``finding``: what was seen, and what to do about it."""
    # What peers say is escaped where it is read; should a rule forget it, no terminal obeys it nevertheless.
    return map(printable, _lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.code} ({finding.side}, {finding.confidence}): {finding.sentence}"
    yield f"{_INDENT}what to do: {finding.remedy}"
    yield from (f"{_INDENT}  {command}" for command in finding.commands)
    yield f"{_INDENT}more: tcpgoon explain {finding.code}"
