"""Over how many processes a run is split: as many as descriptors and cores ask for. Pure.

One process is enough as long as it may have a descriptor for each connection and is not what is slow: it opens some
30,000 connections a second. More of them cost memory and time to start, so few connections are never split for speed.
"""

import msgspec

from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.plan import MOST_WORKERS, Plan

WORTH_A_PROCESS = 25_000
"""Connections that take one process about a second, to open and to prove."""

WORTH_WITH_TLS = 2_500
"""The same where each has a TLS handshake, whose arithmetic is ten times as much."""

AT_EASE_PER_S = 20_000.0
"""Dials a second that one process makes with ease."""


def with_workers(limits: ClientLimits, plan: Plan, cores: int) -> ClientLimits:
    """These ``limits`` and, among them, how many processes share ``plan``; 1: this process does it alone.

    What the plan says counts. Otherwise no more than there is room for, be they too few: then a check of the limits
    says so.
    """
    most = min(_most(plan, limits), plan.connections if plan.workers else MOST_WORKERS)
    wanted = plan.workers or max(_by_descriptors(plan.connections, limits), _by_cores(plan, cores))
    return msgspec.structs.replace(limits, workers=min(wanted, most, plan.connections), workers_most=most)


def _most(plan: Plan, limits: ClientLimits) -> int:
    if not limits.workers_possible:
        return 1
    if plan.workers is not None:
        return plan.workers
    room = MOST_WORKERS if limits.tasks_free is None else limits.tasks_free - limits.tasks_with(2) + 2
    return max(1, min(room, MOST_WORKERS))


def _by_descriptors(connections: int, limits: ClientLimits) -> int:
    """``limits`` are those of one process still."""
    each = limits.connections_of_a_worker
    return -(-connections // each) if each and connections > limits.connections_by_descriptors else 1


def _by_cores(plan: Plan, cores: int) -> int:
    worth = plan.connections // (WORTH_WITH_TLS if plan.tls else WORTH_A_PROCESS)
    pacing = plan.pacing
    by_rate = -(-1 // (pacing.interval_s * AT_EASE_PER_S)) if isinstance(pacing, ConstantRate) else cores
    return int(min(cores, worth, by_rate if plan.tls is None else cores))
