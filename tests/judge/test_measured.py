"""What requirements on times and retransmits bound: as it was measured, and what may have been ours of it."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from tcpgoon.judge.facts import Facts
from tcpgoon.judge.measured import Range, range_of
from tcpgoon.judge.strain import Strain
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.requirements import parse_requirement
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.unserved import Unserved

from .fates import HELD, REFUSED, SERVED, TARGET, Fate, facts_of, unserved

TLS = TlsOptions(server_name="h")


def distribution(*seconds: float) -> Distribution:
    found = Distribution.of(np.array(seconds))
    assert found
    return found


def with_metrics(fates: list[Fate], lag_s: float = 0.0, **metrics: Any) -> Facts:
    plan = Plan(target=TARGET, connections=len(fates), hold_s=2, probe=Exchange(name="banner"), tls=TLS)
    facts = facts_of(fates, SERVED, plan=plan, strain=Strain(lag_s=lag_s, ramp_lag_s=lag_s))
    return msgspec.structs.replace(facts, metrics=msgspec.structs.replace(facts.metrics, **metrics))


def up_to(low: float, measured: float) -> Range:
    return Range(low, measured, measured)


def found(facts: Facts, text: str) -> Range | None:
    between = range_of(facts, parse_requirement(f"{text} < 1s"))
    return between and Range(*(round(end, 9) for end in between))


def test_of_the_establishment_the_kernel_tells_what_is_ours() -> None:
    """Two handshakes of 100 µs that we saw late, and one with a repeated SYN, which was no shorter than we saw it."""
    fates = [HELD._replace(start_s=0.5), HELD._replace(start_s=0.75), HELD._replace(start_s=0.0, retransmits=1)]
    facts = facts_of(fates)
    assert found(facts, "establishment") == up_to(1.0, 1.0)
    assert found(facts, "p50 establishment") == up_to(0.0001, 0.5)
    assert found(facts, "min establishment") == up_to(0.0001, 0.25)
    assert found(facts, "handshake") == up_to(0.0001, 0.0001)
    assert found(facts_of([REFUSED]), "establishment") is None
    assert found(facts_of([HELD._replace(rtt_us=0)]), "handshake") is None


@pytest.mark.parametrize("field", ["tls", "answer"])
def test_what_comes_to_our_loop_may_be_seen_late(field: str) -> None:
    times = distribution(0.1, 0.2, 0.3, 0.4)
    metrics: dict[str, Any] = {"tls" if field == "tls" else "answers": times}
    assert found(with_metrics([HELD], **metrics), f"p50 {field}") == up_to(0.2, 0.2)
    assert found(with_metrics([HELD], lag_s=0.025, **metrics), field) == up_to(0.3, 0.4)
    assert found(with_metrics([HELD], lag_s=5.0, **metrics), f"mean {field}") == up_to(0.0, 0.25)
    assert found(with_metrics([HELD], tls=None, answers=None), field) is None


@pytest.mark.parametrize(
    ("statistic", "between"),
    [
        ("min", Range(0.1, 0.1, 0.1)),
        ("mean", Range(0.25, math.inf, math.inf)),
        ("p50", Range(0.2, 0.4, 0.2)),
        ("p90", Range(0.4, math.inf, math.inf)),
        ("p99", Range(0.4, math.inf, math.inf)),
        ("max", Range(0.4, math.inf, math.inf)),
    ],
)
def test_who_was_not_served_may_have_waited_for_ever(statistic: str, between: Range) -> None:
    """One of five: the first four are enough for the half of them."""
    facts = with_metrics([HELD] * 4 + [unserved(Unserved.SILENT)], answers=distribution(0.1, 0.2, 0.3, 0.4))
    assert found(facts, f"{statistic} answer") == between


def test_a_repeated_syn_may_have_been_dropped_here() -> None:
    fates = [HELD._replace(retransmits=1)] * 3 + [HELD]
    requirement = parse_requirement("retransmitted < 1%")
    assert range_of(facts_of(fates), requirement) == up_to(3, 3)
    dropped = Strain(softnet_dropped=1, conntrack_dropped=1)
    assert range_of(facts_of(fates, strain=dropped), requirement) == up_to(1, 3)
    assert range_of(facts_of(fates, strain=Strain(softnet_dropped=9)), requirement) == up_to(0, 3)
    assert range_of(facts_of([HELD._replace(rtt_us=0)]), requirement) is None


def knock(time_s: float, fared: Fared = Fared.WELCOME, at_s: float = 2.0) -> Knock:
    return Knock(at_s=at_s + time_s, held=1, fared=fared, time_s=time_s, gone_s=at_s + 1)


BEFORE = knock(9.0, at_s=-20.0)


@pytest.mark.parametrize(
    ("knocks", "text", "between"),
    [
        ((), "newcomer", None),
        ((BEFORE,), "newcomer", None),
        ((knock(0.1, Fared.UNASKED),), "newcomer", None),
        ((BEFORE, knock(0.1), knock(0.3), knock(0.2)), "newcomer", up_to(0.3, 0.3)),
        ((knock(0.1), knock(0.3), knock(0.2)), "min newcomer", up_to(0.1, 0.1)),
        ((knock(0.1), knock(0.3), knock(0.2)), "p50 newcomer", up_to(0.2, 0.2)),
        ((knock(0.1), knock(0.3), knock(0.2)), "mean newcomer", up_to(0.2, 0.2)),
        ((knock(0.1), knock(0.2, Fared.WAITING)), "newcomer", up_to(math.inf, math.inf)),
        ((knock(0.1), knock(0.2, Fared.REFUSED)), "p50 newcomer", up_to(0.1, 0.1)),
        ((knock(0.1), knock(0.2, Fared.UNASKED)), "newcomer", up_to(0.1, 0.1)),
    ],
)
def test_newcomers_beside_all(knocks: tuple[Knock, ...], text: str, between: Range | None) -> None:
    assert found(facts_of([HELD], newcomers=knocks), text) == between


def test_a_newcomer_may_have_been_seen_late() -> None:
    facts = facts_of([HELD], newcomers=(knock(0.5),), strain=Strain(lag_s=0.1))
    assert found(facts, "newcomer") == up_to(0.1, 0.5)
