"""Each pure module is covered in full, statements and branches, by its own test file alone.

What some other room's test happens to touch is not tested by it. Each test file therefore runs in a process of its
own, with coverage started before anything of ours is imported. The contexts of one common run would not do: they do
not tell which test file it was whose import ran a function.
"""

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context
from pathlib import Path

import coverage
import pytest

PURE = ("errors.py", "result.py", "results.py", "saved", "comparison", "plan", "record", "judge")

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "tcpgoon"
TESTS = ROOT / "tests"


def main() -> int:
    """Say what is not covered; the exit status of the process."""
    modules = list(pure_modules())
    # Each process starts with the slow imports done, and with none of ours.
    context = get_context("forkserver")
    context.set_forkserver_preload(["coverage", "hypothesis", "msgspec", "numpy", "pytest"])
    with ProcessPoolExecutor(max_tasks_per_child=1, mp_context=context) as pool:
        faults = [fault for fault in pool.map(fault_of, modules) if fault]
    sys.stdout.write("".join(faults))
    sys.stdout.write(f"own coverage: {len(modules) - len(faults)} of {len(modules)} pure modules are covered in full\n")
    return 1 if faults or not modules else 0


def pure_modules() -> Iterator[Path]:
    """The pure modules that there are; the public names of a room are no code."""
    for name in PURE:
        path = SOURCE / name
        for module in [path] if path.suffix else sorted(path.glob("*.py")):
            if module.exists() and module.name != "__init__.py":
                yield module


def fault_of(module: Path) -> str:
    """What is wrong with the coverage of ``module``, in lines to print; empty where nothing is."""
    name = module.relative_to(ROOT)
    own = TESTS / module.relative_to(SOURCE).with_name(f"test_{module.name}")
    if not own.exists():
        return f"{name}: there is no {own.relative_to(ROOT)}\n"
    covering = coverage.Coverage(data_file=None, config_file=str(ROOT / "pyproject.toml"), branch=True)
    covering.set_option("run:patch", [])  # for subprocesses; a pure module has none
    with covering.collect(), redirect_stdout(io.StringIO()) as said:
        # Plain assertions: the rewriting takes longer than the tests, and whoever sees one fail runs pytest anyway.
        status = pytest.main(["-q", "-p", "no:cacheprovider", "--assert=plain", str(own)])
    if status != pytest.ExitCode.OK:
        return f"{name}: {own.relative_to(ROOT)} does not pass\n{said.getvalue()}"
    return missing_lines(covering, module)


def missing_lines(covering: coverage.Coverage, module: Path) -> str:
    """The report of coverage.py on ``module``, if it says less than everything."""
    report = io.StringIO()
    covered = covering.report(morfs=[str(module)], file=report, show_missing=True)
    return "" if covered == 100 else report.getvalue().splitlines()[2] + "\n"


if __name__ == "__main__":
    sys.exit(main())
