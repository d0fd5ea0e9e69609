"""The job of ``client.c`` done by tcpgoon's engine as a library; prints the same line of JSON.

python -m bench.engine_client [--dialling K] ADDRESS PORT CONNECTIONS
"""

import json
import re
import resource
import time
from pathlib import Path
from typing import NamedTuple

from bench import asked
from tcpgoon.engine.lanes import lanes
from tcpgoon.engine.loop import Loop
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.pacing import AllAtOnce
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import Share
from tcpgoon.record.connection import State
from tcpgoon.record.table import Table

_ROLLUP = Path("/proc/self/smaps_rollup")
"""From the page tables: the counters behind ``statm`` are per CPU, and off by hundreds of KB."""
_RSS = re.compile(r"^Rss: +(\d+) kB", re.MULTILINE)


class Usage(NamedTuple):
    """What this process has used so far, and the time."""

    wall_s: float
    user_s: float
    system_s: float

    @classmethod
    def now(cls) -> "Usage":
        """Read all of it now."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return cls(time.monotonic(), used.ru_utime, used.ru_stime)


def _rss_bytes() -> int:
    found = _RSS.search(_ROLLUP.read_text())
    assert found
    return int(found[1]) * 1024


class WatchedKernel(EpollKernel):
    """Notes what is used in the moment in which all are held: just before the first is closed."""

    all_held: Usage | None = None
    rss_held = 0

    def close(self, row: int, reset: bool) -> None:
        """As the engine's, with a note before the first."""
        if self.all_held is None:
            self.all_held, self.rss_held = Usage.now(), _rss_bytes()
        super().close(row, reset)


def prepare(plan: Plan) -> tuple[Loop, WatchedKernel, Table]:
    """All that the engine needs to carry out ``plan``: whoever changes the engine's interface changes this."""
    table, rows = Table(plan.connections), range(plan.connections)
    endpoint = Endpoint(plan.target.host, plan.target.port)
    kernel = WatchedKernel(lanes([endpoint], plan.sources, rows, len(rows)), rows)
    return Loop(plan, Share.whole(plan), table, kernel, time.monotonic, time.monotonic()), kernel, table


def measure(plan: Plan) -> dict[str, float]:
    """Carry out ``plan``; the fields of ``bench.measure.Ramp``."""
    rss_before = _rss_bytes()
    loop, kernel, table = prepare(plan)
    start = Usage.now()
    loop.run()
    end = Usage.now()
    held, states = kernel.all_held or end, list(table.state)
    kernel.shut()
    return {
        "connections": plan.connections,
        "established": states.count(State.CLOSED),  # closed by us: so it was held until then
        "failed": states.count(State.FAILED),
        "last_errno": max(table.error),
        "seconds": held.wall_s - start.wall_s,
        "user_s": held.user_s - start.user_s,
        "system_s": held.system_s - start.system_s,
        "rss_before": rss_before,
        "rss_after": kernel.rss_held,
        "close_seconds": end.wall_s - held.wall_s,
    }


def main() -> None:
    """Do what the arguments say."""
    parser = asked.parser()
    parser.add_argument("--dialling", type=int, default=512)
    told = parser.parse_args()
    asked.raise_descriptors()
    target = Target(told.address, told.port)
    plan = Plan(
        target=target,
        connections=told.connections,
        pacing=AllAtOnce(),
        max_dialing=told.dialling,
        hold_s=0,
        assurance=Assurance.HANDSHAKE,  # opening is what is measured
    )
    print(json.dumps(measure(plan)))


if __name__ == "__main__":
    main()
