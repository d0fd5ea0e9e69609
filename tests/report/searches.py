"""Searches that were made up: what came of them has something of everything that reports show."""

import errno
from typing import Any

import msgspec

from tcpgoon.capacity import Capacity, Next, SearchPart, Step
from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.recovery import Recovery
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.search import Search
from tcpgoon.record.knock import Fared
from tcpgoon.record.outcome import Side
from tests.example import example

LOCAL = Endpoint("127.0.0.1", 80)
ANSWER = Answer(bound=Bound.TARGET, carries=700, bad=701, burst=512, per_s=200.0)
TOO_MANY = "only 700 of 701 connections were established: 1 × ECONNREFUSED"
AT_LIMIT = Finding(
    code="TG402",
    side=Side.TARGET_APPLICATION,
    sentence="it closes | above 700",
    remedy="raise <its> limit",
    evidence={},
)


def step(level: int, newcomer_s: float | None, *, again: bool = False) -> Step:
    """A trial that held where there is a newcomer's time, and left 700 where there is none."""
    return Step(
        at_s=level / 1000,
        duration_s=0.25,
        level=level,
        good=newcomer_s is not None,
        left=level if newcomer_s is not None else 700,
        per_s=200.0,
        reason=TOO_MANY if newcomer_s is None else f"{level} of {level}",
        establishment_p50_s=0.001,
        establishment_p99_s=0.002,
        newcomer_s=newcomer_s,
        again=again,
    )


STEPS = (
    *(step(2**power, 0.001) for power in range(8)),
    step(256, 0.002),
    step(512, 0.01),
    step(1_024, None),
    step(700, 0.02),
    step(701, None),
)
"""The knee is at 256."""


def found(**changes: Any) -> Capacity:
    """A PASS: 700 are carried, 701 are not."""
    one = example()
    whole = Capacity(
        plan=Plan(target=Target("localhost", 80), connections=10_000),
        search=Search(),
        endpoint=LOCAL,
        endpoints=(LOCAL,),
        environment=one.environment,
        limits=one.limits,
        duration_s=12.5,
        answer=ANSWER,
        next=Next(fared=Fared.REFUSED, time_s=0.001, error=errno.ECONNREFUSED),
        recovery=Recovery(waited_s=0.5, served_s=0.1, as_before_s=0.25, again=ANSWER),
        steps=(*STEPS, step(700, 0.02, again=True)),
        findings=(AT_LIMIT,),
        verdict=Verdict.PASS,
        reason="carries 700 connections (700 good, 701 bad)",
        confirmed=one,
    )
    return msgspec.structs.replace(whole, **changes)


def part_of(capacity: Capacity, name: str = "search") -> SearchPart:
    """``capacity`` as the check of a suite."""
    (part,) = capacity.parts
    return msgspec.structs.replace(part, name=name)
