"""Runs as facts: so many connections, dialled one after the other, and what becomes of each."""

import errno
from collections.abc import Callable, Iterator
from typing import Any

from tcpgoon.judge.facts import Facts
from tcpgoon.judge.on_site import Look, OnSite, Process
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.record.connection import State
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.unserved import Unserved

from .fates import ACKNOWLEDGED, CLOSED_BY_PEER, REFUSED, SILENT_PHANTOM, UNREACHABLE, Fate, facts_of, plan_of, unserved

Lot = tuple[int, Fate] | tuple[int, Callable[[float], Fate]]
"""So many connections, dialled one after the other, and what becomes of each; of one that began at a time."""

RTT_S = 0.001


def aged(fate: Fate, age_s: float, jitter_s: float = 0.0) -> Callable[[float], Fate]:
    """It ends at that age."""
    return lambda start_s: fate._replace(life_s=age_s + jitter_s * (start_s * 1_000 % 7) / 7)


def died(fate: Fate, at_s: float) -> Callable[[float], Fate]:
    """It ends at that moment."""
    return lambda start_s: fate._replace(life_s=at_s - start_s - RTT_S)


def repeated(fate: Fate, times: int = 1) -> Fate:
    """Its SYN had to be repeated, once a second."""
    return fate._replace(retransmits=times, established_s=times)


def now_and_then(usual: Fate, other: Fate, every: int) -> Callable[[float], Fate]:
    """Each so many-th meets another fate: chance."""
    return lambda start_s: other if round(start_s * 1_000 / 10) % every == every // 2 else usual


def timeline(*lots: Lot, every_s: float = 0.01, hold_s: float = 5.0, sources: int = 1) -> list[Fate]:
    """The ``lots``, one dial every so often, all held for ``hold_s`` after the last; what is left is closed then."""
    rows = list(_rows(lots, every_s, sources))
    end_s = max(row.established_s for row in rows) + hold_s
    return [row._replace(life_s=end_s - row.established_s) if row.state is State.CLOSED else row for row in rows]


def _rows(lots: tuple[Lot, ...], every_s: float, sources: int) -> Iterator[Fate]:
    number = 0
    for count, fate in lots:
        for _ in range(count):
            start_s = number * every_s
            one = fate(start_s) if callable(fate) else fate
            took_s = float(one.retransmits) + RTT_S
            life_s = 5.0 - took_s if one.state is State.FAILED and one.late else one.life_s
            life_s = 0.0 if one.state is State.FAILED and not one.late else life_s
            yield one._replace(start_s=start_s, established_s=start_s + took_s, life_s=life_s, source=number % sources)
            number += 1


def facts(
    *lots: Lot,
    level: Assurance = ACKNOWLEDGED,
    every_s: float = 0.01,
    hold_s: float = 5.0,
    sources: int = 1,
    newcomers: tuple[Knock, ...] = (),
    dial_timeout_s: float = 5.0,
    **knobs: Any,
) -> Facts:
    fates = timeline(*lots, every_s=every_s, hold_s=hold_s, sources=sources)
    pacing = ConstantRate(every_s) if every_s else AllAtOnce()
    plan = plan_of(len(fates), level, pacing=pacing, hold_s=hold_s, dial_timeout_s=dial_timeout_s)
    return facts_of(fates, level, plan=plan, newcomers=newcomers, **knobs)


def at_site(
    queued: int = 0,
    backlog: int | None = 128,
    held: int = 100,
    descriptors: int = 20,
    limit: int = 1_024,
    listens_after: bool = True,
    listens: bool = True,
    overflows: int = 0,
    listens_before: bool = True,
    stood_s: float = 0.0,
    accepted: int | None = None,
    name: str = "served",
) -> OnSite:
    """What was seen at a target of one process."""

    def look(at_s: float, held: int, queued: int, listening: bool, descriptors: int) -> Look:
        process = Process(pid=4_711, name=name, descriptors=descriptors, descriptors_limit=limit, threads=4)
        full = int(backlog is not None and queued > backlog)
        return Look(
            at_s=at_s,
            held=held,
            listening=listening,
            listeners=int(listening),
            queued=queued,
            backlog=backlog,
            full=full,
            accepted=accepted,
            processes=(process,) if listening else (),
            processes_count=int(listening),
        )

    return OnSite(
        before=look(0.0, 0, 0, listens_before, 10),
        peak=look(5.0, held, queued, listens, descriptors),
        after=look(9.0, 0, 0, listens_after, 10),
        most_queued=queued,
        listen_overflows=overflows,
        stood_s=stood_s,
    )


def knock(
    at_s: float,
    held: int,
    fared: Fared = Fared.WELCOME,
    time_s: float = 0.002,
    error: int = 0,
    kept_place: bool = False,
) -> Knock:
    gone_s = at_s + time_s
    return Knock(at_s=at_s, held=held, fared=fared, time_s=time_s, gone_s=gone_s, error=error, kept_place=kept_place)


def said(text: str, count: int, why: Unserved = Unserved.REFUSED) -> tuple[Saying, ...]:
    return (Saying(text, count, why),)


SILENT = unserved(Unserved.SILENT)
NO = unserved(Unserved.REFUSED)
NEVER_TAKEN = unserved(Unserved.UNACKED, SILENT_PHANTOM)
RESET_DIAL = REFUSED._replace(error=errno.ECONNRESET)
NO_NET = UNREACHABLE._replace(error=errno.ENETUNREACH)
ONE_TOO_MANY = aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 0.0002)
