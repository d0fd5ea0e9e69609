"""tcpgoon: can one instance carry N TCP connections at the same time, and if not, whose limit is it?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tcpgoon.api import (
        compare,
        find_capacity,
        find_capacity_async,
        load,
        render,
        run,
        run_async,
        run_each,
        run_suite,
        save,
        soak,
        soak_async,
    )
    from tcpgoon.capacity import Capacity
    from tcpgoon.comparison.compared import Comparison
    from tcpgoon.discovery.resolution import Found, resolve
    from tcpgoon.errors import PlanError, SavedFileError, TcpgoonError, Unanswerable, UsageError
    from tcpgoon.judge.facts import Finding
    from tcpgoon.judge.verdict import Verdict
    from tcpgoon.record.counts import Snapshot
    from tcpgoon.result import Result
    from tcpgoon.results import EachResult, InstanceResult, SuiteResult
    from tcpgoon.runs.monitor import Monitor
    from tcpgoon.runs.stop import Stop
    from tcpgoon.runs.suite import Audience

_WHERE = {
    "api": (
        *("compare", "find_capacity", "find_capacity_async", "load", "render", "run", "run_async", "run_each"),
        *("run_suite", "save", "soak", "soak_async"),
    ),
    "capacity": ("Capacity",),
    "comparison.compared": ("Comparison",),
    "discovery.resolution": ("Found", "resolve"),
    "errors": ("PlanError", "SavedFileError", "TcpgoonError", "Unanswerable", "UsageError"),
    "judge.facts": ("Finding",),
    "judge.verdict": ("Verdict",),
    "record.counts": ("Snapshot",),
    "result": ("Result",),
    "results": ("EachResult", "InstanceResult", "SuiteResult"),
    "runs.monitor": ("Monitor",),
    "runs.stop": ("Stop",),
    "runs.suite": ("Audience",),
}
"""Imported when they are used: the command has to be ready for signals before anything that takes a while."""

__all__ = [
    "Audience",
    "Capacity",
    "Comparison",
    "EachResult",
    "Finding",
    "Found",
    "InstanceResult",
    "Monitor",
    "PlanError",
    "Result",
    "SavedFileError",
    "Snapshot",
    "Stop",
    "SuiteResult",
    "TcpgoonError",
    "Unanswerable",
    "UsageError",
    "Verdict",
    "compare",
    "find_capacity",
    "find_capacity_async",
    "load",
    "render",
    "resolve",
    "run",
    "run_async",
    "run_each",
    "run_suite",
    "save",
    "soak",
    "soak_async",
]


if not TYPE_CHECKING:  # whoever checks types is to see what is not there

    def __getattr__(name: str) -> Any:
        for module, names in _WHERE.items():
            if name in names:
                return getattr(import_module(f"tcpgoon.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
