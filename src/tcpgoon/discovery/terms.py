"""The terms on which a registry is asked: it is untrusted, and unreliable."""

import netrc
import os
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Family

TIMEOUT_S = 10.0
"""How long all of a look-up may take by default."""

MOST_BYTES = 16 * 1024 * 1024
"""Of one answer. Ten thousand instances as Eureka describes them are half of that."""

MOST_INSTANCES = 10_000
"""Of one service."""

PASSWORD = "TCPGOON_REGISTRY_PASSWORD"  # noqa: S105 - the name of a variable
"""The environment variable with the password for the user of a registry."""

LONGEST_PASSWORD = 4_096
"""Bytes of a file with a password or a token that are read."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every source keeps to. Its time begins when it is made."""

    timeout_s: float = TIMEOUT_S
    most_bytes: int = MOST_BYTES
    most_instances: int = MOST_INSTANCES
    family: Family = Family.ANY
    verify: bool = True
    """Whether a registry's certificate has to be trusted, and for its name."""
    ca: str = ""
    """File or folder of certificates to trust; empty: those of the system."""
    password_file: str = ""
    """The file with the password of the registry's user."""
    allow_local: bool = False
    """Whether a registry elsewhere may name loopback, link-local and other addresses that mean something here only."""
    _begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.ca:
            check_certificates(self.ca)

    def left_s(self) -> float:
        """How much of the time is left; 0 where none is."""
        return max(0.0, self._begun + self.timeout_s - time.monotonic())

    def password(self, host: str, user: str) -> str | None:
        """The password of ``user`` at ``host``: from the file, from the environment or from netrc; None: there is none.

        Raises `PlanError` for a file that cannot be read.
        """
        if self.password_file:
            return read_secret(self.password_file, "--registry-password-file")
        return os.environ.get(PASSWORD) or _from_netrc(host, user)


def read_secret(path: str, what: str) -> str:
    """The first line of the file at ``path``. Raises `PlanError`, which names ``what`` it was given by."""
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(LONGEST_PASSWORD + 1)
        secret = content.decode().strip("\r\n")
    except OSError as exc:
        raise PlanError(f"{what}: {path!r} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:  # UnicodeDecodeError, and a path with a null byte in it
        raise PlanError(f"{what}: {path!r} holds no text") from exc
    if len(content) > LONGEST_PASSWORD or "\n" in secret or not secret:
        raise PlanError(f"{what}: {path!r} has to hold one line of at most {LONGEST_PASSWORD:,} bytes")
    return secret


def check_certificates(path: str) -> None:
    """Raise `PlanError` unless ``path`` is a file of certificates, or a folder."""
    try:
        if Path(path).is_dir():
            return
        ssl.create_default_context(cafile=path)
    except OSError as exc:  # an SSLError is one, whose strerror says nothing of use
        why = "it holds no certificate" if isinstance(exc, ssl.SSLError) else exc.strerror
        raise PlanError(f"--registry-ca: {path!r} cannot be used: {why}") from exc
    except ValueError as exc:
        raise PlanError(f"--registry-ca: {path!r} cannot be used: it is no path") from exc


def _from_netrc(host: str, user: str) -> str | None:
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
