"""Compiles the C programs of the benchmark into ``bench/build``."""

import functools
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


class CannotMeasure(Exception):  # noqa: N818 - the name of a situation, not of an error
    """What is missing or went wrong, in one line."""


@functools.cache
def program(name: str) -> Path:
    """The path of ``name``, compiled now if its source is newer."""
    source, binary = HERE / f"{name}.c", HERE / "build" / name
    if not binary.exists() or binary.stat().st_mtime <= source.stat().st_mtime:
        _compile(source, binary)
    return binary


def _compile(source: Path, binary: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise CannotMeasure("no C compiler (cc, gcc, clang) on the path: install one, for example 'apt install gcc'")
    binary.parent.mkdir(exist_ok=True)
    command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(binary), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise CannotMeasure(f"{' '.join(command)} failed:\n{done.stderr}")
