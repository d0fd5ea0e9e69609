"""tcpgoon in Python: the functions that ``import tcpgoon`` gives.

None of them prints, asks, ends the process, reads ``TCPGOON_*`` variables for options or takes a signal's handler; they
may be called from any thread, several at once. Ctrl-C while one of them blocks the main thread closes the connections
and goes on as `KeyboardInterrupt`.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar, Unpack

from tcpgoon.capacity import Capacity, Step
from tcpgoon.comparison.compare import compare as _compare
from tcpgoon.comparison.compared import Comparison, Tolerance
from tcpgoon.errors import Bug, Unanswerable, UsageError
from tcpgoon.options.named import Options, OtherOptions
from tcpgoon.options.search import OPTIONS_OF_A_RUN, spelled_in_trials
from tcpgoon.options.soak import CHECKPOINT_EVERY, DURATION_OF_A_SOAK, NOT_ASKED, check_checkpoints, check_soak
from tcpgoon.options.spelled import spelled
from tcpgoon.options.suites.load import load_suite
from tcpgoon.plan.search import Search
from tcpgoon.plan.units import parse_duration_s
from tcpgoon.report.files import place_of
from tcpgoon.report.formats import render as _render
from tcpgoon.result import Result
from tcpgoon.results import EachResult, Outcome, SuiteResult
from tcpgoon.runs.ask import ask, check_interval
from tcpgoon.runs.capacity import find_capacity as _find_capacity
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.saved import loaded
from tcpgoon.runs.soak import soak as _soak
from tcpgoon.runs.stop import Stop
from tcpgoon.runs.suite import Audience
from tcpgoon.runs.suite import run_suite as _run_suite
from tcpgoon.saved.file import saved

_T = TypeVar("_T")
_TOLERATED = Tolerance()


def run(
    target: str,
    *,
    monitor: Monitor | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> Result:
    """Open connections to ``target``, hold them, and say whether it carried them all. Blocks until that is known.

    ``target`` is ``"host:port"``, ``"[v6]:port"`` or an expression that is looked up, such as
    ``"eureka://registry:8761/CHECKOUT"``.

    ``options`` are those of the command line: ``connections=5000``, ``hold="10s"``, ``probe="http:/health"``,
    ``require=["p99 establishment < 50ms"]``, and so on; what is not given has the same default as there. Durations are
    texts with their unit, numbers of connections are numbers or texts (``"10k"``).

    ``monitor`` is shown a snapshot every ``interval_s`` seconds, in a thread of its own. ``stop`` ends the run early,
    with the verdict ``INTERRUPTED``, when another thread requests it.

    A target that fails is a result with the verdict ``FAIL``, and no exception: look at ``result.passed``. Raised are
    `UsageError` (`PlanError` is one) for what cannot be asked, and `Unanswerable` where nobody could be asked: a name
    that does not resolve, a registry that does not answer, no instance that is up, a client without a descriptor left.
    """
    _refuse_each(options)
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
    """The same as `run` for each instance of ``target`` that is up, one after another.

    There is a result of each in ``results``; the verdict over all is the worst. Arguments and exceptions are those of
    `run`; but an instance that cannot be asked is a result without figures, with the verdict ``INCONCLUSIVE``, and
    keeps no other from being asked. Once ``stop`` is requested no further one is begun.
    """
    _refuse_each(options)
    result = ask(spelled(target, {**options, "each": True}), monitor, interval_s=interval_s, stop=stop)
    if not isinstance(result, EachResult):
        raise Bug("each instance, and one result")
    return result


def run_suite(
    file: str | os.PathLike[str] | None = None,
    *,
    only: Collection[str] = (),
    fail_fast: bool = False,
    audience: Audience | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
) -> SuiteResult:
    """Ask the checks of the suite in ``file``, or in the ``tcpgoon.toml`` or ``pyproject.toml`` of the current folder.

    ``only`` has the names of those that are asked, which may have ``*`` in them; with ``fail_fast`` no further one is
    begun after one that did not pass. ``audience`` is told what begins and what came of it. ``interval_s`` and ``stop``
    are as for `run`. There is a part for each check in ``checks``; one that nobody could be asked is ``INCONCLUSIVE``,
    and keeps no other from being asked. Raises `UsageError` for what is no suite, with a line for each fault.
    """
    check_interval(interval_s)
    suite = load_suite(None if file is None else Path(file)).only(only)
    return _run_suite(suite, audience, fail_fast=fail_fast, interval_s=interval_s, stop=stop)


async def run_async(
    target: str,
    *,
    monitor: Monitor | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> Result:
    """The same as `run`, without keeping the event loop busy: it goes on in a thread of its own.

    Arguments, result and exceptions are those of `run`; ``monitor`` is called in yet another thread. Where the task is
    cancelled (`asyncio.timeout` does that) the run is stopped, and its connections are closed, before the cancellation
    goes on.
    """
    stop = stop or Stop()
    return await in_thread(
        lambda: run(target, monitor=monitor, interval_s=interval_s, stop=stop, **options),
        stop,
    )


async def in_thread(work: Callable[[], _T], stop: Stop) -> _T:
    """What ``work`` returns, which goes on in a thread of its own and is ended by ``stop`` where we are cancelled.

    Not in the loop's executor: that has few threads, and resolving names waits there, too. Raises what ``work`` does.
    """
    done: Future[_T] = Future()
    done.set_running_or_notify_cancel()  # from now on nobody can cancel it but by `stop`
    context = copy_context()

    def carry_out() -> None:
        try:
            done.set_result(context.run(work))
        except BaseException as exc:  # noqa: BLE001 - whoever awaits it is to see it
            done.set_exception(exc)

    try:
        threading.Thread(target=carry_out, name="tcpgoon-run", daemon=True).start()
    except RuntimeError as exc:  # "can't start new thread" is all that Python makes of EAGAIN
        raise Unanswerable("this client may start no thread that the run could go on in (TG106)") from exc
    over = asyncio.wrap_future(done)
    try:
        return await asyncio.shield(over)
    except asyncio.CancelledError:
        stop.request()
        try:
            # Before it has begun to open there is nothing to close, and once it does it sees that it is to stop: a
            # look-up that nobody answers is not waited for.
            if stop.is_heard:
                await asyncio.wait([over])
        finally:
            _ = over.cancel() or over.exception()  # nobody asks for it any more
        raise


def find_capacity(
    target: str,
    *,
    most: int = Search().most,
    first: int = Search().first,
    step: int | None = None,
    precision: float = Search().precision,
    confirm_hold: str = "10s",
    time_limit: str | None = None,
    at_least: int | None = None,
    recovery: bool = False,
    tried: Callable[[Step], None] | None = None,
    stop: Stop | None = None,
    **options: Unpack[OtherOptions],
) -> Capacity:
    """The largest number of connections that ``target`` carries at once: `Capacity.carries`, and what stopped it.

    The search goes from ``first`` to ``most`` at the largest, by ``step`` connections at the most from one trial to the
    next; its answer is held for ``confirm_hold`` before it is believed. ``precision`` is a share of the answer; a sharp
    limit is found to the unit all the same. The verdict is a PASS where the answer is known, and no less than
    ``at_least``; INCONCLUSIVE where this client's own limit, or ``time_limit``, came first. With ``recovery`` all are
    released in the end, and searched for again: a FAIL where fewer are found then, or no newcomer is served as before.

    ``options`` say how each connection is opened and asked, as for `run`; those of its pace and of its hold mean
    nothing here. ``tried`` is told of each trial, in this thread. Exceptions are those of `run`.
    """
    if idle := sorted(set(options) & OPTIONS_OF_A_RUN):
        raise UsageError(f"{idle[0]} is no option of a search, which paces itself")
    search = Search(
        most=most,
        first=first,
        step=step,
        precision=precision,
        confirm_hold_s=parse_duration_s(confirm_hold),
        time_limit_s=None if time_limit is None else parse_duration_s(time_limit),
        at_least=at_least,
        recovery=recovery,
    )
    asked = spelled_in_trials(target, options)
    (place,) = asked.places()
    return _find_capacity(
        asked.plan_for(place.target),
        search,
        endpoints=place.endpoints,
        origin=place.origin,
        tried=tried or (lambda _step: None),
        stop=stop,
    )


def soak(
    target: str,
    *,
    duration: str = DURATION_OF_A_SOAK,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: str = CHECKPOINT_EVERY,
    monitor: Monitor | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> Result:
    """The same as `run`, for ``duration``: ``result.lifetimes`` says how old connections became.

    In it are the curve of those that are alive by age, who ended the others, and whether there is a cliff (most of them
    died at one age: an idle timeout or a maximum age) or a slope. ``keepalive="30s"`` shows whether it is the path that
    gives up on what is idle.

    The file ``checkpoint`` has what came so far, anew every ``checkpoint_every``, for `load` should this process be
    killed: a result with the verdict ``INTERRUPTED``. When all is over it has the result. The other arguments and the
    exceptions are those of `run`; ``hold`` is none, nor is the assurance ``handshake``. Besides, `OSError` is raised
    where the file cannot be written in the end.
    """
    if idle := sorted(NOT_ASKED & {name for name, value in options.items() if value is not None}):
        raise UsageError(
            f"{idle[0]} is no option of a soak: duration says how long it lasts, and one instance is asked"
        )
    check_interval(interval_s)
    every_s = parse_duration_s(checkpoint_every)
    check_checkpoints(every_s)
    asked = spelled(target, {**options, "hold": duration})
    check_soak(asked.draft)
    place = None if checkpoint is None else place_of(os.fspath(checkpoint))
    if place:
        place.check()
    (where,) = asked.places()

    def keep(so_far: Result) -> None:
        if place:
            place.write([saved(so_far)])

    result = _soak(
        asked.plan_for(where.target),
        monitor,
        endpoints=where.endpoints,
        origin=where.origin,
        interval_s=interval_s,
        stop=stop,
        keep=keep if place else None,
        every_s=every_s,
    )
    keep(result)
    return result


async def find_capacity_async(
    target: str,
    *,
    most: int = Search().most,
    first: int = Search().first,
    step: int | None = None,
    precision: float = Search().precision,
    confirm_hold: str = "10s",
    time_limit: str | None = None,
    at_least: int | None = None,
    recovery: bool = False,
    tried: Callable[[Step], None] | None = None,
    stop: Stop | None = None,
    **options: Unpack[OtherOptions],
) -> Capacity:
    """The same as `find_capacity`, without keeping the event loop busy; cancelled, it is stopped as `run_async` is."""
    stop = stop or Stop()
    return await in_thread(
        lambda: find_capacity(
            target,
            most=most,
            first=first,
            step=step,
            precision=precision,
            confirm_hold=confirm_hold,
            time_limit=time_limit,
            at_least=at_least,
            recovery=recovery,
            tried=tried,
            stop=stop,
            **options,
        ),
        stop,
    )


async def soak_async(
    target: str,
    *,
    duration: str = DURATION_OF_A_SOAK,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: str = CHECKPOINT_EVERY,
    monitor: Monitor | None = None,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> Result:
    """The same as `soak`, without keeping the event loop busy; cancelled, it is stopped as `run_async` is."""
    stop = stop or Stop()
    return await in_thread(
        lambda: soak(
            target,
            duration=duration,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            monitor=monitor,
            interval_s=interval_s,
            stop=stop,
            **options,
        ),
        stop,
    )


def _refuse_each(options: Mapping[str, Any]) -> None:
    if options.get("each") is not None:
        raise UsageError("each is no option here: tcpgoon.run asks one instance, tcpgoon.run_each asks each of them")


def render(outcome: Outcome, format: str = "text") -> str:  # noqa: A002 - the word that users know
    """``outcome`` as a report, by the name of its format: ``text``, ``json``, and so on.

    What peers or registries said is escaped in it as the format needs. Raises `UsageError` for a name that is none.
    """
    return _render(outcome, format)


def save(outcome: Outcome, path: str | os.PathLike[str]) -> None:
    """Keep all of ``outcome``, each connection too, in the file ``path``, which is replaced as a whole.

    Raises `SavedFileError` for more connections than a file takes, and `OSError` where it cannot be written.
    """
    place_of(os.fspath(path)).write([saved(outcome)])


def load(path: str | os.PathLike[str]) -> Outcome:
    """What was saved to ``path``, with the verdict that was given then. Raises `SavedFileError`."""
    return loaded(os.fspath(path))


def compare(
    old: Outcome | Sequence[Outcome],
    new: Outcome,
    *,
    tolerance: float = _TOLERATED.times,
    tolerance_s: float = _TOLERATED.time_s,
    tolerance_share: float = _TOLERATED.share,
) -> Comparison:
    """What got worse in ``new`` beyond noise, since ``old``: one run, or several of the same with nothing changed.

    A time may be longer by ``tolerance``, a share of itself, and by ``tolerance_s`` seconds in any case;
    ``tolerance_share`` of the connections may be worse off. Raises `UsageError` for what is no pair.
    """
    olds = [old] if isinstance(old, Outcome) else old
    return _compare(olds, new, Tolerance(times=tolerance, time_s=tolerance_s, share=tolerance_share))
