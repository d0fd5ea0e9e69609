"""Each instance of a service by itself, one after another: a run, and a verdict, for each."""

import gc
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from tcpgoon.capacity import SearchPart
from tcpgoon.discovery.place import Place
from tcpgoon.errors import Bug, Unanswerable, UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.table import Table
from tcpgoon.result import Part
from tcpgoon.results import EachResult, InstanceResult
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.runner import run
from tcpgoon.runs.stop import Stop

_Came = TypeVar("_Came", InstanceResult, Part)

STOPPED = "not asked: the run was stopped before"


def run_each(
    places: Sequence[Place],
    plan_of: Callable[[Target], Plan],
    monitor: Monitor | None = None,
    *,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    begins: Callable[[int, Place], None] = lambda _number, _place: None,
    ended: Callable[[InstanceResult], None] = lambda _result: None,
    keep_rows: bool = True,
) -> EachResult:
    """Carry out the plan that ``plan_of`` makes for each of ``places``, which come of one look-up.

    What keeps one instance from being asked is its result, and keeps no other from it. ``begins`` is told the number,
    from 1, and the place of each before it is dialled, ``ended`` what came of it. ``monitor``, ``interval_s`` and
    ``stop`` are as for `run`; once it is asked to stop no further one is begun. Without
    ``keep_rows`` the tables of results are emptied once ``ended`` has seen them: of many large runs they would fill the
    memory, and where workers share them each has a descriptor.
    """
    first = places[0].origin if places else None
    if first is None:
        raise Bug("each instance of nothing that was looked up")
    stop = stop or Stop()
    results = []
    for number, place in enumerate(places, 1):
        begins(number, place)
        results.append(_one(place, plan_of, monitor, interval_s, stop))
        ended(results[-1])
        if not keep_rows:
            results[-1] = without_rows(results[-1])
            gc.collect()  # the parts of a run know each other
    return EachResult(
        lookup=first.lookup,
        service=first.service,
        registry=first.registry,
        results=tuple(results),
        others=first.others,
    )


def without_rows(one: _Came) -> _Came:
    """``one`` with no rows in its result."""
    bare = one.result and msgspec.structs.replace(one.result, table=Table(0))
    one = msgspec.structs.replace(one, result=bare)
    if isinstance(one, SearchPart):
        return msgspec.structs.replace(one, capacity=msgspec.structs.replace(one.capacity, confirmed=bare))
    return one


def _one(
    place: Place, plan_of: Callable[[Target], Plan], monitor: Monitor | None, interval_s: float, stop: Stop
) -> InstanceResult:
    (instance,) = place.origin.dialled if place.origin else ()
    if stop.requested:
        return InstanceResult(instance=instance, verdict=Verdict.INTERRUPTED, reason=STOPPED)
    if place.problem:
        return InstanceResult(instance=instance, verdict=Verdict.INCONCLUSIVE, reason=place.problem)
    try:
        plan = plan_of(place.target)
        result = run(plan, monitor, endpoints=place.endpoints, origin=place.origin, interval_s=interval_s, stop=stop)
    except (Unanswerable, UsageError) as exc:
        # What no instance could be asked was found before the first: this is about this one, or about this client.
        return InstanceResult(instance=instance, verdict=Verdict.INCONCLUSIVE, reason=str(exc))
    return InstanceResult(instance=instance, verdict=result.verdict, reason=result.reason, result=result)
