"""A suite: its checks one after another, those marked as parallel at the same time, and a verdict over all.

``parallel`` is a permission, no demand: see `waves` for when it is not made use of.
"""

import gc
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from threading import Thread

from msgspec import structs

from tcpgoon.capacity import Step
from tcpgoon.discovery.place import Place
from tcpgoon.errors import Unanswerable, UsageError
from tcpgoon.judge.verdict import Verdict, worst
from tcpgoon.options.suites.kinds import Kind
from tcpgoon.options.suites.suite import Check, Suite, name_of_part
from tcpgoon.result import Part, Result
from tcpgoon.results import SuiteResult
from tcpgoon.runs.ask import ask_places
from tcpgoon.runs.capacity.find import find_capacity
from tcpgoon.runs.each import STOPPED, without_rows
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.rest import doubted, left_after_rest
from tcpgoon.runs.soak import soak
from tcpgoon.runs.stop import Stop
from tcpgoon.runs.waves import Ready, first_wave

Parts = tuple[Part, ...]
"""What came of one check: a part, or one for each instance."""


class Audience:
    """Who follows a suite while it goes on: this one does not. All is called in the thread of `run_suite`."""

    def begins(self, check: Check, places: Sequence[Place]) -> None:
        """``check`` is about to be asked, at ``places``."""

    def ended(self, check: Check, parts: Parts) -> None:
        """That came of it; it may not have begun."""

    def tried(self, check: Check, step: Step) -> None:
        """``check``, which is a search, has tried a number."""

    def monitor_of(self, check: Check) -> Monitor | None:
        """Who watches its runs; those of others may go on at the same time."""


def run_suite(
    suite: Suite,
    audience: Audience | None = None,
    *,
    fail_fast: bool = False,
    interval_s: float = 1.0,
    stop: Stop | None = None,
    keep_rows: bool = True,
) -> SuiteResult:
    """Ask all checks of ``suite``.

    What keeps a check from being asked is what came of it, and keeps no other from it. With ``fail_fast`` no further
    one is begun after one that is no PASS; those that go on at the same time are carried through. ``interval_s``,
    ``stop`` and ``keep_rows`` are as for `run_each`.
    """
    begun, begun_at = time.monotonic(), datetime.now(UTC)
    asking = _Asking(audience or Audience(), fail_fast, interval_s, stop or Stop(), keep_rows)
    for group in suite.groups:
        waiting = asking.looked_up(group)
        while waiting:
            wave = first_wave(waiting)
            left = asking.all_of(wave)
            waiting = [one for one in waiting if one in left or one not in wave]
    return SuiteResult(
        suite=suite.name,
        checks=tuple(part for check in suite.checks for part in asking.came[check.name]),
        begun_at=begun_at.isoformat(timespec="milliseconds"),
        duration_s=time.monotonic() - begun,
    )


class _Asking:
    """How far a suite is."""

    def __init__(self, audience: Audience, fail_fast: bool, interval_s: float, stop: Stop, keep_rows: bool) -> None:
        self.came: dict[str, Parts] = {}
        """By the name of the check."""
        self._audience = audience
        self._fail_fast = fail_fast
        self._interval_s = interval_s
        self._stop = stop
        self._keep_rows = keep_rows
        self._servers: set[tuple[str, int]] = set()
        """Those that were asked."""

    def looked_up(self, group: Sequence[Check]) -> list[Ready]:
        """Those of ``group`` whose target was found; of the others it is known what came of them."""
        found = []
        for check in group:
            if not self._is_over(check):
                try:
                    found.append(Ready.to_go(check, check.asked.places()))
                except (Unanswerable, UsageError) as exc:
                    self._note(check, _nothing_but(check, Verdict.INCONCLUSIVE, str(exc)))
        return found

    def all_of(self, wave: Sequence[Ready]) -> list[Ready]:
        """Ask all of ``wave`` at the same time. Those for which this client has no thread are left over."""
        wave = [ready for ready in wave if not self._is_over(ready.check)]
        left = self._at_the_same_time(wave) if len(wave) > 1 else []
        for ready in wave if len(wave) == 1 else left[: len(left) == len(wave)]:  # one at a time needs no thread
            self._audience.begins(ready.check, ready.places)
            self._note(ready.check, self._asked(ready, self._audience.monitor_of(ready.check), self._stop))
        self._servers.update(*(ready.servers for ready in wave))
        return [ready for ready in left if ready.check.name not in self.came]

    def _at_the_same_time(self, wave: Sequence[Ready]) -> list[Ready]:
        stops = {ready.check.name: Stop() for ready in wave}
        came: _Came = SimpleQueue()

        def stop_all() -> None:
            for stop in stops.values():
                stop.request()

        self._stop.when_requested(stop_all)
        threads = {ready.check.name: self._begun(ready, stops[ready.check.name], came) for ready in wave}
        going = [thread for thread in threads.values() if thread]
        try:
            for _ in going:
                self._note(*_taken(came))
        except BaseException:  # a bug in one of them, or Ctrl-C: nothing is left open
            stop_all()
            for thread in going:
                thread.join()
            raise
        return [ready for ready in wave if not threads[ready.check.name]]

    def _begun(self, ready: Ready, stop: Stop, came: "_Came") -> Thread | None:
        """The thread that it goes on in; None where none was to be had."""
        monitor = self._audience.monitor_of(ready.check)

        def tell() -> None:
            try:
                came.put((ready.check, self._asked(ready, monitor, stop)))
            except BaseException as exc:  # noqa: BLE001 - raised by the thread that waits for all
                came.put((ready.check, exc))

        thread = Thread(target=tell, name=f"tcpgoon-{ready.check.name}")
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread" is all that Python makes of EAGAIN
            return None
        self._audience.begins(ready.check, ready.places)
        return thread

    def _asked(self, ready: Ready, monitor: Monitor | None, stop: Stop) -> Parts:
        check = ready.check
        left = left_after_rest(ready.endpoints, stop) if ready.servers & self._servers else 0
        try:
            if check.kind is not Kind.RUN:
                return (doubted(structs.replace(self._in_kind(ready, monitor, stop), name=check.name), left),)
            outcome = ask_places(
                check.asked,
                ready.places,
                monitor,
                interval_s=self._interval_s,
                stop=stop,
                keep_rows=self._keep_rows,
            )
        except (Unanswerable, UsageError) as exc:
            return _nothing_but(check, Verdict.INCONCLUSIVE, str(exc))
        if isinstance(outcome, Result):
            return (doubted(structs.replace(outcome.parts[0], name=check.name), left),)
        names = (name_of_part(check.name, part.name) for part in outcome.parts)
        return tuple(
            doubted(structs.replace(part, name=name), left) for name, part in zip(names, outcome.parts, strict=True)
        )

    def _in_kind(self, ready: Ready, monitor: Monitor | None, stop: Stop) -> Part:
        """What came of a check that is no run: of one instance, as there is no such check of each."""
        check, (place,) = ready.check, ready.places
        plan, found, origin = check.asked.plan_for(place.target), place.endpoints, place.origin
        if check.search is not None:
            tried = partial(self._audience.tried, check)
            return find_capacity(plan, check.search, endpoints=found, origin=origin, tried=tried, stop=stop).parts[0]
        return soak(plan, monitor, endpoints=found, origin=origin, interval_s=self._interval_s, stop=stop).parts[0]

    def _note(self, check: Check, parts: Parts) -> None:
        self._audience.ended(check, parts)
        self.came[check.name] = parts if self._keep_rows else tuple(map(without_rows, parts))
        gc.collect()  # the parts of a run know each other

    def _is_over(self, check: Check) -> bool:
        """Whether ``check`` is not to be asked any more: then that is what came of it."""
        failed = (
            name for name, parts in self.came.items() if worst(part.verdict for part in parts) is not Verdict.PASS
        )
        culprit = next(failed, None)
        if self._stop.requested:
            self._note(check, _nothing_but(check, Verdict.INTERRUPTED, STOPPED))
        elif self._fail_fast and culprit:
            self._note(
                check,
                _nothing_but(check, Verdict.INCONCLUSIVE, f"not asked: {culprit!r} did not pass"),
            )
        return check.name in self.came


_Came = SimpleQueue[tuple[Check, Parts | BaseException]]


def _taken(came: _Came) -> tuple[Check, Parts]:
    check, what = came.get()
    if isinstance(what, BaseException):
        raise what
    return check, what


def _nothing_but(check: Check, verdict: Verdict, reason: str) -> Parts:
    return (Part(name=check.name, verdict=verdict, reason=reason),)
