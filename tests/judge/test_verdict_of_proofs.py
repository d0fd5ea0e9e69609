"""What is proved, doubted, never asked, asked in vain or pushed out, and what it makes of the verdict."""

import pytest

from tcpgoon.judge.verdict import Verdict, not_verifiable
from tcpgoon.record.knock import Fared
from tcpgoon.record.unserved import UNPROVEN, Unserved

from .fates import (
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    DOUBTFUL,
    HALF_OPEN,
    HANDSHAKE,
    HELD,
    NO_PORT,
    NOT_ASKED,
    PHANTOM,
    PHANTOMS,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SERVED_THEN_DOUBTFUL,
    SILENT_PHANTOM,
    TAKEN,
    Fate,
    facts_of,
    judged,
    knock,
    unserved,
    verdict_on,
)


@pytest.mark.parametrize(
    ("fates", "at_handshake", "at_acknowledged", "at_served"),
    [
        pytest.param([NOT_ASKED], "PASS", "INCONCLUSIVE", "INCONCLUSIVE", id="nobody asked"),
        pytest.param([TAKEN], "PASS", "PASS", "INCONCLUSIVE", id="acknowledged, and asked for no more"),
        pytest.param([HELD], "PASS", "PASS", "PASS", id="served"),
        pytest.param([HELD, DOUBTFUL], "INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE", id="in doubt"),
        pytest.param([SERVED_THEN_DOUBTFUL], "INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE", id="in doubt at last"),
        pytest.param([HELD, DOUBTFUL, PHANTOM], "FAIL", "FAIL", "FAIL", id="in doubt, and a phantom"),
        pytest.param([HELD, PHANTOM], "FAIL", "FAIL", "FAIL", id="phantom"),
        pytest.param([HELD, HALF_OPEN], "FAIL", "FAIL", "FAIL", id="half-open"),
        pytest.param([HELD, SILENT_PHANTOM], "FAIL", "FAIL", "FAIL", id="silent phantom"),
        pytest.param(
            [HELD, SILENT_PHANTOM, NO_PORT], *["INCONCLUSIVE"] * 3, id="silent phantom, and we were in trouble"
        ),
        pytest.param([HELD, PHANTOM, NO_PORT], "FAIL", "FAIL", "FAIL", id="phantom, and we were in trouble"),
        pytest.param([HELD, unserved(Unserved.SILENT)], "PASS", "PASS", "FAIL", id="silent"),
        pytest.param([HELD, unserved(Unserved.LATE)], "PASS", "PASS", "FAIL", id="late"),
        pytest.param([unserved(Unserved.REFUSED)], "PASS", "PASS", "FAIL", id="refused"),
        pytest.param([unserved(Unserved.UNACKED)], "FAIL", "FAIL", "FAIL", id="not even acknowledged"),
        pytest.param(
            [unserved(Unserved.SILENT, DOUBTFUL), HELD], "INCONCLUSIVE", "INCONCLUSIVE", "FAIL", id="silent, in doubt"
        ),
        pytest.param(
            [unserved(Unserved.SILENT, NOT_ASKED), HELD], "PASS", "INCONCLUSIVE", "FAIL", id="silent, and no more known"
        ),
    ],
)
def test_the_verdict_at_each_level(fates: list[Fate], at_handshake: str, at_acknowledged: str, at_served: str) -> None:
    assert [str(verdict_on(fates, level=level)) for level in (HANDSHAKE, ACKNOWLEDGED, SERVED)] == [
        at_handshake,
        at_acknowledged,
        at_served,
    ]


# A probe that nobody answers.


@pytest.mark.parametrize("why", sorted(set(Unserved) - {Unserved.NONE}), ids=lambda why: why.name)
def test_what_nobody_ever_answered_may_be_the_wrong_question(why: Unserved) -> None:
    fates = [unserved(why)] * 3

    assert verdict_on(fates, level=SERVED) is (Verdict.INCONCLUSIVE if why in UNPROVEN else Verdict.FAIL)
    assert not_verifiable(facts_of(fates, SERVED)) == (3 if why in UNPROVEN else 0)


@pytest.mark.parametrize("why", sorted(UNPROVEN), ids=lambda why: why.name)
@pytest.mark.parametrize(
    "answered",
    [
        HELD,
        CLOSED_BY_PEER,
        unserved(Unserved.LATE),
        unserved(Unserved.SILENT, HELD),
        SERVED_THEN_DOUBTFUL,
    ],
    ids=["served", "served, then lost", "late", "served, then silent", "served, then in doubt"],
)
def test_one_answer_shows_that_it_is_the_right_question(why: Unserved, answered: Fate) -> None:
    assert verdict_on([unserved(why), answered], level=SERVED) is Verdict.FAIL


@pytest.mark.parametrize("fared", Fared)
def test_so_does_the_answer_to_a_newcomer(fared: Fared) -> None:
    facts = facts_of([unserved(Unserved.SILENT)], SERVED, newcomers=(knock(0.0, 0, fared),))

    assert judged(facts).verdict is (Verdict.FAIL if fared is Fared.WELCOME else Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("other", [*PHANTOMS, unserved(Unserved.REFUSED), unserved(Unserved.ENDED, CLOSED_BY_PEER)])
def test_a_wrong_question_excuses_no_failure(other: Fate) -> None:
    other = other._replace(proved=min(other.proved, ACKNOWLEDGED))

    assert verdict_on([unserved(Unserved.SILENT)] * 3 + [other], level=SERVED) is Verdict.FAIL


# A newcomer that may have pushed somebody out.

AT_LOSS = (knock(2.75, held=3),)


def test_a_loss_beside_a_newcomer_may_be_our_doing() -> None:
    assert judged(facts_of([HELD] * 2 + [CLOSED_BY_PEER])).verdict is Verdict.FAIL
    assert judged(facts_of([HELD] * 2 + [CLOSED_BY_PEER], newcomers=AT_LOSS)).verdict is Verdict.INCONCLUSIVE


def test_two_losses_are_not_the_doing_of_one_newcomer() -> None:
    assert judged(facts_of([HELD] + [RESET_BY_PEER] * 2, newcomers=AT_LOSS)).verdict is Verdict.FAIL


def test_what_a_newcomer_pushed_out_does_not_excuse_the_rest() -> None:
    assert judged(facts_of([HELD, CLOSED_BY_PEER, PHANTOM], newcomers=AT_LOSS)).verdict is Verdict.FAIL


# A newcomer whose place at the target may not have been free again.

KEPT = (knock(-1.0, held=0, kept_place=True),)


@pytest.mark.parametrize("fate", [PHANTOM, REFUSED])
def test_who_found_no_place_may_have_found_one_without_a_newcomer(fate: Fate) -> None:
    assert judged(facts_of([HELD] * 2 + [fate])).verdict is Verdict.FAIL
    assert judged(facts_of([HELD] * 2 + [fate], newcomers=KEPT)).verdict is Verdict.INCONCLUSIVE
    assert judged(facts_of([HELD] * 2 + [fate] * 2, newcomers=KEPT)).verdict is Verdict.FAIL


def test_a_newcomer_that_kept_its_place_harms_nobody_where_there_was_room() -> None:
    assert judged(facts_of([HELD] * 3, newcomers=KEPT)).verdict is Verdict.PASS
