"""A run of an earlier time, by the path of its file."""

from pathlib import Path

from tcpgoon.errors import SavedFileError
from tcpgoon.plan.escapes import printable
from tcpgoon.results import Outcome
from tcpgoon.saved.file import load


def loaded(path: str) -> Outcome:
    """The outcome in the file at ``path``. Raises `SavedFileError`, in one line that names it."""
    shown = printable(path) or "a path of no letters"
    try:
        return _loaded(Path(path))
    except SavedFileError as exc:
        raise SavedFileError(f"{shown}: {exc}") from exc
    except OSError as exc:
        raise SavedFileError(f"{shown} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:  # a NUL
        raise SavedFileError(f"{shown} is no path of a file") from exc


def _loaded(path: Path) -> Outcome:
    if path.exists() and not path.is_file():
        raise SavedFileError("it is no plain file")
    with path.open("rb") as file:
        return load(file)
