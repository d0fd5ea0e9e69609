"""tcpgoon in Python: the functions that ``import tcpgoon`` gives.

None of them prints, ends the process or takes a signal's handler; they may be called from any thread.
"""

import asyncio
from typing import Unpack

from tcpgoon.errors import Bug, UsageError
from tcpgoon.options.named import Options
from tcpgoon.options.spelled import spelled
from tcpgoon.report.formats import FORMATS
from tcpgoon.report.formats import render as _render
from tcpgoon.result import Result
from tcpgoon.results import EachResult, Outcome
from tcpgoon.runs.ask import ask
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.stop import Stop


def run(
    target: str,
    *,
    monitor: Monitor | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> Result:
    """Open connections to ``target``, hold them, and say whether it carried them all.

    ``target`` is ``"host:port"`` or an expression that is looked up (``"eureka://registry:8761/CHECKOUT"``);
    ``options`` are those of the command line. ``monitor`` is shown a snapshot every ``interval_s`` seconds, in a thread
    of its own; ``stop`` ends the run early when another thread requests it. A target that fails is a result with the
    verdict ``FAIL``, and no exception. Raised are `UsageError` for what cannot be asked, `Unanswerable` where nobody
    could be asked.
    """
    result = ask(spelled(target, options), monitor, interval_s=interval_s, stop=stop)
    if not isinstance(result, Result):
        raise Bug("one run, and several results")
    return result


def run_each(
    target: str,
    *,
    monitor: Monitor | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> EachResult:
    """The same for each instance of ``target`` that is up, one after another: a result each, and the worst verdict."""
    result = ask(spelled(target, {**options, "each": True}), monitor, interval_s=interval_s, stop=stop)
    if not isinstance(result, EachResult):
        raise Bug("each instance, and one result")
    return result


async def run_async(
    target: str,
    *,
    monitor: Monitor | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> Result:
    """The same as `run`, without keeping the event loop busy: it goes on in a thread.

    Where the task is cancelled the run is stopped, and its connections are closed, before the cancellation goes on.
    """
    stop = stop or Stop()
    work = asyncio.create_task(
        asyncio.to_thread(run, target, monitor=monitor, interval_s=interval_s, stop=stop, **options)
    )
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.request()
        await asyncio.wait([work])
        raise


def render(outcome: Outcome, format: str = "text") -> str:  # noqa: A002 - the word that users know
    """``outcome`` as a report, by the name of its format: ``text``, ``json``, ``junit``, ``html``, and so on."""
    if format not in FORMATS:
        raise UsageError(f"there is no format {format!r}: it is one of {', '.join(FORMATS)}")
    return _render(outcome, format)
