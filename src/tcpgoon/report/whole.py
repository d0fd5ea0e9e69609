"""Several results for people: the report of each under its name, then what came of all."""

from tcpgoon.plan.escapes import printable
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.result import Part, Result
from tcpgoon.results import Outcome


def text(outcome: Outcome) -> str:
    """The report of ``outcome``; of several results each under its name, and the verdict over all last."""
    if isinstance(outcome, Result):
        return text_report(outcome)
    return "\n\n".join([*map(_part, outcome.parts), verdict_line(outcome)])


def _part(part: Part) -> str:
    said = text_report(part.result) if part.result else verdict_line(part)
    return f"=== {printable(part.name)} ===\n{said}"
