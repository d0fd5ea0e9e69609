"""The rules about how long the target's application keeps a connection, and how it serves it meanwhile."""

from collections.abc import Iterator
from typing import NamedTuple

from tcpgoon.judge.ages import is_of_one_age, outlived
from tcpgoon.judge.application import oldest_closed
from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.judge.naming import age, named, were
from tcpgoon.judge.plateaus import Kind
from tcpgoon.judge.seen import Seen
from tcpgoon.plan.units import format_duration
from tcpgoon.record.knock import Fared
from tcpgoon.record.losses import SOON_S, Way
from tcpgoon.record.outcome import Side
from tcpgoon.record.unserved import Unserved

SLOWER = 5
"""So many times slower, and by `SLOWER_BY_S` at the least, is a newcomer served where service degrades."""

SLOWER_BY_S = 0.1

STEPS = 3
"""So often may a newcomer have waited for our own loop."""


def keeps_none(seen: Seen) -> Iterator[Finding]:
    """TG405: it answers, and closes."""
    groups = [one for one in seen.losses(Way.FIN, Way.RST) if one is not seen.death]
    count, after_answer = sum(one.count for one in groups), sum(one.after_answer for one in groups)
    if seen.is_few(after_answer, count) or not seen.is_few(seen.metrics.kept, seen.established):
        return
    yield Finding(
        code="TG405",
        side=Side.TARGET_APPLICATION,
        confidence=Confidence.LIKELY,
        sentence=f"the application closes each connection once it has answered: {after_answer:,} of {count:,} were "
        f"closed within {format_duration(SOON_S)} of their answer",
        remedy="ask in a way that leaves the connection open, and let the application keep it open (keep-alive)",
        evidence={"lost": count, "after_answer": after_answer},
        accounts_for=count,
    )


def idle(seen: Seen) -> Iterator[Finding]:
    """TG405: all that came to a certain age were closed by FIN, and none outlived it."""
    never_served = seen.was_asked and not (seen.metrics.answered or seen.anybody_welcome)
    for losses in [*seen.cliffs(Way.FIN), *seen.slow_closings()] if not never_served else ():
        ages = losses.ages
        old = age(ages.middle) if is_of_one_age(losses) else f"{age(ages.least)} to {age(ages.greatest)}"
        near = named(ages.middle, [Kind.IDLE_TIMEOUT_S], seen.products) if is_of_one_age(losses) else None
        sure = seen.is_by_age(losses) and losses is not oldest_closed(seen)
        yield Finding(
            code="TG405",
            side=Side.TARGET_APPLICATION,
            confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
            sentence=f"the application closes idle connections at an age of {old}: "
            f"{were(losses.count, 'connection')} closed (FIN) at it, and {outlived(losses)}"
            + (f"; {near.text}" if near else ""),
            remedy="raise the idle timeout of the application, or ask it something more often (--probe-every)",
            commands=near.commands if near else (),
            evidence={
                "lost": losses.count,
                "age_low_s": round(losses.ages.low, 3),
                "age_high_s": round(losses.ages.high, 3),
                "way": "FIN",
            },
            accounts_for=losses.count,
        )


def degrades(seen: Seen) -> Iterator[Finding]:
    """TG406: the more are held, the longer it takes to be served."""
    slowed = _slowed(seen)
    late = seen.unserved(Unserved.LATE)
    if not slowed and not late:
        return
    times = (
        f"{format_duration(slowed.last_s)} beside {slowed.held:,} instead of {format_duration(slowed.first_s)}"
        if slowed
        else f"{were(late, 'connection')} answered too late"
    )
    yield Finding(
        code="TG406",
        side=Side.TARGET_APPLICATION,
        confidence=slowed.confidence if slowed else Confidence.POSSIBLE,
        sentence=f"service degrades with the number of connections: {times}",
        remedy="look what each connection costs the application: a scan over all of them, a lock, memory, its garbage",
        evidence={
            "first_s": round(slowed.first_s, 6) if slowed else None,
            "last_s": round(slowed.last_s, 6) if slowed else None,
            "held": slowed.held if slowed else seen.established,
            "late": late,
        },
        accounts_for=late,
    )


class _Slowed(NamedTuple):
    """How long it took to be served at first, and beside so many."""

    first_s: float
    last_s: float
    held: int
    confidence: Confidence

    def is_much(self, ours_s: float) -> bool:
        """Whether that is much longer, of which so much may be ours."""
        return self.last_s - ours_s > max(SLOWER * self.first_s, self.first_s + SLOWER_BY_S)


def _slowed(seen: Seen) -> _Slowed | None:
    """By how much service was slowed down; None where it was not by much.

    Newcomers come one at a time: where they tell it, the N have no say. Those may have asked at once, and have waited
    for one another: then only that each of those under way took much longer shows that service got slower.
    """
    welcome = [knock for knock in seen.facts.newcomers if knock.fared is Fared.WELCOME]
    # The handshake, the question and its answer may each have waited for us.
    ours_s = STEPS * seen.facts.strain.lag_s
    alone, beside = [knock for knock in welcome if not knock.held], [knock for knock in welcome if knock.held]
    if alone and beside:
        times_s = sorted(knock.time_s for knock in beside)
        sure = Confidence.LIKELY if len(beside) > 1 else Confidence.POSSIBLE  # one may have lost a packet
        slowed = _Slowed(alone[0].time_s, times_s[(len(times_s) - 1) // 2], max(knock.held for knock in beside), sure)
        return slowed if slowed.is_much(ours_s) else None
    first_s, last_s = seen.shape.first_answers_s, seen.shape.last_answers_s
    if first_s is None or last_s is None:
        return None
    each = last_s / seen.shape.last_under_way > SLOWER * first_s / seen.shape.first_under_way
    slowed = _Slowed(first_s, last_s, seen.established, Confidence.LIKELY)
    return slowed if slowed.is_much(ours_s) and each else None


def death(seen: Seen) -> Iterator[Finding]:
    """TG407: all were lost within a moment, and whoever came afterwards was refused."""
    losses = seen.death
    if losses is None or losses.way is Way.SILENCE:
        return
    refused, gone = seen.refused_since_death, seen.is_gone
    welcome = any(knock.fared is Fared.WELCOME for knock in seen.knocks_after(losses))
    if not (refused or gone) and losses.way is Way.RST:
        return
    yield Finding(
        code="TG407",
        side=Side.TARGET_APPLICATION,
        confidence=Confidence.CERTAIN if gone else Confidence.LIKELY,
        sentence=f"the target died while {were(seen.death_toll, 'connection')} held: all were "
        f"{losses.way} at once, {age(losses.moments.least)} after the beginning"
        + (", and who came afterwards was refused" if refused else "")
        + ("; newcomers were welcome again, so it was restarted" if welcome else "")
        + ("; its process is gone" if gone else ""),
        remedy="look at its log and at the kernel's for a crash or the OOM killer",
        commands=(
            "dmesg -T | grep -iE 'oom|killed process|segfault'  # on the target",
            "journalctl -n 100 --no-pager  # there, too",
        ),
        evidence={
            "lost": seen.death_toll,
            "at_s": round(losses.moments.least, 3),
            "within_s": round(losses.moments.greatest - losses.moments.least, 3),
            "refused_since": refused,
        },
        accounts_for=seen.death_toll + seen.refused,
    )


RULES = (death, keeps_none, idle, degrades)
