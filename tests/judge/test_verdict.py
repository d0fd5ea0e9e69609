"""The most important promise: a PASS is true, and the target is not blamed for what is ours."""

import errno
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import ExitStatus
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.verdict import Judgement, Verdict, judge
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.requirements import Bound, Field, Requirement
from tcpgoon.record.connection import State
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, Phase, Side, side_of
from tcpgoon.record.table import Table

TARGET = Target("example.org", 80)
ENOUGH = ClientLimits(descriptors_soft=10**6, descriptors_hard=10**6, descriptors_in_use=0, ports=None)
FEW = ClientLimits(descriptors_soft=10, descriptors_hard=20, descriptors_in_use=4, ports=None)

ESTABLISHED_S, TORN_DOWN_S = 1.0, 10.0


class Fate(NamedTuple):
    """What becomes of one connection."""

    state: State
    error: int = 0
    phase: Phase = Phase.NONE
    established_s: float = ESTABLISHED_S
    life_s: float = TORN_DOWN_S - ESTABLISHED_S
    late: bool = False
    """We gave up the dial."""

    @property
    def side(self) -> Side | None:
        """Whose side it points to; None where it failed not, or where nothing is known."""
        return side_of(self.error, self.phase) if self.state in (State.FAILED, State.LOST) else None


PLANNED, OPENING, ABANDONED = Fate(State.PLANNED), Fate(State.OPENING), Fate(State.ABANDONED)
HELD, STILL_THERE = Fate(State.CLOSED), Fate(State.ESTABLISHED)
REFUSED = Fate(State.FAILED, errno.ECONNREFUSED, Phase.HANDSHAKE)
LATE = Fate(State.FAILED, errno.ETIMEDOUT, Phase.HANDSHAKE, late=True)
UNREACHABLE = Fate(State.FAILED, errno.EHOSTUNREACH, Phase.HANDSHAKE)
NO_DESCRIPTOR = Fate(State.FAILED, errno.EMFILE, Phase.SOCKET)
NO_PORT = Fate(State.FAILED, errno.EADDRNOTAVAIL, Phase.CONNECT)
CLOSED_BY_PEER = Fate(State.LOST, FIN, Phase.HELD, life_s=2.0)
RESET_BY_PEER = Fate(State.LOST, errno.ECONNRESET, Phase.HELD, life_s=2.0)
LOST_BY_PATH = Fate(State.LOST, errno.ETIMEDOUT, Phase.HELD, life_s=2.0)
LOST_BY_US = Fate(State.LOST, errno.ENOMEM, Phase.HELD, life_s=2.0)


def table_of(fates: list[Fate]) -> Table:
    table = Table(len(fates))
    for row, fate in enumerate(fates):
        if fate.state is not State.PLANNED:
            table.dial(row, 0.0)
        if fate.state in (State.ESTABLISHED, State.CLOSED, State.LOST):
            table.establish(row, fate.established_s, 100, 0)
        end_s = fate.established_s + fate.life_s
        match fate.state:
            case State.CLOSED:
                table.close(row, end_s)
            case State.LOST:
                table.lose(row, end_s, fate.error)
            case State.FAILED if fate.late:
                table.time_out(row, end_s, fate.error)
            case State.FAILED:
                table.fail(row, end_s, fate.error, fate.phase)
            case State.ABANDONED:
                table.abandon(row, end_s)
    return table


def facts_of(fates: list[Fate], *, limits: ClientLimits = ENOUGH, plan: Plan | None = None, **knobs: Any) -> Facts:
    plan = plan or Plan(target=TARGET, connections=len(fates))
    return Facts(plan=plan, limits=limits, metrics=measure(table_of(fates)), **knobs)


def judged(facts: Facts) -> Judgement:
    return judge(facts, diagnose(facts))


def verdict_on(fates: list[Fate], *requirements: Requirement) -> Verdict:
    plan = Plan(target=TARGET, connections=len(fates), requirements=requirements)
    return judged(facts_of(fates, plan=plan)).verdict


def at_least(limit: int) -> Requirement:
    return Requirement(Field.ESTABLISHED, Bound.AT_LEAST, limit)


def exactly(limit: int) -> Requirement:
    return Requirement(Field.ESTABLISHED, Bound.EXACTLY, limit)


def lost(limit: int) -> Requirement:
    return Requirement(Field.LOST, Bound.EXACTLY, limit)


def test_each_verdict_has_its_exit_status() -> None:
    assert {verdict: verdict.exit_status for verdict in Verdict} == {
        Verdict.PASS: ExitStatus.PASS,
        Verdict.FAIL: ExitStatus.FAIL,
        Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
        Verdict.INTERRUPTED: ExitStatus.INTERRUPTED,
    }
    assert [str(verdict) for verdict in Verdict] == ["PASS", "FAIL", "INCONCLUSIVE", "INTERRUPTED"]


OURS = "a limit of this client, not of the target: "


@pytest.mark.parametrize(
    ("facts", "verdict", "reason"),
    [
        pytest.param(
            facts_of([HELD] * 1_200),
            Verdict.PASS,
            "1,200 of 1,200 connections were established and held for 1s",
            id="all held",
        ),
        pytest.param(
            facts_of([HELD] * 2, plan=Plan(target=TARGET, connections=2, hold_s=90)),
            Verdict.PASS,
            "2 of 2 connections were established and held for 1m30s",
            id="held for longer",
        ),
        pytest.param(
            facts_of(
                [HELD] * 9 + [REFUSED], plan=Plan(target=TARGET, connections=10, requirements=(at_least(9), lost(0)))
            ),
            Verdict.PASS,
            "9 of 10 connections were established and held for 1s",
            id="as many as the user requires",
        ),
        pytest.param(
            facts_of([HELD] * 3, interrupted=True),
            Verdict.INTERRUPTED,
            "stopped before the end; 3 of 3 connections were established and held",
            id="stopped, although all were held",
        ),
        pytest.param(
            facts_of([HELD, REFUSED, NO_PORT, ABANDONED, PLANNED], interrupted=True),
            Verdict.INTERRUPTED,
            "stopped before the end; 1 of 5 connections were established and held",
            id="stopped",
        ),
        pytest.param(
            facts_of([HELD] + [REFUSED] * 2),
            Verdict.FAIL,
            "only 1 of 3 connections were established and held to the end: 2 × ECONNREFUSED",
            id="refused",
        ),
        pytest.param(
            facts_of([HELD] + [CLOSED_BY_PEER] * 1_001 + [RESET_BY_PEER]),
            Verdict.FAIL,
            "only 1 of 1,003 connections were established and held to the end: "
            "1,001 closed (FIN) by the peer, 1 reset (RST) by the peer",
            id="ended by the peer",
        ),
        pytest.param(
            facts_of([LATE, UNREACHABLE, UNREACHABLE, LOST_BY_PATH]),
            Verdict.FAIL,
            "only 0 of 4 connections were established and held to the end: "
            "2 × EHOSTUNREACH, 1 × dial timeout, 1 × ETIMEDOUT",
            id="swallowed by the path",
        ),
        pytest.param(
            facts_of([HELD, REFUSED, NO_DESCRIPTOR, NO_DESCRIPTOR]),
            Verdict.FAIL,
            "only 1 of 4 connections were established and held to the end: 2 × EMFILE, 1 × ECONNREFUSED",
            id="the target failed before we did",
        ),
        pytest.param(
            facts_of([HELD, NO_DESCRIPTOR, NO_DESCRIPTOR], limits=FEW),
            Verdict.INCONCLUSIVE,
            f"{OURS}2 dials ended with EMFILE: the limit is 10 (hard limit 20), enough for 6 connections",
            id="no descriptors",
        ),
        pytest.param(
            facts_of([HELD, NO_PORT]),
            Verdict.INCONCLUSIVE,
            f"{OURS}1 dial ended with EADDRNOTAVAIL",
            id="no ports",
        ),
        pytest.param(
            facts_of([HELD, LATE, NO_PORT]),
            Verdict.INCONCLUSIVE,
            f"{OURS}1 dial ended with EADDRNOTAVAIL",
            id="no ports, and a silent path",
        ),
        pytest.param(
            facts_of([PLANNED] * 7, limits=FEW, started=False),
            Verdict.INCONCLUSIVE,
            f"{OURS}7 connections need more descriptors than this process may have: "
            "the limit is 10 (hard limit 20), enough for 6 connections",
            id="impossible",
        ),
        pytest.param(
            facts_of(
                [PLANNED] * 7,
                limits=FEW,
                started=False,
                plan=Plan(target=TARGET, connections=7, requirements=(at_least(0),)),
            ),
            Verdict.INCONCLUSIVE,
            f"{OURS}7 connections need more descriptors than this process may have: "
            "the limit is 10 (hard limit 20), enough for 6 connections",
            id="impossible, and nothing required",
        ),
        pytest.param(
            facts_of([HELD] * 7, limits=FEW),
            Verdict.PASS,
            "7 of 7 connections were established and held for 1s",
            id="called impossible, and yet done",
        ),
    ],
)
def test_the_verdict_and_its_reason(facts: Facts, verdict: Verdict, reason: str) -> None:
    assert judged(facts) == Judgement(verdict, reason)


# What no table of outcomes may lead to. The rest of this file knows nothing of how the verdict is found.

ERRORS = [*sorted(errno.errorcode), 4_711, 65_535]
PHASES = (Phase.SOCKET, Phase.BIND, Phase.CONNECT, Phase.HANDSHAKE)

instants = st.sampled_from([1.0, 2.0, 3.0, 4.0])
lives = st.sampled_from([0.5, 1.0, 2.5, 9.0])
DIALS = [Fate(State.FAILED, error, phase) for error in ERRORS for phase in PHASES]

failed = st.sampled_from(DIALS)
refused_here = st.sampled_from([fate for fate in DIALS if fate.side is Side.CLIENT])
gone = st.tuples(st.sampled_from([FIN, *sorted(errno.errorcode), 65_535]), st.just(Phase.HELD), instants, lives).map(
    lambda drawn: Fate(State.LOST, *drawn)
)
held = instants.map(lambda instant: Fate(State.CLOSED, established_s=instant, life_s=TORN_DOWN_S - instant))
ended = (
    st.just(HELD) | failed | gone | st.sampled_from([REFUSED, LATE, NO_PORT, NO_DESCRIPTOR, LOST_BY_US, CLOSED_BY_PEER])
)
"""The ends that a run comes to."""
anything = ended | st.sampled_from([PLANNED, OPENING, ABANDONED, STILL_THERE, HELD, HELD, HELD]) | held

outcomes = st.lists(ended, min_size=1, max_size=8)
tables = st.lists(anything, min_size=1, max_size=8) | st.lists(st.just(HELD) | held, min_size=1, max_size=4)


@given(fates=tables, started=st.booleans(), interrupted=st.booleans(), few=st.booleans())
@example(fates=[HELD], started=True, interrupted=False, few=True)
@example(fates=[HELD, STILL_THERE], started=True, interrupted=False, few=False)
@example(fates=[ABANDONED], started=True, interrupted=False, few=False)
def test_no_false_pass(fates: list[Fate], started: bool, interrupted: bool, few: bool) -> None:
    """PASS: the run went to its end, and each connection that was planned was established and closed by us."""
    limits = FEW if few else ENOUGH
    started = started or limits.allows(len(fates))
    facts = facts_of(fates, limits=limits, started=started, interrupted=interrupted)

    if judged(facts).verdict is Verdict.PASS:
        assert [fate.state for fate in fates] == [State.CLOSED] * len(fates)
        assert (started, interrupted) == (True, False)


@given(st.integers(1, 200))
def test_no_pass_is_kept_back(connections: int) -> None:
    assert verdict_on([HELD] * connections) is Verdict.PASS


@given(st.lists(st.just(HELD) | held, min_size=2, max_size=4), lives)
@example([HELD._replace(life_s=1.0), HELD._replace(established_s=2.0)], 9.0)
def test_connections_that_took_turns_are_no_pass(fates: list[Fate], life_s: float) -> None:
    """The question is whether all can be there *at the same time*; rows of many workers may say otherwise."""
    fates = [fate._replace(life_s=min(life_s, fate.life_s)) for fate in fates]
    facts = facts_of(fates)

    assert (judged(facts).verdict is Verdict.PASS) == (facts.metrics.peak == len(fates))


@given(st.lists(refused_here, min_size=1, max_size=5), st.integers(0, 5))
@example([LOST_BY_US], 0)
@example([NO_DESCRIPTOR], 3)
def test_our_own_limit_is_inconclusive_where_the_target_did_nothing(ours: list[Fate], well: int) -> None:
    assert verdict_on([HELD] * well + ours) is Verdict.INCONCLUSIVE


@given(outcomes)
def test_the_target_is_failed_by_evidence_alone(fates: list[Fate]) -> None:
    """FAIL: something ended in a way that does not point to us."""
    sides = {fate.side for fate in fates} - {None}
    expected = (
        Verdict.PASS
        if not sides
        else Verdict.FAIL
        if sides & {Side.TARGET_KERNEL, Side.TARGET_APPLICATION} or Side.CLIENT not in sides
        else Verdict.INCONCLUSIVE
    )
    assert verdict_on(fates) is expected


@given(
    undecided=st.lists(st.sampled_from([PLANNED, OPENING, ABANDONED, STILL_THERE]), min_size=1, max_size=4),
    others=st.lists(st.sampled_from([HELD, NO_PORT, NO_DESCRIPTOR, LOST_BY_US]), max_size=4),
)
@example(undecided=[ABANDONED], others=[HELD])
@example(undecided=[OPENING], others=[HELD])
@example(undecided=[PLANNED], others=[HELD])
@example(undecided=[STILL_THERE], others=[HELD])
def test_what_was_never_decided_fails_nobody(undecided: list[Fate], others: list[Fate]) -> None:
    """A worker that died, a row that nobody dialled: no evidence against the target, and no proof for it."""
    assert verdict_on(undecided + others) is Verdict.INCONCLUSIVE


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


@given(fates=tables)
def test_a_run_that_was_stopped_says_nothing(fates: list[Fate]) -> None:
    assert judged(facts_of(fates, interrupted=True)).verdict is Verdict.INTERRUPTED


@pytest.mark.parametrize(
    "fates",
    [
        pytest.param([NO_DESCRIPTOR] * 3, id="no descriptors"),
        pytest.param([REFUSED] * 3, id="all refused"),
        pytest.param([LATE] * 3, id="silence"),
    ],
)
def test_that_nothing_was_lost_because_nothing_was_held_is_no_pass(fates: list[Fate]) -> None:
    assert verdict_on(fates, lost(0)) is not Verdict.PASS


def test_a_target_that_carries_more_than_it_should_is_told_so() -> None:
    plan = Plan(target=TARGET, connections=4, requirements=(exactly(2),))

    judgement = judged(facts_of([HELD] * 4, plan=plan))

    assert judgement.verdict is Verdict.FAIL
    assert "established = 2" in judgement.reason
    assert not judgement.reason.startswith("only 4 of 4")
    assert not judgement.reason.endswith(": ")


@given(fates=tables, started=st.booleans())
def test_there_is_always_a_reason(fates: list[Fate], started: bool) -> None:
    """A sentence with an end, whatever happened."""
    reason = judged(facts_of(fates, limits=FEW, started=started or FEW.allows(len(fates)))).reason

    assert reason == reason.strip()
    assert not reason.endswith((":", ","))
    assert "\n" not in reason
