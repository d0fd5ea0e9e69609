"""``tcpgoon run --each``: a run for each instance, one after another, then what came of all."""

import sys
from collections.abc import Callable, Sequence

from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.output import say
from tcpgoon.discovery.place import Place
from tcpgoon.errors import ExitStatus
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.report.instances import each_report, each_verdict
from tcpgoon.report.origin import heading
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.results import InstanceResult
from tcpgoon.runs.each import run_each
from tcpgoon.runs.monitor import Monitor


def ask_each(
    places: Sequence[Place], plan_of: Callable[[Target], Plan], monitor: Monitor, interval_s: float
) -> ExitStatus:
    """Ask each of ``places``, and print the report of each when it is there. The exit status is that of the worst."""

    def begins(number: int, place: Place) -> None:
        if place.origin:
            endpoint = place.endpoints[0] if place.endpoints else None
            text = heading(number, len(places), place.origin, endpoint)
            say(text, text)

    def ended(one: InstanceResult) -> None:
        line = verdict_line(one)
        say(text_report(one.result) if one.result else line, line)

    with interruptible() as stop:
        each = run_each(
            places,
            plan_of,
            monitor,
            interval_s=interval_s,
            stop=stop,
            begins=begins,
            ended=ended,
            keep_rows=False,
        )
        say(each_report(each, sys.stdout), each_verdict(each))
    return each.verdict.exit_status
