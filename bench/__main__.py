"""``python -m bench [NAME...]``: run the benchmarks beside a bare loop and print a table each."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from bench import opening, proof, session, tls
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
@session.options
def main(names: tuple[str, ...], pairs: int, file: Path | None, strict: bool) -> None:
    """Measure tcpgoon beside a bare loop, in turn, each time in a fresh network namespace."""
    chosen = {name: partial(BENCHMARKS[name], pairs) for name in names or BENCHMARKS}
    session.hold(chosen, f"{pairs} pairs", file, strict)


if __name__ == "__main__":
    main()
