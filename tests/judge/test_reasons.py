"""The sentences, to the letter."""

import math

import pytest

from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.reasons import carried, left_open, shortfall, stopped, unfinished
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.plan.requirements import parse_requirement
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared
from tcpgoon.record.unserved import Unserved

from .fates import (
    ABANDONED,
    CLOSED_BY_PEER,
    DOUBTFUL,
    FEW,
    HALF_OPEN,
    HANDSHAKE,
    HELD,
    LATE,
    LOST_BY_PATH,
    NO_DESCRIPTOR,
    NO_PORT,
    NOT_ASKED,
    OPENING,
    ORPHAN,
    ORPHANED_DIAL,
    PHANTOM,
    PLANNED,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SILENT_PHANTOM,
    STILL_THERE,
    TAKEN,
    UNREACHABLE,
    Fate,
    at_least,
    exactly,
    facts_of,
    knock,
    lost,
    plan_of,
    unserved,
)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (facts_of([HELD] * 1_200, HANDSHAKE), "1,200 of 1,200 connections were established and held for 1s"),
        (facts_of([HELD] * 2), "2 of 2 connections were established, acknowledged and held for 1s"),
        (
            facts_of([HELD, REFUSED], plan=plan_of(2, SERVED, hold_s=90)),
            "1 of 2 connections were established, served and held for 1m30s",
        ),
    ],
)
def test_of_a_pass(facts: Facts, reason: str) -> None:
    assert carried(facts) == reason


def test_of_a_run_that_was_stopped_it_is_said_what_our_kernel_held() -> None:
    """Most of the proof comes at the end: that it was not reached says nothing about the target."""
    facts = facts_of([HELD, NOT_ASKED, REFUSED, NO_PORT, ABANDONED, PLANNED], SERVED, interrupted=True)

    assert stopped(facts) == "stopped before the end; 2 of 6 connections were established and held"


@pytest.mark.parametrize(
    ("fate", "count"),
    [(PLANNED, 1), (OPENING, 1), (ABANDONED, 1), (STILL_THERE, 1), (HELD, 0), (REFUSED, 0), (PHANTOM, 0)],
)
def test_which_were_not_carried_to_an_end(fate: Fate, count: int) -> None:
    assert unfinished(facts_of([HELD, fate])) == count


NOT_VERIFIABLE = "not verifiable with this probe: nobody was ever answered as expected"
WORKERS = (
    Worker(number=0, pid=4_711, connections=2),
    Worker(number=1, pid=4_712, connections=3, ended="SIGKILL", ended_s=3.25),
)
OURS = "a limit of this client, not of the target: "


@pytest.mark.parametrize(
    ("facts", "not_verifiable", "reason"),
    [
        pytest.param(
            facts_of([HELD, NO_DESCRIPTOR, NO_DESCRIPTOR], limits=FEW),
            0,
            f"{OURS}2 dials ended with EMFILE: the limit is 10 (hard limit 20), enough for 6 connections",
            id="no descriptors",
        ),
        pytest.param(
            facts_of([HELD, LATE, NO_PORT, DOUBTFUL]),
            0,
            f"{OURS}1 dial ended with EADDRNOTAVAIL: no local port is left towards this destination",
            id="no ports, whatever else",
        ),
        pytest.param(
            facts_of([PLANNED] * 7, limits=FEW, started=False),
            0,
            f"{OURS}this client cannot hold 7 connections, at most 6 (descriptors): 10 (hard limit 20), 4 for us",
            id="impossible",
        ),
        pytest.param(
            facts_of([HELD] * 2 + [ORPHAN, ORPHANED_DIAL, NO_DESCRIPTOR], strain=Strain(workers=WORKERS)),
            0,
            "this client failed, not the target: 1 of 2 worker processes of this client died (pid 4712: SIGKILL after "
            "3.25s), and 2 connections went with it",
            id="a worker died, whatever else",
        ),
        pytest.param(
            facts_of([HELD, DOUBTFUL], strain=Strain(workers=WORKERS)),
            0,
            "1 of 2 connections were still in doubt at the end: hold them longer (--hold)",
            id="a worker died, and took none with it",
        ),
        pytest.param(
            facts_of([HELD, OPENING, DOUBTFUL]),
            0,
            "this client left 1 of 3 connections without an end",
            id="not carried to an end",
        ),
        pytest.param(
            facts_of([HELD._replace(life_s=1.0), HELD._replace(established_s=3.0)]),
            0,
            "this client closed some before it had all; 2 of 2 connections were established, acknowledged and held, "
            "at most 1 at once",
            id="took turns",
        ),
        pytest.param(
            facts_of([HELD] * 1_940 + [DOUBTFUL] * 60),
            0,
            "60 of 2,000 connections were still in doubt at the end: hold them longer (--hold)",
            id="in doubt",
        ),
        pytest.param(
            facts_of([NOT_ASKED] * 1_000 + [HELD]),
            0,
            "it is not known whether 1,000 of 1,001 connections are there: this client could not ask them "
            "(--assurance handshake asks for less)",
            id="nobody asked whether they are there",
        ),
        pytest.param(
            facts_of([TAKEN, HELD], SERVED),
            0,
            "it is not known whether 1 of 2 connections are served: nobody asked them",
            id="nobody asked whether they are served",
        ),
        pytest.param(
            facts_of([HELD, CLOSED_BY_PEER], newcomers=(knock(2.75, 1),)),
            0,
            "a newcomer of ours may have pushed out 1 of them: ask again with --no-canary",
            id="pushed out",
        ),
        pytest.param(
            facts_of([HELD, PHANTOM], newcomers=(knock(-1.0, 0, kept_place=True),)),
            0,
            "a newcomer of ours may still have had the place of 1 of them when it had left: ask again with --no-canary",
            id="kept out",
        ),
        pytest.param(
            facts_of([unserved(Unserved.SILENT)] * 100, SERVED),
            100,
            f"{NOT_VERIFIABLE} (100 gave no answer within 5s)",
            id="nobody answers",
        ),
        pytest.param(
            facts_of([unserved(Unserved.SILENT)], SERVED, newcomers=(knock(0.0, 0, Fared.WAITING),)),
            1,
            "not verifiable with this probe: nobody, not even a newcomer before the first, was ever answered as "
            "expected (1 gave no answer within 5s)",
            id="nobody answers, nor the newcomer before the first",
        ),
        pytest.param(
            facts_of([unserved(Unserved.SILENT)], SERVED, newcomers=(knock(0.0, 0, Fared.UNASKED), knock(2.0, 1))),
            1,
            f"{NOT_VERIFIABLE} (1 gave no answer within 5s)",
            id="no newcomer before the first",
        ),
        pytest.param(
            facts_of(
                [unserved(Unserved.UNTRUSTED)] * 3
                + [unserved(Unserved.UNEXPECTED)] * 2
                + [unserved(Unserved.REFUSED), unserved(Unserved.ENDLESS, CLOSED_BY_PEER), unserved(Unserved.NO_TLS)],
                SERVED,
            ),
            6,
            f"{NOT_VERIFIABLE} (3 showed a certificate that does not verify, 2 gave another answer than expected, "
            "1 failed in the TLS handshake): trust who signed it (--ca), or do not verify it (--no-tls-verify)",
            id="mistrusted",
        ),
        pytest.param(
            facts_of([unserved(Unserved.ENDLESS), DOUBTFUL], SERVED),
            1,
            f"{NOT_VERIFIABLE} (1 talked on without the answer); "
            "1 of 2 connections were still in doubt at the end: hold them longer (--hold)",
            id="for more than one reason",
        ),
    ],
)
def test_of_what_is_not_known(facts: Facts, not_verifiable: int, reason: str) -> None:
    assert left_open(facts, diagnose(facts), not_verifiable) == reason


SAID = (
    Saying("-ERR max number of clients reached", 511, Unserved.REFUSED),
    Saying("bye", 400, Unserved.NONE),
    Saying("-LOADING", 1, Unserved.REFUSED),
)


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        pytest.param(
            facts_of([HELD, REFUSED, LATE, UNREACHABLE, UNREACHABLE, LOST_BY_PATH], HANDSHAKE),
            "only 1 of 6 connections were established and held to the end: "
            "2 × EHOSTUNREACH, 1 × dial timeout, 1 × ECONNREFUSED, 1 × ETIMEDOUT",
            id="dials",
        ),
        pytest.param(
            facts_of([HELD] + [CLOSED_BY_PEER] * 1_001 + [RESET_BY_PEER]),
            "only 1 of 1,003 connections were established, acknowledged and held to the end: "
            "1,001 closed (FIN) by the peer, 1 reset (RST) by the peer",
            id="ended by the peer",
        ),
        pytest.param(
            facts_of([TAKEN] * 11 + [PHANTOM] * 47 + [HALF_OPEN, SILENT_PHANTOM]),
            "only 11 of 60 connections were established, acknowledged and held to the end: "
            "47 phantoms (RST), 1 phantom (half-open), 1 phantom (no answer)",
            id="phantoms",
        ),
        pytest.param(
            facts_of([HELD] + [unserved(Unserved.SILENT)] * 190 + [unserved(Unserved.LATE)] * 3, SERVED),
            "only 1 of 194 connections were established, served and held to the end: "
            "190 gave no answer within 5s, 3 answered later than 5s",
            id="not served",
        ),
        pytest.param(
            facts_of([HELD, unserved(Unserved.SILENT)], plan=plan_of(2, SERVED, probe_timeout_s=0.25)),
            "only 1 of 2 connections were established, served and held to the end: 1 gave no answer within 250ms",
            id="the time that was given",
        ),
        pytest.param(
            facts_of(
                [unserved(Unserved.REFUSED, CLOSED_BY_PEER)] * 300 + [unserved(Unserved.REFUSED)] * 212,
                SERVED,
                sayings=SAID,
            ),
            "only 0 of 512 connections were established, served and held to the end: "
            '512 × refused: "-ERR max number of clients reached"',
            id="refused, with its words, and then closed or not",
        ),
        pytest.param(
            facts_of([unserved(Unserved.REFUSED)] * 2, SERVED),
            "only 0 of 2 connections were established, served and held to the end: 2 × refused",
            id="refused without a word",
        ),
        pytest.param(
            facts_of(
                [unserved(Unserved.ENDED, CLOSED_BY_PEER), unserved(Unserved.ENDED, RESET_BY_PEER), CLOSED_BY_PEER],
                SERVED,
            ),
            "only 0 of 3 connections were established, served and held to the end: "
            "1 closed (FIN) by the peer, 2 closed before the answer",
            id="closed before the answer, or before the question",
        ),
        pytest.param(
            facts_of([unserved(Unserved.SILENT), unserved(Unserved.ENDED, CLOSED_BY_PEER), HELD]),
            "only 2 of 3 connections were established, acknowledged and held to the end: 1 closed before the answer",
            id="that it is not served does not matter where no more than a sign of life is asked for",
        ),
        pytest.param(
            facts_of([unserved(Unserved.UNACKED), HELD]),
            "only 1 of 2 connections were established, acknowledged and held to the end: "
            "1 never acknowledged the request",
            id="not acknowledged",
        ),
        pytest.param(
            facts_of([HELD, PHANTOM, DOUBTFUL, NOT_ASKED, unserved(Unserved.SILENT, DOUBTFUL)], SERVED),
            "only 1 of 5 connections were established, served and held to the end: "
            "1 gave no answer within 5s, 1 phantom (RST), 1 in doubt, 1 not asked",
            id="and what is not known",
        ),
        pytest.param(
            facts_of([HELD, REFUSED, CLOSED_BY_PEER, DOUBTFUL, *[ORPHAN] * 1_000, *[ORPHANED_DIAL] * 2]),
            "only 1 of 1,006 connections were established, acknowledged and held to the end: 1 × ECONNREFUSED, "
            "1 closed (FIN) by the peer, 1,002 went with a worker process of this client that died, 1 in doubt",
            id="and what is ours",
        ),
        pytest.param(
            facts_of([HELD] * 4, HANDSHAKE, exactly(2), lost(1)),
            "4 of 4 connections were established and held, at most 4 at once; required: established = 2, lost = 1",
            id="all went well",
        ),
    ],
)
def test_of_a_fail(facts: Facts, what: str) -> None:
    assert shortfall(facts, [(one, 3.0) for one in facts.plan.requirements]) == what


@pytest.mark.parametrize("why", sorted(set(Unserved) - {Unserved.NONE}), ids=lambda why: why.name)
def test_each_way_of_not_being_served_has_its_words(why: Unserved) -> None:
    reason = shortfall(facts_of([HELD, unserved(why)], SERVED), [])

    assert reason.startswith("only 1 of 2 connections were established, served and held to the end: 1 ")
    assert "{" not in reason


REQUIRED = parse_requirement("p99 answer < 50ms")


@pytest.mark.parametrize(
    ("text", "measured", "said"),
    [
        ("p99 answer < 50ms", 0.0731, "p99 answer is 73.1ms, required: < 50ms"),
        ("newcomer < 100ms", math.inf, "newcomer is without end, required: < 100ms"),
        ("handshake < 1s", None, "handshake is not known, required: < 1s"),
        ("retransmitted < 1%", 1_234.0, "retransmitted is 1,234, required: < 1%"),
    ],
)
def test_of_what_is_required_besides(text: str, measured: float | None, said: str) -> None:
    """Of a FAIL: alone, beside connections that are missing, and beside a number of them that is required."""
    one = (parse_requirement(text), measured)
    well, ill = facts_of([HELD] * 2), facts_of([HELD, REFUSED])
    held = "2 of 2 connections were established, acknowledged and held"
    assert shortfall(well, [one]) == f"{held}, but {said}"
    assert (
        shortfall(well, [one, (exactly(1), 2.0)]) == f"{held}, at most 2 at once; required: {one[0]}, established = 1"
    )
    assert shortfall(ill, [one, (at_least(2), 1.0)]) == (
        f"only 1 of 2 connections were established, acknowledged and held to the end: 1 × ECONNREFUSED; {said}"
    )


def test_of_what_is_in_doubt_besides() -> None:
    doubted = [(REQUIRED, 0.0731), (REQUIRED, None)]
    assert left_open(facts_of([HELD]), (), 0, doubted) == (
        "p99 answer is 73.1ms, required: < 50ms: how much of that is this client's own is not known; "
        "p99 answer is not known, required: < 50ms"
    )
