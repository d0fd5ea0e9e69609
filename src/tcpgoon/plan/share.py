"""A plan cut into shares: what each of several processes does of it, so that together they do exactly what was asked.

Rows are cut into ranges; the schedule is dealt out like cards. Worker number ``w`` of ``n`` makes the dials number
``w``, ``w + n``, ``w + 2 n`` … of the plan's schedule, at the very times that one process would have made them: so the
rate is that of the plan at every moment, not only on average. What may be in flight at once, and how many are asked a
second, is divided.
"""

import itertools
from collections.abc import Iterator

import msgspec

from tcpgoon.errors import Bug
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate, Dealt
from tcpgoon.plan.plan import Plan


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one process does: dial the rows from ``first`` to before ``stop``, by ``pacing``."""

    first: int
    stop: int
    pacing: AllAtOnce | ConstantRate | Dealt
    max_dialing: int
    """At most so many dials in flight."""
    confirm_rate: float
    """How many connections a second are asked for a sign of life."""
    turn: int = 0
    """Those with a lower number dial first: its dials begin when all of theirs are decided."""

    @property
    def rows(self) -> range:
        """The rows that it dials."""
        return range(self.first, self.stop)

    @classmethod
    def whole(cls, plan: Plan) -> "Share":
        """All of ``plan``."""
        return cls(
            first=0,
            stop=plan.connections,
            pacing=plan.pacing,
            max_dialing=plan.max_dialing,
            confirm_rate=plan.confirm_rate,
        )


def shares(plan: Plan, workers: int) -> tuple[Share, ...]:
    """The shares of so many ``workers``, at least one connection each.

    Where fewer dials may be in flight than there are workers, they take turns: in each turn as many dial as may, each
    one at a time.
    """
    if not 1 <= workers <= plan.connections:
        raise Bug(f"{plan.connections} connections cannot be shared by {workers} workers")
    if workers == 1:
        return (Share.whole(plan),)
    return tuple(_shares(plan, workers))


def _shares(plan: Plan, workers: int) -> Iterator[Share]:
    rows, at_once = cut(plan.connections, workers), min(workers, plan.max_dialing)
    for turn, first in enumerate(range(0, workers, at_once)):
        together = rows[first : first + at_once]
        in_flight = cut(plan.max_dialing, len(together))
        for place, own in enumerate(together):
            yield Share(
                first=own.start,
                stop=own.stop,
                pacing=dealt(plan.pacing, together[0].start + place, len(together)),
                max_dialing=len(in_flight[place]),
                confirm_rate=plan.confirm_rate / workers,
                turn=turn,
            )


def cut(count: int, parts: int) -> list[range]:
    """The numbers below ``count`` in so many ``parts`` of equal size, the first ones by one larger where need be."""
    size, larger = divmod(count, parts)
    starts = [part * size + min(part, larger) for part in range(parts + 1)]
    return [range(*ends) for ends in itertools.pairwise(starts)]


def dealt(pacing: AllAtOnce | ConstantRate, first: int, every: int) -> AllAtOnce | ConstantRate | Dealt:
    """Of the starts of ``pacing`` number ``first`` and each so many later."""
    return pacing if isinstance(pacing, AllAtOnce) else Dealt(pacing=pacing, first=first, every=every)
