"""An image to build on, of Debian's packages: that of Docker's own registry cannot be had everywhere.

Its archive is kept below build/ (which git ignores), since it takes twenty seconds.
"""

import fcntl
import hashlib
import platform
import subprocess
from pathlib import Path

KEPT = Path(__file__).parents[2] / "build" / "images"
PACKAGES = ["ca-certificates", "python3", "python3-venv"]
_NOT_NEEDED = ["/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*"]
_SOURCES = [Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources")]


def base_archive() -> Path:
    """The files of the image as a tar archive, made where that was not done yet. One makes it, the others wait."""
    command = [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=apt",
        f"--include={','.join(PACKAGES)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _NOT_NEEDED),
        platform.freedesktop_os_release()["VERSION_CODENAME"],
    ]
    archive = KEPT / f"base-{hashlib.sha256(' '.join(command).encode()).hexdigest()[:16]}.tar"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            _make(command, archive)
    return archive


def _make(command: list[str], archive: Path) -> None:
    for older in KEPT.glob("base-*"):
        older.unlink()
    unfinished = archive.with_suffix(".unfinished.tar")
    # From wherever this machine has its own packages.
    sources = [str(path) for path in _SOURCES if path.exists() and path.stat().st_size]
    done = subprocess.run([*command, str(unfinished), *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    unfinished.rename(archive)
