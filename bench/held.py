"""What it takes to hold many connections: runs of the command against the bundled server, both on this machine."""

from collections.abc import Callable
from functools import partial

from bench.comparison import Bar, Comparison, Row, in_turn
from bench.runs import MILLION, Extent, run, run_once
from bench.watched import Watched

IDLE = 100_000
ONE_SOURCE = 28_232
"""All ephemeral ports of one address: 32768 to 60999."""
ONE_PROCESS = 18_000
"""What one process has descriptors for where 20,000 is the hard limit."""
SIX_PROCESSES = 100_000

FEW_PER_WORKER = 20
"""A run of so few shows what the processes take without connections."""


def million(extent: Extent) -> Comparison:
    """The million, beside so few that only the processes themselves count."""
    many = run_once(extent.connections or MILLION, extent.hold_s)
    workers = many.found.workers
    few = run_once(FEW_PER_WORKER * workers, min(extent.hold_s, 5), "--workers", str(workers))
    grown = (many.pss - few.pss) / (many.connections - few.connections)
    beside = partial(_beside, few, many)
    return Comparison(
        f"{many.connections:,} connections by {workers} processes, held for {extent.hold_s:g} s: {many.found.verdict}",
        f"{few.connections:,}",
        f"{many.connections:,}",
        [
            _row("established, acknowledged, held", many.connections, bar=_least(MILLION)),
            _row("ramp, connections/s", many.rate, bar=_least(20_000)),
            _row("client: CPU of the ramp, µs each", many.cpu_us, ".1f"),
            beside("client: memory (PSS), MB", lambda run: run.pss / 1e6, ".1f", _most(900)),
            _row("client: growth, KB each", grown / 1e3, ".3f", _most(0.5)),
            beside("client: CPU while held, %", lambda run: run.held_share * 100, ".2f"),
            beside("client: longest lag, s", lambda run: run.found.lag_s, ".2f"),
            beside("server: memory (PSS), MB", lambda run: run.server_pss / 1e6, ".1f"),
            _row("server: CPU, µs each", many.server_cpu_us, ".1f"),
            _row("kernel: memory, KB each", many.kernel / many.connections / 1e3, ".1f"),
            _row("close all, s", many.found.close_s, ".1f", _most(30)),
            _row("report after the last close, s", many.found.report_s, ".2f", _most(3)),
        ],
    )


def idle(extent: Extent) -> Comparison:
    """The CPU of the client while it holds, and does nothing else."""
    run = run_once(extent.connections or IDLE, extent.hold_s)
    return Comparison(
        f"{run.connections:,} connections by {run.found.workers} processes, held for {extent.hold_s:g} s",
        "",
        f"{run.connections:,}",
        [_row("client: CPU while held, %", run.held_share * 100, ".2f", _most(2))],
    )


def ports(extent: Extent) -> Comparison:
    """All ephemeral ports of one source to one destination: whether the last are as fast as the first.

    Of each process, and added up: the last thousand of all would show that one of the processes has ended before, which
    halves the rate and is no doing of the ports.
    """
    many = extent.connections or ONE_SOURCE
    one_source = partial(run, many, 0, "--source", "127.0.0.1")  # not held: newcomers would need a port, too
    runs = in_turn({"": one_source}, extent.pairs)[""]
    found = [one.found for one in runs]
    in_use = [float(one.ports) for one in found]
    return Comparison(
        f"{many:,} connections from one address to one port, by {found[0].workers} processes",
        "the first 1,000",
        "the last 1,000",
        [
            Row(
                "connections/s: each process",
                [one.first_rates for one in found],
                [one.last_rates for one in found],
                bar=Bar("ratio", "≥", 0.5),
            ),
            Row(
                "connections/s: all, in one order", [one.first_rate for one in found], [one.last_rate for one in found]
            ),
            Row("local ports in use", [], in_use, bar=_least(ONE_SOURCE)),
        ],
    )


def workers(extent: Extent) -> Comparison:
    """Two processes beside one, of as many connections as one has descriptors for; and six beside that one."""
    one_process, six = extent.connections or ONE_PROCESS, extent.connections or SIX_PROCESSES
    alone, two = (partial(run, one_process, 0, "--workers", number) for number in "12")
    found = in_turn({"alone": alone, "two": two, "six": partial(run, six, 0, "--workers", "6")}, extent.pairs)
    rates = {name: [one.rate for one in runs] for name, runs in found.items()}
    bar = Bar("ratio", "≥", 1)
    return Comparison(
        "connections/s, the server on the same cores",
        f"{one_process:,} by one process",
        "several",
        [
            Row(f"{one_process:,} by two processes", rates["alone"], rates["two"], bar=bar),
            Row(f"{six:,} by six processes", rates["alone"], rates["six"], bar=bar),
        ],
    )


def _beside(
    few: Watched, many: Watched, name: str, value: Callable[[Watched], float], style: str, bar: Bar | None = None
) -> Row:
    return Row(name, [value(few)], [value(many)], style, bar)


def _row(name: str, value: float, style: str = ",.0f", bar: Bar | None = None) -> Row:
    return Row(name, [], [value], style, bar)


def _least(value: float) -> Bar:
    return Bar("right", "≥", value)


def _most(value: float) -> Bar:
    return Bar("right", "≤", value)
