"""Who carries out a plan: this process alone, or a crew of several."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tcpgoon.engine.gates import Gate
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.probes import questions
from tcpgoon.engine.solo import Solo
from tcpgoon.engine.workers.crew import Crew
from tcpgoon.engine.workers.worker import Task
from tcpgoon.judge.strain import Strain
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import shares
from tcpgoon.record.heard import Heard
from tcpgoon.record.table import Table
from tcpgoon.runs.course import Progress


class Party(Progress, Protocol):
    """What there is to know of either."""

    table: Table

    def run(self) -> None:
        """Carry out the plan; returns when nothing is open any more."""
        ...

    def stop(self) -> None:
        """Dial no more, close everything, let `run` return; for other threads and signal handlers."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether `stop` came before the hold was over and what was asked for was proved."""
        ...

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be done on this platform, a sentence each."""
        ...

    @property
    def heard(self) -> Heard:
        """What the peers said."""
        ...

    def strain(self, gauge: Gauge) -> Strain:
        """What the run demanded of this client; ``gauge`` was made before it."""
        ...


def party(
    plan: Plan,
    endpoints: Sequence[Endpoint],
    sources: Sequence[str],
    workers: int,
    knocks: bool,
    begun: float,
    at: Mapping[Gate, Callable[[], None]],
) -> Party:
    """Those who carry out ``plan``: so many ``workers``, or for one this process.

    ``endpoints`` and ``sources`` are what is dialled, and from where; ``begun`` is what the monotonic clock said at the
    beginning of the run; ``knocks``: newcomers knock; ``at``: what is to be done at a gate. Raises `PlanError` for
    certificates that cannot be read, `OSError` where our kernel has nothing left for us.
    """
    ask = questions(plan.probe, plan.tls)  # also where others ask: a file that cannot be read is found here
    if workers == 1:
        return Solo(plan, endpoints, sources, ask, knocks, begun, at)
    task = Task(
        plan=plan,
        endpoints=tuple(endpoints),
        sources=tuple(sources),
        shares=shares(plan, workers),
        begun=begun,
        knocks=knocks,
    )
    return Crew(task, lambda: time.monotonic() - begun, at)
