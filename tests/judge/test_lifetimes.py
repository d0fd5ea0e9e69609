from collections.abc import Sequence
from typing import Any

import pytest

from tcpgoon.judge.lifetimes import Fate, Lifetimes, asked_s, lifetimes, silent_s
from tcpgoon.judge.seen import Seen
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.survival import survival

from . import fates
from .fates import (
    CLOSED_BY_PEER,
    LOST_BY_PATH,
    RESET_BY_PEER,
    SILENT_PHANTOM,
    TAKEN,
    TARGET,
    facts_of,
    plan_of,
    table_of,
)
from .runs import aged, died, timeline

Lot = tuple[int, Any]
REDIS = Exchange(name="redis", send="PING\n", expect="^PONG")


def knock_at(at_s: float, fared: Fared = Fared.WELCOME) -> Knock:
    return Knock(at_s=at_s, held=1, fared=fared, time_s=0.01, gone_s=at_s + 0.02)


def found(
    *lots: Lot, every_s: float = 0.05, hold_s: float = 600.0, knocks: Sequence[Knock] = (), **knobs: Any
) -> Lifetimes:
    rows = timeline(*lots, every_s=every_s, hold_s=hold_s)
    plan = plan_of(len(rows), fates.ACKNOWLEDGED, hold_s=hold_s, **knobs)
    seen = Seen(facts_of(rows, fates.ACKNOWLEDGED, plan=plan, newcomers=tuple(knocks)))
    curve = survival(table_of(rows), asked_s(plan), silent_s(plan))
    assert curve
    return lifetimes(seen, curve)


def said(*lots: Lot, **knobs: Any) -> tuple[Fate, str]:
    one = found(*lots, **knobs)
    return one.fate, one.sentence


AT_60 = (100, aged(CLOSED_BY_PEER, 60.0))


def scattered(count: int, over_s: float, after_s: float = 1.0, fate: fates.Fate = CLOSED_BY_PEER) -> list[Lot]:
    """Deaths at ages that are as far apart as can be."""
    return [(1, aged(fate, after_s + (place * 0.618 % 1) * over_s)) for place in range(1, count + 1)]


def test_all_lived_on() -> None:
    one = found((10, TAKEN))
    assert (one.fate, one.hint) == (Fate.NONE, "")
    assert one.sentence == "all 10 connections lived on, for 10m0.45s at the longest"


def test_all_lived_on_with_keepalives() -> None:
    assert found((10, TAKEN), keepalive_s=30.0).hint == (
        "with --keepalive 30s all lived on: where they die without it, the path or the target's kernel gives up on "
        "what is idle"
    )


def test_who_is_sent_away_at_once_has_no_age() -> None:
    assert said((5, aged(CLOSED_BY_PEER, 0.1)), (10, TAKEN)) == (
        Fate.NONE,
        "all 10 that were not turned away at once lived on",
    )
    assert said((5, aged(CLOSED_BY_PEER, 0.1)), AT_60)[1].endswith("a maximum age; 5 were turned away at once")


def test_what_our_own_host_ended_is_no_death() -> None:
    assert said((1, fates.LOST_BY_US), (10, TAKEN)) == (Fate.NONE, "nobody else ended any connection")


def test_whoever_has_not_been_asked_is_no_survivor_for_sure() -> None:
    assert said((10, fates.NOT_ASKED)) == (
        Fate.NONE,
        "all 10 connections lived on, for 10m0.45s at the longest; 10 have not been asked whether they are there still",
    )


def test_two_deaths_have_no_shape() -> None:
    assert said((2, aged(CLOSED_BY_PEER, 60.0)), (10, TAKEN)) == (
        Fate.FEW,
        "2 of 12 died: too few to tell a cliff from a slope",
    )


def test_most_died_at_one_age() -> None:
    one = found(AT_60)
    assert one.fate is Fate.CLIFF
    assert one.sentence == ("100 of the 100 that came to it died at an age of 1m0s: an idle timeout, or a maximum age")
    assert one.hint == (
        "try --keepalive 20s: if all live on then, it is an idle timeout on the path; if not, it is the application's, "
        "which no keepalive reaches (--probe-every does), or a maximum age"
    )


def test_a_cliff_after_a_slope() -> None:
    fate, sentence = said(*scattered(20, 50.0), (100, aged(CLOSED_BY_PEER, 60.0)))
    assert fate is Fate.CLIFF
    assert sentence.endswith("died at an age of 1m0s: an idle timeout, or a maximum age; 20 died at other ages")


def test_opened_and_dead_together_it_may_have_been_the_moment() -> None:
    doubt = " (or something happened at that moment: all were opened together)"
    assert said(AT_60, every_s=0.0)[1].endswith(doubt)
    assert not said(AT_60, every_s=0.0, knocks=[knock_at(70.0)])[1].endswith(doubt)
    assert said(AT_60, every_s=0.0, knocks=[knock_at(70.0), knock_at(80.0, Fared.CLOSED)])[1].endswith(doubt)
    assert said(AT_60, every_s=0.0, knocks=[knock_at(70.0, Fared.UNASKED)])[1].endswith(doubt)


def test_all_died_at_one_moment() -> None:
    fate, sentence = said((100, died(CLOSED_BY_PEER, 60.0)), every_s=0.5)
    assert fate is Fate.MOMENT
    assert sentence == (
        "all 100 that were held died at one moment, 1m0s after the beginning, whatever their age: something happened "
        "then, and it is no timeout"
    )


def test_they_died_at_all_ages() -> None:
    fate, sentence = said(*scattered(60, 600.0), (140, TAKEN))
    assert fate is Fate.SLOPE
    assert sentence == (
        "60 of 200 died at all ages: 0.035 deaths for each minute that one is alive, with no age at which most of them "
        "die"
    )
    assert found(*scattered(60, 600.0), (140, TAKEN)).hint == ""


@pytest.mark.parametrize(
    ("lots", "how"),
    [
        (scattered(60, 150.0), "the more the younger they were: 0.04 deaths for each minute"),
        (scattered(60, 150.0, after_s=450.0), "the more the older they were: 0.031 deaths for each minute"),
        (scattered(6, 150.0), "at all ages: 0.25 deaths for each hour"),
    ],
)
def test_a_slope_need_not_be_even(lots: list[Lot], how: str) -> None:
    assert f"died {how}" in said(*lots, (140, TAKEN))[1]


def test_a_slope_of_a_year() -> None:
    fate, sentence = said(*scattered(3, 3e7), (140, TAKEN), hold_s=3e7)
    assert fate is Fate.SLOPE
    assert "6.1e-05 deaths for each day" in sentence


def test_the_last_two_of_many_are_no_cliff() -> None:
    lots = [*scattered(60, 100.0), (3, aged(CLOSED_BY_PEER, 300.0))]
    assert said(*lots)[0] is Fate.SLOPE


GONE = (100, SILENT_PHANTOM._replace(life_s=600.0))


def test_who_is_found_gone_at_the_end_may_have_died_at_any_age() -> None:
    one = found(GONE)
    assert one.fate is Fate.UNSEEN
    assert one.sentence == (
        "100 of 100 were gone without a word when they were asked: each died at an age between 0s and 10m0s, or was "
        "never there"
    )
    assert one.hint.startswith("try --keepalive 3m20s: ")


def test_who_was_never_let_in_has_not_died_of_idleness() -> None:
    one = found((11, TAKEN), (50, fates.PHANTOM._replace(life_s=600.0)))
    assert (one.fate, one.survival.unseen) == (Fate.UNSEEN, 50)
    assert one.hint.startswith("look at the findings: the target's kernel says that it knows none of them")


def test_some_died_before_the_eyes_and_others_did_not() -> None:
    one = found((100, aged(CLOSED_BY_PEER, 60.0)), (10, SILENT_PHANTOM._replace(life_s=600.0)))
    assert one.fate is Fate.CLIFF
    assert one.sentence.endswith(
        "; 10 more were gone without a word when they were asked, at an age between 0s and 10m0s"
    )


def test_keepalives_that_found_them_gone_know_an_interval() -> None:
    one = found((100, aged(RESET_BY_PEER, 30.0)), keepalive_s=30.0)
    assert one.fate is Fate.CLIFF
    assert one.sentence == (
        "100 of the 100 that came to it died at an age between 0s and 30s: an idle timeout, or a maximum age"
    )
    assert one.hint == "try a shorter one than --keepalive 30s: it found them gone already"


def test_keepalives_did_not_help() -> None:
    assert found((100, aged(CLOSED_BY_PEER, 60.0)), keepalive_s=20.0).hint == (
        "keepalives went along the path every 20s: unless its timeout is shorter than that, it is the application's "
        "idle timeout, which no keepalive reaches (--probe-every does), or a maximum age"
    )


def test_silence_that_keepalives_noticed() -> None:
    one = found((100, aged(LOST_BY_PATH, 330.0)), keepalive_s=30.0)
    assert one.sentence.startswith("100 of the 100 that came to it died at an age between 30s and 5m30s: ")


@pytest.mark.parametrize(
    ("knobs", "often", "noticed"),
    [
        ({}, None, None),
        ({"keepalive_s": 30.0}, 30.0, 300.0),
        ({"confirm_every_s": 60.0}, 60.0, 80.0),
        ({"keepalive_s": 5.0, "confirm_every_s": 60.0}, 5.0, 50.0),
        ({"probe": REDIS, "probe_every_s": 9.0}, 9.0, None),
    ],
)
def test_what_a_plan_asks_while_it_holds(knobs: dict[str, Any], often: float | None, noticed: float | None) -> None:
    plan = Plan(target=TARGET, **knobs)
    assert (asked_s(plan), silent_s(plan)) == (often, noticed)
