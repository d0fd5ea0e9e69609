"""What GitHub Actions show of an outcome: a summary of the job, and annotations.

The runner obeys lines of ours that begin with ``::``, and lines of anybody in which ``##[`` stands. What a peer said
must be none: between `hush` and `speak` the runner obeys nothing.
"""

from collections.abc import Iterator

from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.report.markdown import in_brief, markdown, plain
from tcpgoon.results import Outcome

MOST_SUMMARY = 1024 * 1024
"""Bytes of the summary of a step; of one that is larger nothing is shown."""

MOST_ANNOTATIONS = 10
"""Of a step; more are not shown."""

_KINDS = {Verdict.PASS: "notice", Verdict.FAIL: "error"}


def summary(outcome: Outcome, room: int = MOST_SUMMARY) -> str:
    """Markdown of at most ``room`` bytes in UTF-8: with details where these fit; empty where not even a line does."""
    line = f"**tcpgoon: {outcome.verdict}**: {plain(outcome.reason)}\n"
    for text in (markdown(outcome), in_brief(outcome), line):
        if len(text.encode()) <= room:
            return text
    return ""


def annotations(outcome: Outcome) -> Iterator[str]:
    """A command of the runner for each part that did not pass, or for the whole where all did."""
    failed = [part for part in outcome.parts if part.verdict is not Verdict.PASS]
    if not failed:
        yield _command(outcome.verdict, "tcpgoon", outcome.reason)
    for part in failed[:MOST_ANNOTATIONS]:
        yield _command(part.verdict, part.name, part.reason)


def hush(token: str) -> str:
    """From here on the runner obeys nothing but the ``token``."""
    return f"::stop-commands::{token}"


def speak(token: str) -> str:
    """It obeys again."""
    return f"::{token}::"


def _command(verdict: Verdict, name: str, reason: str) -> str:
    kind = _KINDS.get(verdict, "warning")
    return f"::{kind} title={_property(f'{verdict}: {name}')}::{_data(reason)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
