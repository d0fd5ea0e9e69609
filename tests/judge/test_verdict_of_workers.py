"""A process of ours that died proves nothing: no PASS where it took any with it, and nobody fails for it."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.requirements import Bound, Requirement
from tcpgoon.record.connection import State
from tcpgoon.record.unserved import Unserved

from .fates import (
    ACKNOWLEDGED,
    COUNTED,
    HELD,
    OPENING,
    ORPHAN,
    ORPHANED_DIAL,
    ORPHANS,
    PLANNED,
    REFUSED,
    STILL_THERE,
    Fate,
    at_least,
    facts_of,
    judged,
    lost,
    unserved,
)
from .test_verdict import levels, tables

requirements = st.lists(
    st.builds(Requirement, st.sampled_from(COUNTED), st.sampled_from(Bound), st.integers(0, 9).map(float)), max_size=3
)
orphaned = st.lists(
    st.sampled_from(ORPHANS) | st.builds(unserved, st.sampled_from(Unserved), st.just(ORPHAN)), min_size=1, max_size=4
)


def dead(ended: str = "SIGKILL") -> Worker:
    return Worker(number=1, pid=4_711, connections=9, ended=ended, ended_s=3.0)


@given(fates=tables, gone=orphaned, level=levels, required=requirements, told=st.booleans())
@example(fates=[HELD] * 9, gone=[ORPHAN], level=ACKNOWLEDGED, required=[at_least(1)], told=True)
@example(fates=[HELD] * 9, gone=[ORPHANED_DIAL], level=ACKNOWLEDGED, required=[lost(0)], told=False)
def test_no_pass_where_a_process_of_ours_took_any_with_it(
    fates: list[Fate], gone: list[Fate], level: Assurance, required: list[Requirement], told: bool
) -> None:
    """Whatever is required, and whether the death was seen or shows in the rows alone."""
    required = [msgspec.structs.replace(one, limit=min(one.limit, len(fates))) for one in required]
    strain = Strain(workers=(dead(),) if told else ())
    for rows in (fates + gone, gone + fates):
        assert judged(facts_of(rows, level, *required, strain=strain)).verdict is not Verdict.PASS


@given(fates=tables, level=levels, required=requirements)
@example(fates=[HELD, PLANNED], level=ACKNOWLEDGED, required=[at_least(1)])
@example(fates=[HELD, OPENING], level=ACKNOWLEDGED, required=[at_least(1)])
@example(fates=[HELD, STILL_THERE], level=ACKNOWLEDGED, required=[at_least(1)])
def test_no_pass_where_a_process_of_ours_died_that_had_rows_without_an_end(
    fates: list[Fate], level: Assurance, required: list[Requirement]
) -> None:
    required = [msgspec.structs.replace(one, limit=min(one.limit, len(fates))) for one in required]
    verdict = judged(facts_of(fates, level, *required, strain=Strain(workers=(dead(),)))).verdict

    if {fate.state for fate in fates} & {State.PLANNED, State.OPENING, State.ESTABLISHED}:
        assert verdict is not Verdict.PASS
    else:  # it died when all had ended: that changes nothing
        assert verdict is judged(facts_of(fates, level, *required)).verdict


@given(
    well=st.integers(0, 5), gone=st.lists(st.sampled_from([*ORPHANS, PLANNED]), min_size=1, max_size=4), level=levels
)
def test_what_a_process_of_ours_took_with_it_fails_nobody(well: int, gone: list[Fate], level: Assurance) -> None:
    facts = facts_of([HELD] * well + gone, level, strain=Strain(workers=(dead(),)))

    assert judged(facts).verdict is Verdict.INCONCLUSIVE


@given(st.lists(st.just(REFUSED), min_size=1, max_size=4), st.lists(st.sampled_from(ORPHANS), max_size=4), levels)
def test_who_says_no_fails_whatever_died_here(noes: list[Fate], gone: list[Fate], level: Assurance) -> None:
    assert judged(facts_of([HELD, *noes, *gone], level, strain=Strain(workers=(dead(),)))).verdict is Verdict.FAIL
