"""``-o FORMAT[=PATH]``: which reports there are to be, and where; what can be said against one is said before a run.

A report that cannot be written loses no verdict: the others are written, what went wrong is a line on stderr, and the
exit status is that of the verdict. But of a PASS it is `UNREPORTED`: whoever waits for the file would take that of
an earlier run for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from tcpgoon.cli.output import complain
from tcpgoon.comparison.compared import Comparison
from tcpgoon.errors import ExitStatus, SavedFileError, UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.report.files import STDOUT, Place, place_of
from tcpgoon.report.formats import FORMATS, OF_ROWS, report_of, unknown
from tcpgoon.results import Outcome

SAVE = "save"
"""What is no format: all that there is, for `tcpgoon.saved` to read."""

if TYPE_CHECKING:
    from tcpgoon.cli.github import GitHub

_ENDINGS = {".md": "markdown", ".txt": "text", ".xml": "junit", ".prom": "prometheus", ".htm": "html"}
_ENDINGS |= {f".{name}": name for name in FORMATS}
"""What formats files of such names usually have."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


Reported = Outcome | Comparison
"""What there are reports of."""


class _Output(NamedTuple):
    """One report that there is to be."""

    format: str
    path: str
    place: Place
    report: Callable[[Any], Iterable[str | bytes]]


class Outputs:
    """The reports that ``words``, each ``FORMAT`` or ``FORMAT=PATH``, ask for, each one of ``formats``.

    All of the outcome goes to the file ``save``, if there is one; with ``github`` its jobs are told. Raises
    `UsageError` for a word that is none, a file that could not be written now, one place for two reports, and a library
    that is not installed.
    """

    def __init__(
        self,
        words: Iterable[str],
        formats: Mapping[str, str] | None = None,
        *,
        save: str | None = None,
        github: bool = False,
    ) -> None:
        self._outputs = [_output(word, formats) for word in words]
        if save:
            self._outputs.append(_Output(SAVE, save, place_of(save), _saved))
        _check_places(self._outputs)
        self._github = _github(apart=self.owns_stdout) if github else None

    @property
    def owns_stdout(self) -> bool:
        """Whether a report goes to standard output, where then nothing else may stand."""
        return any(output.place.is_stdout for output in self._outputs)

    @property
    def needs_rows(self) -> bool:
        """Whether the rows of results have to be kept for one of them."""
        return any(output.format in {SAVE, *OF_ROWS} for output in self._outputs)

    def begin(self) -> None:
        """The run begins."""
        if self._github:
            self._github.begin()

    def check_rows(self, rows: int) -> None:
        """Raise `SavedFileError` where so many ``rows`` are to be saved and cannot be."""
        if any(output.format == SAVE for output in self._outputs):
            from tcpgoon.saved.file import check_size  # with numpy, which takes a while

            check_size(rows)

    def write(self, outcome: Reported) -> ExitStatus:
        """Write them all, and say on stderr which could not be; the exit status that the command is to end with."""
        status = self.render(outcome)
        return outcome.verdict.exit_status if outcome.verdict is not Verdict.PASS else status

    def render(self, outcome: Reported) -> ExitStatus:
        """The same, but whatever the verdict is: the exit status says whether all could be written."""
        written = [_write(output, outcome) for output in self._outputs]
        if self._github and not isinstance(outcome, Comparison):
            written.append(self._github.write(outcome))
        return ExitStatus.PASS if all(written) else ExitStatus.UNREPORTED


def _github(*, apart: bool) -> "GitHub":
    from tcpgoon.cli.github import GitHub  # with what Markdown is made of, which nobody else waits for

    return GitHub(apart=apart)


def output_options(command: _Command) -> _Command:
    """Give ``command`` the option whose words `Outputs` takes."""
    return formats_option(FORMATS)(command)


github_option = click.option(
    "--github", is_flag=True, help="Add to the summary of the GitHub job, and annotate what did not pass."
)
"""Whether `Outputs` is to tell GitHub."""


def formats_option(formats: Iterable[str]) -> Callable[[_Command], _Command]:
    """The same, for other ``formats`` than those of a run."""
    return click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        metavar="FORMAT[=PATH]",
        help=f"A report when it is over: {', '.join(formats)}; without PATH on stdout, instead of all else; may be "
        "given more than once.  [default: text]",
    )


def save_option(command: _Command) -> _Command:
    """Give ``command`` the option for what `Outputs` calls ``save``."""
    return click.option(
        "--save",
        metavar="PATH",
        help="Keep all of it, each connection too, in a file for 'tcpgoon report' and 'tcpgoon compare'.",
    )(command)


def _saved(outcome: Outcome) -> Iterator[bytes]:
    from tcpgoon.saved.file import saved  # with numpy, which takes a while

    try:
        yield saved(outcome)
    except MemoryError as exc:
        raise SavedFileError("there is not enough memory") from exc


def _output(word: str, asked: Mapping[str, str] | None) -> _Output:
    name, equals, path = word.partition("=")
    formats = FORMATS if asked is None else asked
    if name not in formats:
        ending = _ENDINGS.get(PurePath(name).suffix.lower())
        hint = f"; write -o {ending}={printable(name)}" if ending in formats and not equals else ""
        said = unknown(name, formats)
        raise UsageError(said.partition(";")[0] + hint if hint else said)
    if equals and not path:
        raise UsageError(f"-o {name}= names no file; leave out the = for standard output")
    return _Output(name, path or STDOUT, place_of(path or STDOUT), report_of(name, asked))


def _check_places(outputs: Sequence[_Output]) -> None:
    taken: dict[object, _Output] = {}
    for output in outputs:
        other = taken.setdefault(output.place.identity, output)
        if other is not output:
            where = "standard output" if output.place.is_stdout else printable(output.path)
            raise UsageError(f"{other.format} and {output.format} cannot both go to {where}")
    for output in outputs:
        output.place.check()


def _write(output: _Output, outcome: Reported) -> bool:
    """Whether it could be written, or nobody wants it."""
    try:
        output.place.write(output.report(outcome))
    except BrokenPipeError:
        return True  # who read it has seen enough
    except SavedFileError as exc:
        complain(f"{output.format}={printable(output.path)} cannot be written: {exc}")
        return False
    except OSError as exc:
        complain(f"{output.format}={printable(output.path)} cannot be written: {exc.strerror}")
        return False
    return True
