"""``tcpgoon run --each``: a run for each instance, one after another, then what came of all."""

import sys
from collections.abc import Callable, Sequence

from tcpgoon.cli.interrupt import interruptible
from tcpgoon.cli.outputs import Outputs
from tcpgoon.cli.view import View
from tcpgoon.discovery.place import Place
from tcpgoon.errors import ExitStatus
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.report.instances import each_report
from tcpgoon.report.origin import heading
from tcpgoon.report.text import text_report, verdict_line
from tcpgoon.results import InstanceResult
from tcpgoon.runs.each import run_each


def ask_each(
    places: Sequence[Place],
    plan_of: Callable[[Target], Plan],
    view: View,
    interval_s: float,
    reports: Outputs,
) -> ExitStatus:
    """Ask each of ``places``, and print the report of each when it is there; the other ``reports`` come last.

    The exit status is that of the worst.
    """

    def begins(number: int, place: Place) -> None:
        if place.origin:
            endpoint = place.endpoints[0] if place.endpoints else None
            text = heading(number, len(places), place.origin, endpoint)
            view.say_between(text, text)

    def ended(one: InstanceResult) -> None:
        line = verdict_line(one)
        view.say_between(text_report(one.result) if one.result else line, line)

    with interruptible(view.leave) as stop:
        reports.begin()
        each = run_each(
            places,
            plan_of,
            view.monitor,
            interval_s=interval_s,
            stop=stop,
            begins=begins,
            ended=ended,
            keep_rows=reports.needs_rows,
        )
        view.say(each_report(each, sys.stdout), verdict_line(each))
        return reports.write(each)
