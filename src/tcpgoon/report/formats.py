"""The formats of reports, by name; each is imported when it is used."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final, Protocol

from tcpgoon.errors import UsageError
from tcpgoon.plan.escapes import printable
from tcpgoon.results import Outcome

FORMATS: Final[Mapping[str, str]] = {
    "text": "tcpgoon.report.whole:text",
    "json": "tcpgoon.report.json:json",
    "csv": "tcpgoon.report.csv:csv",
    "junit": "tcpgoon.report.junit:junit",
    "prometheus": "tcpgoon.report.prometheus:prometheus",
    "markdown": "tcpgoon.report.markdown:markdown",
    "html": "tcpgoon.report.html:html",
}
"""Name of each format and where its `Report` is."""

EXTRAS: Final[Mapping[str, str]] = {"html": "html", "junit": "junit", "prometheus": "prometheus"}
"""The extra that a format needs, by its name."""

OF_ROWS: Final = frozenset({"csv", "html"})
"""The formats that show single connections."""


class Report(Protocol):
    """Formats an outcome, and computes nothing."""

    def __call__(self, outcome: Outcome) -> str | Iterable[str]:
        """The report as a whole, or in pieces where it may be long; the last line may lack its end."""
        ...


def report_of(name: str, formats: Mapping[str, str] | None = None) -> Callable[[Any], Iterator[str]]:
    """The report in the format ``name``, in pieces that are not empty; the last line has its end.

    It is one of ``formats``: those of an outcome, unless others are given. Raises `UsageError` for another, and where a
    library that it needs is not installed.
    """
    report = _imported(name, FORMATS if formats is None else formats)

    def pieces(outcome: Any) -> Iterator[str]:
        whole = report(outcome)
        last = ""
        for piece in (whole,) if isinstance(whole, str) else whole:
            if piece:
                last = piece
                yield piece
        if not last.endswith("\n"):
            yield "\n"

    return pieces


def render(outcome: Outcome, name: str) -> str:
    """``outcome`` in the format ``name``. Raises as `report_of` does."""
    return "".join(report_of(name)(outcome)).removesuffix("\n")


def _imported(name: str, formats: Mapping[str, str]) -> Report:
    if name not in formats:
        raise UsageError(unknown(name, formats))
    module, _, attribute = formats[name].partition(":")
    try:
        report: Report = getattr(import_module(module), attribute)
    except ModuleNotFoundError as exc:
        if name not in EXTRAS or (exc.name or "").startswith("tcpgoon"):
            raise
        raise UsageError(
            f"the format {name} needs more than is installed here ({exc.name}): pip install 'tcpgoon[{EXTRAS[name]}]'"
        ) from exc
    return report


def unknown(name: str, formats: Mapping[str, str]) -> str:
    """What to say of a format that is none of ``formats``."""
    begun = [one for one in formats if name and one.startswith(name.lower())]
    near = begun or get_close_matches(name.lower(), formats, 1)
    there = f"did you mean {near[0]}?" if near else f"there are {', '.join(formats)}"
    return f"there is no format {printable(name)!r}; {there}"
