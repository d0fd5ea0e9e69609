"""Times, and other numbers that requirements bound, as they were measured and as they may have been but for us.

How many connections were there is a matter of the verdict itself. A time that we measured is what the target took and
what we added, never less. So what is short enough is so for sure; what is too long only where it was not us who took so
long. Of the establishment the kernel tells what user space has added. Answers come to our loop, which looks at them as
late as it lags. A SYN that was repeated may have been dropped by our own host.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tcpgoon.judge.facts import Facts
from tcpgoon.judge.spoiled import STEPS
from tcpgoon.plan.requirements import Field, Requirement, Statistic
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.knock import Fared
from tcpgoon.record.newcomers import beside_all

NEVER_S = math.inf
"""How long a newcomer waits that is not welcome."""

_SHARE = {Statistic.P50: 0.50, Statistic.P90: 0.90, Statistic.P99: 0.99}


class Range(NamedTuple):
    """From ``low`` to ``high``: what may be true."""

    low: float
    high: float
    measured: float
    """One of them, or between them."""


def range_of(facts: Facts, requirement: Requirement) -> Range | None:
    """What ``requirement`` bounds, where that is a time or a number of retransmits; None: nothing was measured."""
    statistic = requirement.statistic or Statistic.MAX
    match requirement.field:
        case Field.RETRANSMITTED:
            return _retransmitted(facts)
        case Field.NEWCOMER:
            return _newcomer(facts, statistic)
        case Field.ESTABLISHMENT:
            return _between(facts.metrics.establishment_known, facts.metrics.establishment, statistic)
        case Field.HANDSHAKE:
            return _between(facts.metrics.handshake_rtt, facts.metrics.handshake_rtt, statistic)
        case Field.TLS:
            return _asked(facts, facts.metrics.tls, statistic)
        case _:
            return _asked(facts, facts.metrics.answers, statistic)


def _between(known: Distribution | None, seen: Distribution | None, statistic: Statistic) -> Range | None:
    if known is None or seen is None:
        return None
    return _up_to(_of(known, statistic), _of(seen, statistic))


def _asked(facts: Facts, times: Distribution | None, statistic: Statistic) -> Range | None:
    """Of what was asked of each connection. Whoever did not get it may have waited for ever."""
    if times is None:
        return None
    seconds = _of(times, statistic)
    late = _late(facts, seconds)
    unserved = sum(entry.count for entry in facts.metrics.unserved)
    if not unserved or statistic is Statistic.MIN:
        return late
    total = times.count + unserved
    if statistic in _SHARE and math.ceil(_SHARE[statistic] * total) <= times.count:
        return late._replace(high=times.max_s)  # of all of them it is another one of those that were answered
    return late._replace(high=NEVER_S, measured=NEVER_S)


def _late(facts: Facts, seconds: float) -> Range:
    return _up_to(max(0.0, seconds - STEPS * facts.strain.lag_s), seconds)


def _up_to(low: float, measured: float) -> Range:
    return Range(low, measured, measured)


def _of(times: Distribution, statistic: Statistic) -> float:
    seconds: float = getattr(times, f"{statistic}_s")
    return seconds


def _retransmitted(facts: Facts) -> Range | None:
    if facts.metrics.handshake_rtt is None:  # a system that does not tell of one does not tell of the other
        return None
    measured = sum(one.connections for one in facts.metrics.retransmitted)
    ours = facts.strain.softnet_dropped + facts.strain.conntrack_dropped
    return _up_to(max(0, measured - ours), measured)


def _newcomer(facts: Facts, statistic: Statistic) -> Range | None:
    """Of those that knocked beside all, and that our own kernel let knock."""
    knocks = beside_all(facts.metrics.newcomers, facts.newcomers)
    waited_s = [knock.time_s if knock.fared is Fared.WELCOME else NEVER_S for knock in knocks if knock.was_asked]
    return _late(facts, _statistic_of(waited_s, statistic)) if waited_s else None


def _statistic_of(seconds: Sequence[float], statistic: Statistic) -> float:
    """By the nearest rank, as all percentiles are."""
    if statistic is Statistic.MEAN:
        return math.fsum(seconds) / len(seconds)
    if statistic is Statistic.MIN:
        return min(seconds)
    rank = math.ceil(_SHARE.get(statistic, 1.0) * len(seconds))
    return sorted(seconds)[rank - 1]
