"""The most important promise: a PASS is true, and the target is not blamed for what is ours."""

import errno
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import ExitStatus
from tcpgoon.judge.verdict import Judgement, Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.requirements import Bound, Field, Requirement
from tcpgoon.record.connection import State
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.unserved import Unserved

from .fates import (
    ABANDONED,
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    DOUBTFUL,
    ENOUGH,
    FEW,
    HANDSHAKE,
    HELD,
    LATE,
    LOST_BY_PATH,
    LOST_BY_US,
    NO_DESCRIPTOR,
    NO_PORT,
    NOT_ASKED,
    OPENING,
    PHANTOM,
    PHANTOMS,
    PLANNED,
    REFUSED,
    SERVED,
    SERVED_THEN_DOUBTFUL,
    SILENT_PHANTOM,
    STILL_THERE,
    TAKEN,
    TORN_DOWN_S,
    Fate,
    at_least,
    exactly,
    facts_of,
    judged,
    knock,
    lost,
    unserved,
    verdict_on,
)


def test_each_verdict_has_its_exit_status() -> None:
    assert {verdict: verdict.exit_status for verdict in Verdict} == {
        Verdict.PASS: ExitStatus.PASS,
        Verdict.FAIL: ExitStatus.FAIL,
        Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
        Verdict.INTERRUPTED: ExitStatus.INTERRUPTED,
    }
    assert [str(verdict) for verdict in Verdict] == ["PASS", "FAIL", "INCONCLUSIVE", "INTERRUPTED"]


BROKEN_OFF = CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED)


@pytest.mark.parametrize(
    ("fates", "level", "judgement"),
    [
        (
            [HELD] * 1_200,
            ACKNOWLEDGED,
            Judgement(Verdict.PASS, "1,200 of 1,200 connections were established, acknowledged and held for 1s"),
        ),
        (
            [TAKEN] * 11 + [PHANTOM] * 49,
            ACKNOWLEDGED,
            Judgement(
                Verdict.FAIL,
                "only 11 of 60 connections were established, acknowledged and held to the end: 49 phantoms (RST)",
            ),
        ),
        (
            [TAKEN, DOUBTFUL],
            ACKNOWLEDGED,
            Judgement(
                Verdict.INCONCLUSIVE,
                "1 of 2 connections were still in doubt at the end: hold them longer (--hold)",
            ),
        ),
        (
            [unserved(Unserved.SILENT)],
            SERVED,
            Judgement(
                Verdict.INCONCLUSIVE,
                "not verifiable with this probe: nobody was ever answered as expected (1 gave no answer within 5s)",
            ),
        ),
        (
            # A failed TLS handshake ends with an alert, and then with the connection, whoever is to blame for it.
            [unserved(Unserved.NO_TLS), unserved(Unserved.NO_TLS, BROKEN_OFF)],
            SERVED,
            Judgement(
                Verdict.INCONCLUSIVE,
                "not verifiable with this probe: nobody was ever answered as expected (2 failed in the TLS handshake)",
            ),
        ),
        (
            [unserved(Unserved.NO_TLS, BROKEN_OFF), HELD],
            SERVED,
            Judgement(
                Verdict.FAIL,
                "only 1 of 2 connections were established, served and held to the end: 1 failed in the TLS handshake",
            ),
        ),
        (
            [unserved(Unserved.SILENT, BROKEN_OFF)],
            SERVED,
            Judgement(
                Verdict.FAIL,
                "only 0 of 1 connections were established, served and held to the end: 1 gave no answer within 5s",
            ),
        ),
    ],
)
def test_a_verdict_comes_with_its_reason(fates: list[Fate], level: Assurance, judgement: Judgement) -> None:
    assert judged(facts_of(fates, level)) == judgement


def test_a_run_that_was_stopped_is_that_and_no_more() -> None:
    assert judged(facts_of([HELD] * 3, interrupted=True)) == Judgement(
        Verdict.INTERRUPTED, "stopped before the end; 3 of 3 connections were established and held"
    )


# What no table of outcomes may lead to. The rest of this file knows nothing of how the verdict is found.

ERRORS = [*sorted(errno.errorcode), 4_711, 65_535]
PHASES = (Phase.SOCKET, Phase.BIND, Phase.CONNECT, Phase.HANDSHAKE)

instants = st.sampled_from([1.0, 2.0, 3.0, 4.0])
lives = st.sampled_from([0.5, 1.0, 2.5, 9.0])
levels = st.sampled_from([HANDSHAKE, ACKNOWLEDGED, SERVED])
whys = st.sampled_from(Unserved)
DIALS = [Fate(State.FAILED, error, phase) for error in ERRORS for phase in PHASES]

failed = st.sampled_from(DIALS)
refused_here = st.sampled_from([fate for fate in DIALS if fate.side is Side.CLIENT])
gone = st.tuples(st.sampled_from([FIN, *sorted(errno.errorcode), 65_535]), st.just(Phase.HELD), instants, lives).map(
    lambda drawn: Fate(State.LOST, *drawn)
)
vanished = st.builds(
    lambda error, closed_by, proved: PHANTOM._replace(error=error, closed_by=closed_by, proved=proved),
    st.sampled_from([errno.ECONNRESET, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENOMEM]),
    st.sampled_from([ClosedBy.PEER, ClosedBy.PATH, ClosedBy.US]),
    levels,
)
held = instants.map(lambda instant: Fate(State.CLOSED, established_s=instant, life_s=TORN_DOWN_S - instant))
ended = (
    st.just(HELD)
    | failed
    | gone
    | vanished
    | st.sampled_from([REFUSED, LATE, NO_PORT, NO_DESCRIPTOR, LOST_BY_US, CLOSED_BY_PEER, *PHANTOMS])
)
"""The ends that a run comes to, where everything that was asked is known."""
half_known = st.builds(
    lambda fate, proved, why: fate._replace(proved=proved, unserved=why),
    st.sampled_from([HELD, DOUBTFUL, STILL_THERE, CLOSED_BY_PEER, PHANTOM, SILENT_PHANTOM]),
    levels,
    st.just(Unserved.NONE) | whys,
)
"""Where less is proved than may have been asked for."""
anything = (
    ended | half_known | st.sampled_from([PLANNED, OPENING, ABANDONED, STILL_THERE, HELD, HELD, HELD, DOUBTFUL]) | held
)
knocks = st.lists(st.builds(knock, instants, st.sampled_from([0, 1, 3]), st.sampled_from(Fared)), max_size=3).map(tuple)

outcomes = st.lists(ended, min_size=1, max_size=8)
tables = st.lists(anything, min_size=1, max_size=8) | st.lists(st.just(HELD) | held, min_size=1, max_size=4)
requirements = st.lists(st.builds(Requirement, st.sampled_from(Field), st.sampled_from(Bound), st.just(1)), max_size=3)


def is_proved(fate: Fate, level: Assurance) -> bool:
    """Whether a connection of that fate was there to the end, beyond doubt, and at ``level``."""
    if fate.state is not State.CLOSED or fate.phase is not Phase.NONE or fate.unserved is Unserved.UNACKED:
        return False
    return level <= (min(fate.proved, ACKNOWLEDGED) if fate.unserved else fate.proved)


@given(
    fates=tables, level=levels, newcomers=knocks, started=st.booleans(), interrupted=st.booleans(), few=st.booleans()
)
@example(fates=[HELD], level=SERVED, newcomers=(), started=True, interrupted=False, few=True)
@example(fates=[HELD, STILL_THERE], level=ACKNOWLEDGED, newcomers=(), started=True, interrupted=False, few=False)
@example(fates=[ABANDONED], level=HANDSHAKE, newcomers=(), started=True, interrupted=False, few=False)
@example(fates=[DOUBTFUL], level=HANDSHAKE, newcomers=(), started=True, interrupted=False, few=False)
@example(fates=[NOT_ASKED], level=ACKNOWLEDGED, newcomers=(), started=True, interrupted=False, few=False)
@example(fates=[TAKEN], level=SERVED, newcomers=(), started=True, interrupted=False, few=False)
@example(
    fates=[unserved(Unserved.UNACKED)], level=ACKNOWLEDGED, newcomers=(), started=True, interrupted=False, few=False
)
def test_no_false_pass(
    fates: list[Fate], level: Assurance, newcomers: tuple[Knock, ...], started: bool, interrupted: bool, few: bool
) -> None:
    """PASS: the run went to its end, and each planned connection was proved at the level, and closed by us."""
    limits = FEW if few else ENOUGH
    started = started or limits.allows(len(fates))
    facts = facts_of(fates, level, limits=limits, started=started, interrupted=interrupted, newcomers=newcomers)

    if judged(facts).verdict is Verdict.PASS:
        assert [fate for fate in fates if not is_proved(fate, level)] == []
        assert (started, interrupted) == (True, False)


@given(st.integers(1, 200), levels)
def test_no_pass_is_kept_back(connections: int, level: Assurance) -> None:
    assert verdict_on([HELD._replace(proved=level)] * connections, level=level) is Verdict.PASS


@given(fates=tables, level=levels, required=requirements)
@example(fates=[DOUBTFUL, HELD], level=HANDSHAKE, required=[at_least(2)])
@example(fates=[DOUBTFUL, HELD], level=ACKNOWLEDGED, required=[exactly(1)])
@example(fates=[NOT_ASKED, HELD], level=ACKNOWLEDGED, required=[lost(0)])
@example(fates=[DOUBTFUL, REFUSED], level=ACKNOWLEDGED, required=[lost(1)])
def test_a_doubt_may_be_settled_either_way(fates: list[Fate], level: Assurance, required: list[Requirement]) -> None:
    """PASS: it would be, had we found out. FAIL: it would not be a PASS, whatever we had found."""
    found = verdict_on(fates, *required, level=level)
    for truth in (HELD, PHANTOM):
        unknown = (DOUBTFUL, SERVED_THEN_DOUBTFUL, *([NOT_ASKED] if level > HANDSHAKE else []))
        settled = verdict_on([truth if fate in unknown else fate for fate in fates], *required, level=level)
        assert found is not Verdict.PASS or settled is Verdict.PASS
        assert found is not Verdict.FAIL or settled is not Verdict.PASS


@given(
    fates=st.lists(anything, min_size=2, max_size=8),
    which=st.integers(0, 7),
    level=levels,
    required=st.lists(st.builds(at_least, st.integers(0, 2)) | st.just(lost(0)), max_size=2),
    worse=st.sampled_from([*PHANTOMS, DOUBTFUL, SERVED_THEN_DOUBTFUL, CLOSED_BY_PEER, unserved(Unserved.SILENT)]),
)
def test_a_phantom_or_a_doubt_more_makes_no_pass(
    fates: list[Fate], which: int, level: Assurance, required: list[Requirement], worse: Fate
) -> None:
    if verdict_on(fates, *required, level=level) is not Verdict.PASS:
        held = [index for index, fate in enumerate(fates) if is_proved(fate, level)]
        for index in held[which : which + 1]:
            fates = [*fates[:index], worse, *fates[index + 1 :]]
        assert held == [] or verdict_on(fates, *required, level=level) is not Verdict.PASS


@given(st.lists(st.just(HELD) | held, min_size=2, max_size=4), lives)
@example([HELD._replace(life_s=1.0), HELD._replace(established_s=2.0)], 9.0)
def test_connections_that_took_turns_are_no_pass(fates: list[Fate], life_s: float) -> None:
    """The question is whether all can be there *at the same time*; rows of many workers may say otherwise."""
    fates = [fate._replace(life_s=min(life_s, fate.life_s)) for fate in fates]
    facts = facts_of(fates)

    assert (judged(facts).verdict is Verdict.PASS) == (facts.metrics.peak == len(fates))


@given(st.lists(refused_here, min_size=1, max_size=5), st.integers(0, 5), levels)
@example([LOST_BY_US], 0, ACKNOWLEDGED)
@example([NO_DESCRIPTOR], 3, ACKNOWLEDGED)
def test_our_own_limit_is_inconclusive_where_the_target_did_nothing(
    ours: list[Fate], well: int, level: Assurance
) -> None:
    assert verdict_on([HELD] * well + ours, level=level) is Verdict.INCONCLUSIVE


@given(outcomes, levels)
def test_the_target_is_failed_by_evidence_alone(fates: list[Fate], level: Assurance) -> None:
    """FAIL: something ended in a way that does not point to us."""
    sides = {fate.side for fate in fates} - {None}
    expected = (
        Verdict.PASS
        if not sides
        else Verdict.FAIL
        if sides & {Side.TARGET_KERNEL, Side.TARGET_APPLICATION} or Side.CLIENT not in sides
        else Verdict.INCONCLUSIVE
    )
    assert verdict_on(fates, level=level) is expected


@given(
    undecided=st.lists(
        st.sampled_from([PLANNED, OPENING, ABANDONED, STILL_THERE, STILL_THERE._replace(proved=HANDSHAKE)]),
        min_size=1,
        max_size=4,
    ),
    others=st.lists(st.sampled_from([HELD, NO_PORT, NO_DESCRIPTOR, LOST_BY_US]), max_size=4),
    level=levels,
)
@example(undecided=[ABANDONED], others=[HELD], level=ACKNOWLEDGED)
@example(undecided=[OPENING], others=[HELD], level=ACKNOWLEDGED)
@example(undecided=[PLANNED], others=[HELD], level=ACKNOWLEDGED)
@example(undecided=[STILL_THERE], others=[HELD], level=ACKNOWLEDGED)
def test_what_was_never_decided_fails_nobody(undecided: list[Fate], others: list[Fate], level: Assurance) -> None:
    """A worker that died, a row that nobody dialled: no evidence against the target, and no proof for it."""
    assert verdict_on(undecided + others, level=level) is Verdict.INCONCLUSIVE


@given(
    fates=outcomes,
    bound=st.sampled_from([at_least, exactly]),
    share=st.integers(0, 8),
    losses=st.none() | st.integers(0, 8),
)
@example(fates=[HELD] * 5 + [REFUSED] + [NO_DESCRIPTOR] * 2, bound=at_least, share=7, losses=None)
@example(fates=[HELD, REFUSED, LOST_BY_US], bound=at_least, share=1, losses=0)
@example(fates=[REFUSED, HELD, LOST_BY_US, LOST_BY_PATH], bound=at_least, share=1, losses=1)
def test_our_failures_never_make_the_difference_between_pass_and_fail(
    fates: list[Fate], bound: Callable[[int], Requirement], share: int, losses: int | None
) -> None:
    """If the verdict would be PASS had we not failed, then that we failed is no FAIL of the target."""
    required = [bound(min(share, len(fates)))]
    required += [] if losses is None else [lost(min(losses, len(fates)))]
    had_we_not = [HELD if fate.side is Side.CLIENT else fate for fate in fates]

    if verdict_on(had_we_not, *required) is Verdict.PASS:
        assert verdict_on(fates, *required) is not Verdict.FAIL


def test_that_we_could_not_reach_the_number_that_is_required_exactly_is_no_failure_of_the_target() -> None:
    assert verdict_on([HELD] + [NO_DESCRIPTOR] * 3, exactly(2)) is Verdict.INCONCLUSIVE
    assert verdict_on([HELD] * 3 + [NO_DESCRIPTOR], exactly(2)) is Verdict.FAIL


def test_that_we_closed_some_before_the_others_came_is_no_failure_of_the_target() -> None:
    """Each was held until we closed it ourselves: workers out of step, and the question was not asked."""
    early, late = HELD._replace(life_s=1.0), HELD._replace(established_s=3.0)

    assert verdict_on([early, late]) is Verdict.INCONCLUSIVE
    assert verdict_on([early, late, REFUSED]) is Verdict.FAIL


@given(fates=tables, level=levels)
def test_a_run_that_was_stopped_says_nothing(fates: list[Fate], level: Assurance) -> None:
    assert judged(facts_of(fates, level, interrupted=True)).verdict is Verdict.INTERRUPTED


@pytest.mark.parametrize(
    "fates",
    [
        pytest.param([NO_DESCRIPTOR] * 3, id="no descriptors"),
        pytest.param([REFUSED] * 3, id="all refused"),
        pytest.param([LATE] * 3, id="silence"),
        pytest.param([NOT_ASKED] * 3, id="not asked"),
    ],
)
def test_that_nothing_was_lost_because_nothing_was_held_is_no_pass(fates: list[Fate]) -> None:
    assert verdict_on(fates, lost(0)) is not Verdict.PASS


def test_a_run_that_could_not_be_begun_is_inconclusive_whatever_is_required() -> None:
    assert judged(facts_of([PLANNED] * 7, ACKNOWLEDGED, at_least(0), limits=FEW, started=False)).verdict is (
        Verdict.INCONCLUSIVE
    )


@given(fates=tables, level=levels, newcomers=knocks, started=st.booleans())
def test_there_is_always_a_reason(
    fates: list[Fate], level: Assurance, newcomers: tuple[Knock, ...], started: bool
) -> None:
    """A sentence with an end, whatever happened."""
    started = started or FEW.allows(len(fates))
    reason = judged(facts_of(fates, level, limits=FEW, started=started, newcomers=newcomers)).reason

    assert reason == reason.strip()
    assert not reason.endswith((":", ",", "()"))
    assert "\n" not in reason
