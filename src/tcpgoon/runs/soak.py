"""A soak: a run that holds its connections for long, asks how old they became, and can be reported if it is killed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from msgspec import structs

from tcpgoon.discovery.instance import Origin
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.units import format_duration
from tcpgoon.result import Result
from tcpgoon.runs.checkpoints import Checkpoints
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.runner import run
from tcpgoon.runs.stop import Stop

CHECKPOINT_EVERY_S = 60.0

NO_CHECKPOINTS = "checkpoints: this client may start no thread that makes them (TG106)"


def soak(
    plan: Plan,
    monitor: Monitor | None = None,
    *,
    endpoints: Sequence[Endpoint] = (),
    origin: Origin | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    keep: Callable[[Result], None] | None = None,
    every_s: float = CHECKPOINT_EVERY_S,
) -> Result:
    """Carry out ``plan`` as `run` does; the result says how old connections became, too.

    ``keep`` is given what came so far every ``every_s`` seconds, in a thread of its own: an INTERRUPTED result that
    says that it is a checkpoint. Raises what `run` does.
    """
    made: list[Checkpoints[Result]] = []

    def beside(so_far: Callable[[], Result]) -> AbstractContextManager[object]:
        assert keep  # noqa: S101 - else this is not called
        made.append(Checkpoints(lambda: _checkpoint(so_far()), keep, every_s))
        return made[0]

    result = run(
        plan,
        monitor,
        endpoints=endpoints,
        origin=origin,
        interval_s=interval_s,
        stop=stop,
        ages=True,
        beside=beside if keep else None,
    )
    return _without_checkpoints(result) if any(one.blind for one in made) else result


def _without_checkpoints(result: Result) -> Result:
    missing = (*result.environment.missing, NO_CHECKPOINTS)
    return structs.replace(result, environment=structs.replace(result.environment, missing=missing))


def _checkpoint(so_far: Result) -> Result:
    held = format_duration(so_far.plan.hold_s)
    reason = f"checkpoint at {format_duration(round(so_far.duration_s))} of {held}: the run had not ended"
    return structs.replace(so_far, verdict=Verdict.INTERRUPTED, reason=reason)
