"""Whatever happened, nobody is blamed who is not to blame: runs at random, and what is found in them."""

import errno
import heapq
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpgoon.judge.codes import TITLES
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.judge.seen import HANDFUL
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.probe import ProbeAt
from tcpgoon.record.connection import State
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import Phase, Side
from tcpgoon.record.said import escape
from tcpgoon.record.shape import shape
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

from .fates import (
    ABANDONED,
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    DOUBTFUL,
    ENOUGH,
    HALF_OPEN,
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
    ORPHANS,
    PHANTOM,
    PLANNED,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SERVED_THEN_DOUBTFUL,
    SILENT_PHANTOM,
    STILL_THERE,
    TAKEN,
    UNREACHABLE,
    Fate,
    end,
    plan_of,
)
from .runs import NEVER_TAKEN, NO_NET, ONE_TOO_MANY, RESET_DIAL, at_site, died, facts, knock

# Runs in which all goes well.

Times = Callable[[Random, float], float]
"""A time at random, such as come from a path or a service whose times are about so many seconds."""

SPREADS: dict[str, Times] = {
    "always the same": lambda random, mean_s: mean_s,
    "uniform": lambda random, mean_s: random.uniform(0.5, 2.0) * mean_s,
    "exponential": lambda random, mean_s: random.expovariate(1 / mean_s),
    "with a long tail": lambda random, mean_s: random.lognormvariate(0, 1.5) * mean_s,
    "one of two ways": lambda random, mean_s: mean_s * random.choice((0.01, 2.0)),
}


DIAL_TIMEOUT_S = 5.0

LONGEST_DETOUR_S = 0.6
"""Whose handshake takes more than a second has its SYN repeated."""


class Course(NamedTuple):
    """How a run goes in which all goes well."""

    connections: int
    level: Assurance
    every_s: float
    max_dialing: int
    rtt_s: float
    path: Times
    service_s: float
    service: Times
    one_at_a_time: bool
    """The service answers one request after the other."""
    probe_at: ProbeAt
    hold_s: float
    sources: int
    repeated: int
    """So many SYNs were lost, by chance."""
    knocks: int
    looks: bool
    """Somebody looks at the target."""
    seed: int


COURSES = st.builds(
    Course,
    connections=st.sampled_from([1, 2, 5, 30, 250, 1_000]),
    level=st.sampled_from([HANDSHAKE, ACKNOWLEDGED, SERVED]),
    every_s=st.sampled_from([0.0, 0.0001, 0.001, 0.01, 0.1, 1.0]),
    max_dialing=st.sampled_from([1, 20, 512]),
    rtt_s=st.sampled_from([0.0001, 0.002, 0.05, 0.3]),
    path=st.sampled_from(list(SPREADS.values())),
    service_s=st.sampled_from([0.0001, 0.002, 0.05, 0.3]),
    service=st.sampled_from(list(SPREADS.values())),
    one_at_a_time=st.booleans(),
    probe_at=st.sampled_from([ProbeAt.OPEN, ProbeAt.PEAK]),
    hold_s=st.sampled_from([0.0, 1.0, 30.0]),
    sources=st.sampled_from([1, 2, 7]),
    repeated=st.integers(0, HANDFUL),
    knocks=st.integers(0, 6),
    looks=st.booleans(),
    seed=st.integers(0, 2**32),
)


def started(course: Course, loss: float) -> tuple[Table, list[float], Random]:
    """All are dialled as they are due, as long as no more than so many are in flight; and how long each will take."""
    random, table, flying = Random(course.seed), Table(course.connections), [0.0] * course.max_dialing
    unlucky = set(random.sample(range(course.connections), min(course.repeated, course.connections)))
    took_s, now_s = [], 0.0
    for row in range(course.connections):
        now_s = max(now_s, row * course.every_s, heapq.heappop(flying))
        table.dial(row, now_s, row % course.sources)
        again = int(row in unlucky)
        while random.random() < loss:
            again += 1
        took_s.append(again + course.rtt_s + min(course.path(random, course.rtt_s), LONGEST_DETOUR_S))
        heapq.heappush(flying, now_s + took_s[row])
    return table, took_s, random


def healthy(course: Course, ours: Sequence[Fate] = (), share: float = 0.0, loss: float = 0.0) -> Facts:
    """A run in which such a ``share`` meets a fate of ``ours``, and all others are held as the plan asks for it.

    Such a share of all SYNs is lost besides those that the course has: who is unlucky five times has timed out.
    """
    table, took_s, random = started(course, loss)
    spoiled = {row: random.choice(ours) for row in range(table.rows) if random.random() < share}
    for row, fate in spoiled.items():
        if fate.state is not State.LOST:
            end(table, row, fate, table.start_s[row])
    for row in range(table.rows):
        if table.state[row] == State.OPENING and row not in spoiled and took_s[row] >= DIAL_TIMEOUT_S:
            table.time_out(row, table.start_s[row] + DIAL_TIMEOUT_S, errno.ETIMEDOUT)
    held = [row for row in range(table.rows) if table.state[row] == State.OPENING and row not in spoiled]
    for row in (*held, *(row for row, fate in spoiled.items() if fate.state is State.LOST)):
        again = int(took_s[row])
        rtt_us = int((took_s[row] - again) * 1e6)
        table.establish(row, table.start_s[row] + took_s[row], max(rtt_us, 1), again)
        if row in spoiled:
            end(table, row, spoiled[row], table.established_s[row] + spoiled[row].life_s)
    open_s = max((table.established_s[row] for row in held), default=0.0)
    end_s = max([open_s, *prove(table, held, course, random, open_s)]) + course.hold_s
    for row in held:
        table.close(row, end_s)
    return facts_of_run(table, course, random, end_s)


def prove(table: Table, held: list[int], course: Course, random: Random, open_s: float) -> Iterator[float]:
    """All prove to be held at the level asked for; the times at which the last of it was over."""
    free_s = 0.0
    for row in sorted(held, key=lambda row: table.established_s[row]):
        if course.level >= ACKNOWLEDGED:
            table.acknowledge(row)
        if course.level is SERVED:
            table.ask(row, open_s if course.probe_at is ProbeAt.PEAK else table.established_s[row])
            begin_s = max(free_s, table.asked_s[row]) if course.one_at_a_time else table.asked_s[row]
            free_s = begin_s + course.service(random, course.service_s)
            table.serve(row, free_s)
            yield free_s


def facts_of_run(table: Table, course: Course, random: Random, end_s: float) -> Facts:
    pacing = ConstantRate(course.every_s) if course.every_s else AllAtOnce()
    knobs = {"hold_s": course.hold_s, "max_dialing": course.max_dialing, "dial_timeout_s": DIAL_TIMEOUT_S}
    plan = plan_of(table.rows, course.level, pacing=pacing, **knobs)
    newcomers = tuple(
        knock(
            at_s=end_s - course.hold_s * number / 10 if number else 0.0,
            held=table.rows if number else 0,
            time_s=random.uniform(0.5, 2.0) * (course.rtt_s + course.service_s),
        )
        for number in range(course.knocks)
    )
    site = at_site(queued=random.choice((0, 3)), stood_s=0.1, held=table.rows, descriptors=900)
    return Facts(
        plan=plan,
        limits=ENOUGH,
        metrics=measure(table, plan.level, newcomers),
        shape=shape(table),
        newcomers=newcomers,
        on_site=site if course.looks else None,
    )


@settings(derandomize=True, max_examples=300, deadline=None)
@given(COURSES)
def test_nothing_is_found_where_all_goes_well(course: Course) -> None:
    assert diagnose(healthy(course)) == ()


@settings(derandomize=True, max_examples=300, deadline=None)
@given(COURSES, st.sampled_from([0.01, 0.05, 0.2, 0.4]))
def test_the_target_is_not_blamed_for_what_the_path_loses_by_chance(course: Course, loss: float) -> None:
    assert {finding.side for finding in diagnose(healthy(course, loss=loss))} <= {Side.PATH}


# Runs in which our own kernel is all that goes wrong.

OURS = (
    NO_DESCRIPTOR,
    NO_DESCRIPTOR._replace(error=errno.ENOMEM),
    NO_PORT,
    NO_PORT._replace(phase=Phase.BIND),
    NO_PORT._replace(error=errno.ENOBUFS),
    NO_PORT._replace(error=errno.ETIMEDOUT),
    NO_PORT._replace(error=errno.ECONNREFUSED),
    LOST_BY_US,
    LOST_BY_US._replace(life_s=0.0),
    *ORPHANS,
    ORPHAN._replace(life_s=0.0),
    OPENING,
    ABANDONED,
)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(COURSES, st.lists(st.sampled_from(OURS), min_size=1, max_size=3), st.sampled_from([0.05, 0.5, 1.0]))
def test_nobody_else_is_blamed_for_what_our_own_kernel_refused(course: Course, ours: list[Fate], share: float) -> None:
    assert {finding.side for finding in diagnose(healthy(course, ours, share))} <= {Side.CLIENT}


# Runs in which anything happens.

FATES = (
    *(ABANDONED, CLOSED_BY_PEER, DOUBTFUL, HALF_OPEN, HELD, LATE, LOST_BY_PATH, LOST_BY_US, NEVER_TAKEN, NOT_ASKED),
    *(NO_DESCRIPTOR, NO_NET, NO_PORT, OPENING, PHANTOM, PLANNED, REFUSED, RESET_BY_PEER, RESET_DIAL, STILL_THERE),
    *(SERVED_THEN_DOUBTFUL, SILENT_PHANTOM, TAKEN, UNREACHABLE, *ORPHANS),
)
WHYS = st.sampled_from([why for why in Unserved if why is not Unserved.UNACKED])
"""What is never acknowledged is lost: that is `NEVER_TAKEN`, or this one, which had been proved before."""
SILENT_LATER = LOST_BY_PATH._replace(unserved=Unserved.UNACKED)

PLAIN = st.sampled_from([*FATES, SILENT_LATER])
ANY_FATE = st.one_of(
    PLAIN,
    st.sampled_from([ONE_TOO_MANY]),
    st.builds(
        lambda fate, why, again, answer_s: fate._replace(
            unserved=fate.unserved or why, retransmits=again, answer_s=answer_s
        ),
        st.sampled_from([fate for fate in FATES if fate.state in (State.CLOSED, State.LOST)]),
        WHYS,
        st.integers(0, 5),
        st.sampled_from([0.0, 0.001, 0.5, 4.0]),
    ),
    st.builds(
        lambda fate, life_s: fate._replace(life_s=life_s),
        st.sampled_from([fate for fate in FATES if fate.state is State.LOST]),
        st.sampled_from([0.0, 0.0002, 0.3, 1.0, 3.0]),
    ),
    # Later than any of them is established.
    st.builds(died, st.sampled_from([CLOSED_BY_PEER, RESET_BY_PEER, LOST_BY_PATH]), st.sampled_from([900.0, 901.0])),
)
LOTS = st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 11, 40, 130]), ANY_FATE), min_size=1, max_size=5)

KNOCKS = st.builds(
    Knock,
    at_s=st.sampled_from([0.0, 1.0, 5.0, 899.0, 950.0]),
    held=st.sampled_from([0, 1, 100]),
    fared=st.sampled_from(list(Fared)),
    time_s=st.sampled_from([0.0, 0.002, 0.3, 3.0]),
    gone_s=st.just(950.0),
    error=st.sampled_from([0, errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EHOSTUNREACH]),
    kept_place=st.booleans(),
)
WORDS = st.binary(max_size=300) | st.sampled_from([b"-ERR max number of clients reached\r\n", b"Too many connections"])
SAYINGS = st.builds(
    lambda words, count, why: Saying(escape(words), count, why), WORDS, st.integers(1, 99), st.sampled_from(Unserved)
)
SITES = st.builds(
    at_site,
    queued=st.sampled_from([0, 5, 11, 129, 10_000]),
    backlog=st.sampled_from([None, 0, 10, 128]),
    held=st.sampled_from([0, 50]),
    descriptors=st.sampled_from([0, 20, 63, 1_024, 2_000]),
    limit=st.sampled_from([0, 64, 1_024]),
    listens_before=st.booleans(),
    listens=st.booleans(),
    listens_after=st.booleans(),
    overflows=st.sampled_from([0, 1, 10_000]),
    stood_s=st.sampled_from([0.0, 0.5, 60.0]),
)
NUMBERS = st.sampled_from([0, 1, 10_000])
WORKERS = st.builds(
    Worker,
    number=st.integers(0, 4),
    pid=st.integers(1, 4_194_304),
    connections=NUMBERS,
    lag_s=st.sampled_from([0.0, 0.1, 9.0]),
    ramp_lag_s=st.sampled_from([0.0, 0.1, 9.0]),
    cpu_s=st.sampled_from([0.0, 9.0]),
    ended=st.sampled_from(["", "", "SIGKILL", "exit status 70", "stalled", "SIGTERM"]),
    ended_s=st.none() | st.sampled_from([0.0, 9.0]),
)
STRAINS = st.builds(
    Strain,
    lag_s=st.sampled_from([0.0, 0.1, 9.0]),
    cpu_s=st.sampled_from([0.0, 9.0]),
    wall_s=st.sampled_from([0.0, 9.0]),
    throttled_s=st.sampled_from([0.0, 9.0]),
    softnet_dropped=NUMBERS,
    conntrack_dropped=NUMBERS,
    conntrack_in_use=NUMBERS,
    memory_refused=NUMBERS,
    oom_kills=NUMBERS,
    workers=st.lists(WORKERS, max_size=5).map(tuple),
    tasks_refused=NUMBERS,
)
RUNS = st.builds(
    lambda lots, knocks, **knobs: facts(*lots, newcomers=tuple(sorted(knocks, key=lambda one: one.at_s)), **knobs),
    LOTS,
    st.lists(KNOCKS, max_size=4),
    level=st.sampled_from([HANDSHAKE, ACKNOWLEDGED, SERVED]),
    every_s=st.sampled_from([0.0, 0.001, 0.01, 1.0]),
    hold_s=st.sampled_from([0.0, 1.0, 5.0]),
    sources=st.sampled_from([1, 3]),
    sayings=st.lists(SAYINGS, max_size=2).map(tuple),
    on_site=st.none() | SITES,
    strain=STRAINS,
    started=st.sampled_from([True, True, True, False]),
    interrupted=st.sampled_from([False, False, False, True]),
)


@settings(max_examples=600, deadline=None)
@given(RUNS)
def test_any_run_can_be_diagnosed_and_what_is_found_can_be_said(run: Facts) -> None:
    for finding in diagnose(run):
        assert faults_of(finding, run) == []


def faults_of(finding: Finding, run: Facts) -> list[str]:
    """What is wrong with it, in the test's own words."""
    said = [finding.sentence, finding.remedy, *finding.commands]
    return [
        fault
        for fault, there in {
            "an unknown code": finding.code not in TITLES,
            "a control character": any(unicodedata.category(char).startswith("C") for char in "".join(said)),
            "a full stop": finding.sentence.endswith(".") or finding.remedy.endswith("."),
            "a capital": finding.sentence[:1].isupper() and not finding.sentence.startswith("SYN"),
            "more than there are": not 0 <= finding.accounts_for <= run.plan.connections + HANDFUL,
            "a value that is none": "None" in "".join(said),
            "a number below 0": any(f" -{digit}" in finding.sentence for digit in range(10)),
            "no data": not msgspec.json.encode(finding).startswith(b"{"),
        }.items()
        if there
    ]
