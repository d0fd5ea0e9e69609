"""The most important promise: a PASS is true, and the target is not blamed for what is ours."""

import errno
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import ExitStatus
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.preflight import is_possible
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.judge.verdict import Judgement, Verdict, checked, worst
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.requirements import Bound, Field, Requirement, Statistic, Unit, parse_requirement
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.connection import State
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.unserved import Unserved

from .fates import (
    ABANDONED,
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    COUNTED,
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
    ORPHAN,
    ORPHANED_DIAL,
    ORPHANS,
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
    plan_of,
    unserved,
    verdict_on,
)


def test_the_worst_of_several() -> None:
    by_severity = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.INTERRUPTED, Verdict.FAIL]
    for number, verdict in enumerate(by_severity):
        assert worst(reversed(by_severity[: number + 1])) is verdict
        assert worst([verdict]) is verdict
    assert worst([]) is Verdict.INCONCLUSIVE


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
    | st.sampled_from([REFUSED, LATE, NO_PORT, NO_DESCRIPTOR, LOST_BY_US, CLOSED_BY_PEER, *PHANTOMS, *ORPHANS])
)
"""The ends that a run comes to, where everything that was asked is known."""
half_known = st.builds(
    lambda fate, proved, why: fate._replace(proved=proved, unserved=why),
    st.sampled_from([HELD, DOUBTFUL, STILL_THERE, CLOSED_BY_PEER, PHANTOM, SILENT_PHANTOM, ORPHAN]),
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
seconds = st.sampled_from([0.0, 0.1, 0.3, 1.0, 4.0, 60.0])
packets = st.sampled_from([0, 1, 5, 1_000])
workers = st.builds(
    Worker,
    number=st.integers(0, 3),
    pid=st.just(4_711),
    connections=st.integers(0, 8),
    lag_s=seconds,
    ramp_lag_s=seconds,
    cpu_s=seconds,
    ended=st.sampled_from(["", "", "SIGKILL"]),
)
strains = st.builds(
    Strain,
    lag_s=seconds,
    ramp_lag_s=seconds,
    run_s=seconds,
    cpu_s=seconds,
    wall_s=seconds,
    throttled_s=seconds,
    softnet_dropped=packets,
    conntrack_dropped=packets,
    conntrack_clashed=packets,
    conntrack_in_use=packets,
    memory_refused=packets,
    tasks_refused=packets,
    workers=st.just(()) | st.lists(workers, max_size=3).map(tuple),
)

counted = st.builds(Requirement, st.sampled_from(COUNTED), st.sampled_from(Bound), st.just(1.0))
requirements = st.lists(counted, max_size=3)


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
    started = started or is_possible(limits, len(fates))
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


# Processes of ours that died: see also `test_verdict_of_workers`.


@pytest.mark.parametrize(
    ("fates", "required", "verdict"),
    [
        ([HELD, ORPHAN], [at_least(1), lost(0)], Verdict.INCONCLUSIVE),
        ([HELD] * 2 + [ORPHAN], [exactly(2)], Verdict.INCONCLUSIVE),
        ([HELD] * 3 + [ORPHAN], [exactly(2)], Verdict.FAIL),
        ([HELD, ORPHAN, ORPHANED_DIAL], [at_least(3)], Verdict.INCONCLUSIVE),
        ([HELD, ORPHAN, CLOSED_BY_PEER], [at_least(2)], Verdict.INCONCLUSIVE),
        ([HELD, ORPHAN, CLOSED_BY_PEER], [at_least(3)], Verdict.FAIL),
        ([HELD, ORPHAN, CLOSED_BY_PEER], [lost(0)], Verdict.FAIL),
        ([HELD, ORPHAN, CLOSED_BY_PEER], [lost(1)], Verdict.INCONCLUSIVE),
        # It might have been lost to the target as well, had we held it for longer.
        ([HELD, ORPHAN], [lost(1)], Verdict.INCONCLUSIVE),
        # Who is in trouble is deaf, too.
        ([HELD, ORPHAN, LATE], [], Verdict.INCONCLUSIVE),
        ([HELD, ORPHANED_DIAL, LOST_BY_PATH], [], Verdict.INCONCLUSIVE),
        ([HELD, LATE], [], Verdict.FAIL),
    ],
)
def test_what_would_have_been_had_no_process_of_ours_died(
    fates: list[Fate], required: list[Requirement], verdict: Verdict
) -> None:
    assert judged(facts_of(fates, ACKNOWLEDGED, *required)).verdict is verdict


@pytest.mark.parametrize(
    ("why", "level", "again_s", "verdict"),
    [
        (Unserved.REFUSED, SERVED, None, Verdict.FAIL),
        (Unserved.SILENT, SERVED, None, Verdict.FAIL),
        (Unserved.UNACKED, ACKNOWLEDGED, None, Verdict.FAIL),
        (Unserved.REFUSED, ACKNOWLEDGED, None, Verdict.INCONCLUSIVE),
        (Unserved.NONE, SERVED, None, Verdict.INCONCLUSIVE),
        (Unserved.REFUSED, SERVED, 1.0, Verdict.INCONCLUSIVE),
    ],
)
def test_what_the_target_had_denied_before_a_process_of_ours_died_stays_denied(
    why: Unserved, level: Assurance, again_s: float | None, verdict: Verdict
) -> None:
    """Unless it was to be asked again: it might have served it then."""
    fates = [HELD, unserved(why, ORPHAN)]
    plan = plan_of(len(fates), level)
    if again_s:
        plan = msgspec.structs.replace(plan, probe=Exchange(name="echo", send="hello"), probe_every_s=again_s)
    assert judged(facts_of(fates, plan=plan)).verdict is verdict


def test_where_nobody_was_ever_answered_it_may_be_the_question_that_is_wrong() -> None:
    denied = unserved(Unserved.SILENT, ORPHAN._replace(proved=ACKNOWLEDGED))
    assert judged(facts_of([unserved(Unserved.SILENT), denied], SERVED)).verdict is Verdict.INCONCLUSIVE


# What the strain on this client changes, and what it does not.

NO_EXCUSE = Strain(
    lag_s=0.2, ramp_lag_s=0.2, run_s=9.0, cpu_s=9.0, wall_s=9.0, throttled_s=1.0, memory_refused=9, tasks_refused=9
)
"""A machine that is busy, and no more: nothing was dropped."""


@given(fates=tables, level=levels, required=requirements, strain=strains)
@example(fates=[LATE, HELD], level=ACKNOWLEDGED, required=[], strain=Strain(conntrack_dropped=5))
@example(fates=[PHANTOM, HELD], level=ACKNOWLEDGED, required=[], strain=Strain(lag_s=4.0, ramp_lag_s=4.0))
@example(fates=[unserved(Unserved.SILENT), HELD], level=SERVED, required=[], strain=Strain(lag_s=4.0))
def test_strain_turns_a_verdict_into_no_other_than_inconclusive(
    fates: list[Fate], level: Assurance, required: list[Requirement], strain: Strain
) -> None:
    """And says so: the first finding is ours."""
    at_ease = facts_of(fates, level, *required)
    under_strain = msgspec.structs.replace(at_ease, strain=strain)
    before, after = judged(at_ease).verdict, judged(under_strain).verdict

    if after is not before:
        assert after is Verdict.INCONCLUSIVE
        assert diagnose(under_strain)[0].side is Side.CLIENT


@given(fates=tables, level=levels, required=requirements)
@example(fates=[LATE, HELD], level=ACKNOWLEDGED, required=[])
@example(fates=[*PHANTOMS, HELD], level=ACKNOWLEDGED, required=[])
@example(fates=[unserved(Unserved.SILENT), HELD], level=SERVED, required=[])
def test_a_busy_machine_is_no_excuse(fates: list[Fate], level: Assurance, required: list[Requirement]) -> None:
    at_ease = facts_of(fates, level, *required)

    assert judged(msgspec.structs.replace(at_ease, strain=NO_EXCUSE)).verdict is judged(at_ease).verdict


@given(well=st.integers(0, 5), noes=st.lists(st.just(REFUSED), min_size=1, max_size=5), level=levels, strain=strains)
def test_who_says_no_fails_whatever_became_of_us(well: int, noes: list[Fate], level: Assurance, strain: Strain) -> None:
    assert judged(facts_of([HELD] * well + noes, level, strain=strain)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("fates", "level", "strain", "verdict"),
    [
        ([HELD, LATE], ACKNOWLEDGED, Strain(conntrack_dropped=3), Verdict.INCONCLUSIVE),
        ([HELD, LATE], ACKNOWLEDGED, Strain(conntrack_dropped=2), Verdict.FAIL),
        ([HELD, LATE, REFUSED], ACKNOWLEDGED, Strain(conntrack_dropped=99), Verdict.FAIL),
        ([HELD, SILENT_PHANTOM], ACKNOWLEDGED, Strain(softnet_dropped=5), Verdict.INCONCLUSIVE),
        ([HELD, PHANTOM], ACKNOWLEDGED, Strain(softnet_dropped=99), Verdict.FAIL),
        ([HELD, LATE, PHANTOM], ACKNOWLEDGED, Strain(ramp_lag_s=0.3), Verdict.INCONCLUSIVE),
        ([HELD, LATE, PHANTOM], ACKNOWLEDGED, Strain(lag_s=60.0), Verdict.FAIL),
        ([HELD, LATE, CLOSED_BY_PEER], ACKNOWLEDGED, Strain(ramp_lag_s=0.3), Verdict.FAIL),
        ([HELD, CLOSED_BY_PEER], ACKNOWLEDGED, Strain(lag_s=1.5, run_s=3.0), Verdict.INCONCLUSIVE),
        ([HELD, CLOSED_BY_PEER], ACKNOWLEDGED, Strain(lag_s=1.5, run_s=60.0), Verdict.FAIL),
        ([HELD, unserved(Unserved.SILENT)], SERVED, Strain(lag_s=60.0), Verdict.FAIL),
        ([HELD, unserved(Unserved.SILENT)], ACKNOWLEDGED, Strain(lag_s=60.0), Verdict.PASS),
        ([HELD, unserved(Unserved.REFUSED)], SERVED, Strain(lag_s=60.0), Verdict.FAIL),
        ([HELD] * 9, ACKNOWLEDGED, Strain(lag_s=60.0, ramp_lag_s=60.0, softnet_dropped=99), Verdict.PASS),
    ],
)
def test_an_end_is_forgiven_where_we_can_have_caused_it(
    fates: list[Fate], level: Assurance, strain: Strain, verdict: Verdict
) -> None:
    assert judged(facts_of(fates, level, strain=strain)).verdict is verdict


@pytest.mark.parametrize(("lag_s", "verdict"), [(1.2, Verdict.FAIL), (1.25, Verdict.INCONCLUSIVE)])
def test_silence_within_tls_is_forgiven_where_our_own_steps_came_late(lag_s: float, verdict: Verdict) -> None:
    fates = [HELD, unserved(Unserved.SILENT)]
    plan = plan_of(len(fates), SERVED, tls=TlsOptions(verify=False))
    assert judged(facts_of(fates, plan=plan, strain=Strain(lag_s=lag_s))).verdict is verdict


@pytest.mark.parametrize(
    ("silent", "connections", "verdict"),
    [(1, 1, Verdict.INCONCLUSIVE), (2, 1, Verdict.FAIL), (2, 2, Verdict.INCONCLUSIVE), (3, 0, Verdict.FAIL)],
)
def test_no_more_is_forgiven_than_the_worker_had_that_was_late(silent: int, connections: int, verdict: Verdict) -> None:
    fates = [HELD] + [unserved(Unserved.SILENT)] * silent
    plan = plan_of(len(fates), SERVED, tls=TlsOptions(verify=False))
    late = Worker(number=0, pid=4_711, connections=connections, lag_s=1.25)
    on_time = Worker(number=1, pid=4_712, connections=len(fates) - connections)
    strain = Strain().shared((late, on_time), cores=2)
    assert judged(facts_of(fates, plan=plan, strain=strain)).verdict is verdict


def test_who_looked_too_late_does_not_know_whether_they_came_in_time() -> None:
    """The dial timeout is 5 s. Of a handshake with one SYN the kernel knows; of a second one it does not."""
    late = HELD._replace(established_s=6.0, life_s=4.0)
    strain = Strain(lag_s=5.5, ramp_lag_s=5.5)
    assert judged(facts_of([HELD, late], strain=strain)).verdict is Verdict.PASS
    assert judged(facts_of([HELD, late._replace(retransmits=1)], strain=strain)) == Judgement(
        Verdict.INCONCLUSIVE,
        "a limit of this client, not of the target: this client did not look at its connections for 5.5s: whether all "
        "were established within 5s is not known",
    )


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
    started = started or is_possible(FEW, len(fates))
    reason = judged(facts_of(fates, level, limits=FEW, started=started, newcomers=newcomers)).reason

    assert reason == reason.strip()
    assert not reason.endswith((":", ",", "()"))
    assert "\n" not in reason


# Requirements on times, and on what is repeated.

SLOW = HELD._replace(start_s=0.9, rtt_us=100_000)
"""Established in 100 ms, as the kernel saw it too."""
LATE_SEEN = HELD._replace(start_s=0.9)
"""In 100 µs, which we saw after 100 ms."""
WELCOME = Knock(at_s=3.0, held=3, fared=Fared.WELCOME, time_s=0.05, gone_s=3.1)


def on(fates: list[Fate], *texts: str, **knobs: Any) -> Judgement:
    return judged(facts_of(fates, ACKNOWLEDGED, *map(parse_requirement, texts), **knobs))


ALL_HELD = "3 of 3 connections were established, acknowledged and held"


@pytest.mark.parametrize(
    ("fates", "text", "verdict", "reason"),
    [
        ([HELD._replace(start_s=0.999)] * 3, "establishment < 50ms", Verdict.PASS, f"{ALL_HELD} for 1s"),
        (
            [SLOW] * 3,
            "p99 establishment < 50ms",
            Verdict.FAIL,
            f"{ALL_HELD}, but p99 establishment is 100ms, required: < 50ms",
        ),
        (
            [LATE_SEEN] * 3,
            "p99 establishment < 50ms",
            Verdict.INCONCLUSIVE,
            "p99 establishment is 100ms, required: < 50ms: how much of that is this client's own is not known",
        ),
        ([LATE_SEEN] * 3, "handshake < 50ms", Verdict.PASS, f"{ALL_HELD} for 1s"),
        (
            [HELD._replace(rtt_us=0)] * 3,
            "handshake < 50ms",
            Verdict.INCONCLUSIVE,
            "max handshake is not known, required: < 50ms",
        ),
        ([HELD, HELD, HELD], "retransmitted < 1%", Verdict.PASS, f"{ALL_HELD} for 1s"),
        (
            [HELD, HELD, HELD._replace(retransmits=1)],
            "retransmitted < 1%",
            Verdict.FAIL,
            f"{ALL_HELD}, but retransmitted is 1, required: < 1%",
        ),
        (
            [SLOW, SLOW, REFUSED],
            "establishment < 50ms",
            Verdict.FAIL,
            "only 2 of 3 connections were established, acknowledged and held to the end: 1 × ECONNREFUSED; "
            "establishment is 100ms, required: < 50ms",
        ),
        (
            [HELD._replace(start_s=0.999)] * 2 + [REFUSED],
            "establishment < 50ms",
            Verdict.FAIL,
            "only 2 of 3 connections were established, acknowledged and held to the end: 1 × ECONNREFUSED",
        ),
        (
            [HELD] * 2 + [REFUSED],
            "established >= 60%",
            Verdict.PASS,
            "2 of 3 connections were established, acknowledged and held for 1s",
        ),
    ],
)
def test_a_requirement_on_times(fates: list[Fate], text: str, verdict: Verdict, reason: str) -> None:
    assert on(fates, text) == Judgement(verdict, reason.replace("max handshake", "handshake"))


def test_a_newcomer_that_waits_for_ever() -> None:
    plan = plan_of(3, requirements=(parse_requirement("newcomer < 100ms"),), hold_s=2)
    waiting = msgspec.structs.replace(WELCOME, fared=Fared.WAITING)
    assert judged(facts_of([HELD] * 3, plan=plan, newcomers=(WELCOME,))).verdict is Verdict.PASS
    assert judged(facts_of([HELD] * 3, plan=plan, newcomers=(waiting,))) == Judgement(
        Verdict.FAIL, f"{ALL_HELD}, but newcomer is without end, required: < 100ms"
    )
    assert judged(facts_of([HELD] * 3, plan=plan)) == Judgement(
        Verdict.INCONCLUSIVE, "newcomer is not known, required: < 100ms"
    )


timed = st.builds(
    Requirement,
    st.sampled_from([Field.ESTABLISHMENT, Field.HANDSHAKE]),
    st.sampled_from(Bound),
    st.sampled_from([0.0, 0.0001, 0.05, 0.5, 1.0, 5.0]),
    st.just(Unit.SECONDS),
    st.none() | st.sampled_from(Statistic),
)


@given(fates=tables, level=levels, required=st.lists(timed | counted, min_size=1, max_size=3))
def test_what_is_bounded_besides_makes_no_pass_of_anything(
    fates: list[Fate], level: Assurance, required: list[Requirement]
) -> None:
    """Bounding a time asks for more, never for less: all that has to be there without it has to be there with it."""
    with_times = verdict_on(fates, *required, level=level)
    without = verdict_on(fates, *(one for one in required if one.field in COUNTED), level=level)
    assert with_times is not Verdict.PASS or without is Verdict.PASS
    assert without is not Verdict.FAIL or with_times is Verdict.FAIL


@given(fates=tables, level=levels, required=st.lists(timed | counted, max_size=3), interrupted=st.booleans())
def test_what_came_of_each_requirement_adds_up_to_the_verdict(
    fates: list[Fate], level: Assurance, required: list[Requirement], interrupted: bool
) -> None:
    facts = facts_of(fates, level, *required, interrupted=interrupted)
    came = [one.holds for one in checked(facts)]
    assert [one.requirement for one in checked(facts)][: len(facts.plan.required)] == list(facts.plan.required)
    match judged(facts).verdict:
        case Verdict.PASS:
            assert all(came)
        case Verdict.FAIL:
            assert False in came
        case Verdict.INTERRUPTED:
            assert set(came) <= {None}
        case Verdict.INCONCLUSIVE:
            assert False not in came
            assert None in came


def came_of(fates: list[Fate], *texts: str, **knobs: Any) -> list[tuple[str, bool | None, float | None, str]]:
    facts = facts_of(fates, ACKNOWLEDGED, *map(parse_requirement, texts), **knobs)
    return [(one.text, one.holds, one.measured and round(one.measured, 9), one.said) for one in checked(facts)]


def test_what_came_of_a_requirement() -> None:
    assert came_of([SLOW, SLOW, REFUSED], "establishment < 50ms") == [
        ("establishment < 50ms", False, 0.1, "establishment is 100ms, required: < 50ms"),
        ("established >= 3", False, 2, "established is 2, required: >= 3"),
        ("peak >= 3", False, 2, "peak is 2, required: >= 3"),
        ("lost = 0", True, 0, "lost is 0, required: = 0"),
    ]
    assert came_of([LATE_SEEN] * 3, "establishment < 50ms", "established >= 3")[:2] == [
        ("establishment < 50ms", None, 0.1, "establishment is 100ms, required: < 50ms"),
        ("established >= 3", True, 3, "established is 3, required: >= 3"),
    ]


def test_what_never_ended_or_was_not_measured_is_no_number() -> None:
    plan = plan_of(3, requirements=(parse_requirement("newcomer < 100ms"),), hold_s=2)
    waiting = msgspec.structs.replace(WELCOME, fared=Fared.WAITING)
    (newcomer, *_) = checked(facts_of([HELD] * 3, plan=plan, newcomers=(waiting,)))
    assert (newcomer.holds, newcomer.measured) == (False, None)
    assert newcomer.said == "newcomer is without end, required: < 100ms"
    (unmeasured, *_) = checked(facts_of([HELD] * 3, plan=plan))
    assert (unmeasured.holds, unmeasured.measured) == (None, None)
    assert unmeasured.said == "newcomer is not known, required: < 100ms"


def test_that_something_is_held_is_required_where_nothing_is() -> None:
    assert came_of([REFUSED], "established >= 0")[-1] == ("peak >= 1", False, 0, "peak is 0, required: >= 1")
    assert came_of([HELD], "established >= 0")[-1] == ("peak >= 1", True, 1, "peak is 1, required: >= 1")
    assert "peak >= 1" not in [text for text, *_ in came_of([REFUSED] * 2)]


def test_of_a_run_that_was_not_begun_nothing_is_known() -> None:
    assert {(holds, measured) for _, holds, measured, _ in came_of([HELD], started=False)} == {(None, None)}
