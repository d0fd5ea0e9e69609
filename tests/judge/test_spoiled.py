"""What may be our doing is what our lag, or our host's drops, are able to explain; a busy machine is no excuse."""

import errno
from typing import Any

import msgspec
import pytest

from tcpgoon.judge import spoiled
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.ending import Ending
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.unserved import Unserved

from .fates import (
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    ENOUGH,
    HALF_OPEN,
    HELD,
    LATE,
    LOST_BY_PATH,
    NO_PORT,
    ORPHAN,
    PHANTOM,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SILENT_PHANTOM,
    UNREACHABLE,
    Fate,
    facts_of,
    plan_of,
    unserved,
)
from .runs import at_site

GIVEN_UP = LATE._replace(late=False)
"""Our kernel gave it up: the dial timeout was a long one."""


def facts(fates: list[Fate], strain: Strain, level: Any = ACKNOWLEDGED, **plan: Any) -> Facts:
    return facts_of(fates, plan=plan_of(len(fates), level, **plan), strain=strain)


def named(found: "dict[Ending, int]") -> dict[str, int]:
    return {ending.name: count for ending, count in found.items()}


DIED = [HELD, LATE, LATE, LATE, REFUSED, UNREACHABLE, NO_PORT, PHANTOM, HALF_OPEN, SILENT_PHANTOM, CLOSED_BY_PEER]
"""Ends of every kind."""


# A burst that nobody asked for.


@pytest.mark.parametrize(
    ("lag_s", "pacing", "most"),
    [
        pytest.param(0.0, ConstantRate(0.01), 0, id="no lag"),
        pytest.param(0.249, ConstantRate(0.001), 0, id="the lag of any busy machine"),
        pytest.param(0.25, ConstantRate(0.125), 2, id="two"),
        pytest.param(0.25, ConstantRate(0.2), 0, id="one dial is no burst"),
        pytest.param(9.0, ConstantRate(1.0), 9, id="nine"),
        pytest.param(9.0, ConstantRate(0.01), 11, id="never more than there are"),
        pytest.param(9.0, AllAtOnce(), 0, id="a burst was what was asked for"),
    ],
)
def test_how_many_our_lag_made_a_burst_of(lag_s: float, pacing: ConstantRate | AllAtOnce, most: int) -> None:
    assert spoiled.burst(facts(DIED, Strain(ramp_lag_s=lag_s, lag_s=60.0), pacing=pacing)) == most


@pytest.mark.parametrize(
    ("lag_s", "found"),
    [
        (1.0, {}),
        (2.0, {"dial timeout": 2}),
        (4.0, {"dial timeout": 3, "RST": 1}),
        (9.0, {"dial timeout": 3, "RST": 1, "half-open": 1, "no answer": 1}),
    ],
)
def test_what_came_to_nothing_in_a_burst(lag_s: float, found: dict[str, int]) -> None:
    """Who says no says it at any pace; and no more of the others than were put off."""
    seen = facts(DIED, Strain(ramp_lag_s=lag_s, lag_s=lag_s), pacing=ConstantRate(1.0))
    assert named(spoiled.by_burst(seen)) == found


@pytest.mark.parametrize(
    ("nothing_since", "found"), [(0, {}), (2, {"dial timeout": 2}), (9, {"dial timeout": 3, "RST": 1})]
)
def test_what_came_to_nothing_before_the_burst_is_none_of_it(nothing_since: int, found: dict[str, int]) -> None:
    seen = facts(DIED, Strain(ramp_lag_s=4.0, lag_s=4.0), pacing=ConstantRate(1.0))
    shape = msgspec.structs.replace(seen.shape, came_to_nothing=nothing_since)
    assert named(spoiled.by_burst(msgspec.structs.replace(seen, shape=shape))) == found


def test_a_lag_after_the_dials_makes_no_burst() -> None:
    assert not spoiled.by_burst(facts(DIED, Strain(lag_s=9.0, ramp_lag_s=0.01), pacing=ConstantRate(1.0)))


@pytest.mark.parametrize(
    ("queued", "stood_s", "most"), [(129, 0.5, 0), (129, 0.4, 9), (128, 0.5, 9)], ids=["stuck", "it moves", "not full"]
)
def test_a_queue_that_nobody_empties_overflows_at_any_pace(queued: int, stood_s: float, most: int) -> None:
    seen = facts(DIED, Strain(ramp_lag_s=9.0, lag_s=9.0), pacing=ConstantRate(1.0))
    at_the_target = msgspec.structs.replace(seen, on_site=at_site(queued=queued, backlog=128, stood_s=stood_s))
    assert spoiled.burst(at_the_target) == most


# The same where several processes dial: a lag is that of one of them.


def worker(number: int, lag_s: float, connections: int = 25) -> Worker:
    return Worker(number=number, pid=4_700 + number, connections=connections, lag_s=lag_s, ramp_lag_s=lag_s)


def shared(
    fates: list[Fate], lags_s: list[float], level: Any = ACKNOWLEDGED, connections: int = 25, **plan: Any
) -> Facts:
    workers = [worker(number, lag_s, connections) for number, lag_s in enumerate(lags_s)]
    return facts(fates, Strain().shared(workers, cores=2), level, **plan)


@pytest.mark.parametrize(
    ("lags_s", "interval_s", "max_dialing", "most"),
    [
        pytest.param([0.0, 0.0, 0.0, 0.0], 0.01, 512, 0, id="none stood still"),
        pytest.param([1.0, 0.0, 0.0, 0.0], 0.0625, 512, 4, id="one of four: a quarter of 16"),
        pytest.param([1.0, 1.0, 1.0, 1.0], 0.0625, 512, 16, id="all of them: all of it"),
        pytest.param([0.5, 1.0, 0.24, 0.25], 0.0625, 512, 7, id="each its own, but for the lag of any busy machine"),
        pytest.param([1.0, 0.0, 0.0, 0.0], 0.25, 512, 0, id="one dial is no burst"),
        pytest.param([1.0, 1.0, 0.0, 0.0], 0.25, 512, 2, id="two are"),
        pytest.param([1.0, 0.0, 0.0, 0.0], 0.0625, 2, 8, id="two dial at a time: half of it"),
        pytest.param([9.0, 0.0, 0.0, 0.0], 0.01, 512, 25, id="never more than it has"),
        pytest.param([9.0, 9.0, 9.0, 9.0], 0.01, 512, 44, id="never more than there are"),
    ],
)
def test_the_burst_of_a_worker_is_its_share(
    lags_s: list[float], interval_s: float, max_dialing: int, most: int
) -> None:
    seen = shared(DIED * 4, lags_s, pacing=ConstantRate(interval_s), max_dialing=max_dialing)
    assert spoiled.burst(seen) == most


@pytest.mark.parametrize("lags_s", [[9.0, 0.0], [9.0, 9.0]])
def test_workers_that_dial_all_at_once_make_no_other_burst(lags_s: list[float]) -> None:
    assert spoiled.burst(shared(DIED, lags_s, pacing=AllAtOnce())) == 0


@pytest.mark.parametrize(("lags_s", "found"), [([4.0, 0.0], 2), ([4.0, 4.0], 4), ([0.0, 0.0], 0)])
def test_no_more_than_its_share_came_to_nothing_by_the_lag_of_a_worker(lags_s: list[float], found: int) -> None:
    """What the others dialled in time is the target's."""
    assert spoiled.by_burst(shared([*DIED, LATE, LATE], lags_s, pacing=ConstantRate(1.0))).total() == found


# A probe that ran out of time.

SILENT, UNACKED = unserved(Unserved.SILENT), unserved(Unserved.UNACKED)
ASKED = [
    *(HELD, SILENT, SILENT, UNACKED, unserved(Unserved.LATE), unserved(Unserved.UNEXPECTED)),
    *(unserved(Unserved.REFUSED), unserved(Unserved.ENDED, CLOSED_BY_PEER), unserved(Unserved.SILENT, RESET_BY_PEER)),
    *(unserved(Unserved.UNACKED, SILENT_PHANTOM), SILENT_PHANTOM, PHANTOM),
]


@pytest.mark.parametrize(("lag_s", "held", "lost"), [(1.24, 0, {}), (1.25, 5, {"ECONNRESET": 1, "no answer": 1})])
def test_a_probe_that_had_less_time_than_it_was_promised(lag_s: float, held: int, lost: dict[str, int]) -> None:
    """A refusal and a close are answers; a phantom that was not asked by the probe had all its time."""
    seen = facts(ASKED, Strain(lag_s=lag_s), SERVED, probe_timeout_s=5.0, tls=TlsOptions(verify=False))
    assert spoiled.unanswered(seen) == held
    assert named(spoiled.by_short_time(seen)) == lost
    whys = {Unserved.SILENT, Unserved.UNACKED, Unserved.LATE, Unserved.UNEXPECTED}
    assert spoiled.short_of_time(seen) == (whys if held else set())


@pytest.mark.parametrize(
    ("lags_s", "connections", "held", "lost"),
    [
        pytest.param([1.24, 1.24], 12, 0, {}, id="none looked away for long"),
        pytest.param([1.25, 0.0], 12, 5, {"ECONNRESET": 1, "no answer": 1}, id="one that had enough of them"),
        pytest.param([1.25, 0.0], 4, 2, {"ECONNRESET": 1, "no answer": 1}, id="one that had no more than four"),
        pytest.param([1.25, 0.0], 1, 0, {"ECONNRESET": 1}, id="one that had a single one"),
        pytest.param([1.25, 9.0], 1, 0, {"ECONNRESET": 1, "no answer": 1}, id="two of them"),
    ],
)
def test_only_the_probes_of_who_looked_away_had_less_time(
    lags_s: list[float], connections: int, held: int, lost: dict[str, int]
) -> None:
    tls = TlsOptions(verify=False)
    seen = shared(ASKED, lags_s, SERVED, connections, probe_timeout_s=5.0, tls=tls)
    assert (spoiled.unanswered(seen), named(spoiled.by_short_time(seen))) == (held, lost)


def test_all_end_the_hold_together_and_so_all_are_held_longer_by_the_lag_of_one() -> None:
    fates = [HELD, CLOSED_BY_PEER, RESET_BY_PEER]
    strain = msgspec.structs.replace(Strain(run_s=3.0), workers=(worker(0, 0.0), worker(1, 1.0)), lag_s=1.0)
    assert named(spoiled.by_delay(facts(fates, strain))) == {"FIN": 1, "ECONNRESET": 1}


def test_all_are_held_longer_where_they_had_to_wait_for_one_that_stood_still() -> None:
    fates = [HELD, CLOSED_BY_PEER, RESET_BY_PEER]
    strain = Strain(run_s=3.0, waited_s=1.0, workers=(worker(0, 0.0), worker(1, 0.0)))
    assert named(spoiled.by_delay(facts(fates, strain))) == {"FIN": 1, "ECONNRESET": 1}
    assert not spoiled.by_delay(facts(fates, msgspec.structs.replace(strain, waited_s=0.9)))


def test_whom_a_process_of_ours_took_along_had_no_short_time() -> None:
    """What it had never acknowledged shows in the rows of the dead one; the phantom is another."""
    fates = [HELD, SILENT_PHANTOM, unserved(Unserved.UNACKED, ORPHAN)]
    seen = facts(fates, Strain(lag_s=9.0), SERVED, probe_timeout_s=5.0, tls=TlsOptions(verify=False))
    assert (spoiled.unanswered(seen), spoiled.by_short_time(seen)) == (0, {})


def test_a_plain_question_is_one_step_and_its_time_begins_with_it() -> None:
    seen = facts(ASKED, Strain(lag_s=60.0), SERVED, probe_timeout_s=5.0)
    assert (spoiled.unanswered(seen), spoiled.by_short_time(seen), spoiled.short_of_time(seen)) == (0, {}, frozenset())


def test_where_nobody_is_to_be_served_no_answer_is_missed() -> None:
    seen = facts(ASKED, Strain(lag_s=60.0), ACKNOWLEDGED)
    assert (spoiled.unanswered(seen), spoiled.short_of_time(seen)) == (0, frozenset())


# A connection that was held too long.


@pytest.mark.parametrize(
    ("lag_s", "run_s", "found"),
    [
        pytest.param(0.99, 2.5, {}, id="too short a lag"),
        pytest.param(1.0, 3.0, {"FIN": 1, "ECONNRESET": 2}, id="gone by then"),
        pytest.param(1.0, 3.1, {}, id="still there then"),
    ],
)
def test_what_the_peer_closed_when_we_were_to_be_gone(lag_s: float, run_s: float, found: dict[str, int]) -> None:
    fates = [HELD, CLOSED_BY_PEER, RESET_BY_PEER, RESET_BY_PEER, LOST_BY_PATH]  # at the age of 2 s
    assert named(spoiled.by_delay(facts(fates, Strain(lag_s=lag_s, run_s=run_s)))) == found


def test_a_peer_that_closed_some_of_them_sooner_would_have_closed_all() -> None:
    fates = [CLOSED_BY_PEER, CLOSED_BY_PEER._replace(life_s=0.01)]
    assert not spoiled.by_delay(facts(fates, Strain(lag_s=1.0, run_s=2.5)))


# Packets that our own host dropped.

SILENCE = [HELD, LATE, LATE, GIVEN_UP, REFUSED, UNREACHABLE, SILENT_PHANTOM, LOST_BY_PATH, PHANTOM, CLOSED_BY_PEER]


@pytest.mark.parametrize(
    ("dropped", "dial_timeout_s", "found"),
    [
        (0, 5.0, {}),
        (2, 5.0, {}),
        (3, 5.0, {"dial timeout": 1}),
        (3, 1.0, {"dial timeout": 2, "ETIMEDOUT": 1}),
        (4, 1.5, {"dial timeout": 2}),
        (99, 5.0, {"dial timeout": 2, "ETIMEDOUT": 1}),
    ],
)
def test_dials_whose_every_syn_connection_tracking_may_have_dropped(
    dropped: int, dial_timeout_s: float, found: dict[str, int]
) -> None:
    seen = facts(SILENCE, Strain(conntrack_dropped=dropped), dial_timeout_s=dial_timeout_s)
    assert named(spoiled.by_conntrack(seen)) == found


@pytest.mark.parametrize(
    ("limit", "in_use", "full"), [(None, 100, False), (100, 97, False), (100, 98, True), (100, 100, True)]
)
def test_a_full_table_needs_no_count_of_what_it_dropped(limit: int | None, in_use: int, full: bool) -> None:
    limits = msgspec.structs.replace(ENOUGH, conntrack=limit)
    seen = facts_of(SILENCE, limits=limits, strain=Strain(conntrack_in_use=in_use))
    assert spoiled.conntrack_is_full(seen) is full
    assert named(spoiled.by_conntrack(seen)) == ({"dial timeout": 2, "ETIMEDOUT": 1} if full else {})


@pytest.mark.parametrize(
    ("dropped", "found"),
    [
        (2, {}),
        (9, {"dial timeout": 2, "ETIMEDOUT (failed)": 1}),
        (13, {"dial timeout": 2, "ETIMEDOUT (failed)": 1}),
        (14, {"dial timeout": 2, "ETIMEDOUT (failed)": 1, "ETIMEDOUT (lost)": 1}),
        (99, {"dial timeout": 2, "ETIMEDOUT (failed)": 1, "ETIMEDOUT (lost)": 1, "no answer": 1}),
    ],
)
def test_ends_by_silence_that_the_queue_of_received_packets_explains(dropped: int, found: dict[str, int]) -> None:
    seen = facts(SILENCE, Strain(softnet_dropped=dropped), dial_timeout_s=5.0)
    which = {Phase.HANDSHAKE: "ETIMEDOUT (failed)", Phase.HELD: "ETIMEDOUT (lost)"}
    named_by_phase = {
        which[ending.phase] if ending.name == "ETIMEDOUT" else ending.name: count
        for ending, count in spoiled.by_softnet(seen).items()
    }
    assert named_by_phase == found


# All of it together.


def test_no_connection_is_counted_twice() -> None:
    """Both the burst and connection tracking explain the three dials."""
    strain = Strain(lag_s=60.0, ramp_lag_s=60.0, conntrack_dropped=99)
    found = spoiled.endings(facts([LATE, LATE, LATE, REFUSED], strain, pacing=ConstantRate(1.0)))
    assert [(ending.error, ending.closed_by, ending.count) for ending in found] == [(errno.ETIMEDOUT, ClosedBy.US, 3)]


def test_part_of_them_may_be_ours() -> None:
    found = spoiled.endings(facts([LATE] * 3, Strain(conntrack_dropped=6), dial_timeout_s=5.0))
    assert [(ending.name, ending.count) for ending in found] == [("dial timeout", 2)]


@pytest.mark.parametrize("level", [ACKNOWLEDGED, SERVED])
def test_a_busy_machine_explains_nothing(level: Any) -> None:
    strain = Strain(lag_s=0.2, ramp_lag_s=0.2, cpu_s=9.0, wall_s=9.0, throttled_s=0.5, run_s=9.0, conntrack_in_use=99)
    assert spoiled.endings(facts([*DIED, *ASKED, *SILENCE], strain, level)) == []


# What was found only when we looked again.


def slowest(dial_s: float = 0.0, answer_s: float = 0.0, lag_s: float = 0.0, level: Any = SERVED) -> Facts:
    seen = facts([HELD], Strain(lag_s=lag_s), level, dial_timeout_s=1.0, probe_timeout_s=2.0)
    metrics = msgspec.structs.replace(seen.metrics, slowest_dial_s=dial_s, slowest_answer_s=answer_s)
    return msgspec.structs.replace(seen, metrics=metrics)


@pytest.mark.parametrize(("dial_s", "late"), [(0.5, False), (1.1, False), (1.2, True)])
def test_dials_that_were_seen_late(dial_s: float, late: bool) -> None:
    assert spoiled.late_dials(slowest(dial_s=dial_s)) is late


@pytest.mark.parametrize(
    ("answer_s", "lag_s", "level", "late"),
    [
        (1.9, 9.0, SERVED, False),
        (2.2, 9.0, SERVED, False),
        (2.3, 9.0, SERVED, True),
        (2.3, 0.4, SERVED, False),
        (2.3, 9.0, ACKNOWLEDGED, False),
    ],
)
def test_answers_that_were_seen_late(answer_s: float, lag_s: float, level: Any, late: bool) -> None:
    """Without a lag it is what the server said first, before it was asked, that took its time."""
    assert spoiled.late_answers(slowest(answer_s=answer_s, lag_s=lag_s, level=level)) is late
