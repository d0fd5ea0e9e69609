"""A search is carried out: plan, limits, engine, trials, answer."""

import select
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import structs

from tcpgoon.capacity import Capacity, Step
from tcpgoon.discovery.instance import Origin
from tcpgoon.discovery.resolver import resolve
from tcpgoon.engine.climber import Climber
from tcpgoon.engine.lanes import lanes
from tcpgoon.engine.machine import preflight
from tcpgoon.engine.machine.sources import addresses_used, sources_for
from tcpgoon.engine.machine.strain import Gauge
from tcpgoon.engine.on_site.inspector import Inspector, check_pid
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.probes import questions
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.judge.carried import Bound, carried
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.on_site import OnSite
from tcpgoon.judge.preflight import checks, impossible, is_possible
from tcpgoon.judge.recovery import with_recovery
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import ProbeAt
from tcpgoon.plan.search import Search
from tcpgoon.plan.sources import is_automatic
from tcpgoon.record.table import Table
from tcpgoon.runs.capacity.ascent import Ascent
from tcpgoon.runs.capacity.release import MOST_KNOCKS, recovery
from tcpgoon.runs.capacity.trials import Over, Trials
from tcpgoon.runs.runner import Known, environment_of, judged, ours_to_open
from tcpgoon.runs.stop import Stop

DIALS_FOR_EACH = 3
"""So many dials there are for each connection that may be held: no row is dialled twice."""

DIALS_BESIDE = 2_000 + MOST_KNOCKS


def find_capacity(
    plan: Plan,
    search: Search,
    *,
    endpoints: Sequence[Endpoint] = (),
    origin: Origin | None = None,
    tried: Callable[[Step], None] = lambda _step: None,
    stop: Stop | None = None,
) -> Capacity:
    """Search for the largest number of connections for which a run of ``plan`` would be a PASS.

    ``tried`` is told of each trial when it is over. ``endpoints`` and ``origin`` are as for `run`, and so is what is
    raised. ``stop`` ends the search early: INTERRUPTED.
    """
    found = tuple(endpoints) or resolve(plan.target, plan.dialled_family)
    plan = structs.replace(plan, connections=search.most, workers=1, probe_at=ProbeAt.OPEN)
    begun, begun_at, stop = time.monotonic(), datetime.now(UTC), stop or Stop()
    with ours_to_open():
        dialled = found if plan.spread else found[:1]
        sources = sources_for(plan.sources, dialled, search.most + 1)
        check_pid(plan.target_pid)
        limits = preflight.look(dialled, sources, search.most, len(found), automatic=is_automatic(plan.sources))
        most = _possible(limits, search.most, plan.force)
        if is_automatic(plan.sources) and len(sources) > 1 and most < search.most:
            # No more addresses than for what can be held: some targets have rules for each address.
            sources = sources_for(plan.sources, dialled, most + 1)
            limits = preflight.look(dialled, sources, search.most, len(found), automatic=True)
            most = _possible(limits, search.most, plan.force)
        rows = (2 if search.recovery else 1) * DIALS_FOR_EACH * most + DIALS_BESIDE
        table = Table(rows)
        ask = questions(plan.probe, plan.tls)
        kind = EpollKernel if hasattr(select, "epoll") else SelectorKernel
        kernel = kind(lanes(dialled, sources, range(rows), rows), range(rows))
        climber = Climber(plan, table, kernel, time.monotonic, begun, ask)
    gauge = Gauge()
    inspector = Inspector(dialled[0], plan.target_pid, lambda: climber.now_s, dialled[1:])
    trials = Trials(plan, climber, table, limits, gauge, inspector)
    ascent = Ascent(search, most, trials, climber, tried)
    second, recovered = Ascent(search, most, trials, climber, tried, again=True), None
    with inspector.watching():
        stop.when_requested(climber.stop)
        try:
            ascent.go()
            inspector.look_at_peak(len(climber.held()))
            answer = ascent.answer
            if search.recovery and answer.carries and not climber.stopped:
                recovered = recovery(trials, climber, ascent.steps, second)
        finally:
            climber.end()
            kernel.shut()
    answer, on_site = (
        structs.replace(answer, client=_ended(limits, most) if most < search.most else ""),
        inspector.on_site,
    )
    too_much = ascent.ours if answer.bound is Bound.CLIENT else ascent.bad
    told = too_much is not None and answer.bound in (Bound.TARGET, Bound.UNSTEADY, Bound.CLIENT)
    findings = (
        diagnose(structs.replace(too_much.facts, on_site=_seen_of(too_much, on_site))) if too_much and told else ()
    )
    if ascent.next and ascent.next.pushed_out:
        # One more was let in at the cost of others: that is the limit, whatever else was seen.
        findings = tuple(sorted(findings, key=lambda finding: finding.code != "TG402"))
    judgement = carried(search, answer, findings)
    if recovered:
        judgement = with_recovery(search, answer, judgement, recovered)
    environment = environment_of(begun_at, (*kernel.missing, *inspector.missing))
    known = Known(
        started=True,
        interrupted=False,
        heard=climber.heard,
        knocks=ascent.confirmed.facts.newcomers if ascent.confirmed else (),
        strain=trials.strain,
        on_site=on_site,
    )
    confirmed = ascent.confirmed and judged(
        ascent.confirmed.facts.plan,
        found,
        origin,
        addresses_used(sources, dialled),
        limits,
        ascent.confirmed.table,
        known,
        environment,
        begun,
    )
    return Capacity(
        plan=plan,
        search=search,
        endpoint=found[0],
        endpoints=found,
        origin=origin,
        environment=environment,
        limits=limits,
        duration_s=time.monotonic() - begun,
        answer=answer,
        next=ascent.next,
        recovery=recovered,
        steps=(*ascent.steps, *second.steps),
        findings=findings,
        verdict=judgement.verdict,
        reason=judgement.reason,
        confirmed=confirmed,
    )


def _seen_of(over: Over | None, on_site: OnSite | None) -> OnSite | None:
    """What was seen of the target while ``over`` was judged; where nothing was, what was seen in the end."""
    own = over.facts.on_site if over else None
    return structs.replace(own, after=on_site.after) if own and on_site else on_site


def _ended(limits: ClientLimits, most: int) -> str:
    """What this client has too little of for one more than ``most``, and one beside them."""
    return next((check.what for check in impossible(checks(limits, most + 2))), "")


def _possible(limits: ClientLimits, most: int, force: bool) -> int:
    """How many of ``most`` this client can hold, and one more beside them; 0: not even one."""
    if force or is_possible(limits, most + 1):
        return most
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_possible(limits, middle) else (low, middle)
    return max(0, low - 1)
