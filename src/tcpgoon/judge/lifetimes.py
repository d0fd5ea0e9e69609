"""What the ages at death mean: a cliff, a slope, one moment, or that nobody saw it; one sentence, and what to try."""

from enum import StrEnum

import msgspec

from tcpgoon.judge.ages import CLIFF_S
from tcpgoon.judge.naming import age, plural
from tcpgoon.judge.seen import Seen
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.units import format_duration
from tcpgoon.record.knock import Fared
from tcpgoon.record.survival import Band, Survival

FEWEST = 3
"""Fewer deaths have no shape."""

MOST_OF = 0.5
"""At a cliff die more than this share of those that come to it."""

OF_ALL = 0.1
"""And more than this share of all that died: of the last two that are left, one may die at any time."""

UNEVEN = 3
"""By so many times the rate of two halves has to differ before they are told apart."""

KEEPALIVES_UNANSWERED = 10
"""So many intervals may pass before our kernel gives up on a peer: nine that are not answered, and that before them."""

CONFIRMED_WITHIN_S = 20.0
"""A round of signs of life, with all its patience."""

LEAST_RATE = 0.01
"""A lower one is said of a longer time."""

OFTENER = 3
"""How many keepalives are to fit into an idle timeout that is to be kept from expiring."""


class Fate(StrEnum):
    """The shape of the deaths."""

    NONE = "none"
    """There was none."""
    FEW = "few"
    """Too few for a shape."""
    CLIFF = "cliff"
    """Most of those that came to one age died at it."""
    SLOPE = "slope"
    """They died at all ages."""
    MOMENT = "moment"
    """All died at one moment, whatever their age was."""
    UNSEEN = "unseen"
    """Nobody knows at which ages: they were found dead."""


class Lifetimes(msgspec.Struct, frozen=True, kw_only=True):
    """How old connections became, and what that means."""

    survival: Survival
    fate: Fate
    sentence: str
    """What is to be seen, in one sentence."""
    hint: str
    """What to try next; empty where there is nothing."""


def asked_s(plan: Plan) -> float | None:
    """How often each connection is asked for anything while it is held; None: never."""
    return min(filter(None, (plan.keepalive_s, plan.confirm_every_s, plan.probe_every_s)), default=None)


def silent_s(plan: Plan) -> float | None:
    """How long a connection may be gone in silence before that is noticed; None: until the end."""
    times = [plan.keepalive_s * KEEPALIVES_UNANSWERED] if plan.keepalive_s else []
    times += [plan.confirm_every_s + CONFIRMED_WITHIN_S] if plan.confirm_every_s else []
    return min(times, default=None)


def lifetimes(seen: Seen, survival: Survival) -> Lifetimes:
    """What ``survival`` means, of the run that was ``seen``."""
    fate = _fate(seen, survival)
    sentence = _SENTENCES[fate](seen, survival)
    return Lifetimes(
        survival=survival,
        fate=fate,
        sentence=sentence + _beside(fate, survival, seen.metrics.unknown),
        hint=_NEVER_THERE if _may_never_have_been(seen, fate, survival) else _hint(seen.plan, fate, survival),
    )


def _fate(seen: Seen, survival: Survival) -> Fate:
    known = survival.deaths - survival.unseen
    if not survival.deaths:
        return Fate.NONE
    if survival.unseen >= known:
        return Fate.UNSEEN
    if known < FEWEST:
        return Fate.FEW
    if seen.death is not None and not seen.death.young:
        return Fate.MOMENT
    band = survival.band
    if band and band.count >= FEWEST and band.count > MOST_OF * band.reached and band.count >= OF_ALL * known:
        return Fate.CLIFF
    return Fate.SLOPE


def _none(_seen: Seen, survival: Survival) -> str:
    if survival.young:
        return f"all {survival.connections - survival.young:,} that were not turned away at once lived on"
    if survival.outlived < survival.connections:
        return "nobody else ended any connection"
    return f"all {plural(survival.outlived, 'connection')} lived on, for {age(survival.longest_s)} at the longest"


def _few(_seen: Seen, survival: Survival) -> str:
    known = survival.deaths - survival.unseen
    return f"{known:,} of {survival.connections:,} died: too few to tell a cliff from a slope"


def _cliff(seen: Seen, survival: Survival) -> str:
    band = survival.band
    assert band  # noqa: S101 - there is no cliff without
    what = "" if _is_by_age(seen, band) else " (or something happened at that moment: all were opened together)"
    when = (
        f"between {age(band.known_from_s)} and {age(band.high_s)}"
        if _is_wide(band)
        else f"of {age((band.low_s + band.high_s) / 2)}"
    )
    return (
        f"{band.count:,} of the {band.reached:,} that came to it died at an age {when}: an idle timeout, or a "
        f"maximum age{what}"
    )


def _slope(_seen: Seen, survival: Survival) -> str:
    known = survival.deaths - survival.unseen
    per_s = known / survival.lived_s
    early, late = survival.deaths_early, known - survival.deaths_early
    late_s = survival.lived_s - survival.lived_early_s
    early_rate = early / survival.lived_early_s if survival.lived_early_s else 0.0
    late_rate = late / late_s if late_s else 0.0
    how = "at all ages"
    if early > UNEVEN * UNEVEN and early_rate > UNEVEN * late_rate:
        how = "the more the younger they were"
    elif late > UNEVEN * UNEVEN and late_rate > UNEVEN * early_rate:
        how = "the more the older they were"
    return f"{known:,} of {survival.connections:,} died {how}: {_rate(per_s)}, with no age at which most of them die"


def _rate(per_s: float) -> str:
    """``0.021 deaths for each minute that one is alive``."""
    units = (("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400))
    unit, seconds = next((one for one in units if per_s * one[1] >= LEAST_RATE), units[-1])
    return f"{per_s * seconds:.2g} deaths for each {unit} that one is alive"


def _moment(seen: Seen, _survival: Survival) -> str:
    death = seen.death
    assert death  # noqa: S101 - that is what this is about
    return (
        f"all {seen.death_toll:,} that were held died at one moment, {age(death.moments.least)} after the beginning, "
        "whatever their age: something happened then, and it is no timeout"
    )


def _unseen(_seen: Seen, survival: Survival) -> str:
    return (
        f"{survival.unseen:,} of {survival.connections:,} were gone without a word when they were asked: each died at "
        f"an age between {_between(survival)}, or was never there"
    )


def _between(survival: Survival) -> str:
    return f"{age(survival.unseen_from_s)} and {age(survival.unseen_to_s)}"


_SENTENCES = {
    Fate.NONE: _none,
    Fate.FEW: _few,
    Fate.CLIFF: _cliff,
    Fate.SLOPE: _slope,
    Fate.MOMENT: _moment,
    Fate.UNSEEN: _unseen,
}


def _beside(fate: Fate, survival: Survival, unasked: int) -> str:
    """What is not part of the shape; of so many ``unasked`` it is not known whether they are there."""
    said, band = "", survival.band
    if fate is Fate.CLIFF and band and (others := survival.deaths - survival.unseen - band.count):
        said += f"; {others:,} died at other ages"
    if fate is not Fate.UNSEEN and survival.unseen:
        said += (
            f"; {survival.unseen:,} more were gone without a word when they were asked, at an age between "
            + _between(survival)
        )
    if fate is not Fate.NONE and survival.young:
        said += f"; {survival.young:,} were turned away at once"
    if unasked:
        said += f"; {unasked:,} have not been asked whether they are there still"
    return said


def _is_wide(band: Band) -> bool:
    """Whether it is not known so exactly when they died."""
    return band.low_s - band.known_from_s > CLIFF_S


def _is_by_age(seen: Seen, band: Band) -> bool:
    """Whether they died of their age for sure, and not of what happened at that moment."""
    moments_s, ages_s = band.last_at_s - band.first_at_s, band.high_s - band.low_s
    after = [one for one in seen.facts.newcomers if one.at_s > band.last_at_s and one.fared is not Fared.UNASKED]
    return moments_s > 2 * ages_s + CLIFF_S or (bool(after) and all(one.fared is Fared.WELCOME for one in after))


_NEVER_THERE = "look at the findings: the target's kernel says that it knows none of them, and may never have had them"


def _may_never_have_been(seen: Seen, fate: Fate, survival: Survival) -> bool:
    """Whether those that were not there when they were asked are what an accept queue has no room for."""
    return fate is Fate.UNSEEN and 2 * seen.refused_by_kernel > survival.unseen and not seen.forgotten


def _hint(plan: Plan, fate: Fate, survival: Survival) -> str:
    every_s = plan.keepalive_s
    if fate is Fate.NONE and every_s:
        return (
            f"with --keepalive {format_duration(every_s)} all lived on: where they die without it, the path or the "
            "target's kernel gives up on what is idle"
        )
    if fate not in (Fate.CLIFF, Fate.UNSEEN):
        return ""
    died_s = survival.band.high_s if fate is Fate.CLIFF and survival.band else survival.unseen_to_s
    if every_s is None:
        return (
            f"try --keepalive {format_duration(_third(died_s))}: if all live on then, it is an idle timeout on the "
            "path; if not, it is the application's, which no keepalive reaches (--probe-every does), or a maximum age"
        )
    if died_s <= every_s * (1 + 1 / OFTENER):
        return f"try a shorter one than --keepalive {format_duration(every_s)}: it found them gone already"
    return (
        f"keepalives went along the path every {format_duration(every_s)}: unless its timeout is shorter than that, it "
        "is the application's idle timeout, which no keepalive reaches (--probe-every does), or a maximum age"
    )


def _third(seconds: float) -> float:
    """A third of it, in whole seconds."""
    return max(1.0, float(int(seconds / OFTENER)))
