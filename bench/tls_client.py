"""The job of ``tls_loop.py`` done by tcpgoon as a library; prints the same line of JSON.

python -m bench.tls_client ADDRESS PORT CONNECTIONS
"""

import json
import resource

import numpy as np

from bench import asked
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.pacing import AllAtOnce
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.table import Table
from tcpgoon.runs.runner import run


def measure(plan: Plan) -> dict[str, float]:
    """Carry out ``plan``; the fields of `bench.tls.Handshakes`."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    table = run(plan).table
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "connections": plan.connections,
        "served": list(table.assurance).count(Assurance.SERVED),
        "seconds": max(table.served_s) - min(table.asked_s),
        "user_s": after.ru_utime - before.ru_utime,
        "system_s": after.ru_stime - before.ru_stime,
        "in_flight": in_flight(table),
    }


def in_flight(table: Table) -> int:
    """The most that were asked and not yet served."""
    moments = np.concatenate([table.asked_s, table.served_s])
    steps = np.repeat([1, -1], table.rows)
    in_order = np.lexsort((steps, moments))  # where both happen at once, one ends before another begins
    return int(steps[in_order].cumsum().max())


def main() -> None:
    """Do what the arguments say."""
    told = asked.parser().parse_args()
    plan = Plan(
        target=Target(told.address, told.port),
        connections=told.connections,
        pacing=AllAtOnce(),
        tls=TlsOptions(verify=False),
        probe_timeout_s=60,
        hold_s=0,
    )
    print(json.dumps(measure(plan)))


if __name__ == "__main__":
    main()
