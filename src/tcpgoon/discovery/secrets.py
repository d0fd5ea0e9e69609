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
        with Path(path).expanduser().open("rb") as file:
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
    path = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    try:
        found = netrc.netrc(path).authenticators(host)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, netrc.NetrcParseError) as exc:
        why = getattr(exc, "strerror", None) or getattr(exc, "msg", None) or "it holds no text"
        raise PlanError(f"{str(path)!r} cannot be read: {why}") from exc
    login, _, password = found or ("", "", None)
    return password if user in (login, "") else None
