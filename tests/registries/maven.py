"""Programs for the JVM, built by Maven: a folder with a ``pom.xml`` that makes ``target/registry.jar``."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

TRIES = 3
LIMIT_S = 600


class MavenError(Exception):
    """Maven did not build."""


def build(folder: Path, jar: Path) -> None:
    """Make ``jar`` of ``folder``, in a copy, so that nothing is written between the sources."""
    with tempfile.TemporaryDirectory(dir=jar.parent) as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        for left in reversed(range(TRIES)):  # a download fails now and then
            options = f"-Xmx256m -XX:+UseSerialGC {os.environ.get('MAVEN_OPTS', '')}"  # the user's, say of a proxy, win
            done = subprocess.run(
                ["mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "package"],
                cwd=copy,
                env={**os.environ, "MAVEN_OPTS": options},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            if done.returncode == 0:
                break
            if not left:
                raise MavenError(f"building {folder.name} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        Path(copy, "target", "registry.jar").rename(jar)
