"""The formats of reports, by name; each is imported when it is used."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final, Protocol

from tcpgoon.results import Outcome

FORMATS: Final[Mapping[str, str]] = {
    "text": "tcpgoon.report.whole:text",
    "json": "tcpgoon.report.json:json",
}
"""Name of each format and where its `Report` is."""


class Report(Protocol):
    """Formats an outcome, and computes nothing."""

    def __call__(self, outcome: Outcome) -> str:
        """The report as a whole; the last line may lack its end."""
        ...


def render(outcome: Outcome, name: str) -> str:
    """``outcome`` in the format ``name``, one of `FORMATS`."""
    module, _, attribute = FORMATS[name].partition(":")
    report: Report = getattr(import_module(module), attribute)
    return report(outcome)
