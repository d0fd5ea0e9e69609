"""``--github``: the summary of the job, and annotations, where GitHub Actions run us.

While a run goes on the runner is told to obey nothing: a peer could say what it takes for a command.
"""

import os
import secrets
import sys
from pathlib import Path

import click

from tcpgoon.cli.output import complain, say
from tcpgoon.errors import UsageError
from tcpgoon.plan.escapes import printable
from tcpgoon.report.github import MOST_SUMMARY, annotations, hush, speak, summary
from tcpgoon.results import Outcome

VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names the file that becomes the summary."""


class GitHub:
    """Whom GitHub's runner hears; commands are printed on stdout, or on stderr where that is ``apart``.

    Raises `UsageError` where this is no job of GitHub's, or its file cannot be written now.
    """

    def __init__(self, *, apart: bool) -> None:
        self._apart = apart
        self._token = secrets.token_hex(16)
        name = os.environ.get(VARIABLE)
        if not name:
            raise UsageError(f"--github needs {VARIABLE}, which GitHub Actions set: elsewhere write -o markdown=FILE")
        self._path = Path(name)
        try:
            with self._path.open("a"):
                pass
        except OSError as exc:
            raise UsageError(f"{VARIABLE}: {printable(name)} cannot be written: {exc.strerror}") from exc

    def begin(self) -> None:
        """From here on others may say what they want."""
        self._command(hush(self._token))

    def write(self, outcome: Outcome) -> bool:
        """Whether the summary could be written; what went wrong is said."""
        self._command("\n".join([speak(self._token), *annotations(outcome)]))
        problem = self._append(outcome)
        if problem:
            complain(f"{VARIABLE}: {printable(str(self._path))} cannot be written: {problem}")
        return not problem

    def _append(self, outcome: Outcome) -> str:
        """Why that could not be done; empty where it was."""
        try:
            with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                room = MOST_SUMMARY - file.tell()
                text = summary(outcome, room)
                file.write(text)
        except OSError as exc:
            return exc.strerror or str(exc)
        return "" if text else f"of the {MOST_SUMMARY:,} bytes that GitHub shows {max(0, room):,} are left"

    def _command(self, lines: str) -> None:
        if not self._apart:
            say(lines, lines)
        elif sys.stderr is not None:
            click.echo(lines, err=True)
