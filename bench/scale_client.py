"""``tcpgoon run ARGUMENTS``, and then what its report does not print, as JSON in FILE.

python -m bench.scale_client FILE ARGUMENTS...
"""

import importlib
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tcpgoon.cli.main import main as tcpgoon
from tcpgoon.record.connection import State
from tcpgoon.record.rows import Rows
from tcpgoon.result import Result

EDGE = 1_000
"""Of how many connections the first and the last rate are."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run."""

    status: int
    """The exit status."""
    verdict: str
    reason: str
    workers: int
    """Processes that held connections."""
    ramp_s: float
    """From the first ``connect()`` to the last dial that was decided."""
    cpu_s: float
    """CPU of all processes, user and system, until all were open."""
    lag_s: float
    """The longest that one of them did not look at its connections."""
    close_s: float
    """From the first close to the last."""
    report_s: float
    """From the last close to the end of the report."""
    ports: int
    """How many local ports were in use, of all source addresses together."""
    first_rate: float
    """Connections per second, of the first thousand that were established."""
    last_rate: float
    """The same of the last thousand, some of which may be of one process alone, where another has ended before."""
    first_rates: float
    """The same of the first thousand: of an equal number from each process, added up."""
    last_rates: float
    """The same of the last thousand."""


class Kept:
    """The result on its way to the report."""

    def __init__(self) -> None:
        self._module = importlib.import_module("tcpgoon.cli.run")
        self._carry_out = self._module.carry_out
        self._module.carry_out = self  # type: ignore[attr-defined]
        self.result: Result | None = None
        self.begun = 0.0
        """When the clock of the result's table began."""

    def __call__(self, *arguments: Any, **more: Any) -> Result:
        """What the command calls instead of `tcpgoon.runs.runner.run`."""
        result: Result = self._carry_out(*arguments, **more)
        self.begun = time.monotonic() - result.duration_s
        self.result = result
        return result


def main() -> None:
    """Do what the arguments say."""
    file, *arguments = sys.argv[1:]
    kept = Kept()
    try:
        tcpgoon(["run", *arguments])
    except SystemExit as exc:
        over, status = time.monotonic(), exc.code
    if kept.result:
        found = _found(kept.result, int(status or 0), over - kept.begun)
        Path(file).write_bytes(msgspec.json.encode(found))
    sys.exit(status)


def _found(result: Result, status: int, over_s: float) -> Found:
    rows = Rows(result.table)
    closed, source, port = rows.all_of(State.CLOSED), rows.column("source"), rows.column("local_port")
    established_s = rows.column("established_s")[rows.established]
    shares = [np.sort(share) for share in np.array_split(established_s, len(result.strain.workers) or 1)]
    established_s.sort()
    edge = EDGE // len(shares)
    end_s = rows.column("end_s")[closed]
    strain = result.strain
    return Found(
        status=status,
        verdict=result.verdict,
        reason=result.reason,
        workers=len(strain.workers) or 1,
        ramp_s=result.metrics.ramp_s,
        cpu_s=strain.cpu_s,
        lag_s=strain.lag_s,
        close_s=float(np.ptp(end_s)) if len(end_s) else 0.0,
        report_s=over_s - float(rows.column("end_s").max(initial=0)),
        ports=len(np.unique(source.astype(np.uint32) << 16 | port)),
        first_rate=_rate(established_s[:EDGE]),
        last_rate=_rate(established_s[-EDGE:]),
        first_rates=sum(_rate(share[:edge]) for share in shares),
        last_rates=sum(_rate(share[-edge:]) for share in shares),
    )


def _rate(established_s: npt.NDArray[np.float64]) -> float:
    took_s = float(np.ptp(established_s)) if len(established_s) else 0.0
    return (len(established_s) - 1) / took_s if took_s else 0.0


if __name__ == "__main__":
    main()
