"""A run that this process carries out alone."""

import select
import time
from collections.abc import Callable, Mapping, Sequence

from tcpgoon.engine.gates import Alone, Gate
from tcpgoon.engine.lanes import lanes
from tcpgoon.engine.loop import Loop
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.probes.making import Questions
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.judge.strain import Strain
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import Share
from tcpgoon.record.heard import Heard
from tcpgoon.record.knock import Knock
from tcpgoon.record.table import Table


class Solo:
    """All of ``plan``, from ``sources`` to ``endpoints``; ``begun`` is what the clock said at the beginning of the run.

    ``knocks`` is whether newcomers knock; ``at`` says what is to be done at a gate. Raises `OSError` where our kernel
    has nothing left for the loop itself.
    """

    def __init__(
        self,
        plan: Plan,
        endpoints: Sequence[Endpoint],
        sources: Sequence[str],
        questions: Questions | None,
        knocks: bool,
        begun: float,
        at: Mapping[Gate, Callable[[], None]],
    ) -> None:
        share = Share.whole(plan)
        kind = EpollKernel if hasattr(select, "epoll") else SelectorKernel
        self.table = Table(plan.connections)
        ways = lanes(endpoints, sources, share.rows, plan.connections)
        self._kernel = kind(ways, range(plan.connections + knocks))
        self._gates = Alone(lambda: time.monotonic() - begun, at)
        newcomer = plan.connections if knocks else None
        self._loop = Loop(
            plan, share, self.table, self._kernel, time.monotonic, begun, questions, newcomer, self._gates
        )

    def run(self) -> None:
        """Carry it out; returns when nothing is open any more."""
        try:
            self._loop.run()
        finally:
            self._kernel.shut()

    def stop(self) -> None:
        """Dial no more, close everything, let `run` return; for other threads and signal handlers."""
        self._loop.stop()

    @property
    def interrupted(self) -> bool:
        """Whether `stop` came before the hold was over and what was asked for was proved."""
        return self._loop.interrupted

    @property
    def missing(self) -> tuple[str, ...]:
        """What the kernel did without."""
        return self._kernel.missing

    @property
    def heard(self) -> Heard:
        """What the peers said."""
        return self._loop.heard

    @property
    def knocks(self) -> Sequence[Knock]:
        """How the newcomers fared."""
        return self._loop.knocks

    @property
    def gate(self) -> tuple[Gate, float] | None:
        """The gate that was opened last, and when."""
        return self._gates.latest

    @property
    def lag_s(self) -> float:
        """The longest so far that the loop did not look at its connections."""
        return self._loop.lag.longest_s

    def strain(self, gauge: Gauge) -> Strain:
        """What the run demanded of this client; ``gauge`` was made before it."""
        return gauge.strain(self._loop.lag.longest_s, self._loop.ramp_lag_s, self._loop.lag.since_s)
