"""How the cost of a run grows with the number of connections."""

import msgspec

from bench.comparison import Row
from bench.runs import MILLION, Extent, run_once
from bench.watched import Watched

SIZES = (10_000, 100_000, MILLION)

_HEAD = (
    "connections",
    "processes",
    "ramp",
    "connections/s",
    "client: CPU of the ramp",
    "client: memory",
    "client: CPU while held",
    "server: CPU",
    "kernel: memory of both ends",
    "close all",
    "report",
)


class Growth(msgspec.Struct, frozen=True):
    """Runs of ever more connections; no bar is about them."""

    title: str
    runs: list[Watched]
    rows: tuple[Row, ...] = ()

    def lines(self) -> list[str]:
        """The table, in Markdown."""
        table = (_HEAD, ("---:",) * len(_HEAD), *map(_cells, self.runs))
        return [self.title, "", *(f"| {' | '.join(cells)} |" for cells in table), ""]


def cost(extent: Extent) -> Growth:
    """A run of each of the `SIZES`, or of those up to a number."""
    sizes = [size for size in SIZES if size <= (extent.connections or MILLION)]
    title = f"held for {extent.hold_s:g} s, both ends on this machine"
    return Growth(title, [run_once(size, extent.hold_s) for size in sizes])


def _cells(run: Watched) -> tuple[str, ...]:
    found = run.found
    return (
        f"{run.connections:,}",
        f"{found.workers}",
        f"{found.ramp_s:.1f} s",
        f"{run.rate:,.0f}",
        f"{run.cpu_us:.0f} µs each",
        f"{run.pss / 1e6:,.0f} MB",
        f"{run.held_share:.1%} of a core",
        f"{run.server_cpu_us:.0f} µs each",
        f"{run.kernel / 1e9:.1f} GB",
        f"{found.close_s:.1f} s",
        f"{found.report_s:.1f} s",
    )
