"""What happens to services, as facts, and what is to be said of it: whose doing it is, and how sure that is."""

import errno
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tcpgoon.judge.facts import Confidence, Facts
from tcpgoon.judge.on_site import Look, OnSite, Process
from tcpgoon.judge.strain import Strain
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.record.connection import State
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.outcome import Side
from tcpgoon.record.unserved import Unserved

from .fates import (
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    DOUBTFUL,
    FEW,
    HALF_OPEN,
    HANDSHAKE,
    HELD,
    LATE,
    LOST_BY_PATH,
    NO_DESCRIPTOR,
    NO_PORT,
    NOT_ASKED,
    PHANTOM,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SILENT_PHANTOM,
    TAKEN,
    UNREACHABLE,
    Fate,
    facts_of,
    plan_of,
    unserved,
)

CLIENT, PATH = Side.CLIENT, Side.PATH
KERNEL, APPLICATION = Side.TARGET_KERNEL, Side.TARGET_APPLICATION
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE

Lot = tuple[int, Fate] | tuple[int, Callable[[float], Fate]]
"""So many connections, dialled one after the other, and what becomes of each; of one that began at a time."""

RTT_S = 0.001


class Expected(NamedTuple):
    """A finding, but for its words."""

    code: str
    side: Side
    confidence: Confidence


class Situation(NamedTuple):
    """Facts by their name, and what is to be found; the first cause first. Nothing: there is none, or none to tell."""

    name: str
    facts: Facts
    expected: tuple[Expected, ...] = ()


def found(code: str, side: Side, confidence: Confidence) -> Expected:
    return Expected(code, side, confidence)


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

FULL_AT_32 = at_site(33, 32, accepted=32, overflows=70, stood_s=2.0)

HEALTHY = (
    Situation("all are held", facts((100, TAKEN))),
    Situation("all are served", facts((100, HELD), level=SERVED)),
    Situation("all are established", facts((100, NOT_ASKED), level=HANDSHAKE)),
    Situation("all at once", facts((1_000, TAKEN), every_s=0)),
    Situation("one of them only", facts((1, TAKEN))),
    Situation("two SYNs had to be repeated", facts((50, TAKEN), (2, repeated(TAKEN)), (48, TAKEN))),
    Situation(
        "far away: each SYN is repeated before its answer comes",
        facts((100, repeated(TAKEN._replace(rtt_us=1_100_000)))),
    ),
    Situation("newcomers are welcome", facts((100, TAKEN), newcomers=(knock(0, 0), knock(2, 100), knock(3, 100)))),
    Situation(
        "newcomers are a little slower",
        facts((100, TAKEN), newcomers=(knock(0, 0, time_s=0.002), knock(2, 100, time_s=0.05))),
    ),
    Situation("seen at the target: an empty queue", facts((100, TAKEN), on_site=at_site())),
    Situation("seen at the target: a queue that moves", facts((100, TAKEN), on_site=at_site(queued=20, stood_s=0.1))),
    Situation("seen at the target: descriptors to spare", facts((100, TAKEN), on_site=at_site(descriptors=900))),
    Situation(
        "seen at the target: none but newcomers of ours wait in the queue",
        facts(
            (100, HELD),
            level=SERVED,
            on_site=at_site(queued=2, stood_s=2.0),
            newcomers=(knock(0, 0), *[knock(at_s, 100, Fared.WAITING, kept_place=True) for at_s in (2, 3)]),
        ),
    ),
    Situation(
        "seen at the target: none but newcomers of ours wait in the queue, nobody asks",
        facts(
            (100, TAKEN),
            on_site=at_site(queued=1, stood_s=2.0),
            newcomers=(knock(0, 0), knock(2, 100, kept_place=True)),
        ),
    ),
    Situation(
        "exactly at the limit, a newcomer is not welcome", facts((100, TAKEN), newcomers=(knock(2, 100, Fared.CLOSED),))
    ),
)

NOT_TO_TELL = (
    Situation(
        "one is closed at once, and many are let in after it", facts((500, TAKEN), (1, ONE_TOO_MANY), (499, TAKEN))
    ),
    Situation(
        "all wait for one another where all ask at once",
        facts(*[(1, HELD._replace(answer_s=(k + 1) / 500)) for k in range(500)], level=SERVED, every_s=0),
    ),
    Situation(
        "newcomers are served as quickly as ever, whatever the N met",
        facts(
            (300, HELD._replace(answer_s=0.001)),
            (300, HELD._replace(answer_s=0.5)),
            level=SERVED,
            newcomers=(knock(0, 0), knock(5, 500), knock(9, 600)),
        ),
    ),
    Situation(
        "half of them were served, then fell silent",
        facts((50, HELD), (50, unserved(Unserved.UNACKED, LOST_BY_PATH)), level=SERVED),
    ),
    Situation(
        "an application that served all does not answer any more",
        facts((100, HELD._replace(unserved=Unserved.ENDED)), level=SERVED),
    ),
    Situation("three of a thousand are lost", facts((400, TAKEN), (3, aged(CLOSED_BY_PEER, 1.7)), (597, TAKEN))),
    Situation("all are in doubt", facts((100, DOUBTFUL))),
    Situation("nothing was dialled", facts((100, TAKEN), started=False)),
    Situation("stopped by the user", facts((50, TAKEN), (50, LATE), interrupted=True)),
    Situation("its certificate is not trusted", facts((100, unserved(Unserved.UNTRUSTED)), level=SERVED)),
)

OURS = (
    Situation(
        "our descriptors",
        facts((4, TAKEN), (96, NO_DESCRIPTOR), limits=FEW),
        (found("TG101", CLIENT, CERTAIN),),
    ),
    Situation("our ports", facts((50, TAKEN), (50, NO_PORT)), (found("TG102", CLIENT, CERTAIN),)),
    Situation(
        "our descriptors, and a target that closes the newest",
        facts((30, TAKEN), (30, ONE_TOO_MANY), (40, NO_DESCRIPTOR), limits=FEW),
        (found("TG101", CLIENT, CERTAIN), found("TG402", APPLICATION, LIKELY)),
    ),
)

ON_THE_PATH = (
    Situation("no answer to any SYN", facts((100, LATE)), (found("TG201", PATH, LIKELY),)),
    Situation("no answer to the only SYN", facts((1, LATE)), (found("TG201", PATH, LIKELY),)),
    Situation(
        "no answer to any SYN, although somebody listens",
        facts((100, LATE), on_site=at_site()),
        (found("TG201", PATH, LIKELY),),
    ),
    Situation(
        "no answer to any SYN, and the queue was full already",
        facts((100, LATE), on_site=at_site(queued=129, stood_s=2.0, overflows=100)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation("5 % loss", facts((1_000, now_and_then(TAKEN, repeated(TAKEN), 20))), (found("TG202", PATH, LIKELY),)),
    Situation("5 % loss, a burst", facts((1_000, TAKEN), every_s=0), ()),
    Situation(
        "loss for longer than the dial timeout",
        facts((1_000, now_and_then(TAKEN, LATE, 20))),
        (found("TG202", PATH, LIKELY),),
    ),
    Situation(
        "1 % loss, the first quarter has none of it",
        facts((125, TAKEN), (375, now_and_then(TAKEN, repeated(TAKEN), 29))),
        (found("TG202", PATH, POSSIBLE),),
    ),
    Situation(
        "a firewall rejects by ICMP, and not each",
        facts((7, UNREACHABLE), (93, LATE)),
        (found("TG203", PATH, CERTAIN),),
    ),
    Situation(
        "a firewall rejects by ICMP, and not each; our kernel says refused",
        facts((7, REFUSED), (93, LATE)),
        (found("TG203", PATH, LIKELY),),
    ),
    Situation(
        "all are refused although somebody listens",
        facts((100, REFUSED), on_site=at_site()),
        (found("TG203", PATH, LIKELY),),
    ),
    Situation(
        "a firewall rejects by ICMP above 40",
        facts((40, TAKEN), (7, UNREACHABLE), (53, LATE)),
        (found("TG203", PATH, CERTAIN),),
    ),
    Situation(
        "a firewall rejects by ICMP above 40; our kernel says refused",
        facts((40, TAKEN), (7, REFUSED), (53, LATE)),
        (found("TG303", PATH, LIKELY),),
    ),
    Situation(
        "a firewall rejects by ICMP above 40, all of which are served",
        facts((40, HELD), (7, REFUSED), (53, LATE), level=SERVED),
        (found("TG303", PATH, LIKELY),),
    ),
    Situation(
        "reset at an age of 2 s, all dialled at once",
        facts((300, aged(RESET_BY_PEER, 2.0)), every_s=0),
        (found("TG204", PATH, POSSIBLE),),
    ),
    Situation(
        "reset when they are asked at the end, newcomers are welcome",
        facts((300, died(RESET_BY_PEER, 8.1)), newcomers=(knock(2, 300), knock(7, 300))),
        (found("TG204", PATH, POSSIBLE), found("TG208", PATH, POSSIBLE)),
    ),
    Situation(
        "reset when they are asked at the end, all dialled at once",
        facts((300, died(RESET_BY_PEER, 5.1)), every_s=0, newcomers=(knock(2, 300), knock(7, 0))),
        (found("TG204", PATH, POSSIBLE),),
    ),
    Situation("host unreachable", facts((100, UNREACHABLE)), (found("TG203", PATH, CERTAIN),)),
    Situation("network unreachable", facts((100, NO_NET)), (found("TG203", PATH, CERTAIN),)),
    Situation(
        "unreachable from the middle on",
        facts((50, TAKEN), (50, UNREACHABLE)),
        (found("TG203", PATH, CERTAIN),),
    ),
    Situation("reset at an age of 2 s", facts((300, aged(RESET_BY_PEER, 2.0, 0.02))), (found("TG204", PATH, LIKELY),)),
    Situation(
        "idle ones are forgotten, newcomers are welcome",
        facts((100, SILENT_PHANTOM), newcomers=(knock(2, 100), knock(5, 100))),
        (found("TG204", PATH, LIKELY),),
    ),
    Situation(
        "50 are let in and served, then silence",
        facts((50, HELD), (50, LATE), level=SERVED),
        (found("TG205", PATH, LIKELY),),
    ),
    Situation(
        "50 are let in, then silence, and the accept queue was seen never to be full",
        facts((50, TAKEN), (50, LATE), on_site=at_site()),
        (found("TG205", PATH, POSSIBLE),),
    ),
    Situation(
        "the later SYNs had to be repeated, and the accept queue was seen never to be full",
        facts((100, TAKEN), (100, repeated(TAKEN)), every_s=0, on_site=at_site()),
    ),
    Situation(
        "50 from each source",
        facts((100, TAKEN), (100, LATE), sources=2),
        (found("TG301", KERNEL, POSSIBLE), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "50 from each source, all served",
        facts((100, HELD), (100, LATE), sources=2, level=SERVED),
        (found("TG205", PATH, LIKELY),),
    ),
    Situation(
        "51 in all from two sources, all served",
        facts((51, HELD), (100, LATE), sources=2, level=SERVED),
        (found("TG205", PATH, LIKELY),),
    ),
    Situation(
        "50 are let in, then silence: not to be told apart",
        facts((50, TAKEN), (50, LATE)),
        (found("TG301", KERNEL, POSSIBLE), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "129 are let in, as many as a common backlog and one more",
        facts((129, TAKEN), (50, LATE)),
        (found("TG301", KERNEL, LIKELY), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "50 are let in, then silence, handshakes alone",
        facts((50, NOT_ASKED), (50, LATE), level=HANDSHAKE),
        (found("TG301", KERNEL, POSSIBLE), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "accepted, then closed without a word, all of them",
        facts((100, ONE_TOO_MANY)),
        (found("TG206", PATH, POSSIBLE),),
    ),
    Situation(
        "accepted, then closed without a word by the process that listens here",
        facts((100, ONE_TOO_MANY), on_site=at_site()),
        (found("TG206", APPLICATION, LIKELY),),
    ),
    Situation(
        "accepted, then closed without a word by a proxy",
        facts((100, ONE_TOO_MANY), on_site=at_site(name="haproxy")),
        (found("TG206", PATH, LIKELY),),
    ),
    Situation(
        "closed without an answer at an age of 1 s",
        facts((300, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 1.0, 0.01)), level=SERVED),
        (found("TG206", PATH, POSSIBLE),),
    ),
    Situation(
        "closed at 0.9 s, most of them just after it",
        facts((297, aged(CLOSED_BY_PEER, 0.91)), (3, aged(CLOSED_BY_PEER, 0.89)), every_s=0.02),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation("reset as soon as accepted", facts((100, RESET_DIAL)), (found("TG206", PATH, POSSIBLE),)),
    Situation(
        "none gives the expected answer",
        facts((100, unserved(Unserved.UNEXPECTED)), level=SERVED),
        (found("TG206", PATH, POSSIBLE),),
    ),
    Situation(
        "none speaks TLS", facts((100, unserved(Unserved.NO_TLS)), level=SERVED), (found("TG206", PATH, POSSIBLE),)
    ),
    Situation("a middlebox made all the handshakes", facts((100, PHANTOM)), (found("TG206", PATH, LIKELY),)),
    Situation("all fall silent", facts((100, SILENT_PHANTOM)), (found("TG208", PATH, POSSIBLE),)),
    Situation(
        "all fall silent, newcomers too",
        facts((100, SILENT_PHANTOM), newcomers=(knock(2, 100), knock(5, 100, Fared.WAITING))),
        (found("TG208", PATH, LIKELY),),
    ),
    Situation("our kernel gives up on all", facts((100, died(LOST_BY_PATH, 4.0))), (found("TG208", PATH, POSSIBLE),)),
    Situation("all are reset at one moment", facts((300, died(RESET_BY_PEER, 6.0))), (found("TG208", PATH, LIKELY),)),
)

RATES = (
    Situation(
        "20 a second are let in",
        facts(
            *[(20, repeated(HELD._replace(answer_s=0.001), k)) for k in range(10)],
            every_s=0.005,
            level=SERVED,
            dial_timeout_s=15,
        ),
        (found("TG207", PATH, LIKELY),),
    ),
    Situation(
        "20 a second are let in, nobody asks",
        facts(*[(20, repeated(TAKEN, k)) for k in range(10)], every_s=0.005, dial_timeout_s=15),
        (found("TG207", PATH, POSSIBLE),),
    ),
)

AT_ITS_KERNEL = (
    Situation(
        "all end at one moment that lasts, then it is refused",
        facts((100, aged(CLOSED_BY_PEER, 0.8, 0.5)), (100, REFUSED), every_s=0.001),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "24 are let in at a time, nobody asks",
        facts(*[(24, repeated(TAKEN, k)) for k in range(6)], every_s=0, dial_timeout_s=15),
        (found("TG301", KERNEL, POSSIBLE), found("TG207", PATH, POSSIBLE)),
    ),
    Situation(
        "129 are let in at a time, and served at once",
        facts(*[(129, repeated(HELD._replace(answer_s=0.001), k)) for k in range(6)], every_s=0, level=SERVED),
        (found("TG301", KERNEL, LIKELY), found("TG207", PATH, POSSIBLE)),
    ),
    Situation(
        "a burst beyond the accept queue",
        facts((11, TAKEN), (49, PHANTOM), every_s=0),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "a burst beyond the accept queue, a newcomer is welcome afterwards",
        facts((11, TAKEN), (49, PHANTOM), every_s=0, newcomers=(knock(3, 11),)),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "a queue that is emptied, more slowly than dials come",
        facts((11, TAKEN), (9, PHANTOM), (20, TAKEN), (20, PHANTOM), every_s=0.001),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "50 are let in, then phantoms, then silence",
        facts((50, TAKEN), (10, HALF_OPEN), (60, LATE)),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "half-open ones that answer to a sign of life, as seen at the target",
        facts((45, TAKEN), (15, LATE), every_s=0, on_site=at_site(5, 10, accepted=6, overflows=49)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation(
        "some are in doubt, and the target has no more than those that are there",
        facts((65, TAKEN), (24, PHANTOM), (11, DOUBTFUL), every_s=0, on_site=FULL_AT_32),
        (found("TG403", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation(
        "the queue is full, and dials after the first that failed found room in it",
        facts((20, TAKEN), (10, LATE), (45, TAKEN), (25, LATE), every_s=0, on_site=FULL_AT_32),
        (found("TG403", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation("half-open ones", facts((11, TAKEN), (49, HALF_OPEN), every_s=0), (found("TG301", KERNEL, LIKELY),)),
    Situation(
        "a burst, and the queue was seen to overflow",
        facts((11, TAKEN), (49, PHANTOM), every_s=0, on_site=at_site(backlog=10, overflows=49)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation(
        "nobody empties the queue, seen at the target",
        facts((11, TAKEN), (49, LATE), on_site=at_site(queued=11, backlog=10, overflows=300, stood_s=5)),
        (found("TG404", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation(
        "all are let in, the later ones when their SYN was repeated",
        facts((100, TAKEN), (100, repeated(TAKEN)), every_s=0),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "requests that are never acknowledged",
        facts((11, HELD), (49, NEVER_TAKEN), every_s=0, level=SERVED),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "phantoms, and some that may be",
        facts((11, TAKEN), (40, PHANTOM), (9, DOUBTFUL), every_s=0),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation("nobody listens", facts((100, REFUSED)), (found("TG302", KERNEL, LIKELY),)),
    Situation(
        "nobody listens, seen at the target",
        facts((100, REFUSED), on_site=at_site(listens_before=False, listens=False, listens_after=False)),
        (found("TG302", KERNEL, CERTAIN),),
    ),
    Situation("refused from the 51st on", facts((50, TAKEN), (50, REFUSED)), (found("TG303", KERNEL, LIKELY),)),
    Situation(
        "the listener is closed at 50, seen at the target",
        facts((50, TAKEN), (50, REFUSED), on_site=at_site(listens=False, listens_after=True)),
        (found("TG303", KERNEL, CERTAIN),),
    ),
    Situation(
        "refused, though somebody listens",
        facts((50, TAKEN), (50, REFUSED), on_site=at_site()),
        (found("TG303", KERNEL, LIKELY),),
    ),
)

IN_THE_APPLICATION = (
    Situation(
        "1,013 are served, the queue has others, the rest is left out",
        facts((1_013, HELD), (129, SILENT), (200, LATE), level=SERVED),
        (
            found("TG401", APPLICATION, LIKELY),
            found("TG403", APPLICATION, LIKELY),
            found("TG301", KERNEL, POSSIBLE),
        ),
    ),
    Situation(
        "descriptors are full, seen at the target",
        facts((50, TAKEN), (30, PHANTOM), on_site=at_site(queued=30, descriptors=64, limit=64, overflows=30)),
        (found("TG401", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation(
        "descriptors are full, and who is not served waits in the accept queue, seen at the target",
        facts(
            (54, HELD), (26, SILENT), level=SERVED, on_site=at_site(queued=26, descriptors=64, limit=64, stood_s=5.0)
        ),
        (found("TG401", APPLICATION, CERTAIN),),
    ),
    Situation(
        "1,000 are served, exactly as many as workers of a product",
        facts((1_000, HELD), (100, SILENT), level=SERVED),
        (found("TG403", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are closed above 1,013",
        facts((1_013, TAKEN), (50, ONE_TOO_MANY), every_s=0.001),
        (found("TG401", APPLICATION, LIKELY), found("TG402", APPLICATION, LIKELY)),
    ),
    Situation(
        "the newest are closed above 1,013, and descriptors are to spare",
        facts((1_013, TAKEN), (50, ONE_TOO_MANY), every_s=0.001, on_site=at_site(descriptors=1_024, limit=20_000)),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are closed above 40", facts((40, TAKEN), (60, ONE_TOO_MANY)), (found("TG402", APPLICATION, LIKELY),)
    ),
    Situation(
        "the newest are reset above 40",
        facts((40, TAKEN), (60, aged(RESET_BY_PEER, 0.0002))),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the oldest are closed above 40",
        facts((60, aged(CLOSED_BY_PEER, 0.4)), (40, TAKEN)),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "some of a burst are closed, whoever of its workers had them",
        facts((20, TAKEN), (200, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 0.002)), (20, TAKEN), every_s=0),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the oldest of a burst are closed at once",
        facts((200, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 0.002, 0.001)), (100, TAKEN), every_s=0),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "descriptors are full by its own limit, and it says so",
        facts(
            (40, TAKEN),
            (60, ONE_TOO_MANY),
            sayings=said("-ERR max number of clients reached", 60, Unserved.NONE),
            on_site=at_site(descriptors=64, limit=64),
        ),
        (found("TG402", APPLICATION, CERTAIN),),
    ),
    Situation(
        "closed little by little, as it looks at a few at a time",
        facts((300, aged(CLOSED_BY_PEER, 1.0, 2.5)), every_s=0.001, newcomers=(knock(4, 0),)),
        (found("TG405", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "closed little by little, as it looks at a few at a time, and still listens",
        facts((300, aged(CLOSED_BY_PEER, 1.0, 2.5)), on_site=at_site()),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are refused in words",
        facts((40, HELD), (60, NO), level=SERVED, sayings=said("sorry, no room", 60)),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are refused in the words of a product",
        facts((40, HELD), (60, NO), level=SERVED, sayings=said("-ERR max number of clients reached", 60)),
        (found("TG402", APPLICATION, CERTAIN),),
    ),
    Situation(
        "words before the end, unasked",
        facts((40, TAKEN), (60, ONE_TOO_MANY), sayings=said("-ERR max number of clients reached", 60, Unserved.NONE)),
        (found("TG402", APPLICATION, CERTAIN),),
    ),
    Situation(
        "8 are served at once", facts((8, HELD), (92, SILENT), level=SERVED), (found("TG403", APPLICATION, LIKELY),)
    ),
    Situation(
        "8 are served, the queue overflows",
        facts((8, HELD), (11, SILENT), (41, NEVER_TAKEN), level=SERVED, every_s=0),
        (found("TG403", APPLICATION, LIKELY), found("TG301", KERNEL, LIKELY)),
    ),
    Situation("none is served", facts((100, SILENT), level=SERVED), (found("TG404", APPLICATION, POSSIBLE),)),
    Situation(
        "none is served, the queue is full",
        facts((11, SILENT), (89, LATE), level=SERVED),
        (found("TG404", APPLICATION, LIKELY), found("TG301", KERNEL, POSSIBLE)),
    ),
    Situation(
        "none is accepted, seen at the target",
        facts((100, TAKEN), on_site=at_site(queued=100, stood_s=6.0)),
        (found("TG404", APPLICATION, CERTAIN),),
    ),
    Situation(
        "50 of 100 are accepted, seen at the target",
        facts((100, TAKEN), on_site=at_site(queued=50, stood_s=5.0)),
        (found("TG403", APPLICATION, CERTAIN),),
    ),
    Situation(
        "closed at an age of 2 s", facts((300, aged(CLOSED_BY_PEER, 2.0, 0.02))), (found("TG405", APPLICATION, LIKELY),)
    ),
    Situation(
        "closed at an age of 2 s, all dialled at once",
        facts((300, aged(CLOSED_BY_PEER, 2.0)), every_s=0),
        (found("TG405", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "closed at an age of 2 s, all dialled at once, a newcomer is welcome",
        facts((300, aged(CLOSED_BY_PEER, 2.0)), every_s=0, newcomers=(knock(3, 0),)),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "closed at an age of 2 s, all dialled at once, somebody still listens",
        facts((300, aged(CLOSED_BY_PEER, 2.0, 0.005)), every_s=0, on_site=at_site()),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "reset at an age of 2 s, all dialled at once, somebody still listens",
        facts((300, aged(RESET_BY_PEER, 2.0, 0.005)), every_s=0, on_site=at_site()),
        (found("TG204", APPLICATION, LIKELY),),
    ),
    Situation(
        "closed while all are of one age, and nobody listens any more",
        facts((300, aged(CLOSED_BY_PEER, 2.0)), every_s=0, on_site=at_site(listens=False, listens_after=False)),
        (found("TG407", APPLICATION, CERTAIN),),
    ),
    Situation(
        "a slow accept loop: most are served too late, some not yet",
        facts(
            (10, HELD),
            (40, repeated(unserved(Unserved.LATE))),
            (10, repeated(SILENT)),
            every_s=0,
            level=SERVED,
            on_site=at_site(queued=5, overflows=200),
        ),
        (found("TG301", KERNEL, CERTAIN), found("TG406", APPLICATION, POSSIBLE)),
    ),
    Situation(
        "it stops while they are held, and nobody is answered any more",
        facts(
            (100, unserved(Unserved.SILENT, HELD)), level=SERVED, newcomers=(knock(0, 0), knock(4, 100, Fared.WAITING))
        ),
        (found("TG404", APPLICATION, LIKELY),),
    ),
    Situation(
        "it answers and closes",
        facts((100, aged(CLOSED_BY_PEER._replace(answer_s=0.002), 0.004)), level=SERVED),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "a burst beyond the accept queue, some of it forgotten in silence",
        facts((10, HELD), (40, SILENT_PHANTOM), every_s=0, level=SERVED, on_site=at_site(overflows=200)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation(
        "the newest of a burst are closed, all were established before",
        facts((100, TAKEN), (200, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 0.002, 0.001)), every_s=0),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "closed at an age of 700 ms",
        facts((100, aged(CLOSED_BY_PEER, 0.7, 0.01))),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "a newcomer is served 100 times slower",
        facts(
            (100, HELD),
            level=SERVED,
            newcomers=(knock(0, 0, time_s=0.002), knock(3, 100, time_s=0.2), knock(4, 100, time_s=0.2)),
        ),
        (found("TG406", APPLICATION, LIKELY),),
    ),
    Situation(
        "newcomers are slower, and so are we",
        facts(
            (100, HELD),
            level=SERVED,
            newcomers=(knock(0, 0, time_s=0.002), knock(3, 100, time_s=0.35), knock(4, 100, time_s=0.35)),
            strain=Strain(lag_s=0.1),
        ),
    ),
    Situation(
        "the only newcomer is served slower, or its SYN was lost",
        facts((100, TAKEN), newcomers=(knock(0, 0, time_s=0.002), knock(3, 100, time_s=1.002))),
        (found("TG406", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "answers come too late",
        facts((50, HELD), (50, unserved(Unserved.LATE)), level=SERVED),
        (found("TG406", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "the later they ask, the longer it takes",
        facts((300, HELD._replace(answer_s=0.001)), (300, HELD._replace(answer_s=0.5)), level=SERVED),
        (found("TG406", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are closed at one moment", facts((300, died(CLOSED_BY_PEER, 6.0))), (found("TG407", APPLICATION, LIKELY),)
    ),
    Situation(
        "all are closed at one moment, and a newcomer is welcome again",
        facts((300, died(CLOSED_BY_PEER, 6.0)), newcomers=(knock(7, 0),)),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are reset at one moment, then refused",
        facts((300, died(RESET_BY_PEER, 3.2)), (100, REFUSED)),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are reset at one moment, a newcomer is refused",
        facts(
            (300, died(RESET_BY_PEER, 6.0)),
            newcomers=(knock(7, 0, Fared.REFUSED, error=errno.ECONNREFUSED),),
        ),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are closed at one moment, its listener is gone",
        facts((300, died(CLOSED_BY_PEER, 6.0)), on_site=at_site(listens=False, listens_after=False)),
        (found("TG407", APPLICATION, CERTAIN),),
    ),
)

SITUATIONS = (*HEALTHY, *NOT_TO_TELL, *OURS, *ON_THE_PATH, *RATES, *AT_ITS_KERNEL, *IN_THE_APPLICATION)
