"""What is asked becomes what came of it, for whoever has nothing to say in between."""

from tcpgoon.discovery.place import Place
from tcpgoon.errors import PlanError
from tcpgoon.options.asked import Asked
from tcpgoon.plan.units import LONGEST_S
from tcpgoon.result import Result
from tcpgoon.results import EachResult
from tcpgoon.runs.each import run_each
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.runner import run
from tcpgoon.runs.stop import Stop


def ask(
    asked: Asked, monitor: Monitor | None = None, *, interval_s: float = 1.0, stop: Stop | None = None
) -> Result | EachResult:
    """Find where ``asked`` goes, and carry it out there: a result, or one of each instance where each is asked.

    Raises what `Asked.places` and `run` do.
    """
    check_interval(interval_s)
    return ask_places(asked, asked.places(), monitor, interval_s=interval_s, stop=stop)


def ask_places(
    asked: Asked,
    places: tuple[Place, ...],
    monitor: Monitor | None = None,
    *,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    keep_rows: bool = True,
) -> Result | EachResult:
    """The same where ``asked`` was found to go to ``places``; ``keep_rows`` is as for `run_each`."""
    if asked.choice.each:
        return run_each(places, asked.plan_for, monitor, interval_s=interval_s, stop=stop, keep_rows=keep_rows)
    (place,) = places
    return run(
        asked.plan_for(place.target),
        monitor,
        endpoints=place.endpoints,
        origin=place.origin,
        interval_s=interval_s,
        stop=stop,
    )


def check_interval(interval_s: float) -> None:
    """Raise `PlanError` unless snapshots can be ``interval_s`` seconds apart."""
    if not 0 < interval_s <= LONGEST_S:
        raise PlanError(f"the interval is {interval_s} s: it must be above 0, and a year at most")
