"""``python -m bench [NAME...]``: run the benchmarks and print a table each."""

import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from bench import namespace, opening, proof, table, tls
from bench.build import CannotMeasure
from bench.comparison import Comparison

BENCHMARKS: dict[str, Callable[[int], Comparison]] = {
    "opening": opening.opening,
    "start-to-exit": opening.start_to_exit,
    "one-address": opening.one_address,
    "acknowledged": proof.acknowledged,
    "tls": tls.tls,
}
"""Each benchmark by name, in the order that they run; it gets the number of pairs."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--pairs", default=5, show_default=True, type=click.IntRange(1), help="How often each is measured.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Save all values to FILE.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a bar is missed.")
def main(names: tuple[str, ...], pairs: int, file: Path | None, strict: bool) -> None:
    """Measure tcpgoon beside a bare loop, in turn, each time in a fresh network namespace."""
    print(_setting(pairs), end="\n\n")
    try:
        found = {name: _measured(name, pairs) for name in names or BENCHMARKS}
    except CannotMeasure as exc:
        print(f"bench: {exc}", file=sys.stderr)
        sys.exit(2)
    if file:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    missed = [row.name for comparison in found.values() for row in comparison.rows if row.reached is False]
    sys.exit(1 if strict and missed else 0)


def _setting(pairs: int) -> str:
    where = "a fresh network namespace each" if namespace.prefix() else (
        "NOT ISOLATED: fresh network namespaces need root, or unprivileged user namespaces"
    )  # fmt: skip
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs with a load of {os.getloadavg()[0]:.1f}"
    return f"{machine}, Python {platform.python_version()}; {pairs} pairs; {where}"


def _measured(name: str, pairs: int) -> Comparison:
    comparison = BENCHMARKS[name](pairs)
    print("\n".join(table.lines(comparison)), flush=True)
    return comparison


if __name__ == "__main__":
    main()
