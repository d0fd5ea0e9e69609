"""What a search came to, as gauges.

How many are carried has the label ``bound``: only with ``bound="target"`` it is the target's number, and the number
above it is the one that is too much. With ``most`` the target carries at least so many, with any other it is the
client, or its time, that came to an end first.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tcpgoon.capacity import Capacity, Next
from tcpgoon.judge.carried import Answer
from tcpgoon.judge.recovery import Recovery
from tcpgoon.record.outcome import error_name

Sample = tuple[str, dict[str, str], float]

FAMILIES: Final = {
    "tcpgoon_capacity_connections": "Connections that are carried; they are the target's number where bound is target.",
    "tcpgoon_capacity_bad_connections": "The smallest number above it that was not carried.",
    "tcpgoon_capacity_required_connections": "Connections that have to be carried.",
    "tcpgoon_capacity_burst_connections": "How many there were in a burst, where a slower pace brought more.",
    "tcpgoon_capacity_connections_per_second": "The pace at which the answer was reached, at the most.",
    "tcpgoon_capacity_trials": "Numbers that were tried, by whether they held.",
    "tcpgoon_capacity_knee_connections": "The largest number held before newcomers waited for much longer.",
    "tcpgoon_capacity_newcomer_seconds": "How long a newcomer waited beside the fewest held, and beside the most.",
    "tcpgoon_capacity_next": "What happened to one more than the answer; always 1.",
    "tcpgoon_capacity_next_seconds": "How long that took.",
    "tcpgoon_capacity_pushed_out_connections": "How many of the others ended meanwhile.",
    "tcpgoon_capacity_recovery_seconds": "From the release of all until a newcomer was served, and as before.",
    "tcpgoon_capacity_again_connections": "Connections that a second search found to be carried, after the release.",
}
"""Name and help of each."""


def capacity_samples(found: Capacity) -> Iterator[Sample]:
    """Name, labels and value of each."""
    yield from _answer(found.answer)
    if found.search.at_least is not None:
        yield "tcpgoon_capacity_required_connections", {}, found.search.at_least
    for came, trials in Counter("good" if step.good else "bad" for step in found.steps).items():
        yield "tcpgoon_capacity_trials", {"came": came}, trials
    yield from _curve(found)
    if found.next:
        yield from _next(found.next)
    if found.recovery:
        yield from _recovery(found.recovery)


def _answer(answer: Answer) -> Iterator[Sample]:
    bound = {"bound": answer.bound.name.lower()}
    yield "tcpgoon_capacity_connections", bound, answer.carries
    if answer.bad is not None:
        yield "tcpgoon_capacity_bad_connections", bound, answer.bad
    if answer.burst is not None:
        yield "tcpgoon_capacity_burst_connections", {}, answer.burst
    yield "tcpgoon_capacity_connections_per_second", {}, answer.per_s


def _curve(found: Capacity) -> Iterator[Sample]:
    if found.knee is not None:
        yield "tcpgoon_capacity_knee_connections", {}, found.knee
    for beside, step in zip(("fewest", "most"), (*found.curve[:1], *found.curve[1:][-1:]), strict=False):
        if step.newcomer_s is not None:
            yield "tcpgoon_capacity_newcomer_seconds", {"beside": beside, "statistic": "p50"}, step.newcomer_s


def _next(one: Next) -> Iterator[Sample]:
    error = error_name(one.error) if one.error else ""
    yield "tcpgoon_capacity_next", {"fared": one.fared, "error": error}, 1
    yield "tcpgoon_capacity_next_seconds", {}, one.time_s
    yield "tcpgoon_capacity_pushed_out_connections", {}, one.pushed_out


def _recovery(recovery: Recovery) -> Iterator[Sample]:
    for until, time_s in (("served", recovery.served_s), ("as before", recovery.as_before_s)):
        if time_s is not None:
            yield "tcpgoon_capacity_recovery_seconds", {"until": until}, time_s
    if recovery.again:
        labels = {"bound": recovery.again.bound.name.lower()}
        yield "tcpgoon_capacity_again_connections", labels, recovery.again.carries
