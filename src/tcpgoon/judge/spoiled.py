"""What this client may itself have spoiled: bad ends that look like the path's or the target's, and may be our doing.

A busy machine is no excuse: times are a little longer for it, and no connection fails. A result is affected where our
own slowness, or what our own host dropped, is *able to explain the very end* that is held against the target:

- **A burst that nobody asked for.** What was due while we stood still is dialled at once when we go on. A short accept
  queue that would have done for the pace of the plan overflows then: dials that time out, and phantoms, no more of
  either than there were dials in that burst, and none that began before it.
- **A probe that ran out of time** in a dialogue, which TLS is: the target had less of it than it was promised, since
  every step of ours in between may have come late by the whole lag. A plain question is one step, its time begins with
  it, and what came in time is seen in time (`tcpgoon.engine.asking`): then silence is the target's own.
- **A connection that was held too long.** A peer that closes at some age would have met our own close before.
- **Packets that our own host dropped**: connection tracking those that open a connection, and the queue of what was
  received any. An end by silence takes all attempts: so there have to be enough of them.

Where several processes did the run together, a lag is that of one of them: it puts off the dials of that one's
schedule, and takes time from the probes of that one's connections. The others were on time, and have no excuse by it.
But all end the hold together, and so all hold for longer where one is late, or stands still until it is given up, or
where the process is late that opens the gates to them.

And one thing is not known where a client stood still: whether what it found when it went on had come in time. The
kernel's round trip says so of handshakes in which no SYN was repeated. For the rest a PASS would be a guess.

A dial timeout is not on the list: a dial is given up only when all has been seen that had come by its deadline
(`tcpgoon.engine.dialling`), and answers are taken by the kernel, whatever we do.
"""

import errno
from collections import Counter
from collections.abc import Iterable

import msgspec

from tcpgoon.judge.facts import Facts
from tcpgoon.judge.seen import STUCK_S
from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.ending import Ending
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.unserved import Unserved

LEAST_LAG_S = 0.25
"""Less than that is the lag of any busy machine: it makes no burst worth the name."""

LEAST_DELAY_S = 1.0
"""Who closes a second later than planned may be closed by the peer instead."""

STEPS = 4
"""Of ours until an answer within TLS is there, each of which may come late by the whole lag."""

TOLERANCE = 1.1
"""What is seen a tenth after its deadline was in time, or so near to it that nobody minds."""

FULL = 0.98
"""A table of tracked connections that is so full has no room in the places where it is looked for."""

_TIMED_OUT = frozenset({Unserved.SILENT, Unserved.UNEXPECTED, Unserved.LATE, Unserved.UNACKED})
"""What a probe comes to whose time is over."""
_REPEATED_AFTER_S = (1.0, 3.0, 7.0, 15.0)
"""When a SYN is repeated, at the least: some kernels repeat it more often."""
_CALLS = 5
"""How often a request or a call for a sign of life is repeated, at the least, before its connection is given up."""


def endings(facts: Facts) -> list[Ending]:
    """The endings that we may have caused, each with so many of its connections, once."""
    found: Counter[Ending] = Counter()
    for rule in (by_burst, by_short_time, by_delay, by_conntrack, by_softnet):
        found.update(rule(facts))
    return [msgspec.structs.replace(ending, count=min(ending.count, count)) for ending, count in found.items()]


def by_burst(facts: Facts) -> Counter[Ending]:
    """What came to nothing in a burst that our lag has made of a steady pace, or after it."""
    most = min(burst(facts), facts.shape.came_to_nothing)
    return _shared((*_silent_dials(facts), *facts.metrics.phantom_endings), most)


def burst(facts: Facts) -> int:
    """How many dials our lag has put off until they were made at once; 0 where that was no long one.

    Nor where it was seen at the target that nobody empties its queue: it would have overflowed at any pace.
    """
    site = facts.on_site
    if site is not None and site.queue_is_full and site.stood_s >= STUCK_S:
        return 0
    put_off = min(_put_off(facts), facts.plan.connections)
    return put_off if put_off > 1 else 0


def _put_off(facts: Facts) -> int:
    """How many dials came due while those who were to make them did not get to it, all processes together."""
    strain, workers = facts.strain, facts.strain.workers
    if not workers:
        return _due_within(facts, strain.ramp_lag_s)
    # The schedule is dealt out to those that dial at the same time: each has every so many-th of it.
    at_once = min(len(workers), facts.plan.max_dialing)
    return sum(min(-(-_due_within(facts, one.ramp_lag_s) // at_once), one.connections) for one in workers)


def _due_within(facts: Facts, lag_s: float) -> int:
    """How many dials of the plan come due within a lag that is worth the name."""
    pacing = facts.plan.pacing
    # None where all are due from the beginning.
    return pacing.due(lag_s) - pacing.due(0.0) if lag_s >= LEAST_LAG_S else 0


def by_short_time(facts: Facts) -> Counter[Ending]:
    """Those that ended after a probe whose time was over through us."""
    if not short_of_time(facts):
        return Counter()
    metrics = facts.metrics
    lost = Counter({ending: ending.count for ending in metrics.losses if ending.unserved in _TIMED_OUT})
    silent = filter(_is_silent, metrics.phantom_endings)
    unacked = sum(entry.lost for entry in metrics.unserved if entry.why is Unserved.UNACKED)
    return _at_most(_had_short_time(facts), lost + _shared(silent, unacked))


def unanswered(facts: Facts) -> int:
    """Connections there to the end whose probe had less time than it was promised, and was not answered in it."""
    short = short_of_time(facts)
    held = sum(entry.held for entry in facts.metrics.unserved if entry.why in short)
    return min(held, _had_short_time(facts) - by_short_time(facts).total())


def short_of_time(facts: Facts) -> frozenset[Unserved]:
    """The ways of not being served that are no proof, since the time for it was ours to give."""
    return _TIMED_OUT if facts.plan.tls is not None and _looked_away(facts) else frozenset()


def _had_short_time(facts: Facts) -> int:
    """Connections whose probe may have had less time: those of the processes that looked away."""
    workers, timeout_s = facts.strain.workers, facts.plan.probe_timeout_s
    if not workers:
        return facts.plan.connections
    return sum(one.connections for one in workers if _takes_much(one.lag_s, timeout_s))


def by_delay(facts: Facts) -> Counter[Ending]:
    """Those that the peer closed when, but for our lag, we would have been gone."""
    strain = facts.strain
    delay_s = max(strain.lag_s, strain.waited_s)
    if delay_s < LEAST_DELAY_S:
        return Counter()
    planned_s = strain.run_s - delay_s
    ends = (ending for ending in facts.metrics.losses if ending.closed_by is ClosedBy.PEER)
    return Counter({ending: ending.count for ending in ends if ending.earliest_s >= planned_s})


def by_conntrack(facts: Facts) -> Counter[Ending]:
    """Dials whose packets connection tracking of our own host dropped."""
    dropped = facts.strain.conntrack_dropped // _syns(facts)
    return _shared(_silent_dials(facts), facts.metrics.counts.failed if conntrack_is_full(facts) else dropped)


def conntrack_is_full(facts: Facts) -> bool:
    """Whether the table has no room for a new connection."""
    most = facts.limits.conntrack
    return most is not None and facts.strain.conntrack_in_use >= most * FULL


def by_softnet(facts: Facts) -> Counter[Ending]:
    """Ends by silence that take no more packets than the queue of what our host received has dropped."""
    dropped = facts.strain.softnet_dropped
    dials = _shared(_silent_dials(facts), dropped // _syns(facts))
    left = dropped - dials.total() * _syns(facts)
    return dials + _shared(filter(_is_silent, (*facts.metrics.losses, *facts.metrics.phantom_endings)), left // _CALLS)


def late_dials(facts: Facts) -> bool:
    """Whether some were found established after the dial timeout, and may have been so in time."""
    return facts.metrics.slowest_dial_s > facts.plan.dial_timeout_s * TOLERANCE


def late_answers(facts: Facts) -> bool:
    """Whether some were found served after the time for it, and may have been so in time."""
    return _looked_away(facts) and facts.metrics.slowest_answer_s > facts.plan.probe_timeout_s * TOLERANCE


def _looked_away(facts: Facts) -> bool:
    """Whether we did so for a good part of the time that a probe has."""
    return facts.metrics.asked is Assurance.SERVED and _takes_much(facts.strain.lag_s, facts.plan.probe_timeout_s)


def _takes_much(lag_s: float, timeout_s: float) -> bool:
    return lag_s * STEPS >= timeout_s


def _syns(facts: Facts) -> int:
    """The fewest packets that have to be lost for a dial to time out."""
    return 1 + sum(facts.plan.dial_timeout_s > after_s for after_s in _REPEATED_AFTER_S)


def _silent_dials(facts: Facts) -> list[Ending]:
    return [one for one in facts.metrics.errors if (one.error, one.phase) == (errno.ETIMEDOUT, Phase.HANDSHAKE)]


def _is_silent(ending: Ending) -> bool:
    return (ending.error, ending.closed_by) == (errno.ETIMEDOUT, ClosedBy.PATH)


def _shared(ends: Iterable[Ending], most: int) -> Counter[Ending]:
    """``most`` connections at the most, of the endings in their order."""
    return _at_most(most, Counter({ending: ending.count for ending in ends}))


def _at_most(most: int, counts: "Counter[Ending]") -> Counter[Ending]:
    """No more than ``most`` of them, in their order."""
    found: Counter[Ending] = Counter()
    for ending, count in counts.items():
        found[ending] = min(count, most - found.total())
    return +found
