"""Several results for people: the report of each under its name, then what came of all."""

from tcpgoon.capacity import Capacity, searched
from tcpgoon.plan.escapes import printable
from tcpgoon.report.capacity import capacity_report
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.result import Part, Result
from tcpgoon.results import Outcome


def text(outcome: Outcome) -> str:
    """The report of ``outcome``; of several results each under its name, and the verdict over all last."""
    if isinstance(outcome, Result | Capacity):
        return part_report(outcome.parts[0])
    return "\n\n".join([*map(_under_its_name, outcome.parts), verdict_line(outcome)])


def part_report(part: Part) -> str:
    """The report of ``part``: of a run, or of a search; the verdict alone where nothing was asked."""
    if search := searched(part):
        return capacity_report(search)
    return text_report(part.result) if part.result else verdict_line(part)


def _under_its_name(part: Part) -> str:
    return f"=== {printable(part.name)} ===\n{part_report(part)}"
