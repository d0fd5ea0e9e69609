"""What this client spoiled although nothing was refused: said where it explains a bad end, and nowhere else."""

from typing import Any

import msgspec
import pytest

from tcpgoon.judge import lift
from tcpgoon.judge.client_speed import RULES, conntrack, dropped_packets, slow
from tcpgoon.judge.facts import Confidence, Facts, Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.outcome import Side
from tcpgoon.record.unserved import Unserved

from .fates import (
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    ENOUGH,
    HELD,
    LATE,
    REFUSED,
    SERVED,
    SILENT_PHANTOM,
    Fate,
    facts_of,
    plan_of,
    unserved,
)

TRACKED = msgspec.structs.replace(ENOUGH, conntrack=1_000)


def facts(
    fates: list[Fate],
    level: Assurance = ACKNOWLEDGED,
    *,
    limits: ClientLimits = ENOUGH,
    plan: Any = None,
    **strain: Any,
) -> Facts:
    planned = plan_of(len(fates), level, pacing=ConstantRate(0.125), **(plan or {}))
    return facts_of(fates, plan=planned, limits=limits, strain=Strain(**strain))


BUSY: dict[str, Any] = {
    "lag_s": 0.2,
    "ramp_lag_s": 0.2,
    "run_s": 9.0,
    "cpu_s": 9.0,
    "wall_s": 9.0,
    "throttled_s": 1.0,
    "softnet_dropped": 2,
    "conntrack_dropped": 2,
    "conntrack_in_use": 970,
    "memory_refused": 9,
    "tasks_refused": 9,
}


@pytest.mark.parametrize("fates", [[HELD] * 9, [HELD, LATE, REFUSED, CLOSED_BY_PEER, SILENT_PHANTOM]])
def test_a_busy_client_is_no_finding(fates: list[Fate]) -> None:
    assert [finding for rule in RULES for finding in rule(facts(fates, limits=TRACKED, **BUSY))] == []


STOPPED: dict[str, Any] = {
    "lag_s": 9.0,
    "ramp_lag_s": 9.0,
    "run_s": 9.5,
    "softnet_dropped": 99,
    "conntrack_dropped": 99,
}


def test_a_client_that_stood_still_and_did_no_harm_is_none() -> None:
    assert [finding for rule in RULES for finding in rule(facts([HELD, REFUSED], limits=TRACKED, **STOPPED))] == []


# TG104


def test_a_table_of_connections_that_is_full() -> None:
    seen = facts([HELD, LATE, LATE], limits=TRACKED, conntrack_dropped=7, conntrack_in_use=1_000)
    assert list(conntrack(seen)) == [
        Finding(
            code="TG104",
            side=Side.CLIENT,
            confidence=Confidence.CERTAIN,
            sentence="2 dials ended in silence: connection tracking on this client's host dropped 7 packets, "
            "with 1,000 flows of 1,000 in its table",
            remedy="make the table of tracked connections larger, or exempt these connections from tracking",
            commands=lift.conntrack(TRACKED, 3),
            evidence={"dropped": 7, "clashed": 0, "in_use": 1_000, "limit": 1_000},
            accounts_for=2,
        )
    ]


@pytest.mark.parametrize(
    ("limits", "strain", "confidence", "why"),
    [
        (
            TRACKED,
            {"conntrack_in_use": 1_000},
            Confidence.LIKELY,
            "connection tracking on this client's host was full, with 1,000 flows of 1,000",
        ),
        (
            ENOUGH,
            {"conntrack_dropped": 3, "conntrack_clashed": 1, "conntrack_in_use": 50},
            Confidence.CERTAIN,
            "connection tracking on this client's host dropped 3 packets, with 50 flows in its table",
        ),
        (
            ENOUGH,
            {"conntrack_dropped": 3, "conntrack_clashed": 2},
            Confidence.CERTAIN,
            "connection tracking on this client's host dropped 3 packets, since its NAT had no port left",
        ),
    ],
)
def test_what_connection_tracking_dropped(
    limits: ClientLimits, strain: dict[str, Any], confidence: Confidence, why: str
) -> None:
    (finding,) = conntrack(facts([HELD, LATE], limits=limits, **strain))
    assert (finding.sentence, finding.confidence) == (f"1 dial ended in silence: {why}", confidence)


def test_nat_is_given_more_ports() -> None:
    (finding,) = conntrack(facts([LATE], conntrack_dropped=3, conntrack_clashed=3))
    assert finding.remedy == (
        "give the rule that translates addresses more ports or addresses, or take these connections out of it"
    )
    assert finding.commands == ("nft list ruleset  # as root: look for snat and masquerade",)


# TG105

ON_TIME = {"dial_timeout_s": 5.0, "probe_timeout_s": 4.0, "tls": TlsOptions(verify=False)}


def test_a_client_that_was_stopped() -> None:
    fates = [HELD, LATE, LATE, unserved(Unserved.SILENT), unserved(Unserved.REFUSED)]
    (finding,) = slow(facts(fates, SERVED, plan=ON_TIME, lag_s=1.5, ramp_lag_s=1.25, cpu_s=0.25, wall_s=2.0))
    assert finding == Finding(
        code="TG105",
        side=Side.CLIENT,
        confidence=Confidence.LIKELY,
        sentence="this client did not look at its connections for 1.5s: up to 5 dials were made in one burst "
        "after it, and 2 came to nothing; 1 probe may have had less than 4s for the answer",
        remedy="leave this client enough CPU time, and do not stop it: something else had the machine",
        commands=("vmstat 1  # while it runs: r is who waits for a core, st is what the hypervisor took",),
        evidence={
            "lag_s": 1.5,
            "ramp_lag_s": 1.25,
            "waited_s": 0.0,
            "workers": 0,
            "worker_pid": None,
            "cpu_share": 0.125,
            "cores": 1,
            "throttled_s": 0.0,
            "lateness_p90_s": 0.9999,
            "handshake_rtt_p90_s": 0.0001,
            "slowest_dial_s": 0.0001,
            "slowest_answer_s": 0.0,
        },
        accounts_for=3,
    )


@pytest.mark.parametrize(
    ("strain", "why", "remedy"),
    [
        (
            {"throttled_s": 0.75, "cpu_s": 2.0, "wall_s": 2.0},
            " (its CPU quota held it up for 750ms)",
            "give its cgroup more CPU time",
        ),
        (
            {"throttled_s": 0.74, "cpu_s": 1.6, "wall_s": 2.0},
            " (it used 80% of a core)",
            "ask for fewer dials at once (--max-dialing, --rate), or dial from a faster machine",
        ),
    ],
)
def test_why_it_was_slow(strain: dict[str, Any], why: str, remedy: str) -> None:
    fates = [HELD, unserved(Unserved.SILENT), unserved(Unserved.LATE)]
    (finding,) = slow(facts(fates, SERVED, plan=ON_TIME, lag_s=1.5, **strain))
    assert finding.sentence == (
        f"this client did not look at its connections for 1.5s{why}: 2 probes may have had less than 4s for the answer"
    )
    assert finding.remedy == remedy


def test_a_quota_is_lifted() -> None:
    limited = msgspec.structs.replace(ENOUGH, cpu_quota=0.5)
    (finding,) = slow(
        facts([unserved(Unserved.SILENT)], SERVED, plan=ON_TIME, limits=limited, lag_s=2.0, throttled_s=2.0)
    )
    assert finding.commands == lift.cpu(limited, 1)
    several = facts(
        [unserved(Unserved.SILENT)],
        SERVED,
        plan=ON_TIME,
        limits=limited,
        lag_s=2.0,
        throttled_s=2.0,
        cores=4,
        workers=(worker(0, lag_s=2.0), worker(1)),
    )
    assert [one.commands for one in slow(several)] == [lift.cores(limited, 4)]


def worker(number: int, **knobs: Any) -> Worker:
    return Worker(number=number, pid=4_700 + number, connections=2, **knobs)


@pytest.mark.parametrize(
    ("lags_s", "who"),
    [
        ([1.5], "one of 1 worker process of this client (pid 4700) did not look at its connections for 1.5s"),
        ([0.249, 1.5], "one of 2 worker processes of this client (pid 4701) did not look at its connections for 1.5s"),
        (
            [0.25, 1.5, 0.1],
            "2 of 3 worker processes of this client did not look at their connections, the slowest (pid 4701) for 1.5s",
        ),
    ],
)
def test_which_worker_stood_still(lags_s: list[float], who: str) -> None:
    workers = tuple(worker(number, lag_s=lag_s) for number, lag_s in enumerate(lags_s))
    (finding,) = slow(facts([HELD, unserved(Unserved.SILENT)], SERVED, plan=ON_TIME, lag_s=1.5, workers=workers))
    assert finding.sentence == f"{who}: 1 probe may have had less than 4s for the answer"
    slowest = 4_700 + lags_s.index(1.5)
    assert (finding.evidence["workers"], finding.evidence["worker_pid"]) == (len(lags_s), slowest)


@pytest.mark.parametrize(
    ("lag_s", "sentence"),
    [
        (
            1.9,
            "3 worker processes of this client were kept waiting for 2s by one that stood still: the peer closed 2 "
            "that we were to close before",
        ),
        (
            2.0,
            "one of 3 worker processes of this client (pid 4701) did not look at its connections for 2s (it used 80% "
            "of a core): the peer closed 2 that we were to close before",
        ),
    ],
)
def test_all_had_to_wait_for_one(lag_s: float, sentence: str) -> None:
    """Which of the two it was is said: who opens the gates has no connections, and who died tells of no lag."""
    workers = (worker(0), worker(1, lag_s=lag_s, cpu_s=1.6), worker(2))
    fates = [HELD, CLOSED_BY_PEER, CLOSED_BY_PEER]
    (finding,) = slow(facts(fates, lag_s=lag_s, waited_s=2.0, run_s=3.5, cores=3, wall_s=2.0, workers=workers))
    assert (finding.sentence, finding.accounts_for, finding.evidence["waited_s"]) == (sentence, 2, 2.0)


@pytest.mark.parametrize(
    ("cpu_s", "own_s", "why", "remedy"),
    [
        (
            3.2,
            1.6,
            " (all of them used 160% of 2 cores)",
            "ask for fewer dials at once (--max-dialing, --rate), or dial from a faster machine",
        ),
        (
            3.0,
            1.6,
            " (it used 80% of a core)",
            "share the connections among more processes (--workers), or ask for fewer dials at once",
        ),
        (
            3.0,
            1.5,
            "",
            "leave this client enough CPU time, and do not stop it: something else had the machine",
        ),
    ],
)
def test_why_a_worker_was_slow(cpu_s: float, own_s: float, why: str, remedy: str) -> None:
    """All together may use all cores, a worker no more than one."""
    workers = (worker(0, lag_s=1.5, cpu_s=own_s), worker(1, cpu_s=cpu_s - own_s))
    strain: dict[str, Any] = {"lag_s": 1.5, "cpu_s": cpu_s, "wall_s": 2.0, "cores": 2, "workers": workers}
    (finding,) = slow(facts([HELD, unserved(Unserved.SILENT)], SERVED, plan=ON_TIME, **strain))
    assert finding.sentence == (
        f"one of 2 worker processes of this client (pid 4700) did not look at its connections for 1.5s{why}: "
        "1 probe may have had less than 4s for the answer"
    )
    assert (finding.remedy, finding.evidence["cores"]) == (remedy, 2)


@pytest.mark.parametrize(("lag_s", "count"), [(0.2, 0), (1.5, 1)])
def test_workers_that_are_merely_busy_are_no_finding(lag_s: float, count: int) -> None:
    workers = (worker(0, lag_s=lag_s, ramp_lag_s=0.2, cpu_s=9.0), worker(1, lag_s=0.2, ramp_lag_s=0.2, cpu_s=9.0))
    strain = {**BUSY, "lag_s": lag_s, "workers": workers, "cores": 2}
    fates = [HELD, LATE, REFUSED, CLOSED_BY_PEER, SILENT_PHANTOM, unserved(Unserved.SILENT)]
    assert len(list(slow(facts(fates, SERVED, plan=ON_TIME, **strain)))) == count


def test_what_the_peer_closed_since_we_did_not() -> None:
    (finding,) = slow(facts([HELD, CLOSED_BY_PEER, CLOSED_BY_PEER], lag_s=2.0, run_s=4.0))
    assert finding.sentence == (
        "this client did not look at its connections for 2s: the peer closed 2 that we were to close before"
    )
    assert finding.accounts_for == 2


def test_what_was_seen_too_late_to_be_known() -> None:
    seen = facts([HELD], SERVED, plan=ON_TIME, lag_s=6.0)
    metrics = msgspec.structs.replace(seen.metrics, slowest_dial_s=6.0, slowest_answer_s=6.0)
    (finding,) = slow(msgspec.structs.replace(seen, metrics=metrics))
    assert finding.sentence == (
        "this client did not look at its connections for 6s: whether all were established within 5s is not known; "
        "whether all were served within 4s is not known"
    )
    assert (finding.accounts_for, finding.evidence["slowest_dial_s"]) == (0, 6.0)


def test_where_nothing_was_measured_there_is_no_number() -> None:
    (finding,) = slow(facts([LATE] * 9, lag_s=9.0, ramp_lag_s=9.0))
    assert (finding.evidence["lateness_p90_s"], finding.evidence["handshake_rtt_p90_s"]) == (None, None)


def test_packets_that_our_queue_had_no_room_for() -> None:
    assert list(dropped_packets(facts([HELD, LATE, SILENT_PHANTOM], softnet_dropped=1_234))) == [
        Finding(
            code="TG105",
            side=Side.CLIENT,
            confidence=Confidence.POSSIBLE,
            sentence="2 connections ended in silence, and this client's host dropped 1,234 packets that it had "
            "received, since their queue was full",
            remedy="dial and confirm more slowly (--rate, --confirm-rate), or make that queue longer",
            commands=("sysctl -w net.core.netdev_max_backlog=10000  # as root",),
            evidence={"softnet_dropped": 1_234, "silent": 2},
            accounts_for=2,
        )
    ]


def test_the_rules_and_their_order() -> None:
    assert (conntrack, slow, dropped_packets) == RULES
