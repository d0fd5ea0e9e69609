"""``python -m bench.scale [NAME...]``: run the benchmarks of many connections and print a table each."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from bench import growth, held, session
from bench.comparison import Comparison
from bench.growth import Growth
from bench.runs import Extent
from tcpgoon.options.params import COUNT, DURATION

BENCHMARKS: dict[str, Callable[[Extent], Comparison | Growth]] = {
    "ports": held.ports,
    "workers": held.workers,
    "idle": held.idle,
    "million": held.million,
    "cost": growth.cost,
}
"""Each benchmark by name, in the order that they run; of how much is said by the `Extent`."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("-c", "--connections", type=COUNT, help="Fewer than the bars are about, to try it out.")
@click.option("--hold", "hold_s", type=DURATION, default="60s", show_default=True, help="How long all are held.")
@click.option("--pairs", default=3, show_default=True, type=click.IntRange(1), help="How often rates are measured.")
@session.options
def main(
    names: tuple[str, ...], connections: int | None, hold_s: float, pairs: int, file: Path | None, strict: bool
) -> None:
    """Measure what many connections cost, with both ends on this machine, each time in a fresh network namespace."""
    extent = Extent(connections, hold_s, pairs)
    chosen = {name: partial(BENCHMARKS[name], extent) for name in names or BENCHMARKS}
    session.hold(chosen, f"{pairs} pairs", file, strict)


if __name__ == "__main__":
    main()
