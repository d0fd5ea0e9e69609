"""The one place where the parts meet: a plan becomes a result.

Plan → endpoints → limits → table ← loop;  table → metrics → findings → verdict → Result
"""

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from tcpgoon.discovery.instance import Origin
from tcpgoon.discovery.resolver import resolve
from tcpgoon.engine.gates import Gate
from tcpgoon.engine.machine import preflight
from tcpgoon.engine.machine.host import cores
from tcpgoon.engine.machine.sources import addresses_used, sources_for
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.on_site.inspector import Inspector, check_pid
from tcpgoon.errors import Unanswerable
from tcpgoon.judge.cost import cost_of
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.lifetimes import asked_s, lifetimes, silent_s
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.on_site import OnSite
from tcpgoon.judge.preflight import is_possible
from tcpgoon.judge.proofs import proofs
from tcpgoon.judge.seen import Seen
from tcpgoon.judge.strain import Strain
from tcpgoon.judge.verdict import checked, judge
from tcpgoon.judge.workers import with_workers
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.sources import is_automatic
from tcpgoon.record.counts import Counts
from tcpgoon.record.heard import Heard
from tcpgoon.record.knock import Knock
from tcpgoon.record.live import Course
from tcpgoon.record.metrics import measure, not_begun
from tcpgoon.record.shape import shape
from tcpgoon.record.so_far import as_if_ended
from tcpgoon.record.survival import survival
from tcpgoon.record.table import Table
from tcpgoon.result import Environment, Result
from tcpgoon.runs.course import course
from tcpgoon.runs.monitor import Monitor, Watch
from tcpgoon.runs.party import Party, party
from tcpgoon.runs.stop import Stop
from tcpgoon.version import VERSION

PLACES_OF_NEWCOMERS = 2
"""Before all are open two knock, and each may leave its port in TIME_WAIT: the N are not to miss it."""

NO_NEWCOMERS = "how newcomers fare: this client has no descriptor or local port left for them"
NO_THREAD = "the counts while it runs: this client may start no thread that shows them (TG106)"


class Known(NamedTuple):
    """What is known when nothing is open any more."""

    started: bool
    interrupted: bool
    missing: tuple[str, ...] = ()
    heard: Heard = Heard()
    knocks: Sequence[Knock] = ()
    strain: Strain = Strain()
    on_site: OnSite | None = None


def run(
    plan: Plan,
    monitor: Monitor | None = None,
    *,
    endpoints: Sequence[Endpoint] = (),
    origin: Origin | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    ages: bool = False,
    beside: Callable[[Callable[[], Result]], AbstractContextManager[object]] | None = None,
) -> Result:
    """Carry out ``plan`` and say what came of it.

    ``endpoints`` are what the target's name was resolved to, the one to dial first; by default it is resolved now.
    ``origin`` is where they were looked up, if that was in a registry.
    ``monitor`` is shown a snapshot every ``interval_s`` seconds. ``stop`` ends the run early. With ``ages`` it is said
    how old connections became. ``beside`` is entered while the run goes on, and given what says, in any thread, what it
    would have come to had it been stopped then. A connection that fails is part of the result; raised are
    `ResolutionError`, and `PlanError` for a source that is not ours or a process that is not there.
    """
    found = tuple(endpoints) or resolve(plan.target, plan.dialled_family)
    begun, begun_at = time.monotonic(), datetime.now(UTC)
    with ours_to_open():
        dialled = found if plan.spread else found[:1]
        sources = sources_for(plan.sources, dialled, plan.connections + PLACES_OF_NEWCOMERS * plan.knocks)
        check_pid(plan.target_pid)
        limits = preflight.look(dialled, sources, plan.connections, len(found), automatic=is_automatic(plan.sources))
        limits = with_workers(limits, plan, cores())
        knocks = plan.knocks and is_possible(limits, plan.connections + PLACES_OF_NEWCOMERS)
        possible = plan.force or is_possible(limits, plan.connections)
        scene = _Scene(plan, dialled, begun) if possible else None
        those = party(plan, dialled, sources, limits.workers, knocks, begun, scene.at) if scene else None
    used = addresses_used(sources, dialled) if those else ()
    if scene and those:
        stop = stop or Stop()

        def so_far() -> Result:
            known = Known(started=True, interrupted=True, knocks=tuple(those.knocks), strain=Strain(lag_s=those.lag_s))
            table = as_if_ended(those.table, time.monotonic() - begun)
            now = environment_of(begun_at, those.missing)
            return judged(plan, found, origin, used, limits, table, known, now, begun, ages=ages)

        with scene.watched(those, stop, monitor, interval_s) as watch, beside(so_far) if beside else nullcontext():
            stop.when_requested(those.stop)
            those.run()
        limits = preflight.as_they_are_now(limits)
        unmeasured = [
            *([NO_NEWCOMERS] if plan.knocks and not knocks else []),
            *([NO_THREAD] if watch and watch.blind else []),
        ]
        outcome = Known(
            started=True,
            interrupted=those.interrupted,
            missing=(*those.missing, *unmeasured, *scene.inspector.missing),
            heard=those.heard,
            knocks=those.knocks,
            strain=those.strain(scene.gauge),
            on_site=scene.inspector.on_site,
        )
    else:
        outcome = Known(started=False, interrupted=False)
    table = those.table if those else Table(0)
    environment = environment_of(begun_at, outcome.missing)
    return judged(plan, found, origin, used, limits, table, outcome, environment, begun, ages=ages)


class _Scene:
    """What is looked at beside the connections: the target, where it is here, and how this client fares."""

    def __init__(self, plan: Plan, dialled: Sequence[Endpoint], begun: float) -> None:
        self._plan = plan
        self._begun = begun
        self._table = Table(0)
        self.gauge = Gauge()
        self.inspector = Inspector(dialled[0], plan.target_pid, lambda: time.monotonic() - begun, dialled[1:])
        self.at = {Gate.HOLD: self.gauge.lap, Gate.PROVE: self._look_at_peak}

    @contextmanager
    def watched(self, those: Party, stop: Stop, monitor: Monitor | None, interval_s: float) -> Iterator[Watch | None]:
        """The run that is carried out by ``those`` goes on."""
        self._table = those.table
        far = partial(course, self._plan, those, stop)
        with self.inspector.watching(), _watched(monitor, self._table, self._begun, interval_s, far) as watch:
            yield watch

    def _look_at_peak(self) -> None:
        self.inspector.look_at_peak(Counts.of(bytes(self._table.state)).established)


@contextmanager
def ours_to_open() -> Iterator[None]:
    """What a run needs for itself: without it, no question was asked."""
    try:
        yield
    except (OSError, MemoryError) as exc:
        why = getattr(exc, "strerror", None) or "not enough memory"
        raise Unanswerable(f"this client cannot open what it needs for itself: {why}") from exc


def _watched(
    monitor: Monitor | None, table: Table, begun: float, interval_s: float, far: Callable[[], Course]
) -> AbstractContextManager[Watch | None]:
    return Watch(monitor, table, begun, interval_s, far) if monitor else nullcontext()


def judged(
    plan: Plan,
    endpoints: tuple[Endpoint, ...],
    origin: Origin | None,
    sources: tuple[str, ...],
    limits: ClientLimits,
    table: Table,
    outcome: Known,
    environment: Environment,
    begun: float,
    *,
    ages: bool = False,
) -> Result:
    """What ``table`` and all that is known besides mean; with ``ages``, also how old connections became."""
    knocks, sayings = tuple(outcome.knocks), outcome.heard.sayings
    metrics = measure(table, plan.level, knocks) if outcome.started else not_begun(plan.connections, plan.level)
    facts = Facts(
        plan=plan,
        limits=limits,
        metrics=metrics,
        shape=shape(table, outcome.strain.lagged_since_s or 0.0),
        started=outcome.started,
        interrupted=outcome.interrupted,
        sayings=sayings,
        newcomers=knocks,
        strain=outcome.strain,
        on_site=outcome.on_site,
    )
    findings = diagnose(facts)
    became = survival(table, asked_s(plan), silent_s(plan)) if ages else None
    judgement, came = judge(facts, findings), checked(facts)
    return Result(
        plan=plan,
        endpoint=endpoints[0],
        endpoints=endpoints,
        origin=origin,
        sources=sources,
        environment=environment,
        limits=limits,
        duration_s=time.monotonic() - begun,
        table=table,
        metrics=metrics,
        findings=findings,
        verdict=judgement.verdict,
        reason=judgement.reason,
        checked=came,
        proofs=proofs(plan, metrics, came),
        sayings=sayings,
        tls=outcome.heard.tls,
        newcomers=knocks,
        strain=outcome.strain,
        on_site=outcome.on_site,
        cost=cost_of(outcome.on_site) if outcome.on_site else None,
        lifetimes=lifetimes(Seen(facts), became) if became else None,
    )


def environment_of(begun_at: datetime, missing: tuple[str, ...]) -> Environment:
    """Where and when it ran."""
    return Environment(
        tcpgoon=VERSION,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        cpus=os.cpu_count() or 1,
        begun_at=begun_at.isoformat(timespec="milliseconds"),
        missing=missing,
    )
