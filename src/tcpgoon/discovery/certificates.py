"""Which certificates are trusted."""

import ssl
from pathlib import Path

from tcpgoon.errors import PlanError


def check_certificates(path: str, what: str = "--registry-ca") -> None:
    """Raise `PlanError`, which names ``what`` said so, unless ``path`` is a file of certificates, or a folder."""
    try:
        if Path(path).is_dir():
            return
        ssl.create_default_context(cafile=path)
    except OSError as exc:  # an SSLError is one, whose strerror says nothing of use
        why = "it holds no certificate" if isinstance(exc, ssl.SSLError) else exc.strerror
        raise PlanError(f"{what}: {path!r} cannot be used: {why}") from exc
    except ValueError as exc:
        raise PlanError(f"{what}: {path!r} cannot be used: it is no path") from exc


def of_the_system() -> str:
    """File or folder of the certificates that this system trusts; empty where it has none."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return paths.cafile
    has_any = paths.capath and next(Path(paths.capath).iterdir(), None)
    return paths.capath if paths.capath and has_any else ""
