"""Real registries, built once and kept below build/ (which git ignores).

``make registries`` builds them all, which takes minutes: no test does that by the way. A test that needs one says
``@pytest.mark.requires("registry consul")``.
"""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.registries import golang, maven

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / "build" / "registries"
BUILD: dict[str, Callable[[Path, Path], None]] = {
    "consul": golang.build,
    "eureka": maven.build,
    "kubernetes": golang.build,
}
"""What makes of the folder of each its program, at the path that it is told."""


def built(name: str) -> Path | None:
    """The program of ``tests/registries/NAME``, if it was built from the sources that are there now."""
    program = _program(name)
    return program if program.exists() else None


def program_of(name: str) -> Path:
    """The same for who requires it."""
    program = built(name)
    assert program, f"there is no {name}: make registries builds it"
    return program


def build(name: str) -> Path:
    """The program of ``tests/registries/NAME``, built where it has not been yet. One builds, the others wait."""
    program = _program(name)
    with _locked(KEPT / f"{name}.lock"):
        if not program.exists():
            program.parent.mkdir(exist_ok=True)
            # What has its name is whole.
            unfinished = program.with_suffix(".unfinished")
            BUILD[name](HERE / name, unfinished)
            unfinished.rename(program)
            _forget_older(name)
    return program


def _program(name: str) -> Path:
    """Where it is, or will be."""
    return KEPT / f"{name}-{_fingerprint(HERE / name)}" / name


def _fingerprint(folder: Path) -> str:
    """What tells one version of its sources from another."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".go", ".mod", ".sum", ".xml", ".java"}):
        digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _forget_older(name: str) -> None:
    """Remove what was built of other sources of the same registry: a hundred megabytes each."""
    for older in KEPT.glob(f"{name}-*/"):
        if older != _program(name).parent:
            shutil.rmtree(older)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other builds out. The lock ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Build what is not built yet, and say how long it took."""
    for name in BUILD:
        began = time.monotonic()
        program = build(name)
        print(f"{program.relative_to(KEPT.parents[1])}: {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
