"""Passwords and tokens: from files that the user names, or that all programs know. Never from a command line."""

import netrc
import os
from pathlib import Path

from tcpgoon.errors import PlanError

LONGEST_SECRET = 4_096
"""Bytes of a file with a password or a token that are read."""


def read_secret(path: str, what: str) -> str:
    """The first line of the file at ``path``. Raises `PlanError`, which names ``what`` it was given by."""
    try:
        with _expanded(path).open("rb") as file:
            content = file.read(LONGEST_SECRET + 1)
        secret = content.decode().strip("\r\n")
    except OSError as exc:
        raise PlanError(f"{what}: {path!r} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:  # UnicodeDecodeError, and a path with a null byte in it
        raise PlanError(f"{what}: {path!r} holds no text") from exc
    if len(content) > LONGEST_SECRET or "\n" in secret or not secret:
        raise PlanError(f"{what}: {path!r} has to hold one line of at most {LONGEST_SECRET:,} bytes")
    return secret


def from_netrc(host: str, user: str) -> str | None:
    """What ``~/.netrc``, or the file that NETRC names, has for ``host``, if it is for ``user``."""
    path = _expanded(os.environ.get("NETRC") or "~/.netrc")
    try:
        found = netrc.netrc(path).authenticators(host)
    except FileNotFoundError:
        return None
    except netrc.NetrcParseError as exc:  # its text has the word in it that was not expected: it may be a password
        raise PlanError(
            f"{str(path)!r} cannot be read: it is not of the form of netrc (near line {exc.lineno})"
        ) from None
    except (OSError, ValueError) as exc:
        raise PlanError(
            f"{str(path)!r} cannot be read: {getattr(exc, 'strerror', None) or 'it holds no text'}"
        ) from exc
    login, _, password = found or ("", "", None)
    return password if user in (login, "") else None


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # nobody knows whose home is meant: then it is a name like any other
        return Path(path)
