"""What ``python -m bench`` and ``python -m bench.scale`` share: the setting, the tables, the exit status."""

import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from bench import namespace, table
from bench.build import CannotMeasure
from bench.comparison import Comparison
from bench.growth import Growth

Measure = Callable[[], Comparison | Growth]


def options(command: Callable[..., None]) -> Callable[..., Any]:
    """The options of both."""
    strict = click.option("--strict", is_flag=True, help="Exit with 1 if a bar is missed.")
    path = click.Path(path_type=Path, dir_okay=False)
    return click.option("--json", "file", type=path, help="Save all values to FILE.")(strict(command))


def hold(benchmarks: Mapping[str, Measure], how: str, file: Path | None, strict: bool) -> NoReturn:
    """Run the ``benchmarks``, print the tables, save all values to ``file``, leave."""
    print(_setting(how), end="\n\n")
    try:
        found = {name: _measured(measure) for name, measure in benchmarks.items()}
    except CannotMeasure as exc:
        print(f"bench: {exc}", file=sys.stderr)
        sys.exit(2)
    if file:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    missed = [row.name for measured in found.values() for row in measured.rows if row.reached is False]
    sys.exit(1 if strict and missed else 0)


def _setting(how: str) -> str:
    where = "a fresh network namespace each" if namespace.prefix() else (
        "NOT ISOLATED: fresh network namespaces need root, or unprivileged user namespaces"
    )  # fmt: skip
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs with a load of {os.getloadavg()[0]:.1f}"
    return f"{machine}, Python {platform.python_version()}; {how}; {where}"


def _measured(measure: Measure) -> Comparison | Growth:
    measured = measure()
    lines = table.lines(measured) if isinstance(measured, Comparison) else measured.lines()
    print("\n".join(lines), flush=True)
    return measured
