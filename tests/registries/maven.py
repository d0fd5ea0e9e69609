"""Programs for the JVM, built once by Maven and kept."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

KEPT = Path(__file__).parents[2] / "build" / "registries"
TRIES = 3
LIMIT_S = 600


def build(folder: Path) -> Path:
    """The jar that Maven makes of ``folder``, as ``target/registry.jar``; built again only where a source has changed.

    Whoever comes while another builds the same waits for that one. Raises `AssertionError` with Maven's words.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    jar = KEPT / f"{folder.name}-{fingerprint(folder)}.jar"
    with (KEPT / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jar.exists():
            for old in KEPT.glob(f"{folder.name}-*.jar"):
                old.unlink()
            _build(folder, jar)
    return jar


def fingerprint(folder: Path) -> str:
    """Other sources, another one."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".xml", ".java"}):
        found.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _build(folder: Path, jar: Path) -> None:
    """In a copy, so that nothing is written between the sources; the jar is there at once, or not at all."""
    with tempfile.TemporaryDirectory(dir=KEPT) as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        for left in reversed(range(TRIES)):  # a download fails now and then
            command = ["mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "package"]
            options = f"-Xmx256m -XX:+UseSerialGC {os.environ.get('MAVEN_OPTS', '')}"  # the user's, say of a proxy, win
            environment = {**os.environ, "MAVEN_OPTS": options}
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
            )
            if done.returncode == 0:
                break
            assert left, f"{folder} cannot be built: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        Path(copy, "target", "registry.jar").rename(jar)
