"""What came of each level of assurance."""

from tcpgoon.judge.proofs import AtLevel, proofs
from tcpgoon.judge.verdict import checked
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.requirements import parse_requirement
from tcpgoon.record.unserved import Unserved

from .fates import ACKNOWLEDGED, HELD, REFUSED, SERVED, SILENT_PHANTOM, Fate, facts_of

BARE = HELD._replace(proved=ACKNOWLEDGED)
"""Held, and never asked for more than a sign of life."""


def of(fates: list[Fate], *texts: str, level: Assurance = ACKNOWLEDGED, interrupted: bool = False) -> list[AtLevel]:
    facts = facts_of(fates, level, *map(parse_requirement, texts), interrupted=interrupted)
    return list(proofs(facts.plan, facts.metrics, checked(facts)))


def holds(
    fates: list[Fate], *texts: str, level: Assurance = ACKNOWLEDGED, interrupted: bool = False
) -> list[bool | None]:
    return [one.holds for one in of(fates, *texts, level=level, interrupted=interrupted)]


def test_all_levels_in_words() -> None:
    two, none = (f"{count} of 3 connections were there to the end, {count} at once" for count in (2, 0))
    assert of([BARE, BARE, REFUSED]) == [
        AtLevel(level="handshake", is_asked=True, holds=False, said=two),
        AtLevel(level="acknowledged", is_asked=True, holds=False, said=two),
        AtLevel(level="served", is_asked=False, holds=None, said=none),
    ]


def test_what_holds_at_the_level_asked_for_holds_below() -> None:
    assert holds([HELD] * 3) == [True, True, None]
    assert holds([HELD] * 2 + [REFUSED], "established >= 60%") == [True, True, None]


def test_below_there_may_be_enough_where_at_the_level_there_are_not() -> None:
    unserved = BARE._replace(unserved=Unserved.REFUSED)
    assert holds([HELD, HELD, unserved], level=SERVED) == [True, True, False]
    assert holds([HELD, unserved, REFUSED], level=SERVED) == [False, False, False]
    assert holds([HELD] * 3, level=Assurance.HANDSHAKE) == [True, None, None]


def test_phantoms_are_enough_at_no_level() -> None:
    assert holds([HELD, HELD, SILENT_PHANTOM]) == [False, False, None]


def test_what_is_not_required_of_the_established_is_met() -> None:
    assert holds([HELD] * 2 + [REFUSED], "lost <= 1") == [True, True, None]


def test_of_a_run_that_was_stopped_nothing_is_known() -> None:
    assert [one.holds for one in of([HELD], interrupted=True)] == [None, None, None]
